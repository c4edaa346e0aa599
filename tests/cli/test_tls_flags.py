"""`--tls` and its files on the command line, and verbs that speak to a server with TLS."""

import json
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cli.callers import run_verb
from cli.running import run, serving
from docs.documents import ROOT
from fiskaly_mockserver import MockServer

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture(scope="module")
def tls_server() -> Iterator[MockServer]:
    with MockServer(tls=True, preset="single") as server:
        yield server


def test_serve_names_the_file_of_its_ca(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    flags = ("serve", "--tls", "--ca-file", str(file), "--port", "0", "--json")
    with serving(tmp_path, *flags) as running:
        assert running.line["ca_file"] == str(file)
        url = running.line["base_url"]
        assert url.startswith("https://")
        assert run_verb("wait", "--url", url, "--ca-file", str(file)).code == 0
        assert running.end() == 0
    assert file.exists()


def test_a_container_is_set_up_by_variables_alone(tmp_path: Path, unused_port: int) -> None:
    service = yaml.safe_load(fenced("docs/HTTPS.md", "yaml"))["services"]["fiskaly"]
    told = {name: str(value) for name, value in service["environment"].items()}
    told |= {"FISKALY_MOCK_CA_FILE": str(tmp_path / "ca.pem"), "FISKALY_MOCK_HOST": "0.0.0.0"}
    told = {name: value.replace("443", str(unused_port)) for name, value in told.items()}
    with serving(tmp_path, "serve", env=told, last="Ctrl+C") as running:
        assert run("wait", "--timeout", "10s", env=told).returncode == 0
        for name in service["networks"]["default"]["aliases"]:
            context = ssl.create_default_context(cafile=told["FISKALY_MOCK_CA_FILE"])
            with (
                socket.create_connection(("127.0.0.1", unused_port), timeout=60) as plain,
                context.wrap_socket(plain, server_hostname=name) as tls,
            ):
                assert tls.version() == "TLSv1.3"
        assert running.end() == 0


def fenced(document: str, language: str) -> str:
    """Return the first block of code of a document in a language."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return text.partition(f"```{language}\n")[2].partition("```")[0]


def test_exec_tells_its_command_of_the_ca(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_verb("exec", "--tls", "--", sys.executable, "-c", SHOW).code == 0
    variables = json.loads(capfd.readouterr().out)
    assert variables["FISKALY_BASE_URL"].startswith("https://")
    assert not Path(variables["FISKALY_MOCK_CA_FILE"]).exists(), "it goes with the server"


def test_verbs_trust_the_ca_that_they_are_given(
    tls_server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISKALY_MOCK_URL", tls_server.base_url)
    monkeypatch.setenv("FISKALY_MOCK_CA_FILE", str(tls_server.ca_file))
    assert run_verb("doctor").code == 0
    assert f"FISKALY_MOCK_CA_FILE='{tls_server.ca_file}'" in run_verb("env").out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "trust its CA: give --ca-file or FISKALY_MOCK_CA_FILE"),
        (("--ca-file", __file__), "cannot be used: it holds no certificate"),
        (("--ca-file", "missing.pem"), "cannot be used: No such file"),
    ],
)
def test_a_server_that_is_not_trusted_is_told(
    tls_server: MockServer, flags: tuple[str, ...], said: str
) -> None:
    outcome = run_verb("reset", "--url", tls_server.base_url, *flags)
    assert (outcome.code, outcome.out) == (3, "")
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--tls", "--cert", "x"), "--cert and --key go together"),
        (("--tls", "--cert", "x", "--key", "y", "--ca-file", "z"), "does not go with --cert"),
        (("--ca-file", "x"), "--ca-file needs --tls"),
        (("--cert", "x", "--key", "y"), "--cert needs --tls"),
        (("--tls", "--cert", "x", "--key", "y"), "cert 'x' cannot be read"),
        (("--tls", "--ca-file", "missing/ca.pem"), "'missing/ca.pem' cannot be written"),
    ],
)
def test_a_bad_command_line_is_one_clear_line(flags: tuple[str, ...], said: str) -> None:
    outcome = run_verb("serve", "--port", "0", *flags)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err.splitlines()[-1]


def test_a_file_of_the_environment_is_for_other_verbs_where_serve_speaks_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FISKALY_MOCK_CA_FILE", str(tmp_path / "missing" / "ca.pem"))
    assert run_verb("exec", "--", sys.executable, "-c", SHOW).code == 0
    assert "FISKALY_MOCK_CA_FILE" not in json.loads(capfd.readouterr().out)
