"""`doctor`: names, proxies and base URLs of this machine."""

import pytest
from cli_control.callers import level_of, run_verb
from cli_control.conftest import Verb
from fiskaly_mockserver.server.mock_server import MockServer


def test_a_name_whose_first_address_nobody_answers_is_a_warning(
    verb: Verb, server: MockServer, names: dict[str, list[str]]
) -> None:
    names["localhost"] = ["127.0.0.2", "127.0.0.1"]
    by_number = verb("doctor", "--json")
    assert by_number.code == 0
    assert level_of(by_number.json, "name") == (
        "warn",
        "localhost is 127.0.0.2, 127.0.0.1: clients that are given it may find nobody",
        f"give them http://127.0.0.1:{server.port}/api/v0",
    )
    by_name = verb("doctor", "--json", "--url", f"localhost:{server.port}")
    assert by_name.code == 0
    assert level_of(by_name.json, "name") == (
        "warn",
        "localhost is 127.0.0.2, 127.0.0.1: only 127.0.0.1 answers",
        f"give clients http://127.0.0.1:{server.port}/api/v0",
    )


def test_a_name_without_an_address_is_a_failure_beside_the_server(
    names: dict[str, list[str]],
) -> None:
    names["mock.test"] = []
    outcome = run_verb("doctor", "--url", "http://mock.test:8722", "--json")
    assert outcome.code == 3
    assert level_of(outcome.json, "name")[:2] == (
        "fail",
        "mock.test is no address: no fiskaly-mockserver answers there",
    )


def test_a_server_at_another_address_of_localhost_is_found(
    server: MockServer, names: dict[str, list[str]]
) -> None:
    outcome = run_verb("doctor", "--url", f"127.0.0.2:{server.port}", "--json")
    assert outcome.code == 3
    assert level_of(outcome.json, "name") == (
        "warn",
        "localhost is 127.0.0.1: 127.0.0.1 answers",
        f"--url localhost:{server.port}",
    )


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_that_would_catch_calls_is_a_warning_and_no_hindrance(
    verb: Verb, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://ada:EXAMPLEsecret0000@proxy.test:3128")
    outcome = verb("doctor", "--json")
    assert outcome.code == 0
    level, said, fix = level_of(outcome.json, "proxy")
    assert level == "warn"
    assert f"{variable.lower()} send calls" in said
    assert fix == "add 127.0.0.1 to no_proxy and NO_PROXY"
    assert "EXAMPLEsecret0000" not in outcome.out
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert level_of(verb("doctor", "--json").json, "proxy")[:2] == (
        "ok",
        "no_proxy spares 127.0.0.1",
    )


@pytest.mark.parametrize(
    "case",
    [
        ("http://127.0.0.1:{port}/api/v0", "ok", "leads to the API"),
        ("http://localhost:{port}/api/v0", "ok", "leads to the API"),
        ("http://127.0.0.1:{port}/api/v0/", "warn", "ends in a slash"),
        ("http://127.0.0.1:{port}", "fail", "does not end in /api/v0"),
        ("http://127.0.0.1:{port}/", "fail", "does not end in /api/v0"),
        ("http://127.0.0.1:{port}/api/v1", "fail", "does not end in /api/v0"),
        ("https://127.0.0.1:{port}/api/v0", "fail", "says https, the server speaks http"),
        ("http://127.0.0.1:{port}/s/one/api/v0", "warn", "another world of the server"),
        ("https://api.example.com/api/v0", "warn", "the address of another server"),
        ("https://notfiskaly.com/api/v0", "warn", "the address of another server"),
        ("https://dashboard.fiskaly.com/api/v0", "fail", "the address of the real service"),
        ("dashboard.Fiskaly.com.", "fail", "the address of the real service"),
        ("http://[::1", "warn", "the address of another server"),
    ],
)
def test_a_base_url_that_leads_elsewhere_is_told(
    verb: Verb, server: MockServer, monkeypatch: pytest.MonkeyPatch, case: tuple[str, str, str]
) -> None:
    given, level, words = case
    monkeypatch.setenv("FISKALY_BASE_URL", given.format(port=server.port))
    outcome = verb("doctor", "--json")
    found, said, fix = level_of(outcome.json, "base URL")
    assert (found, outcome.code) == (level, 1 if level == "fail" else 0)
    assert words in said
    assert fix == ("" if level == "ok" else f"export FISKALY_BASE_URL={server.base_url}")
