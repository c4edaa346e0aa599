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
from fiskaly_fixtures import admin_pin_of, admin_puk_of, generate, secret_of, tss_of

EXEC = (*COMMAND, "exec")
EMPTY = ("exec", "--preset", "empty")
SHOW = """
import json, os, sys
with open(sys.argv[1], "w") as file:
    json.dump(dict(os.environ), file)
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
BARE = (sys.executable, "-S", "-c")
"""A program of the standard library alone, in which coverage does not start."""
COUNTING = (*EXEC, "--preset", "empty", "--", *BARE, COUNT_SIGNALS)
Show = Callable[..., dict[str, str]]


@pytest.fixture
def show(tmp_path: Path) -> Show:
    """Run `exec` with a command that tells what it finds in its environment."""

    def run_it(*flags: str) -> dict[str, str]:
        file = tmp_path / "variables"
        assert run_verb("exec", *flags, "--", *BARE, SHOW, str(file)).code == 0
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return found

    return run_it


def test_the_command_finds_server_and_key_and_nobody_says_a_word_more(
    capfd: pytest.CaptureFixture[str],
) -> None:
    flags = ("--preset", "single", "--seed", "7")
    assert run_verb("exec", *flags, "--", *BARE, CALL) == Outcome(0, "", "")
    printed = capfd.readouterr()
    assert (len(printed.out.strip()), printed.err) == (36, "")


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
    full = show("--preset", "individual-customers")
    assert sorted(name for name in full if name.startswith("FISKALY_")) == [
        "FISKALY_API_KEY",
        "FISKALY_API_SECRET",
        "FISKALY_BASE_URL",
        "FISKALY_MANAGED_ORGANIZATION_ID",
        "FISKALY_MANAGEMENT_BASE_URL",
        "FISKALY_MANAGEMENT_URL",
        "FISKALY_MOCK_CONTROL_URL",
        "FISKALY_MOCK_URL",
        "FISKALY_ORGANIZATION_ID",
        "FISKALY_SIGN_DE_URL",
        "FISKALY_UNRELATED",
    ]
    assert full["FISKALY_API_KEY"] != "stale"
    assert full["FISKALY_BASE_URL"] == full["FISKALY_MOCK_URL"] + "/api/v0"
    assert full["FISKALY_SIGN_DE_URL"] == full["FISKALY_MOCK_URL"] + "/api/v2"
    assert full["FISKALY_MOCK_CONTROL_URL"] == full["FISKALY_MOCK_URL"] + "/_mock"
    for name in ("FISKALY_MANAGEMENT_BASE_URL", "FISKALY_MANAGEMENT_URL"):
        assert full[name] == full["FISKALY_BASE_URL"]
    first, managed = generate("individual-customers").organizations[:2]
    assert full["FISKALY_ORGANIZATION_ID"] == first.id
    assert full["FISKALY_MANAGED_ORGANIZATION_ID"] == managed.id
    assert "FISKALY_API_KEY" not in show("--preset", "empty")
    assert "FISKALY_SIGN_DE_URL" not in show("--preset", "empty", "--no-sign-de")
    assert "FISKALY_MANAGED_ORGANIZATION_ID" not in show("--preset", "single")
    assert "FISKALY_TSS_ID" not in full


def test_the_command_finds_the_first_till(show: Show) -> None:
    found = show("--tills", "2")
    tree = generate(tills=2)
    managed = tree.organizations[1]
    till = tss_of(tree, managed)[0]
    assert found["FISKALY_MANAGED_ORGANIZATION_ID"] == managed.id
    assert found["FISKALY_MANAGED_API_KEY"] == managed.api_keys[0].key
    assert found["FISKALY_MANAGED_API_SECRET"] == secret_of(1, managed.api_keys[0].id)
    assert found["FISKALY_TSS_ID"] == till.id
    assert found["FISKALY_CLIENT_ID"] == till.clients[0].id
    assert found["FISKALY_TSS_ADMIN_PIN"] == admin_pin_of(1, till.id)
    assert found["FISKALY_TSS_ADMIN_PUK"] == admin_puk_of(1, till.id)


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_no_proxy_catches_the_calls_of_the_command(
    show: Show, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    def spared() -> tuple[str | None, str | None]:
        found = show("--preset", "empty")
        return found.get("NO_PROXY"), found.get("no_proxy")

    assert spared() == (None, None)
    monkeypatch.setenv(proxy, "http://proxy.test:3128")
    assert spared() == ("127.0.0.1,localhost,::1",) * 2
    monkeypatch.setenv("NO_PROXY", "intern.test, localhost")
    monkeypatch.setenv("no_proxy", "*")
    assert spared() == ("intern.test,localhost,127.0.0.1,::1", "*")


def test_the_other_verbs_find_the_server_without_a_flag(
    capfd: pytest.CaptureFixture[str],
) -> None:
    verb = (*COMMAND, "clock", "advance", "25h")
    outcome = run_verb("exec", "--control-token", "example-token", "--", *verb)
    printed = capfd.readouterr()
    assert (outcome.code, outcome.err, printed.err) == (0, "", "")
    assert printed.out.endswith("1d1h ahead of real time\n")


def test_the_requests_are_logged_on_demand() -> None:
    logged = run_verb("exec", "--log-level", "info", "--", *BARE, CALL).err
    assert [line.split()[3] for line in logged.splitlines()] == (
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


def test_its_exit_code_comes_before_a_report_that_cannot_be_written() -> None:
    report = ("--report", f"{'x' * 300}.xml")
    for code, ended in ((5, 5), (0, 2)):
        outcome = run_verb(*EMPTY, *report, "--", "sh", "-c", f"exit {code}")
        assert outcome.code == ended
        assert "File name too long" in outcome.err
        assert "0 errors, 0 warnings" in outcome.out
    started = run_verb(*EMPTY, "--report", "/nowhere/x.xml", "--", "sh", "-c", "echo started")
    assert (started.code, started.out) == (2, "")


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
        (("--host", "a" * 70, "--", "true"), 3, "no host has such a name"),
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


BREAK = """
import json, os, urllib.error, urllib.request
mock, api = os.environ["FISKALY_MOCK_CONTROL_URL"], os.environ["FISKALY_BASE_URL"]
def send(url, body):
    head = {"Content-Type": "application/json"}
    try:
        data = b"" if body is None else json.dumps(body).encode()
        urllib.request.urlopen(urllib.request.Request(url, data, head))
    except urllib.error.HTTPError as error:
        error.close()
for _ in range(3):
    send(api + "/auth", {"api_key": "k"})
send(api + "/auth?page=2", {"api_key": os.environ["FISKALY_API_KEY"],
    "api_secret": os.environ["FISKALY_API_SECRET"]})
send(api.replace("/api", "/s/one/api") + "/nothing", {})
send(mock + "/reset", None)
send(mock + "/seed", {"preset": "empty"})
"""
Pairs = tuple[str, ...]


@pytest.fixture
def broken() -> Callable[..., Outcome]:
    """Run `exec` with a client that breaks the contract, and then resets the server."""
    return lambda *flags, code="": run_verb(
        "exec", "--preset", "single", *flags, "--", *BARE, BREAK + code
    )


def test_violations_fail_the_command_whatever_was_reset(broken: Callable[..., Outcome]) -> None:
    outcome = broken("--fail-on-violations", "--journal-size", "1")
    assert outcome.code == 1
    first, *kinds = outcome.err.splitlines()
    assert first == "4 requests broke the contract; the first of each kind:"
    assert [line.split()[1:5] for line in kinds] == [
        ["POST", "/api/v0/auth", "authenticate", "400"],
        ["POST", "/s/one/api/v0/nothing", "-", "404"],
    ]
    assert "body should" in kinds[0]
    assert broken("--fail-on-violations", code="raise SystemExit(7)").code == 7
    assert broken() == Outcome(0, "", "")


def test_a_client_that_keeps_the_contract_does_not_fail() -> None:
    done = run_verb("exec", "--fail-on-violations", "--", *BARE, CALL)
    assert (done.code, done.err) == (0, "")


def test_coverage_is_written_and_may_fail_the_command(tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    call = (f"--coverage={file}", "--", *BARE, CALL)
    outcome = run_verb("exec", *call)
    assert outcome.code == 0
    written = json.loads(file.read_text(encoding="utf-8"))
    scores = written["contracts"]["management"]["scores"]
    assert scores["operations"]["exercised"] == 2
    assert written["contracts"]["sign-de"]["exchanges"] == 0
    used = f"{scores['overall']['percent']} % of management was used"
    assert outcome.err == f"{used}: {file}\n"
    outcome = run_verb("exec", "--coverage-fail-under", "90", *call[1:])
    assert (outcome.code, outcome.err) == (1, f"Error: {used}, less than 90 %\n")
    assert run_verb("exec", "--coverage-fail-under", "1", *call[1:]).code == 0


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--coverage=nothing/api.json", "there is no folder 'nothing': make it first"),
        ("--coverage=.", "is a directory"),
        ("--coverage-fail-under=101", "0<=x<=100"),
        ("--coverage-fail-under=nan", "'nan' is not a valid number"),
    ],
)
def test_a_wrong_flag_of_coverage_is_told_before_the_command_runs(flag: str, said: str) -> None:
    outcome = run_verb("exec", flag, "--", "no-such-command")
    assert outcome.code == 2
    assert said in outcome.err


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
            (*BARE, TAKE_TERMINAL, *COUNTING),
            lambda _: os.write(master, b"\x03"),
            stdin=slave,
        )
    finally:
        os.close(slave)
        os.close(master)
    assert ended == (5, "SIGINT\n", "")


BREAK_ALIKE = """
import os, urllib.error, urllib.request
bad = b'{"api_key": "k"}'
for path, body in (("/auth", bad), ("/auth", bad), ("/nowhere?limit=1", b"")):
    try:
        urllib.request.urlopen(
            urllib.request.Request(
                os.environ["FISKALY_BASE_URL"] + path, body, {"Content-Type": "application/json"}
            )
        )
    except urllib.error.HTTPError as error:
        error.close()
"""


def test_what_the_command_broke_is_reported_as_every_check_does(tmp_path: Path) -> None:
    report, known = tmp_path / "report.json", tmp_path / "known.json"
    command = ("--", *BARE, BREAK_ALIKE)
    told = run("exec", "--report", str(report), "--write-baseline", str(known), *command)
    assert (told.returncode, told.stderr) == (0, "")
    found = {
        (one["operation"], one["status"], one["side"], one["rule"], one["count"])
        for one in json.loads(report.read_text())["findings"]
    }
    assert found == {
        ("authenticate", 400, "request", "required", 2),
        ("POST /api/v0/nowhere", 404, "request", "unknown-route", 1),
    }
    assert "again: curl -X POST http://127.0.0.1:" in told.stdout
    assert "/api/v0/nowhere?limit=%5Bundeclared%5D' -H" in told.stdout
    failing = run("exec", "--fail-on-violations", "--report", str(report), *command)
    assert (failing.returncode, failing.stderr) == (1, "")
    spared = run("exec", "--fail-on-violations", "--baseline", str(known), *command)
    assert spared.returncode == 0
    assert "0 errors, 0 warnings, 2 known, 3 requests" in spared.stdout
