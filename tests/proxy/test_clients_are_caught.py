"""Unchanged clients with hard-coded https hosts end at the fake, and nothing of it is left."""

import json
import os
import ssl
import sys
import tempfile
from pathlib import Path

import pytest
from cli.callers import run_verb
from docs.documents import ROOT
from proxy.caught import CLIENTS, Client, table

CAUGHT = ("exec", "--intercept", "--expect-calls", "--fail-on-violations")
JAVA_STORE = Path("/etc/ssl/certs/java/cacerts")


@pytest.fixture(autouse=True)
def no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("FISKALY_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda one: f"{one.language} {one.library}")
def test_an_unchanged_client_onboards_a_customer_and_signs_a_receipt(
    client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    if client.missing:
        pytest.skip(client.missing)
    outcome = run_verb(*CAUGHT, "--offline", "--", *client.command)
    printed = capfd.readouterr()
    assert outcome.code == 0, outcome.err + printed.err
    assert len(printed.out.split()[-1]) == 88, "a signature, in base64"
    [line] = outcome.err.splitlines()
    assert line.startswith("Intercepted: 12 requests, by way of dashboard.fiskaly.com (")
    assert "), kassensichv-middleware.fiskaly.com (" in line


def test_the_guide_has_the_table_of_these_clients() -> None:
    assert table() in (ROOT / "docs" / "HTTPS.md").read_text(encoding="utf-8")


def below(folder: Path) -> dict[str, float]:
    """Return the files below a folder, and when they were changed."""
    return {str(one): one.stat().st_mtime for one in folder.rglob("*") if one.is_file()}


def test_nothing_is_left_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = ssl.get_default_verify_paths()
    stores = [Path(one) for one in (paths.capath, paths.cafile) if one] + [JAVA_STORE]
    home, scratch, work = tmp_path / "home", tmp_path / "scratch", tmp_path / "work"
    for folder in (home, scratch, work):
        folder.mkdir()
    (home / ".wgetrc").write_text("tries = 3\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.chdir(work)

    def state() -> object:
        files = [below(store) if store.is_dir() else store.exists() for store in stores]
        sums = [store.read_bytes() for store in stores if store.is_file()]
        return dict(os.environ), below(tmp_path), sorted(scratch.iterdir()), files, sums

    before = state()
    look = "import json, os, sys; print(json.dumps(os.listdir(sys.argv[1])))"
    client = next(one for one in CLIENTS if one.library == "urllib")
    assert run_verb(*CAUGHT, "--", *client.command).code == 0
    capfd.readouterr()
    assert run_verb("exec", "--intercept", "--", sys.executable, "-c", look, str(scratch)).code == 0
    assert len(json.loads(capfd.readouterr().out)) == 2, "else nothing is shown"
    assert state() == before
