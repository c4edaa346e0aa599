"""The composite action runs as shell, and the Dockerfile's lines in an empty environment."""

import json
import os
import re
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli.running import serving
from docs.documents import ROOT

ACTION = ROOT / ".github" / "actions" / "contract-check" / "action.yml"
DOCKERFILE = ROOT / "docs" / "docker" / "Dockerfile"
PATIENCE = 120


def action() -> Any:
    return yaml.safe_load(ACTION.read_text(encoding="utf-8"))


def step(name: str) -> Any:
    [found] = [one for one in action()["runs"]["steps"] if one["name"] == name]
    return found


def run_step(
    name: str, folder: Path, programs: Path, **inputs: str
) -> subprocess.CompletedProcess[str]:
    """Run a step of the action as GitHub does, with the inputs' defaults."""
    given = {key: str(one.get("default", "")) for key, one in action()["inputs"].items()} | inputs
    found = step(name)
    env = {
        key: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda match: given[match[1]], value)
        for key, value in found["env"].items()
    }
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FISKALY_")}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", found["run"]],
        env={**kept, **env, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def program(folder: Path, name: str, text: str) -> Path:
    """Write a program that a step will find before any other of its name."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return folder


def test_every_input_of_the_action_is_described_and_used() -> None:
    text = ACTION.read_text(encoding="utf-8")
    for name, one in action()["inputs"].items():
        assert one["description"]
        assert f"${{{{ inputs.{name} }}}}" in text
    # What a caller gives reaches a shell as a variable, never as a part of the script
    assert not [one for one in action()["runs"]["steps"] if "${{" in one.get("run", "")]


def test_the_action_installs_what_it_is_told(tmp_path: Path) -> None:
    programs = program(tmp_path / "bin", "python", 'echo "$@" >called')
    done = run_step("Install", tmp_path, programs, package="x; rm -rf y")
    assert done.returncode == 0
    assert (tmp_path / "called").read_text() == "-m pip install --quiet x; rm -rf y\n"


@pytest.mark.parametrize(
    ("run", "check"),
    [
        (f"check {ROOT / 'tests' / 'recordings' / 'management.har'} --fail-on warning", "check"),
        (f"check\n  {ROOT / 'tests' / 'recordings' / 'management.har'}\n", "check"),
        ("contract diff bundled\nbundled", "contract diff"),
    ],
    ids=["a line", "lines", "two words"],
)
def test_the_action_checks_and_keeps_reports(tmp_path: Path, run: str, check: str) -> None:
    own = program(
        tmp_path / "bin",
        "fiskaly-mockserver",
        f'exec "{sys.executable}" -m fiskaly_mockserver "$@"',
    )
    done = run_step("Check", tmp_path, own, run=run)
    assert (done.returncode, done.stderr) == (0, "")
    reports = tmp_path / "fiskaly-reports"
    assert {one.name for one in reports.iterdir()} == {"report.xml", "report.html", "report.json"}
    assert json.loads((reports / "report.json").read_text())["check"] == check


@pytest.mark.parametrize(
    ("codes", "attempts", "code"),
    [("3 3 0", 3, 0), ("3 3 3", 3, 3), ("1 0", 1, 1), ("3 1 0", 2, 1), ("0", 1, 0), ("4", 1, 4)],
)
def test_the_action_tries_again_where_nobody_answers_and_only_there(
    tmp_path: Path, codes: str, attempts: int, code: int
) -> None:
    (tmp_path / "codes").write_text("\n".join(codes.split()) + "\n")
    programs = program(
        tmp_path / "bin",
        "fiskaly-mockserver",
        'echo x >>called; code=$(sed -n "$(wc -l <called)p" codes); exit $code',
    )
    done = run_step("Check", tmp_path, programs, run="verify http://x", pause="0")
    assert done.returncode == code
    assert len((tmp_path / "called").read_text().splitlines()) == attempts


def instructions() -> list[tuple[str, str]]:
    lines = DOCKERFILE.read_text(encoding="utf-8").splitlines()
    return [
        (word, rest)
        for word, _, rest in (one.partition(" ") for one in lines)
        if word not in {"#", ""}
    ]


def test_the_dockerfile_is_a_dozen_lines_and_has_a_healthcheck() -> None:
    assert len(DOCKERFILE.read_text(encoding="utf-8").splitlines()) <= 12
    names = [name for name, _ in instructions()]
    assert names[0] == "FROM"
    assert {"COPY", "RUN", "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD"} <= {*names}
    [user] = [rest for name, rest in instructions() if name == "USER"]
    assert user != "root"


@pytest.mark.slow
def test_the_lines_of_the_dockerfile_run_in_an_empty_environment(tmp_path: Path) -> None:
    def run(*words: str, **env: str) -> str:
        return subprocess.run(
            words, env={**os.environ, **env}, capture_output=True, encoding="utf-8", check=True
        ).stdout

    dist, wheels, empty = tmp_path / "dist", tmp_path / "wheels", tmp_path / "empty"
    pip = (sys.executable, "-m", "pip")
    run(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(dist), str(ROOT))
    dist.rename(wheels)  # COPY
    run(sys.executable, "-m", "venv", str(empty))
    # The libraries are those of this environment: tests need no network
    site = run(str(empty / "bin" / "python"), "-c", "import site; print(site.getsitepackages()[0])")
    Path(site.strip(), "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    path = f"{empty / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for name, line in instructions():
        if name == "RUN":
            command = line.replace("/tmp/wheels", str(wheels))
            run(
                "bash",
                "-ec",
                command,
                PATH=path,
                PIP_NO_DEPS="1",
                PIP_NO_INDEX="1",
                PIP_FORCE_REINSTALL="1",
            )
    assert not wheels.exists()
    assert (empty / "bin" / "fiskaly-mockserver").exists()
    [check] = [
        json.loads(rest.partition("CMD ")[2])
        for name, rest in instructions()
        if name == "HEALTHCHECK"
    ]
    with serving(tmp_path, "--port", "0", "--json") as server:
        url = server.line["base_url"]
        assert run(*check, PATH=path, FISKALY_MOCK_URL=url).startswith("fiskaly-mockserver ")
