"""`exec`: a server for the life of one command, whose signals and exit code are the command's."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.callers import Outcome, run_verb
from cli.running import COMMAND, PATIENCE, clean_environment, run

EXEC = (*COMMAND, "exec")
EMPTY = ("exec", "--preset", "empty")
SHOW = """
import json, os, sys
with open(sys.argv[1], "w") as file:
    json.dump({n: v for n, v in os.environ.items() if n.startswith("FISKALY_")}, file)
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
COUNT_SIGNALS = """
import signal, sys, time
got = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: got.append(signal.Signals(number).name))
print("ready", flush=True)
until = time.monotonic() + 30
while not got and time.monotonic() < until:
    time.sleep(0.02)
time.sleep(0.3)
print(",".join(got), flush=True)
sys.exit(5)
"""
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
COUNTING = (*EXEC, "--preset", "empty", "--", sys.executable, "-c", COUNT_SIGNALS)
Show = Callable[..., dict[str, str]]


@pytest.fixture
def show(tmp_path: Path) -> Show:
    """Run `exec` with a command that tells what it finds in its environment."""

    def run_it(*flags: str) -> dict[str, str]:
        file = tmp_path / "variables"
        assert run_verb("exec", *flags, "--", sys.executable, "-c", SHOW, str(file)).code == 0
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return found

    return run_it


def test_the_command_finds_server_and_key_and_nobody_says_a_word_more() -> None:
    done = run("exec", "--preset", "single", "--seed", "7", "--", sys.executable, "-c", CALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.strip()) == 36


def test_it_exports_these_variables_and_drops_those_of_another_server(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("FISKALY_API_KEY", "stale"),
        ("FISKALY_MOCK_SANDBOX", "stale"),
        ("FISKALY_MOCK_URL", "http://127.0.0.1:1"),
        ("FISKALY_UNRELATED", "kept"),
    ):
        monkeypatch.setenv(name, value)
    full = show("--preset", "single")
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
    assert "FISKALY_API_KEY" not in show("--preset", "empty")


def test_the_other_verbs_find_the_server_without_a_flag() -> None:
    verb = (*COMMAND, "clock", "advance", "25h")
    done = run("exec", "--control-token", "example-token", "--", *verb)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("1d1h ahead of real time\n")


def test_the_requests_are_logged_on_demand() -> None:
    done = run("exec", "--log-level", "info", "--", sys.executable, "-c", CALL)
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
    assert run_verb(*EMPTY, *dashes, *command) == Outcome(code, "", "")


def test_a_command_that_is_none_is_told_as_a_shell_does(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program", encoding="utf-8")
    orphan = tmp_path / "orphan"
    orphan.write_text("#!/nothing/here\n", encoding="utf-8")
    orphan.chmod(0o755)
    missing, unfit, broken = (
        run_verb(*EMPTY, "--", command, "--flag")
        for command in ("no-such-command", str(text), str(orphan))
    )
    assert missing == Outcome(127, "", "Error: there is no command 'no-such-command'\n")
    assert unfit == Outcome(126, "", f"Error: {str(text)!r} cannot be run: Permission denied\n")
    assert broken == Outcome(
        126, "", f"Error: {str(orphan)!r} names an interpreter that is missing\n"
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
    done = run_verb("exec", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_a_port_of_serve_is_no_port_of_exec(
    show: Show, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("FISKALY_MOCK_PORT", str(unused_port))
    assert not show("--preset", "empty")["FISKALY_MOCK_URL"].endswith(f":{unused_port}")
    found = show("--preset", "empty", "--port", str(unused_port))
    assert found["FISKALY_MOCK_URL"].endswith(f":{unused_port}")


def signalled(
    command: tuple[str, ...], send: Callable[[subprocess.Popen[str]], object], **settings: Any
) -> tuple[int, str, str]:
    """Run a command that counts signals, send it some, and return how it ended."""
    with subprocess.Popen(
        command,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        **settings,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        send(process)
        out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_command_which_decides(number: signal.Signals) -> None:
    ended = signalled(COUNTING, lambda process: process.send_signal(number))
    assert ended == (5, f"{number.name}\n", "")


def test_ctrl_c_in_a_terminal_reaches_the_command_once() -> None:
    master, slave = pty.openpty()
    try:
        ended = signalled(
            (sys.executable, "-c", TAKE_TERMINAL, *COUNTING),
            lambda _: os.write(master, b"\x03"),
            stdin=slave,
        )
    finally:
        os.close(slave)
        os.close(master)
    assert ended == (5, "SIGINT\n", "")
