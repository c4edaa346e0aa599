"""Which server a verb speaks to, and what it says if there is none."""

import pytest
from cli.callers import log_in, run_verb, somebody_else
from cli.conftest import Verb
from fiskaly_contracts import Contract
from fiskaly_mockserver.cli.remote_server import RemoteServer
from fiskaly_mockserver.server.mock_server import MockServer
from fiskaly_mockserver.world.names import BASE_PATH

FORMS = ("", "/", "/api/v0", "/api/v0/", "/_mock", "/_mock/")
ANY_VERB = ("clock",)
VERBS = [ANY_VERB, ("reset",), ("faults",), ("journal", "count"), ("env",)]


def test_the_base_path_is_the_contracts() -> None:
    assert Contract.bundled().base_path == BASE_PATH


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_every_form_of_an_address_leads_to_the_same_server(form: str, scheme: str) -> None:
    server = RemoteServer.at(f"{scheme}localhost:8722{form}")
    assert server.control_url == "http://localhost:8722/_mock"
    assert server.base_url == "http://localhost:8722/api/v0"
    assert server.sandbox is None


def test_a_base_url_of_a_sandbox_names_the_sandbox() -> None:
    server = RemoteServer.at("http://[::1]:8722/s/one/api/v0")
    assert server.sandbox == "one"
    assert server.control_url == "http://[::1]:8722/_mock"
    assert server.base_url == "http://[::1]:8722/s/one/api/v0"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://localhost:8722",
        "http://",
        "http://localhost:8722/api/v1",
        "http://localhost:8722/other/_mock",
        "http://localhost:8722/_mock/clock",
        "http://localhost:8722?x=1",
        "http://localhost:many",
        "http://localhost:99999",
        "http://localhost:0",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_a_usage_error_that_names_the_forms(url: str) -> None:
    outcome = run_verb(*ANY_VERB, "--url", url)
    assert outcome.code == 2
    assert "Invalid value for --url" in outcome.err
    assert "http://127.0.0.1:8722" in outcome.err
    assert outcome.out == ""


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    outcome = run_verb(*ANY_VERB, "--url", "http://ada:EXAMPLEsecret0000@localhost:8722")
    assert outcome.code == 2
    assert "EXAMPLEsecret0000" not in outcome.err


def test_a_flag_beats_the_variable(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("FISKALY_MOCK_URL", f"http://127.0.0.1:{closed_port}")
    assert run_verb(*ANY_VERB).code == 3
    assert run_verb(*ANY_VERB, "--url", server.control_url).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("reset",),
        ("clock",),
        ("clock", "advance", "25h"),
        ("faults",),
        ("faults", "arm", "--status", "503"),
        ("faults", "clear"),
        ("journal",),
        ("journal", "count"),
        ("journal", "explain", "0" * 32),
        ("journal", "clear"),
        ("wait", "--timeout", "0"),
        ("wait", "--timeout", "0", "--times", "1"),
        ("env",),
    ],
    ids=" ".join,
)
def test_without_a_server_every_verb_says_in_one_line_how_to_start_one(
    words: tuple[str, ...], closed_port: int
) -> None:
    outcome = run_verb(*words, "--url", f"http://127.0.0.1:{closed_port}")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("Error: no server answers at http://127.0.0.1:")
    assert "Connection refused; start one with `fiskaly-mockserver`" in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"status": "ok"}'),
        (200, b"[" * 100_000),
        (404, b"{}"),
        (404, b"[" * 100_000),
        (500, b"oops"),
    ],
    ids=["page", "array", "object", "deep", "not found", "deep refusal", "failure"],
)
def test_another_program_at_the_address_is_told_from_the_fake(status: int, body: bytes) -> None:
    with somebody_else(status, body) as url:
        outcome = run_verb(*ANY_VERB, "--url", url)
    assert outcome.code == 3
    assert outcome.err.startswith(
        f"Error: what answers at {url}/_mock is no fiskaly-mockserver; start one"
    )


def test_a_name_that_no_host_has_is_one_line() -> None:
    outcome = run_verb(*ANY_VERB, "--url", f"http://{'a' * 70}:1")
    assert outcome.code == 3
    assert "label too long" in outcome.err


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_breaks_off_is_one_line(status: int) -> None:
    with somebody_else(status, b'{"message":', missing=9) as url:
        outcome = run_verb(*ANY_VERB, "--url", url)
    assert (outcome.code, outcome.err.count("\n")) == (3, 1)


def test_a_sandbox_is_another_world(verb: Verb, server: MockServer) -> None:
    assert log_in(server) == 200
    assert verb("journal", "count").out == "1\n"
    assert verb("journal", "count", "--sandbox", "one").out == "0\n"
    assert log_in(server, sandbox="one") == 200
    prefixed = f"http://127.0.0.1:{server.port}/s/one/api/v0"
    assert verb("journal", "count", "--url", prefixed).out == "1\n"


def test_two_different_sandboxes_are_refused(
    verb: Verb, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefixed = f"http://127.0.0.1:{server.port}/s/one/api/v0"
    said = "it names the sandbox 'one', but --sandbox 'two'"
    outcome = verb("reset", "--url", prefixed, "--sandbox", "two")
    assert outcome.code == 2
    assert said in outcome.err
    monkeypatch.setenv("FISKALY_MOCK_URL", prefixed)
    monkeypatch.setenv("FISKALY_MOCK_SANDBOX", "two")
    assert said in verb("reset").err


def test_of_two_sandboxes_the_flag_beats_the_variable(
    verb: Verb, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (f"http://127.0.0.1:{server.port}/s/{name}/api/v0" for name in ("one", "two"))
    monkeypatch.setenv("FISKALY_MOCK_SANDBOX", "two")
    assert "the sandbox one" in verb("reset", "--url", one).out
    monkeypatch.setenv("FISKALY_MOCK_URL", two)
    assert "the sandbox one" in verb("reset", "--sandbox", "one").out


def test_a_sandbox_has_a_name(verb: Verb) -> None:
    outcome = verb("reset", "--sandbox", "a b")
    assert outcome.code == 2
    assert "'a b' is no name: it has 1 to 64 characters" in outcome.err


def test_a_server_beyond_loopback_is_asked_with_its_token(
    empty_server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reset = ("reset", "--url", empty_server.base_url)
    refused = run_verb(*reset)
    assert refused.code == 2
    assert refused.err == (
        "Error: control calls need the header X-Mock-Token here; the server printed it;"
        " give --control-token or FISKALY_MOCK_CONTROL_TOKEN\n"
    )
    monkeypatch.setenv("FISKALY_MOCK_CONTROL_TOKEN", "example-token")
    assert run_verb(*reset).code == 0


@pytest.mark.parametrize("given", [(), ("--control-token", "EXAMPLE-other")], ids=["none", "wrong"])
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_token_that_lacks_or_is_wrong_names_the_flag(
    empty_server: MockServer, verb: tuple[str, ...], given: tuple[str, ...]
) -> None:
    outcome = run_verb(*verb, "--url", empty_server.base_url, *given)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert "; give --control-token or FISKALY_MOCK_CONTROL_TOKEN" in outcome.err
    assert "EXAMPLE" not in outcome.err
    assert "example-token" not in outcome.err


def test_a_token_that_fits_no_header_is_refused_and_not_repeated(verb: Verb) -> None:
    outcome = verb("reset", "--control-token", "exämple\n")
    assert outcome.code == 2
    assert "a token is printable ASCII" in outcome.err
    assert "mple" not in outcome.err


def test_a_server_without_control_says_so(uncontrolled_server: MockServer) -> None:
    outcome = run_verb("reset", "--url", uncontrolled_server.base_url)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "Error: control calls are switched off on this server\n"


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_https_is_told_from_a_server_that_is_down(
    server: MockServer, verb: tuple[str, ...]
) -> None:
    outcome = run_verb(*verb, "--url", f"https://127.0.0.1:{server.port}")
    assert outcome.code == 3
    assert outcome.err.count("\n") == 1
    assert "use an address that begins with http://" in outcome.err
    assert "start one with" not in outcome.err
