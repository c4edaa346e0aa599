"""A journal finds and counts what it keeps, and never gives a wrong number."""

from collections.abc import Callable
from typing import Any

import pytest
from fiskaly_contracts import JsonValue
from fiskaly_mockserver.world.journal.journal import (
    Exchange,
    Journal,
    JournalQuery,
    Overflowed,
    UnknownRequest,
)
from hypothesis import given
from hypothesis import strategies as st

BASE = "/api/v0"


def exchange(number: int, **changes: Any) -> Exchange:
    usual: dict[str, Any] = {
        "request_id": f"{number:032x}",
        "at": 1_760_000_000.0 + number,
        "method": "POST",
        "path": f"{BASE}/organizations",
        "operation_id": "createOrganization",
        "status": 200,
    }
    return Exchange(**{**usual, **changes})


def filled(*changes: dict[str, Any], capacity: int = 100) -> Journal:
    journal = Journal(capacity)
    for number, change in enumerate(changes):
        journal.add(exchange(number, **change))
    return journal


def numbers(found: list[Exchange]) -> list[int]:
    return [int(one.request_id, 16) for one in found]


MIXED: tuple[dict[str, Any], ...] = (
    {"request_body": {"name": "Cafe", "country_code": "DEU"}},
    {"status": 400, "request_body": {"name": "Ca"}},
    {
        "operation_id": "listApiKeys",
        "method": "GET",
        "path": f"{BASE}/organizations/a/api-keys",
    },
    {"operation_id": "", "method": "GET", "path": "/nowhere", "status": 404},
    {"path": f"/s/blue{BASE}/organizations", "request_body_note": "null"},
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"operation": "createOrganization"}, [0, 1, 4]),
        ({"operation": ""}, [3]),
        ({"operation": "createorganization"}, []),
        ({"status": 200}, [0, 2, 4]),
        ({"status": 404, "operation": "listApiKeys"}, []),
        ({"method": "get"}, [2, 3]),
        ({"path": "/organizations"}, [0, 1, 4]),
        ({"path": f"{BASE}/organizations"}, [0, 1]),
        ({"path": "/organizations/*/api-keys"}, [2]),
        ({"path": "/organizations*"}, [0, 1, 2, 4]),
        ({"path": "/s/blue/*"}, [4]),
        ({"path": "/nowhere"}, [3]),
        ({"path": "/api-keys"}, []),
        ({"body": {}}, [0, 1]),
        ({"body": {"country_code": "DEU"}}, [0]),
        ({"body": {"country_code": "DEU"}, "status": 400}, []),
        ({"body": None}, [4]),
        ({"since": f"{1:032x}"}, [2, 3, 4]),
        ({"since": f"{4:032x}"}, []),
    ],
)
def test_a_query_narrows_by_all_it_names(query: dict[str, JsonValue], expected: list[int]) -> None:
    journal = filled(*MIXED)
    asked = JournalQuery.of(query, base_paths=(BASE,))
    assert numbers(journal.find(asked)) == expected
    assert journal.count(asked) == len(expected)


KEYS: tuple[dict[str, Any], ...] = (
    {"operation_id": "createApiKey"},
    {"operation_id": "createApiKey"},
    {"operation_id": "listApiKeys", "method": "GET"},
    {"operation_id": "listApiKeys", "method": "GET", "status": 401},
)


def test_a_full_ring_still_counts_exactly() -> None:
    assert filled(*KEYS, capacity=4).count() == 4


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, 3),
        ({"operation": "createApiKey"}, 1),
        ({"status": 200}, 2),
        ({"method": "POST"}, 1),
        ({"path": "/organizations"}, 3),
        ({"since": f"{0:032x}"}, 3),
        ({"since": "never seen"}, 3),
    ],
)
def test_a_count_that_a_dropped_exchange_may_be_missing_from_is_none(
    query: dict[str, JsonValue], expected: int
) -> None:
    count = filled(*KEYS, capacity=3).count(JournalQuery.of(query, base_paths=(BASE,)))
    assert count == Overflowed(dropped=1, capacity=3, at_least=expected)
    assert "overflowed" in str(count)
    assert str(expected) in str(count)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"operation": "listApiKeys"}, 2),
        ({"operation": "retrieveOrganization"}, 0),
        ({"status": 401}, 1),
        ({"method": "GET"}, 2),
        ({"since": f"{1:032x}"}, 2),
        ({"since": f"{1:032x}", "operation": "createApiKey"}, 0),
    ],
)
def test_a_count_that_no_dropped_exchange_can_be_missing_from_is_exact(
    query: dict[str, JsonValue], expected: int
) -> None:
    assert filled(*KEYS, capacity=3).count(JournalQuery.of(query)) == expected


def test_a_dropped_call_of_no_operation_may_have_had_any_method() -> None:
    journal = filled({"operation_id": "", "method": "BREW", "status": 405}, {}, capacity=1)
    assert isinstance(journal.count(JournalQuery(method="GET", status=405)), Overflowed)
    assert journal.count(JournalQuery(method="GET", status=200)) == 0


def test_after_a_clearing_counts_are_exact_again() -> None:
    journal = filled(*KEYS, capacity=1)
    journal.clear()
    journal.add(exchange(9))
    assert (journal.count(), journal.dropped, len(journal)) == (1, 0, 1)


@pytest.mark.parametrize("ask", [Journal.find, Journal.count])
def test_a_request_id_that_never_was_is_told(
    ask: Callable[[Journal, JournalQuery], object],
) -> None:
    with pytest.raises(UnknownRequest, match="nobody"):
        ask(filled(*KEYS), JournalQuery(since="nobody"))


STEPS = st.lists(
    st.sampled_from([*KEYS, {"operation_id": "", "status": 404}, {"clear": True}]), max_size=25
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "operation": st.sampled_from(["createApiKey", "listApiKeys", ""]),
        "status": st.sampled_from([200, 401, 404]),
        "method": st.sampled_from(["GET", "POST"]),
    },
)


@given(STEPS, QUERIES, st.integers(1, 6))
def test_a_number_is_the_number_of_all_that_happened(
    steps: list[dict[str, Any]], asked: dict[str, JsonValue], capacity: int
) -> None:
    journal, query, happened = Journal(capacity), JournalQuery.of(asked), list[Exchange]()
    for number, step in enumerate(steps):
        if "clear" in step:
            journal.clear()
            happened.clear()
        else:
            happened.append(exchange(number, **step))
            journal.add(happened[-1])
    count, truth = journal.count(query), sum(map(query.matches, happened))
    if isinstance(count, Overflowed):
        assert count.dropped == len(happened) - capacity
        assert count.at_least <= truth
    else:
        assert count == truth


def test_one_exchange_is_found_by_its_request_id_until_it_is_dropped() -> None:
    journal = filled({}, {}, capacity=2)
    assert journal.get(f"{0:032x}").at == 1_760_000_000.0
    journal.add(exchange(2))
    with pytest.raises(UnknownRequest):
        journal.get(f"{0:032x}")
    assert journal.get(f"{2:032x}").request_id == f"{2:032x}"


def test_a_journal_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Journal(0)


def test_whoever_listens_hears_of_each_exchange_until_it_stops() -> None:
    journal, heard = Journal(1), list[str]()
    remove = journal.add_listener(lambda one: heard.append(one.request_id))
    journal.add(exchange(1))
    journal.clear()
    journal.add(exchange(2))
    remove()
    remove()
    journal.add(exchange(3))
    assert heard == [f"{1:032x}", f"{2:032x}"]


def test_listeners_may_come_and_go_while_an_exchange_is_told() -> None:
    journal, heard = Journal(), list[str]()

    def once(one: Exchange) -> None:
        heard.append(one.request_id)
        remove()
        journal.add_listener(lambda later: heard.append(f"later {later.request_id}"))

    remove = journal.add_listener(once)
    journal.add(exchange(1))
    journal.add(exchange(2))
    assert heard == [f"{1:032x}", f"later {2:032x}"]
