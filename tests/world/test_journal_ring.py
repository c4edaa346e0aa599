"""The journal: what is kept, and what counts as whose fault."""

from fiskaly_contracts import Severity, Violation, Where
from fiskaly_mockserver.world.journal.journal import CAPACITY, Exchange, Journal

WRONG = Violation(where=Where.BODY, pointer="/name", rule="minLength", expected="a longer string")
ODD = Violation(
    where=Where.QUERY,
    pointer="/page",
    rule="unknown-parameter",
    expected="no such parameter",
    severity=Severity.WARNING,
)


def exchange(number: int, *, crash: str = "") -> Exchange:
    return Exchange(request_id=f"{number:032x}", at=0.0, method="GET", path="/", crash=crash)


def test_a_journal_keeps_the_latest_in_order() -> None:
    journal = Journal(capacity=3)
    for number in range(5):
        journal.add(exchange(number))
    assert [int(one.request_id, 16) for one in journal] == [2, 3, 4]
    assert len(journal) == 3


def test_a_journal_is_read_as_it_stood_when_reading_began() -> None:
    journal = Journal()
    journal.add(exchange(0))
    for one in journal:
        journal.add(exchange(int(one.request_id, 16) + 1))
    assert len(journal) == 2


def test_clearing_forgets_traffic() -> None:
    journal = Journal()
    journal.add(exchange(0))
    journal.clear()
    assert (list(journal), len(journal)) == ([], 0)


def test_warnings_are_no_breaches() -> None:
    one = exchange(0)
    one.violations = (ODD, WRONG)
    assert one.breaches == (WRONG,)
    assert not one.is_our_fault


def test_a_crash_or_an_answer_against_the_contract_is_our_fault() -> None:
    one = exchange(0)
    one.response_violations = (WRONG,)
    assert one.is_our_fault
    assert exchange(1, crash="Traceback").is_our_fault
    assert not exchange(2).is_our_fault


def test_a_traceback_is_not_part_of_the_representation() -> None:
    assert "Traceback" not in repr(exchange(0, crash="Traceback"))


def test_the_capacity_is_bounded() -> None:
    assert 0 < CAPACITY <= 100_000
