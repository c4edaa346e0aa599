"""What the README tells to run does run."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from builders.qr_codes import verifies
from docs.documents import ROOT, block, blocks
from fiskaly_contracts import Checker, Contract
from fiskaly_fixtures import PRESETS
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.cli.verbs.serve import serve
from fiskaly_mockserver.server.trees import read_tree

MISSING = [tool for tool in ("bash", "curl", "openssl", "python3") if shutil.which(tool) is None]


@pytest.mark.parametrize("name", ["serve", "curl", "tests"])
def test_the_gate_finds_its_commands_in_it(name: str) -> None:
    assert block(name).strip()
    if name != "curl":
        assert f"(readme {name})" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        assert len(block(name).splitlines()) == 1


def test_the_two_commands_set_up_and_pin_what_they_install() -> None:
    assert "python3 -m venv" in block("serve")
    assert block("serve").rstrip().endswith("fiskaly-mockserver")
    assert "coverage run -m pytest -n auto" in block("tests")
    for name in ("serve", "tests"):
        assert "-c constraints.txt" in block(name)


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_its_onboarding_runs_as_it_stands_to_a_receipt_that_others_verify(tmp_path: Path) -> None:
    with MockServer() as server:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block("curl")],
            env={
                **os.environ,
                "FISKALY_MOCK_URL": server.base_url,
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "no_proxy": "127.0.0.1",
                "NO_PROXY": "127.0.0.1",
            },
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        listed, qr_code = done.stdout.splitlines()
        seen = json.loads(listed)
        asked = [exchange.operation_id for exchange in server.journal]
        assert not [exchange for exchange in server.journal if exchange.violations]
        server.verify()
    assert asked == [
        "authenticate",
        "createOrganization",
        "createApiKey",
        "authenticate",
        "listOrganizations",
        "createTss",
        "updateTss",
        "changeAdminPin",
        "authenticateAdmin",
        "updateTss",
        "createClient",
        "upsertTransaction",
        "upsertTransaction",
    ]
    assert seen["count"] == 1
    assert seen["data"][0]["name"] == "Café am Markt"
    assert seen["data"][0]["managed_by_organization_id"] == server.tree.main.organization_id
    assert qr_code.startswith(
        "V0;KASSE-01;Kassenbeleg-V1;Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar;1;"
    )
    assert verifies(qr_code, tmp_path)
    assert not verifies(qr_code.replace("11.90", "1.19"), tmp_path)


@pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")
def test_its_node_test_passes_as_pasted(tmp_path: Path) -> None:
    [test] = blocks("js")
    (tmp_path / "till.test.mjs").write_text(test, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "fiskaly_mockserver", "exec", "--", "node", "--test"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "pass 1" in done.stdout


def test_its_trees_can_be_served(tmp_path: Path) -> None:
    trees = [text for text in blocks("yaml") if text.startswith("organizations:")]
    assert trees
    for text in trees:
        path = tmp_path / "tree.yaml"
        path.write_text(text, encoding="utf-8")
        assert read_tree(path, Checker(Contract.bundled())).organizations


def test_it_tells_every_preset() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in PRESETS if f"`{name}`" not in text] == []


def test_the_versions_it_shows_are_those_of_the_package() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [shown] = set(re.findall(r"^fiskaly-mockserver (\S+) · contract (\S+) ·", text, re.MULTILINE))
    assert shown == (version("fiskaly-mockserver"), Contract.bundled().version)


def test_it_tells_how_many_operations_there_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    management, sign_de = (len(one.operations) for one in (Contract.bundled(), Contract.sign_de()))
    assert f"{management} of the Management API and {sign_de} of SIGN DE" in text


def test_it_says_in_the_beginning_that_it_is_unofficial() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "unofficial" in text[:800].lower()


def test_its_python_test_passes_as_pasted(tmp_path: Path) -> None:
    [test] = [text for text in blocks("python") if "def test_" in text]
    assert len(test.splitlines()) <= 14
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.partition("<!-- run: pytest -->\n```python\n")[2].startswith(test)
    assert text.index("def test_") < text.index("## Start it")
    assert "readme pytest >" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (tmp_path / "test_pasted.py").write_text(test, encoding="utf-8")
    plugins = ["-p", "no:aiohttp", "-p", "no:asyncio"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", *plugins, "test_pasted.py"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_its_table_has_every_flag_of_serve_with_variable_and_default() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(--[a-z-]+)` \| `(FISKALY_MOCK_[A-Z_]+)` \|", text, re.MULTILINE))
    options = {option for option in serve.params if isinstance(option, click.Option)}
    named = {
        next(name for name in (*option.secondary_opts, *option.opts)): option for option in options
    }
    assert rows == {flag: option.envvar for flag, option in named.items()}
    for flag, option in named.items():
        if isinstance(option.default, str | int) and not isinstance(option.default, bool):
            assert re.search(rf"^\| `{flag}` \| `\w+` \| `{option.default}` \|", text, re.MULTILINE)
