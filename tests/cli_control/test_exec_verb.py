"""`exec`: a server for the life of one command."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from cli_control.test_target_address import unused_port

EXEC = (sys.executable, "-m", "fiskaly_mockserver", "exec")
PATIENCE = 60.0
SHOW = """
import json, os
print(json.dumps({n: v for n, v in os.environ.items() if n.startswith("FISKALY_")}))
"""
CALL = """
import json, os, sys, urllib.request
body = json.dumps({
    "api_key": os.environ["FISKALY_API_KEY"], "api_secret": os.environ["FISKALY_API_SECRET"]
}).encode()
url = os.environ["FISKALY_BASE_URL"]
head = {"Content-Type": "application/json"}
token = json.load(urllib.request.urlopen(urllib.request.Request(url + "/auth", body, head)))
head = {"Authorization": "Bearer " + token["access_token"]}
path = "/organizations/" + os.environ["FISKALY_ORGANIZATION_ID"]
print(json.load(urllib.request.urlopen(urllib.request.Request(url + path, headers=head)))["_id"])
"""


def clean(more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FISKALY_")}
    return {**kept, **(more or {})}


def run(*words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EXEC, *words],
        env=clean(env),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def test_the_command_finds_server_and_key_and_nobody_says_a_word_more() -> None:
    done = run("--preset", "single", "--seed", "7", "--", sys.executable, "-c", CALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.strip()) == 36


def test_it_exports_these_variables_and_drops_those_of_another_server() -> None:
    stale = {
        "FISKALY_API_KEY": "stale",
        "FISKALY_MOCK_SANDBOX": "stale",
        "FISKALY_MOCK_URL": "http://127.0.0.1:1",
        "FISKALY_UNRELATED": "kept",
    }
    full = json.loads(run("--", sys.executable, "-c", SHOW, env=stale).stdout)
    assert sorted(full) == [
        "FISKALY_API_KEY",
        "FISKALY_API_SECRET",
        "FISKALY_BASE_URL",
        "FISKALY_MOCK_CONTROL_URL",
        "FISKALY_MOCK_URL",
        "FISKALY_ORGANIZATION_ID",
        "FISKALY_UNRELATED",
    ]
    assert full["FISKALY_API_KEY"] != "stale"
    assert full["FISKALY_BASE_URL"] == full["FISKALY_MOCK_URL"] + "/api/v0"
    assert full["FISKALY_MOCK_CONTROL_URL"] == full["FISKALY_MOCK_URL"] + "/_mock"
    empty = json.loads(run("--preset", "empty", sys.executable, "-c", SHOW, env=stale).stdout)
    assert "FISKALY_API_KEY" not in empty


def test_the_other_verbs_find_the_server_without_a_flag() -> None:
    verb = (sys.executable, "-m", "fiskaly_mockserver", "clock", "advance", "25h")
    done = run("--control-token", "example-token", "--", *verb)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("1d1h ahead of real time\n")


def test_the_requests_are_logged_on_demand() -> None:
    done = run("--log-level", "info", "--", sys.executable, "-c", CALL)
    assert [line.split()[3] for line in done.stderr.splitlines()] == (
        ["authenticate", "retrieveOrganization"]
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("sh", "-c", "exit 0"), 0),
        (("sh", "-c", "exit 7"), 7),
        (("sh", "-c", "kill -TERM $$"), 143),
        (("sh", "-c", "kill -KILL $$"), 137),
    ],
    ids=["success", "failure", "terminated", "killed"],
)
@pytest.mark.parametrize("dashes", [("--",), ()], ids=["after-dashes", "without"])
def test_its_exit_code_is_the_commands(
    command: tuple[str, ...], code: int, dashes: tuple[str, ...]
) -> None:
    done = run("--preset", "empty", *dashes, *command)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_command_that_is_none_is_told_as_a_shell_does(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program", encoding="utf-8")
    orphan = tmp_path / "orphan"
    orphan.write_text("#!/nothing/here\n", encoding="utf-8")
    orphan.chmod(0o755)
    missing, unfit, broken = (
        run("--preset", "empty", "--", command, "--flag")
        for command in ("no-such-command", str(text), str(orphan))
    )
    assert (missing.returncode, missing.stderr) == (
        127,
        "Error: there is no command 'no-such-command'\n",
    )
    assert (unfit.returncode, unfit.stderr) == (
        126,
        f"Error: {str(text)!r} cannot be run: Permission denied\n",
    )
    assert (broken.returncode, broken.stderr) == (
        126,
        f"Error: {str(orphan)!r} names an interpreter that is missing\n",
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Missing argument 'COMMAND...'"),
        (("--preset", "singel", "--", "true"), 2, "did you mean single?"),
        (("--nothing", "--", "true"), 2, "No such option"),
        (("--data", "x.yaml", "--", "true"), 2, "x.yaml"),
        (("--refresh-lifetime", "1", "--", "true"), 2, "must not be shorter"),
    ],
)
def test_a_bad_command_line_is_a_usage_error(words: tuple[str, ...], code: int, said: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_of_serve_is_no_port_of_exec() -> None:
    port = str(unused_port())
    first = run("--", sys.executable, "-c", SHOW, env={"FISKALY_MOCK_PORT": port})
    assert not json.loads(first.stdout)["FISKALY_MOCK_URL"].endswith(f":{port}")
    second = run("--port", port, "--", sys.executable, "-c", SHOW)
    assert json.loads(second.stdout)["FISKALY_MOCK_URL"].endswith(f":{port}")
