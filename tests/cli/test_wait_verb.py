"""`wait`: until a server is up, or a client has called it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cli.callers import log_in, run_verb, somebody_else
from cli.conftest import Verb
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.mock_server import MockServer


@contextmanager
def soon(action: threading.Thread) -> Iterator[None]:
    action.start()
    try:
        yield
    finally:
        action.join()


def test_it_returns_at_once_where_a_server_is_up(verb: Verb, server: MockServer) -> None:
    outcome = verb("wait")
    assert outcome.code == 0
    assert outcome.out.endswith(f" answers at {server.base_url}\n")
    assert verb("wait", "--json").json["reached"] is True


def test_it_waits_for_a_server_that_starts_later(unused_port: int) -> None:
    late = MockServer(ServerConfig(port=unused_port, preset="empty"))
    starter = threading.Timer(0.15, late.start)
    try:
        with soon(starter):
            outcome = run_verb("wait", "--url", f"127.0.0.1:{late.config.port}")
    finally:
        late.stop()
    assert outcome.code == 0


def test_no_server_in_time_is_unreachable(closed_port: int) -> None:
    began = time.monotonic()
    outcome = run_verb("wait", "--timeout", "300ms", "--url", f"127.0.0.1:{closed_port}")
    assert outcome.code == 3
    assert time.monotonic() - began >= 0.3
    assert outcome.err.count("\n") == 1


def test_another_program_is_not_waited_for_beyond_the_time() -> None:
    with somebody_else(200, b"{}") as url:
        outcome = run_verb("wait", "--timeout", "200ms", "--url", url)
    assert outcome.code == 3
    assert "is no fiskaly-mockserver" in outcome.err


def test_it_waits_for_calls_that_come_later(verb: Verb, server: MockServer) -> None:
    log_in(server)
    caller = threading.Timer(0.15, log_in, [server])
    with soon(caller):
        outcome = verb("wait", "--operation", "authenticate", "--times", "2", "--json")
    assert outcome.code == 0
    assert outcome.json["reached"] is True
    assert outcome.json["count"] == 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--times", "2"), "Error: 1 of 2 such calls within 200ms\n"),
        (("--operation", "listUsers"), "Error: 0 of 1 such calls within 200ms\n"),
        (("--status", "401", "--times", "1"), "Error: 0 of 1 such calls within 200ms\n"),
    ],
)
def test_too_few_calls_are_a_finding(
    verb: Verb, server: MockServer, flags: tuple[str, ...], said: str
) -> None:
    log_in(server)
    outcome = verb("wait", *flags, "--timeout", "200ms")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", said)
    as_json = verb("wait", *flags, "--timeout", "0", "--json")
    assert (as_json.code, as_json.json["reached"]) == (1, False)


def test_more_calls_than_awaited_are_told_as_such(verb: Verb, server: MockServer) -> None:
    for _ in range(3):
        log_in(server)
    assert verb("wait", "--times", "2").out == "3 such calls, 2 were awaited\n"


def test_a_time_of_zero_only_looks(verb: Verb, server: MockServer) -> None:
    log_in(server)
    assert verb("wait", "--times", "1", "--timeout", "0").out == "1 of 1 such calls\n"


def test_a_server_that_stops_meanwhile_ends_the_wait() -> None:
    server = MockServer(ServerConfig(port=0, preset="empty")).start()
    url = server.base_url
    with soon(threading.Timer(0.2, server.stop)):
        outcome = run_verb("wait", "--times", "1", "--timeout", "60s", "--url", url)
    assert outcome.code == 3


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--timeout", "soon"), "90s or 500ms"),
        (("--times", "0"), "x>=1"),
        (("--operation", "nothing"), "allowed: authenticate"),
        (("extra",), "unexpected extra argument"),
    ],
)
def test_a_wrong_wait_is_a_usage_error(verb: Verb, flags: tuple[str, ...], said: str) -> None:
    outcome = verb("wait", *flags)
    assert outcome.code == 2
    assert said in outcome.err
