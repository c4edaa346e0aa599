"""`reset` and `clock`."""

import pytest
from cli.callers import log_in
from cli.conftest import Verb
from fiskaly_mockserver.cli.output import describe_clock, format_duration
from fiskaly_mockserver.control.shapes import ClockState
from fiskaly_mockserver.server.mock_server import MockServer
from fiskaly_mockserver.world.clock import parse_duration

INSTANT = "2100-01-31T23:59:58Z"


def state(*, offset: float = 0.0, frozen: bool = False, scale: float = 1.0) -> ClockState:
    return ClockState(now=0.0, iso=INSTANT, frozen=frozen, scale=scale, offset=offset)


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        (state(), "running"),
        (state(offset=0.9), "running"),
        (state(offset=90_000), "running, 1d1h ahead of real time"),
        (state(offset=-5, frozen=True), "frozen, 5s behind real time"),
        (state(scale=60), "running 60 times as fast"),
        (state(scale=0.5, frozen=True), "frozen"),
    ],
)
def test_a_clock_is_told_in_one_line(clock: ClockState, words: str) -> None:
    assert describe_clock(clock) == f"{INSTANT}, {words}"


@pytest.mark.parametrize("seconds", [0.25, 1, 59, 60, 3_600, 86_400, 90_061])
def test_a_span_is_told_as_it_may_be_typed(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


def test_clock_alone_tells_the_time(verb: Verb) -> None:
    outcome = verb("clock")
    assert outcome.code == 0
    assert outcome.out.endswith("Z, running\n")
    assert verb("clock", "--json").json["frozen"] is False


def test_advance_takes_a_span(verb: Verb, server: MockServer) -> None:
    assert "1d1h ahead of real time" in verb("clock", "advance", "25h").out
    assert server.control.clock()["offset"] == pytest.approx(90_000, abs=1)
    assert verb("clock", "advance", "90", "--json").json["offset"] == pytest.approx(90_090, abs=1)


@pytest.mark.parametrize("how", ["set", "freeze"])
@pytest.mark.parametrize("at", [INSTANT, "2100-02-01T01:59:58+02:00", "4105123198"])
def test_an_instant_may_have_an_offset_or_be_unix_seconds(verb: Verb, how: str, at: str) -> None:
    told = verb("clock", how, at, "--json").json
    assert told["now"] == pytest.approx(4_105_123_198, abs=5)
    assert told["frozen"] is (how == "freeze")


def test_freeze_resume_and_scale(verb: Verb, server: MockServer) -> None:
    assert ", frozen" in verb("clock", "freeze").out
    assert server.control.clock()["frozen"] is True
    assert "running" in verb("clock", "resume").out
    assert "running 60 times as fast" in verb("clock", "scale", "60").out
    assert server.control.clock()["scale"] == 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("advance", "25 hours"), "25h, 1d2h30m, 90s or 500ms"),
        (("advance", "-5"), "No such option"),
        (("advance",), "Missing argument 'BY'"),
        (("set", "yesterday"), "give ISO 8601 such as 2026-01-31T23:59:58Z"),
        (("freeze", "2100-13-01T00:00:00Z"), "is no point in time"),
        (("set", "2020-01-01T00:00:00Z"), "the clock never runs backwards"),
        (("scale", "0"), "body.scale should be"),
        (("scale", "nan"), "NaN"),
        (("stop",), "No such command 'stop'"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    verb: Verb, server: MockServer, words: tuple[str, ...], said: str
) -> None:
    outcome = verb("clock", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    clock = server.control.clock()
    assert (clock["frozen"], clock["scale"]) == (False, 1)
    assert clock["offset"] == pytest.approx(0, abs=1)


def test_reset_returns_to_the_seeded_tree_and_real_time(verb: Verb, server: MockServer) -> None:
    log_in(server)
    server.control.advance_clock("25h")
    outcome = verb("reset")
    assert outcome.code == 0
    assert outcome.out == f"Reset the default world at http://127.0.0.1:{server.port}.\n"
    assert server.control.count() == 0
    assert server.control.clock()["offset"] == pytest.approx(0, abs=1)


def test_reset_of_a_sandbox_leaves_the_default_world_alone(verb: Verb, server: MockServer) -> None:
    log_in(server)
    assert verb("reset", "--sandbox", "one").out.startswith("Reset the sandbox one at ")
    assert server.control.count() == 1
