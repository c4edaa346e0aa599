"""The served command: from its start to a clean end."""

import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cli.running import run, serving
from fiskaly_fixtures import dump_tree, generate

JSON = ("--json", "--port", "0")
BAKERY = {
    "name": "Bakery",
    "address_line1": "Ring 1",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
}


def test_without_a_verb_it_serves_and_prints_the_banner(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", last="Ctrl+C") as running:
        assert "preset individual-customers, seed 1: 6 organizations" in running.announced
        assert "Secret" in running.announced
        assert len(running.announced.splitlines()) <= 24
        assert running.end(signal.SIGINT)[0] == 0
    assert running.logged() == ""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_within_a_second_and_without_a_word(
    tmp_path: Path, number: signal.Signals, loop: str
) -> None:
    pytest.importorskip(loop)
    with serving(tmp_path, "serve", *JSON, "--loop", loop, "--log-level", "off") as running:
        running.authenticate()
        code, seconds = running.end(number)
    assert code == 0
    assert seconds < 1.0
    assert running.logged() == ""


def test_variables_stand_in_for_flags_and_flags_beat_them(tmp_path: Path) -> None:
    env = {
        "FISKALY_MOCK_PORT": "0",
        "FISKALY_MOCK_PRESET": "single",
        "FISKALY_MOCK_SEED": "5",
        "FISKALY_MOCK_COUNTRY": "AT",
        "FISKALY_MOCK_JSON": "1",
    }
    with serving(tmp_path, "--seed", "6", env=env) as running:
        line = running.line
    assert (line["preset"], line["seed"]) == ("single", 6)
    [organization] = generate("single", seed=6, country="AT").organizations
    assert line["organizations"][0]["id"] == organization.id
    assert line["organizations"][0]["name"] == organization.name


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_saved_tree_is_served_as_the_preset_would_be(tmp_path: Path, form: str) -> None:
    tree = generate("white-label", seed=8, size=4)
    path = tmp_path / f"tree.{form}"
    path.write_text(dump_tree(tree, form), encoding="utf-8")
    with serving(tmp_path, *JSON, "--data", str(path)) as running:
        line = running.line
        assert running.authenticate(len(tree.organizations) - 1)
    assert (line["preset"], line["seed"]) == ("white-label", 8)
    assert [one["id"] for one in line["organizations"]] == [one.id for one in tree.organizations]


def test_lifetimes_and_looseness_reach_the_server(tmp_path: Path) -> None:
    flags = ("--access-lifetime", "60", "--refresh-lifetime", "120", "--loose")
    with serving(tmp_path, *JSON, *flags) as running:
        key = running.line["organizations"][0]["api_keys"][0]
        session = running.ask("/auth", {"api_key": key["key"], "api_secret": key["secret"]})
        assert 0 < session["access_token_expires_in"] <= 60
        assert 60 < session["refresh_token_expires_in"] <= 120
        made = running.ask(
            "/organizations", {**BAKERY, "unknown": 1}, token=session["access_token"]
        )
        assert made["name"] == "Bakery"
    assert "unknown" in running.logged()


def test_the_bound_port_is_told_if_a_certain_one_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, *JSON) as first:
        port = first.line["base_url"].removesuffix("/api/v0").rpartition(":")[2]
        again = run("--json", "--port", port, "--preset", "empty")
        assert again.returncode == 3
        assert f"port {port} on 127.0.0.1 is in use" in again.stderr
        assert "Traceback" not in again.stderr
    with serving(tmp_path, "--json", "--port", port, "--preset", "empty") as second:
        assert second.line["base_url"] == f"http://127.0.0.1:{port}/api/v0"


def test_a_slow_client_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with serving(tmp_path, *JSON) as running:
        address = urlsplit(running.line["base_url"])
        with socket.create_connection((address.hostname, address.port), timeout=10) as client:
            client.sendall(b"POST /api/v0/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            code, seconds = running.end()
    assert code == 0
    assert seconds < 1.0
    assert "Traceback" not in running.logged()


def test_the_banner_of_a_server_without_control_names_no_control_address(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", "--no-control", last="Ctrl+C") as running:
        assert "/_mock" not in running.announced
        assert "Control     switched off" in running.announced
