"""The verbs, their help, and what is wrong with a command line."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from cli.conftest import Invoke
from cli.running import run
from fiskaly_contracts import Contract


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_it_tells_its_version(invoke: Invoke, flag: str) -> None:
    outcome = invoke(flag)
    assert (outcome.code, outcome.out) == (
        0,
        f"fiskaly-mockserver {version('fiskaly-mockserver')}\n",
    )


def test_the_module_is_the_command() -> None:
    outcome = run("-V")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("fiskaly-mockserver ")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_its_help_names_every_verb(invoke: Invoke, flag: str) -> None:
    outcome = invoke(flag)
    assert outcome.code == 0
    assert all(verb in outcome.out for verb in ("serve", "tree", "operations"))


def test_every_flag_of_serve_has_its_environment_variable(invoke: Invoke) -> None:
    text = invoke("serve", "--help").out
    flags = set(re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)) - {"--help"}
    assert {"--host", "--port", "--preset", "--data", "--loose", "--log-format"} <= flags
    squeezed = re.sub(r"\s+", "", text)
    for flag in flags:
        variable = "FISKALY_MOCK_" + flag[2:].replace("-", "_").upper()
        assert f"envvar:{variable}" in squeezed


def test_operations_lists_each_operation_with_its_evidence(invoke: Invoke) -> None:
    outcome = invoke("operations")
    assert outcome.code == 0
    operations = Contract.bundled().operations
    assert len(operations) == 20
    lines = [line for line in outcome.out.splitlines() if re.match(r"[A-Z]+ +/", line)]
    assert len(lines) == 20
    for line, operation in zip(lines, operations.values(), strict=True):
        method, path, name, confidence, *assumptions = line.split()
        assert (method, path) == (operation.method, f"/api/v0{operation.path}")
        assert (name, confidence) == (operation.operation_id, operation.confidence)
        assert assumptions == list(operation.assumptions)


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
        pytest.param(["--data", "nothing.yaml"], "nothing.yaml", id="missing-file"),
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
def test_a_bad_command_line_is_a_usage_error(invoke: Invoke, flags: list[str], said: str) -> None:
    outcome = invoke(*flags)
    assert outcome.code == 2
    assert outcome.out == ""
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_a_bad_variable_is_a_usage_error_too(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISKALY_MOCK_PORT", "many")
    outcome = invoke()
    assert outcome.code == 2
    assert "FISKALY_MOCK_PORT" in outcome.err


def test_a_port_in_use_is_one_clear_line_and_exit_3(invoke: Invoke, occupied_port: int) -> None:
    outcome = invoke("--port", str(occupied_port), "--preset", "empty")
    assert outcome.code == 3
    assert outcome.out == ""
    assert outcome.err == (
        f"Error: port {occupied_port} on 127.0.0.1 is in use:"
        " choose another port, or 0 for a free one\n"
    )


def test_a_bad_data_file_is_told_by_line_and_key(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "tree.yaml"
    assert invoke("tree", "--preset", "single", "-o", str(path)).code == 0
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("country_code: DEU", "country_code: QQQ", 1), encoding="utf-8")
    line = text[: text.index("country_code: DEU")].count("\n") + 1
    outcome = invoke("--data", str(path))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"Error: {path}, line {line}, ")
    assert "country_code" in outcome.err


@pytest.mark.parametrize("flag", ["--preset", "--seed", "--size", "--country"])
def test_a_data_file_and_a_flag_that_it_answers_exclude_each_other(
    invoke: Invoke, tmp_path: Path, flag: str
) -> None:
    path = tmp_path / "tree.json"
    assert invoke("tree", "--preset", "single", "-o", str(path)).code == 0
    value = {"--preset": "single", "--country": "DE"}.get(flag, "1")
    outcome = invoke("serve", "--data", str(path), flag, value)
    assert outcome.code == 2
    assert f"--data excludes {flag}" in outcome.err
