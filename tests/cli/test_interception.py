"""`exec --intercept` and `serve --intercept` on the command line."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli.callers import run_verb
from cli.running import COMMAND, PATIENCE, clean_environment, run, serving

HOST = "dashboard.fiskaly.com"
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
ASK = """
import os, ssl, sys, urllib.request
trust = ssl.create_default_context()
if "untrusting" in sys.argv:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
try:
    urllib.request.urlopen(sys.argv[1], timeout=60, context=trust)
except OSError as error:
    print(error)
"""
EMPTY = ("exec", "--preset", "empty")


def ask(url: str, *more: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", ASK, url, *more)


def run_python(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout


def test_offline_refuses_another_host_and_tells_it() -> None:
    outcome = run_verb(*EMPTY, "--intercept", "--offline", *ask("https://other.test/"))
    assert outcome.code == 0
    assert "Refused by --offline: other.test (1)" in outcome.err
    assert "Intercepted: 0 requests\n" in outcome.err


@pytest.mark.parametrize(
    ("flags", "command", "why"),
    [
        ((), ("true",), "does the command read FISKALY_BASE_URL?"),
        (("--intercept",), ("true",), "its clients went no way that is known"),
        (("--intercept",), ask(f"https://{HOST}/_mock/health")[1:], "it connected, and asked"),
        (
            ("--intercept",),
            ask(f"https://{HOST}/api/v0/auth", "untrusting")[1:],
            "its clients do not trust the CA, as told above",
        ),
    ],
)
def test_silence_fails_where_calls_are_expected(
    flags: tuple[str, ...], command: tuple[str, ...], why: str
) -> None:
    outcome = run_verb(*EMPTY, *flags, "--expect-calls", "--", *command)
    assert outcome.code == 1
    assert f"Error: no request reached the API: {why}" in outcome.err
    expected = ("exec", "--preset", "empty", "--expect-calls")
    assert run_verb(*expected, "--intercept", *ask(f"https://{HOST}/api/v0/auth")).code == 0


def test_a_client_that_does_not_trust_the_ca_is_told_in_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    asked = ask(f"https://{HOST}/", "untrusting")
    told = run_verb(*EMPTY, "--intercept", *asked).err
    assert "CERTIFICATE_VERIFY_FAILED" in capfd.readouterr().out
    assert "most likely because it does not trust the CA of fiskaly-mockserver" in told


def test_hosts_of_ones_own_are_intercepted_and_no_others(
    capfd: pytest.CaptureFixture[str],
) -> None:
    flags = ("--intercept=Staging.test,dev.test", "--offline", "--expect-calls")
    own = ask("https://dev.test/api/v0/auth")
    assert run_verb(*EMPTY, *flags, *own).code == 0
    outcome = run_verb(*EMPTY, *flags, *ask(f"https://{HOST}/api/v0/auth"))
    assert outcome.code == 1
    assert f"Refused by --offline: {HOST} (1)" in outcome.err
    assert "403" in capfd.readouterr().out


def test_the_flag_alone_takes_no_word_of_the_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    show = (sys.executable, "-c", SHOW, "--intercept")
    for flags in (("--intercept",), ("--intercept", "--seed", "2"), ("--intercept=all",)):
        assert run_verb("exec", *flags, *show).code == 0
        variables = json.loads(capfd.readouterr().out)
        assert variables["https_proxy"] == variables["HTTPS_PROXY"]
        assert variables["FISKALY_BASE_URL"].startswith("http://")
    assert run_verb("exec", *show).code == 0
    assert "https_proxy" not in json.loads(capfd.readouterr().out)
    monkeypatch.setenv("FISKALY_MOCK_INTERCEPT", "all")
    assert run_verb("exec", *show).code == 0
    assert "https_proxy" in json.loads(capfd.readouterr().out)


def test_exec_with_tls_makes_clients_trust_it_and_intercepts_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    asked = "import os, urllib.request; urllib.request.urlopen(os.environ['FISKALY_MOCK_URL'])"
    assert run_verb("exec", "--tls", "--", sys.executable, "-c", asked).code == 1
    assert "HTTP Error 404" in capfd.readouterr().err
    assert run_verb("exec", "--tls", "--", sys.executable, "-c", SHOW).code == 0
    variables = json.loads(capfd.readouterr().out)
    assert "https_proxy" not in variables
    assert "SSL_CERT_FILE" in variables


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--offline",), "--offline is of no use without --intercept"),
        (("--intercept=a b",), "'a b' is no name of a host"),
        (("--intercept=a:443",), "'a:443' is no name of a host"),
        (("--intercept", "--cert", "x", "--key", "y"), "leave out --cert"),
    ],
)
def test_a_bad_command_line_is_one_clear_line(flags: tuple[str, ...], said: str) -> None:
    outcome = run_verb("exec", *flags, "--", "true")
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err.splitlines()[-1]


def test_a_proxy_that_cannot_be_chained_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    outcome = run_verb(*EMPTY, "--intercept", "--", "true")
    assert outcome.code == 2
    assert "ALL_PROXY names no HTTP proxy" in outcome.err
    assert "unset it, or add --offline" in outcome.err
    assert run_verb(*EMPTY, "--intercept", "--offline", "--", "true").code == 0


def test_serve_intercepts_as_long_as_it_runs(tmp_path: Path) -> None:
    flags = ("serve", "--intercept", "--port", "0", "--json", "--preset", "single")
    with serving(tmp_path, *flags) as running:
        led = running.line["interception"]
        url = running.line["control_url"]
        assert HOST in led["hosts"]
        shown = run("env", "--intercept", "--lang", "python", "--url", url, env={"NO_PROXY": "x"})
        assert shown.returncode == 0, shown.stderr
        found = dict(re.findall(r'^os\.environ\["(\w+)"\] = (.*)$', shown.stdout, re.MULTILINE))
        asked = [sys.executable, "-c", ASK, f"https://{HOST}/api/v0/auth"]
        script = f"{shown.stdout}\nimport subprocess\nsubprocess.run({asked!r}, check=True)"
        assert "HTTP Error 405" in run_python(script)
        assert "x,127.0.0.1" in found["NO_PROXY"]
        assert "read when a runtime starts" in shown.stderr
        java = run("env", "--intercept", "--lang", "java", "--url", url)
        port = led["proxy_port"]
        assert f'System.setProperty("https.proxyPort", "{port}");' in java.stdout
        assert "JAVA_TOOL_OPTIONS" not in java.stdout
        assert Path(led["folder"]).stat().st_mode & 0o077 == 0
        assert running.end() == 0
    assert not Path(led["folder"]).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_takes_the_files_with_it(tmp_path: Path, number: signal.Signals) -> None:
    wait = "import time; print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [*COMMAND, *EMPTY, "--intercept", "--", sys.executable, "-c", wait],
        env=clean_environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert len(list(tmp_path.iterdir())) == 2, "else nothing is shown"
        process.send_signal(number)
        assert process.wait(PATIENCE) in {128 + number, 1}
    assert list(tmp_path.iterdir()) == []


def test_env_tells_where_a_server_does_not_intercept(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--port", "0", "--json", "--preset", "empty") as running:
        outcome = run_verb("env", "--intercept", "--url", running.line["control_url"])
    assert outcome.code == 2
    assert "does not intercept: start it with --intercept" in outcome.err
