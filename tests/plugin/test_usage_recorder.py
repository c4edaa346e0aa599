"""What hears every exchange: thread-safe, cheap, and mergeable over processes."""

import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from fiskaly_contracts import Violation, Where
from pytest_fiskaly.coverage import MOST_KINDS, TESTS_SHOWN, Counts, ViolationCounts

KEY = {"name": "till-1", "status": "enabled"}


def violation(pointer: str = "/name", **more: Any) -> Violation:
    return Violation(where=Where.BODY, pointer=pointer, rule="pattern", expected="a name", **more)


def exchange(
    operation_id: str = "createApiKey",
    status: int = 200,
    body: Any = None,
    query: tuple[tuple[str, str], ...] = (),
) -> Any:
    return SimpleNamespace(
        operation_id=operation_id,
        method="POST",
        path="/api/v0/nowhere",
        status=status,
        query=query,
        request_body=body,
    )


class Unread:
    """An exchange of which nobody asks for what takes time to tell."""

    operation_id = "createApiKey"
    status = 200

    @property
    def request_body(self) -> Any:
        raise AssertionError("nobody should read this")

    query = request_body


def test_in_detail_the_fields_are_counted() -> None:
    counts = Counts(detail=True)
    counts.add(exchange(body=KEY))
    counts.add(exchange("listUsers", query=(("limit", "3"), ("odd", "[undeclared]"))))
    by_name = {one.operation_id: one for one in counts.coverage.apis["management"].operations()}
    assert by_name["createApiKey"].fields == ("(ApiKeyCreate)", "/name", "/status")
    assert by_name["listUsers"].fields == ("?limit",)
    assert counts.used


def test_without_detail_no_body_is_looked_at() -> None:
    counts = Counts(detail=False)
    counts.add(Unread())  # type: ignore[arg-type]
    assert counts.coverage.exchanges == 1


def test_a_body_is_looked_at_only_while_it_can_be_news() -> None:
    counts = Counts(detail=True)
    with pytest.raises(AssertionError, match="nobody should read this"):
        counts.add(Unread())  # type: ignore[arg-type]
    managed = {**KEY, "metadata": {}, "managed_by_organization_id": "x"}
    counts.add(exchange(body=managed))
    counts.add(exchange(body=KEY))
    counts.add(Unread())  # type: ignore[arg-type]


def test_nothing_is_lost_between_threads() -> None:
    counts = Counts(detail=True)
    start = threading.Barrier(4)

    def hear() -> None:
        start.wait()
        for _ in range(500):
            counts.add(exchange(body=KEY))

    threads = [threading.Thread(target=hear) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.coverage.exchanges == 2_000


def test_processes_add_up_in_any_order() -> None:
    def heard(body: Any, test: str) -> Any:
        counts = Counts(detail=True)
        counts.add(exchange(body=body))
        counts.add_violations(test, exchange(status=400), [violation(got_text=test)])
        return json.loads(json.dumps(counts.as_json()))

    parts = [heard(KEY, "a"), heard({"metadata": {}}, "b")]
    merged = []
    for order in (parts, parts[::-1]):
        whole = Counts(detail=False)
        for part in order:
            whole.absorb(part)
        assert whole.used
        merged.append(whole.as_json())
    assert merged[0] == merged[1]
    assert merged[0]["coverage"]["contracts"]["management"]["exchanges"] == 2
    assert merged[0]["violations"]["requests"] == merged[0]["violations"]["tests"] == 2


def test_violations_of_a_kind_are_told_once_with_their_tests() -> None:
    breaches = ViolationCounts()
    for test in ("t1", "t1", "t2", "t3", "t4", "t5"):
        breaches.add(test, exchange(status=400), [violation(), violation("/zip")])
    breaches.add("", exchange("", 404), [violation("")])
    assert breaches.requests == 7
    assert (breaches.tests, breaches.outside) == (5, 1)
    assert list(breaches.lines()) == [
        "POST /api/v0/nowhere: body should be a name [pattern]",
        "    once in (outside any test)",
        "createApiKey: body.name should be a name [pattern]",
        f"    6 times in t1, t2, t3 and {5 - TESTS_SHOWN} more",
        "createApiKey: body.zip should be a name [pattern]",
        f"    6 times in t1, t2, t3 and {5 - TESTS_SHOWN} more",
    ]


def test_of_a_one_of_the_branch_that_was_meant_is_told() -> None:
    branches = (("Main", (violation("/zip"),)), ("Managed", (violation("/payer"),)))
    clear, unclear = ViolationCounts(), ViolationCounts()
    for breaches, closest in ((clear, True), (unclear, False)):
        found = violation("", branches=branches, closest=closest)
        breaches.add("t", exchange(), [found])
    assert next(iter(clear.lines())) == "createApiKey: body.zip should be a name [pattern]"
    assert "Managed: body.payer should be a name" in next(iter(unclear.lines()))


def test_a_flood_of_kinds_is_only_counted() -> None:
    breaches = ViolationCounts()
    for number in range(MOST_KINDS + 10):
        breaches.add("t", exchange(), [violation(f"/{number}", demand="is " + "x " * 999)])
    lines = list(breaches.lines())
    assert lines[-1] == "and 10 violations of further kinds"
    assert len(lines) == 2 * MOST_KINDS + 1
    assert max(map(len, lines)) < 400
    twice = ViolationCounts()
    twice.absorb(breaches.as_json())
    other = ViolationCounts()
    other.add("u", exchange(), [violation("/new")])
    twice.absorb(other.as_json())
    assert twice.uncounted == 11
