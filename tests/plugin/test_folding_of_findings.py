"""What a client does wrong again and again is told once; what differs is told apart."""

import pytest
from fiskaly_contracts import Violation, Where
from fiskaly_mockserver.world.journal.exchange import Exchange
from pytest_fiskaly.verdict.watch import ContractVerdict


def test_repeated_breaches_are_told_once_with_their_number(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        from api_client import break_contract

        def test_one(fiskaly_mock):
            for _ in range(12):
                break_contract(fiskaly_mock)
            break_contract(fiskaly_mock, zip=7)
        """
    )
    result = client.runpytest()
    output = result.stdout.str()
    assert output.count("body /country_code breaks enum\n") == 1
    result.stdout.fnmatch_lines(
        [
            "*13 violations in 13 of 13 requests.",
            "POST /api/v0/organizations -> 400 (createOrganization)   12 times",
            "  body /zip breaks type",
        ]
    )


def test_what_differs_in_values_only_is_told_once_with_some_of_them(
    client: pytest.Pytester,
) -> None:
    client.makepyfile(
        """
        from api_client import break_contract

        def test_one(fiskaly_mock):
            for number in range(30):
                break_contract(fiskaly_mock, zip=number)
        """
    )
    result = client.runpytest()
    output = result.stdout.str()
    assert output.count("body /zip breaks type\n") == 1
    assert "of other kinds" not in output
    result.stdout.fnmatch_lines(
        [
            "POST /api/v0/organizations -> 400 (createOrganization)   30 times",
            "    got       0",
            "    and also  1, 2, 3, 4, 5 and 24 more",
        ]
    )


def test_what_is_wrong_for_other_reasons_is_told_apart(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        from api_client import carelessly

        def test_one(fiskaly_mock):
            for body in ({}, {"email": "a", "api_key": 1}, {"refresh_token": 7}):
                carelessly(fiskaly_mock, "/auth", body)
        """
    )
    output = client.runpytest().stdout.str()
    assert output.count("POST /api/v0/auth -> 400") == 3


class Incomparable(Exchange):
    """One of many: who compares each with each takes minutes for a flood."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("level", "defects_only", "taken"),
    [("enforce", False, 4), ("enforce", True, 2), ("observe", False, 4), ("off", False, 2)],
)
def test_a_flood_is_taken_in_one_look(level: str, *, defects_only: bool, taken: int) -> None:
    verdict = ContractVerdict("a test", level)
    broken = Violation(where=Where.BODY, pointer="/name", rule="type", expected="a string")
    for number in range(4):
        exchange = Incomparable(request_id=f"{number}", at=0, method="POST", path="/")
        if number % 2:
            exchange.crash = "a traceback"
        else:
            exchange.violations = (broken,)
        verdict.judge(exchange, loose=False)
    assert len(verdict.take(defects_only=defects_only)) == taken
    assert len(verdict.findings) == 4 - taken


SEVERAL = """
import pytest
from api_client import break_contract, carelessly


@pytest.mark.xfail
def test_whose_failure_is_not_shown(fiskaly_mock):
    break_contract(fiskaly_mock, zip=9)


@pytest.mark.parametrize("number", range(6))
def test_same(fiskaly_mock, number):
    break_contract(fiskaly_mock, zip=number)


def test_new_beside_known(fiskaly_mock):
    break_contract(fiskaly_mock, zip=7)
    carelessly(fiskaly_mock, "/organizatons")


def test_other_failure(fiskaly_mock):
    break_contract(fiskaly_mock, zip=8)
    break_contract(fiskaly_mock, name=5)
    assert not "the test's own"
"""


def test_one_cause_in_several_tests_is_shown_in_full_once(client: pytest.Pytester) -> None:
    client.makepyfile(test_it=SEVERAL)
    result = client.runpytest("--junit-xml=junit.xml")
    result.assert_outcomes(failed=8, xfailed=1)
    output = result.stdout.str()
    assert output.count("body /zip breaks type\n") == 1
    assert output.count("reproduce: curl") == 3
    named = "    as in test_it.py::test_same[[]0], where it is shown in full"
    for number in range(1, 6):
        headline = f"createOrganization: body /zip breaks type, got {number}"
        result.stdout.fnmatch_lines([f"*_ test_same[[]{number}] _*", headline, named])
    result.stdout.fnmatch_lines(
        [
            "createOrganization: body /zip breaks type, got 7 (and 1 more)",
            "*2 violations in 2 of 2 requests.",
            "createOrganization: body /zip breaks type, got 7",
            named,
            "GET /api/v0/organizatons -> 404",
        ]
    )
    junit = (client.path / "junit.xml").read_text(encoding="utf-8")
    last = junit.rpartition("test_other_failure")[2]
    assert "body /name breaks type" in last
    assert "reproduce: curl" in last
