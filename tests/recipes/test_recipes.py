"""Every recipe runs from its first line to its last, where its interpreter is at hand."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fiskaly_mockserver import MockServer, ServerConfig

HERE = Path(__file__).parent
PATIENCE = 60.0
"""Seconds after which a recipe that hangs fails the test."""

INTERPRETERS = {
    "recipe.sh": ("bash", "curl"),
    "recipe.php": ("php",),
    "recipe.mjs": ("node",),
    "Recipe.java": ("java", "javac"),
    "recipe.rb": ("ruby",),
    "recipe.py": ("python3",),
}
"""The commands that a recipe needs; the first runs it."""
FLAGS = {"java": ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")}
"""What makes an interpreter start sooner."""

SCRIPTED = """#!/bin/sh
trap 'echo stopped > {sign}; exit 0' TERM
echo '{{"base_url":"{base_url}","sign_de_url":"{sign_de_url}","control_url":"{control_url}"}}'
while :; do sleep 0.05; done
"""
"""A server's command that announces another server, and tells when it was asked to stop."""


@dataclass(frozen=True, slots=True)
class Run:
    code: int
    out: str
    err: str


def run(recipe: str, command: str) -> Run:
    """Run a recipe with a command for its server, and leave no process behind."""
    interpreter, *others = INTERPRETERS[recipe]
    for needed in (interpreter, *others):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not on this machine")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FISKALY_")}
    environment = {
        **kept,
        "FISKALY_MOCKSERVER": command,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    with subprocess.Popen(
        [interpreter, *FLAGS.get(interpreter, ()), str(HERE / recipe)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return Run(process.returncode, out, err)


@pytest.fixture(scope="module")
def uncontrolled() -> Iterator[MockServer]:
    """A server that refuses every control call."""
    with MockServer(ServerConfig(port=0, control=False)) as server:
        yield server


@pytest.mark.parametrize("recipe", INTERPRETERS)
def test_a_recipe_runs_to_its_end(recipe: str) -> None:
    ran = run(recipe, f"{Path(sys.executable).name} -m fiskaly_mockserver")

    assert ran == Run(0, "ok\n", "")


@pytest.mark.parametrize("recipe", INTERPRETERS)
def test_a_recipe_ends_with_the_reason_on_the_first_surprise_and_stops_its_server(
    recipe: str, uncontrolled: MockServer, tmp_path: Path
) -> None:
    command, sign = tmp_path / "server", tmp_path / "stopped"
    urls = {
        "base_url": uncontrolled.base_url,
        "sign_de_url": uncontrolled.sign_de_url,
        "control_url": uncontrolled.control_url,
    }
    command.write_text(SCRIPTED.format(sign=sign, **urls), encoding="utf-8")
    command.chmod(0o755)

    ran = run(recipe, str(command))

    assert ran.code != 0
    assert ran.out == ""
    assert "control calls are switched off" in ran.err
    assert "/_mock/seed" in ran.err
    _appears(sign)


def test_every_recipe_of_the_folder_is_run() -> None:
    found = {path.name for path in HERE.iterdir() if path.stem.lower() == "recipe"}

    assert found == set(INTERPRETERS)


def _appears(file: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < end, f"no {file.name}: the server was not asked to stop"
        time.sleep(0.02)
