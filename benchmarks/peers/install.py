"""Putting the peers into a folder outside the repository, by package name and version."""

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

NODE: Mapping[str, str] = {
    "@stoplight/prism-cli": "5.14.2",  # the last for Node 20
    "openapi-backend": "5.21.2",
    "wiremock": "3.13.2",
    "@mockoon/cli": "9.9.0",
}
"""npm packages, all in one folder."""

PYTHON: Mapping[str, Mapping[str, str]] = {
    "connexion": {"connexion[uvicorn]": "3.3.0"},
    "moto": {"moto[server]": "5.2.5"},
}
"""PyPI packages, each peer in an environment of its own: their needs contradict ours."""


def install(into: Path) -> list[str]:
    """Install what the machine can run, and return what went wrong, a line each."""
    into.mkdir(parents=True, exist_ok=True)
    wrong = _install_node(into)
    for name, packages in PYTHON.items():
        if not (into / name / "bin" / "python").exists():
            venv.create(into / name, with_pip=True)
        wanted = [f"{package}=={version}" for package, version in packages.items()]
        wrong += _run(
            [str(into / name / "bin" / "python"), "-m", "pip", "install", "-q", *wanted], into
        )
    return wrong


def _install_node(into: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        return ["npm is not installed: no Prism, openapi-backend, WireMock and Mockoon"]
    (into / "package.json").write_text(json.dumps({"private": True}), encoding="utf-8")
    # No lock file: it would name the registry. No scripts: nothing here needs one.
    flags = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    wanted = [f"{package}@{version}" for package, version in NODE.items()]
    return _run([npm, "install", *flags, *wanted], into)


def _run(command: list[str], folder: Path) -> list[str]:
    sys.stdout.write(f"{' '.join(command)}\n")
    done = subprocess.run(command, cwd=folder, check=False)  # noqa: S603 - as written above
    return [f"exit code {done.returncode}: {' '.join(command)}"] if done.returncode else []
