"""Refused or unreachable, a verb says in one line what would have worked."""

import pytest
from cli_control.callers import run_verb
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.mock_server import MockServer

VERBS = [("clock",), ("reset",), ("faults",), ("journal", "count"), ("env",)]


@pytest.mark.parametrize("given", [(), ("--control-token", "EXAMPLE-other")], ids=["none", "wrong"])
def test_a_token_that_lacks_or_is_wrong_names_the_flag(given: tuple[str, ...]) -> None:
    config = ServerConfig(port=0, preset="single", control_token="EXAMPLE-token")
    with MockServer(config) as server:
        for verb in VERBS:
            outcome = run_verb(*verb, "--url", server.base_url, *given)
            assert (outcome.code, outcome.out) == (2, "")
            assert outcome.err.count("\n") == 1
            assert "; give --control-token or FISKALY_MOCK_CONTROL_TOKEN" in outcome.err
            assert "EXAMPLE" not in outcome.err


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_https_is_told_from_a_server_that_is_down(
    server: MockServer, verb: tuple[str, ...]
) -> None:
    outcome = run_verb(*verb, "--url", f"https://127.0.0.1:{server.port}")
    assert outcome.code == 3
    assert outcome.err.count("\n") == 1
    assert "use an address that begins with http://" in outcome.err
    assert "start one with" not in outcome.err
