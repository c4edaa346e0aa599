"""`doctor --intercept`: which runtimes of a machine are caught, and whether a command is."""

import sys
from pathlib import Path
from shutil import which

import pytest
from cli.callers import run_verb

ASK = "import urllib.request as r; r.urlopen('https://dashboard.fiskaly.com/api/v0/auth')"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has only curl, and a wget which heeds no variable."""
    curl = which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    (tmp_path / "curl").symlink_to(curl)
    wget = tmp_path / "wget"
    wget.write_text("#!/bin/sh\necho no such host >&2; exit 4\n")
    wget.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_each_runtime_is_caught_or_told_to_be_missing(machine: Path) -> None:
    outcome = run_verb("doctor", "--intercept", "--json")
    assert outcome.code == 1
    found = {one["name"]: (one["level"], one["said"]) for one in outcome.json["checks"]}
    assert found["curl"] == ("ok", "caught")
    assert found["wget"] == ("fail", "not caught: no such host")
    assert "node fetch" in found["absent"][1]
    assert outcome.json["ok"] is False
    (machine / "wget").unlink()
    assert run_verb("doctor", "--intercept").code == 0


@pytest.mark.parametrize(
    ("command", "level", "said"),
    [
        ((sys.executable, "-c", ASK), "ok", "Intercepted: 1 request, by way of dashboard."),
        ((sys.executable, "-c", "0"), "fail", "its clients went no way that is known"),
        (("no-such-command",), "fail", "there is no command 'no-such-command'"),
        (
            (sys.executable, "-E", "-c", ASK.replace("r.urlopen(", "r.urlopen(context=C, url=")),
            "fail",
            "it ended with 1",
        ),
    ],
)
def test_a_command_is_tried_and_told_how_it_went(
    machine: Path, command: tuple[str, ...], level: str, said: str
) -> None:
    (machine / "wget").unlink()
    outcome = run_verb("doctor", "--intercept", "--", *command)
    line = outcome.out.splitlines()[-1]
    assert line.startswith(f"{level.ljust(4)}  command")
    assert said in line
    assert outcome.code == (0 if level == "ok" else 1)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--", "true"), "a command is of no use without --intercept"),
        (("--intercept", "--json", "--", "true"), "--json would share stdout with the command"),
    ],
)
def test_what_goes_not_together_is_told(flags: tuple[str, ...], said: str) -> None:
    outcome = run_verb("doctor", *flags)
    assert outcome.code == 2
    assert said in outcome.err
