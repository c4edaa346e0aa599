"""From flags and variables to a server's settings, and what is wrong with a command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from cli.callers import call, run_verb, token_of
from fiskaly_fixtures import dump_tree, generate
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.cli.server_options import Setup, server_options, set_up

BAKERY = {
    "name": "Bakery",
    "address_line1": "Ring 1",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
}
SetUp = Callable[..., Setup]


@pytest.fixture
def setup_of() -> SetUp:
    """Return what flags and variables ask for."""

    def parse(*flags: str) -> Setup:
        found: list[Setup] = []

        @click.command()
        @server_options(log_level="info")
        def command(**values: Any) -> None:
            found.append(set_up(port=0, **values))

        command.main(list(flags), standalone_mode=False)
        return found[0]

    return parse


def test_without_a_flag_the_defaults_hold(setup_of: SetUp) -> None:
    config = setup_of().config
    assert (config.host, config.preset, config.seed) == ("127.0.0.1", "individual-customers", 1)
    assert (config.judge, config.control, config.control_token) == ("jsonschema-rs", True, None)


def test_variables_stand_in_for_flags_and_flags_beat_them(
    setup_of: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("PRESET", "single"),
        ("SEED", "5"),
        ("COUNTRY", "AT"),
        ("JUDGE", "openapi-core"),
        ("CONTROL", "0"),
    ):
        monkeypatch.setenv(f"FISKALY_MOCK_{name}", value)
    setup = setup_of("--seed", "6")
    assert (setup.config.preset, setup.config.seed) == ("single", 6)
    assert (setup.config.judge, setup.config.control) == ("openapi-core", False)
    assert setup.tree == generate("single", seed=6, country="AT")
    assert setup_of("--judge", "jsonschema-rs").config.judge == "jsonschema-rs"


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_saved_tree_is_served_as_the_preset_would_be(
    setup_of: SetUp, tmp_path: Path, form: str
) -> None:
    tree = generate("white-label", seed=8, size=4)
    path = tmp_path / f"tree.{form}"
    path.write_text(dump_tree(tree, form), encoding="utf-8")
    setup = setup_of("--data", str(path))
    assert (setup.tree.preset, setup.tree.seed) == ("white-label", 8)
    with MockServer(setup.config, tree=setup.tree) as server:
        found = server.control.tree()["organizations"]
        assert [one["id"] for one in found] == [one.id for one in tree.organizations]
        key = found[-1]["api_keys"][0]
        assert token_of(server.base_url, key["key"], key["secret"])


def test_lifetimes_and_looseness_reach_the_server(
    setup_of: SetUp, capfd: pytest.CaptureFixture[str]
) -> None:
    setup = setup_of("--access-lifetime", "60", "--refresh-lifetime", "120", "--loose")
    with setup.log.take_over(), MockServer(setup.config, tree=setup.tree) as server:
        key = server.credentials
        login = {"api_key": key.key, "api_secret": key.secret}
        session = call(f"{server.base_url}/auth", login)[2]
        assert 0 < session["access_token_expires_in"] <= 60
        assert 60 < session["refresh_token_expires_in"] <= 120
        token = session["access_token"]
        made = call(f"{server.base_url}/organizations", {**BAKERY, "unknown": 1}, token=token)[2]
        assert made["name"] == "Bakery"
    assert "unknown" in capfd.readouterr().err


def test_a_control_token_is_made_up_where_other_machines_reach_the_address(
    setup_of: SetUp,
) -> None:
    made = {setup_of("--host", "0.0.0.0").config.control_token for _ in range(2)}
    assert len(made) == 2
    assert None not in made
    assert setup_of("--host", "0.0.0.0", "--control-token", "mine").config.control_token == "mine"
    assert setup_of("--control-token", "").config.control_token is None
    for own in ("::1", "localhost", "127.0.0.2"):
        assert setup_of("--host", own).config.control_token is None


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        pytest.param(["nothing"], "No such command 'nothing'", id="unknown-verb"),
        pytest.param(["--nothing"], "No such option", id="unknown-flag"),
        pytest.param(["serve", "extra"], "unexpected extra argument", id="extra-argument"),
        pytest.param(["--port", "70000"], "70000", id="port-out-of-range"),
        pytest.param(["--port", "x"], "'x'", id="port-is-no-number"),
        pytest.param(["--preset", "enterprize"], "(did you mean enterprise?)", id="preset"),
        pytest.param(["--preset", "singel"], "(did you mean single?)", id="another-preset"),
        pytest.param(["--country", "XX"], "DE, AT, ES, FR, IT", id="country"),
        pytest.param(["--size", "-1"], "size -1", id="size"),
        pytest.param(["--seed", "1.5"], "--seed", id="seed"),
        pytest.param(["--host", ""], "it is empty: give an address", id="empty-host"),
        pytest.param(["--data", "nothing.yaml"], "nothing.yaml", id="missing-file"),
        pytest.param(["--data", "."], ".: cannot be read: Is a directory", id="data-folder"),
        pytest.param(["--judge", "x"], "'jsonschema-rs', 'openapi-core'", id="judge"),
        pytest.param(["--allow-host", "mock:8722"], "give it without port", id="allow-host"),
        pytest.param(["--log-format", "xml"], "'text', 'json'", id="log-format"),
        pytest.param(["--log-level", "loud"], "'off'", id="log-level"),
        pytest.param(["--access-lifetime", "0"], "--access-lifetime", id="lifetime"),
        pytest.param(
            ["--access-lifetime", "9", "--refresh-lifetime", "8"],
            "--refresh-lifetime must not be shorter",
            id="lifetimes",
        ),
    ],
)
def test_a_bad_command_line_is_a_usage_error(flags: list[str], said: str) -> None:
    outcome = run_verb(*flags)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_a_bad_variable_is_a_usage_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FISKALY_MOCK_PORT", "many")
    outcome = run_verb()
    assert outcome.code == 2
    assert "'many'" in outcome.err
    assert any(name in outcome.err for name in ("FISKALY_MOCK_PORT", "--port"))  # click 8.1


def test_a_bad_data_file_is_told_by_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "tree.yaml"
    text = dump_tree(generate("single"))
    path.write_text(text.replace("country_code: DEU", "country_code: QQQ", 1), encoding="utf-8")
    line = text[: text.index("country_code: DEU")].count("\n") + 1
    outcome = run_verb("--data", str(path))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"Error: {path}, line {line}, ")
    assert "country_code" in outcome.err


@pytest.mark.parametrize("flag", ["--preset", "--seed", "--size", "--country"])
def test_a_data_file_and_a_flag_that_it_answers_exclude_each_other(
    tmp_path: Path, flag: str
) -> None:
    path = tmp_path / "tree.json"
    path.write_text(dump_tree(generate("single"), "json"), encoding="utf-8")
    value = {"--preset": "single", "--country": "DE"}.get(flag, "1")
    outcome = run_verb("serve", "--data", str(path), flag, value)
    assert outcome.code == 2
    assert f"--data excludes {flag}" in outcome.err


def test_a_flag_of_the_tree_beats_the_variable_of_a_file(
    setup_of: SetUp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FISKALY_MOCK_DATA", str(tmp_path / "missing.yaml"))
    assert setup_of("--preset", "single").tree == generate("single")


def test_a_file_beats_the_variables_of_the_tree(
    setup_of: SetUp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "tree.json"
    path.write_text(dump_tree(generate("single", seed=9), "json"), encoding="utf-8")
    monkeypatch.setenv("FISKALY_MOCK_PRESET", "no-preset")
    assert setup_of("--data", str(path)).tree.seed == 9


def test_more_hosts_are_allowed_by_flags_or_one_variable(
    setup_of: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setup_of().config.allow_hosts == ()
    flags = ("--allow-host", "Mock", "--allow-host", "mock.test")
    assert setup_of(*flags).config.allow_hosts == ("mock", "mock.test")
    monkeypatch.setenv("FISKALY_MOCK_ALLOW_HOST", "mock,mock.test")
    assert setup_of().config.allow_hosts == ("mock", "mock.test")
