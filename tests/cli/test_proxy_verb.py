"""`proxy` and `exec --upstream`: the report at the end, the recording, the exit code."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli.callers import call, run_verb
from cli.running import COMMAND, PATIENCE, clean_environment
from fiskaly_contracts.recordings.har import read_har
from fiskaly_mockserver.server.mock_server import MockServer

CLIENT = """
import json, os, sys, urllib.request
base = os.environ["FISKALY_BASE_URL"]
def call(path, body=None, token=""):
    headers = {"Content-Type": "application/json"} if body else {}
    if token:
        headers["Authorization"] = "Bearer " + token
    request = urllib.request.Request(base + path, body and json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))
keys = {"api_key": sys.argv[1], "api_secret": sys.argv[2]}
token = call("/auth", keys)["access_token"]
call("/organizations" + sys.argv[3], token=token)
sys.exit(int(sys.argv[4]))
"""


def behind(server: MockServer, *flags: str, query: str = "", code: int = 0) -> tuple[int, str, str]:
    """Run the client behind the proxy of `exec --upstream`."""
    key = server.credentials
    done = subprocess.run(
        [
            *(*COMMAND, "exec", "--upstream", server.base_url, *flags, "--"),
            *(sys.executable, "-S", "-c", CLIENT, key.key, key.secret, query, str(code)),
        ],
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_good_client_ends_with_0_and_its_recording_holds_no_secret(
    server: MockServer, tmp_path: Path
) -> None:
    file = tmp_path / "run.har"
    code, out, err = behind(server, "--record", str(file))
    assert (code, err) == (0, "")
    assert "0 errors, 0 warnings, 2 exchanges, 2 operations" in out
    assert [one.status for one in read_har(file)] == [200, 200]
    assert server.credentials.secret not in file.read_text()
    assert run_verb("check", str(file)).code == 0
    assert run_verb("replay", str(file)).code == 0


def test_a_recording_that_cannot_be_written_takes_no_report_along(server: MockServer) -> None:
    code, out, err = behind(server, "--record", "x" * 300)
    assert code == 2
    assert "0 errors, 0 warnings, 2 exchanges" in out
    assert "File name too long" in err
    assert "Traceback" not in err


def test_findings_end_with_1_and_the_commands_own_code_comes_first(
    server: MockServer, tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    flags = ("--fail-on", "warning", "--report", str(file))
    assert behind(server, *flags, query="?invented=1")[0] == 1
    [one] = json.loads(file.read_text())["findings"]
    assert (one["operation"], one["side"]) == ("listOrganizations", "request")
    assert behind(server, *flags, query="?invented=1", code=7)[0] == 7


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--record", "x.har"), "need --upstream"),
        (("--upstream-sign-de", "http://x"), "need --upstream"),
        (("--upstream", "http://x", "--fail-on-violations"), "there is no fake"),
        (("--upstream", "nonsense"), "is no http:// or https:// address"),
        (("--upstream", "http://x", "--record", "/nowhere/x.har"), "there is no folder"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(flags: tuple[str, ...], said: str) -> None:
    outcome = run_verb("exec", *flags, "--", "true")
    assert outcome.code == 2
    assert said in outcome.err


def test_a_command_that_calls_nothing_ends_with_4(server: MockServer) -> None:
    outcome = run_verb("exec", "--upstream", server.base_url, "--", sys.executable, "-c", "")
    assert outcome.code == 4
    assert "nothing could be checked" in outcome.err


def test_a_command_that_is_none_is_told(server: MockServer) -> None:
    outcome = run_verb("exec", "--upstream", server.base_url, "--", "no-such-command")
    assert outcome.code == 127


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_proxy_reports_when_it_is_stopped(
    server: MockServer, tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [*COMMAND, "proxy", server.base_url, "--port", "0", "--json"],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        origin = process.stderr.readline().split()[-1]
        call(f"{origin}/api/v0/auth", {"api_key": "k"})
        process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    [one] = json.loads(out)["findings"]
    assert (one["operation"], one["pointer"], one["side"]) == (
        "authenticate",
        "/api_secret",
        "request",
    )


def test_a_port_in_use_ends_with_2(server: MockServer, occupied_port: int) -> None:
    outcome = run_verb("proxy", server.base_url, "--port", str(occupied_port))
    assert outcome.code == 2
    assert f"cannot listen on 127.0.0.1:{occupied_port}" in outcome.err
