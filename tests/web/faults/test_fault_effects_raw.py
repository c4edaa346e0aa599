"""Every kind of fault, as a client on a raw socket sees it."""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from web.faults.fault_app import BODY, FaultApp, Mark, View, look, serving

WHOLE = json.dumps(BODY, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.fixture
async def app(caplog: pytest.LogCaptureFixture) -> AsyncIterator[FaultApp]:
    """Serve; a word in a log, or an error that nobody raised, fails the test."""
    async with serving() as app:
        yield app
    gc.collect()
    assert [record.getMessage() for record in caplog.records] == []


async def seen_by(app: FaultApp, *, patience: float = 10) -> View:
    return await asyncio.to_thread(look, app.port, patience=patience)


def _is_the_answer(view: View) -> None:
    assert (view.status_line, view.body, view.ending) == ("HTTP/1.1 200 OK", WHOLE, "whole")


def _is_an_error(status: int, reason: str, body: dict[str, Any]) -> Callable[[View], None]:
    def check(view: View) -> None:
        assert view.status_line == f"HTTP/1.1 {status} {reason}"
        assert view.ending == "whole"
        assert view.headers["content-type"] == "application/json; charset=utf-8"
        assert list(json.loads(view.body).items()) == list(body.items())

    return check


def _comes_late(least: float) -> Callable[[View], None]:
    def check(view: View) -> None:
        _is_the_answer(view)
        assert least <= view.pieces[0][0] < least + 2

    return check


def _comes_slowly(view: View) -> None:
    _is_the_answer(view)
    head_at, last_at = view.pieces[0][0], view.pieces[-1][0]
    assert len(view.pieces) >= 5
    assert 0.25 <= last_at - head_at < 2.25
    assert b"\r\n\r\n" in view.pieces[0][1]


def _is_cut_after(size: int) -> Callable[[View], None]:
    def check(view: View) -> None:
        assert view.status_line == "HTTP/1.1 200 OK"
        assert view.headers["content-length"] == str(len(WHOLE))
        assert (view.body, view.ending) == (WHOLE[:size], "end")

    return check


def _is_no_json(view: View) -> None:
    assert (view.status_line, view.ending) == ("HTTP/1.1 200 OK", "whole")
    assert view.headers["content-length"] == str(len(view.body))
    view.body.decode()
    with pytest.raises(json.JSONDecodeError):
        json.loads(view.body)


def _is_other_json(view: View) -> None:
    assert (view.status_line, view.ending) == ("HTTP/1.1 200 OK", "whole")
    assert json.loads(view.body) == {"_type": None, "name": "Bäckerei"}


def _ends(how: str) -> Callable[[View], None]:
    def check(view: View) -> None:
        assert (view.raw, view.ending) == (b"", how)

    return check


def _has_headers(**wanted: str) -> Callable[[View], None]:
    def check(view: View) -> None:
        found = {name: view.headers.get(name.replace("_", "-")) for name in wanted}
        assert found == wanted

    return check


UNAVAILABLE = {
    "status_code": 503,
    "error": "Service Unavailable",
    "message": "Service Unavailable",
}
SHOULD_WAIT = {
    "status_code": 429,
    "error": "Too Many Requests",
    "code": "E_TOO_MANY_REQUESTS",
    "message": "slow down",
}
UNAUTHORIZED = {"message": "Unauthorized", "status_code": 401, "error": "Unauthorized"}
EXPIRED = {"message": "the token has expired", "status_code": 401, "error": "Unauthorized"}
ODD = {"status_code": 499, "error": "Client Error", "code": "E_ODD", "message": "Client Error"}
UNIFORM = {"kind": "delay", "distribution": "uniform", "min": 0.2, "max": 0.3}
LOGNORMAL = {"kind": "delay", "distribution": "lognormal", "median": 0.2, "sigma": 0}

CASES: list[tuple[str, dict[str, Any], str | None, Callable[[View], None]]] = [
    (
        "status",
        {"kind": "status", "status": 503},
        "both",
        _is_an_error(503, "Service Unavailable", UNAVAILABLE),
    ),
    (
        "status with a code of its own",
        {"kind": "status", "status": 429, "message": "slow down"},
        "both",
        _is_an_error(429, "Too Many Requests", SHOULD_WAIT),
    ),
    (
        "status with headers",
        {"kind": "status", "status": 503, "headers": {"retry-after": "2", "X-Odd": "a b"}},
        "both",
        _has_headers(retry_after="2", x_odd="a b"),
    ),
    (
        "status with another type",
        {"kind": "status", "status": 502, "headers": {"content-type": "text/html"}},
        "both",
        _has_headers(content_type="text/html"),
    ),
    (
        "status 401",
        {"kind": "status", "status": 401},
        "both",
        _is_an_error(401, "Unauthorized", UNAUTHORIZED),
    ),
    (
        "status without a name",
        {"kind": "status", "status": 499, "code": "E_ODD"},
        "both",
        _is_an_error(499, "Client Error", ODD),
    ),
    ("delay", {"kind": "delay", "seconds": 0.2}, "both", _comes_late(0.2)),
    ("uniform delay", UNIFORM, "both", _comes_late(0.2)),
    ("lognormal delay", LOGNORMAL, "both", _comes_late(0.2)),
    ("slow body", {"kind": "slow_body", "seconds": 0.3}, "after", _comes_slowly),
    ("truncated body", {"kind": "truncated_body"}, "after", _is_cut_after(len(WHOLE) // 2)),
    ("body cut early", {"kind": "truncated_body", "bytes": 0}, "after", _is_cut_after(0)),
    (
        "body cut late",
        {"kind": "truncated_body", "bytes": 999},
        "after",
        _is_cut_after(len(WHOLE) - 1),
    ),
    ("malformed JSON", {"kind": "malformed_json"}, "after", _is_no_json),
    ("broken contract", {"kind": "broken_contract"}, "after", _is_other_json),
    ("empty reply", {"kind": "empty_reply"}, "both", _ends("end")),
    ("connection reset", {"kind": "connection_reset"}, "both", _ends("reset")),
    ("no answer", {"kind": "no_answer"}, "both", _ends("silence")),
    (
        "expired token",
        {"kind": "expired_token"},
        "before",
        _is_an_error(401, "Unauthorized", EXPIRED),
    ),
    (
        "unauthorized",
        {"kind": "unauthorized"},
        "before",
        _is_an_error(401, "Unauthorized", UNAUTHORIZED),
    ),
]
RUNS = [
    pytest.param(effect, phase, check, id=f"{name}, {phase}")
    for name, effect, phases, check in CASES
    for phase in (("before", "after") if phases == "both" else (phases,))
]


@pytest.mark.parametrize(("effect", "phase", "check"), RUNS)
async def test_the_clients_view_of_a_fault(
    app: FaultApp, effect: dict[str, Any], phase: str, check: Callable[[View], None]
) -> None:
    armed = app.arm(effect, phase=phase, when={"first": 1})
    check(await seen_by(app, patience=0.3 if effect["kind"] == "no_answer" else 10))
    delayed = effect["kind"] == "delay"
    # Before: only a delay lets the operation run. After: it has run in any case.
    assert app.operated == (1 if phase == "after" or delayed else 0)
    assert [mark.faults for mark in app.marks] == [armed.id]
    assert [mark.altered for mark in app.marks] == [not delayed]
    _is_the_answer(await seen_by(app))
    assert app.marks[1:] == [Mark()]
    assert [(one.seen, one.hits) for one in app.plan.armed()] == [(2, 1)]


async def test_without_a_fault_nothing_happens(app: FaultApp) -> None:
    _is_the_answer(await seen_by(app))
    assert (app.operated, app.marks) == (1, [Mark()])


async def test_what_breaks_the_connection_has_no_status(app: FaultApp) -> None:
    app.arm({"kind": "empty_reply"}, when={"first": 1})
    app.arm({"kind": "connection_reset"}, when={"first": 1}, phase="after")
    await seen_by(app)
    await seen_by(app)
    await seen_by(app)
    assert app.statuses == [0, 0, 200]


async def test_an_expired_token_is_told_to_the_world_once_per_strike(app: FaultApp) -> None:
    app.arm({"kind": "expired_token"}, when={"first": 1})
    await seen_by(app)
    await seen_by(app)
    assert (app.expired, app.operated) == (1, 1)


async def test_delays_before_and_after_add_up_and_both_are_marked(app: FaultApp) -> None:
    app.arm({"kind": "delay", "seconds": 0.1})
    app.arm({"kind": "delay", "seconds": 0.1}, phase="after")
    app.arm({"kind": "status", "status": 500}, phase="after")
    view = await seen_by(app)
    assert view.pieces[0][0] >= 0.2
    assert view.status_line == "HTTP/1.1 500 Internal Server Error"
    assert [mark.faults for mark in app.marks] == ["fault-1 fault-2 fault-3"]
    assert [mark.altered for mark in app.marks] == [True]


async def test_a_fault_with_an_answer_leaves_the_connection_alive(app: FaultApp) -> None:
    app.arm({"kind": "slow_body", "seconds": 0.05}, when={"first": 1})
    view = await seen_by(app)
    assert view.headers["connection"] == "keep-alive"


async def test_a_silent_answer_is_given_up_when_its_client_has_gone(app: FaultApp) -> None:
    app.arm({"kind": "no_answer"})
    assert (await seen_by(app, patience=0.1)).ending == "silence"
    assert app.runner.server is not None
    for _ in range(100):
        if not app.runner.server.connections:
            break
        await asyncio.sleep(0.02)
    assert app.runner.server.connections == []


async def test_a_client_that_leaves_a_slow_body_troubles_nobody(app: FaultApp) -> None:
    app.arm({"kind": "slow_body", "seconds": 0.5}, when={"first": 1})
    assert (await seen_by(app, patience=0.03)).ending == "silence"
    await asyncio.sleep(0.3)
    _is_the_answer(await seen_by(app))


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize(
    ("effect", "ending"),
    [
        ({"kind": "delay", "seconds": 3600}, "whole"),
        ({"kind": "no_answer"}, "end"),
    ],
    ids=["delay", "no answer"],
)
async def test_shutdown_does_not_wait_for_a_fault(
    phase: str, effect: dict[str, Any], ending: str
) -> None:
    async with serving() as app:
        app.arm(effect, phase=phase)
        await _shut_down_under_way(app, ending)


async def test_shutdown_does_not_wait_for_a_slow_body() -> None:
    async with serving() as app:
        app.arm({"kind": "slow_body", "seconds": 3600})
        await _shut_down_under_way(app, "whole")


async def _shut_down_under_way(app: FaultApp, ending: str) -> None:
    looking = [asyncio.create_task(seen_by(app)) for _ in range(3)]
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in looking)
    started = time.monotonic()
    await app.runner.cleanup()
    assert time.monotonic() - started < 1
    assert [(await task).ending for task in looking] == [ending] * 3
