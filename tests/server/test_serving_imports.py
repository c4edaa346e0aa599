"""What a server imports before its first answer, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
from cli.running import clean_environment

HEAVY = {
    "cryptography",
    "faker",
    "hypothesis",
    "jinja2",
    "jwt",
    "jsonschema",
    "jsonschema_path",
    "openapi_core",
    "openapi_schema_validator",
    "openapi_spec_validator",
    "pydantic",
    "pytest",
    "requests",
    "rich",
    "schemathesis",
    "trustme",
    "werkzeug",
    "yaml",
}
CLIENT = """
import json, os, ssl, sys, threading, urllib.request

contexts, make_context = [], ssl.create_default_context

def kept(*arguments, **options):
    contexts.append(make_context(*arguments, **options))
    return contexts[-1]

ssl.create_default_context = kept

def authenticated(base_url, key, secret):
    body = json.dumps({"api_key": key, "api_secret": secret}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(base_url + "/auth", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status

def told(status):
    trusted = sum(one.cert_store_stats()["x509_ca"] for one in contexts)
    found = {"trusted": trusted, "file": os.environ["SSL_CERT_FILE"]}
    print(json.dumps({"status": status, "modules": sorted(sys.modules), **found}))
    sys.stdout.flush()
    os._exit(0)
"""
COMMAND = """
import io
from fiskaly_mockserver.cli import main

class Announced(io.StringIO):
    def write(self, text):
        if text.startswith("{"):
            sys.stdout = sys.__stdout__
            threading.Thread(target=ask, args=(json.loads(text),)).start()
        return len(text)

def ask(line):
    key = line["organizations"][0]["api_keys"][0]
    told(authenticated(line["base_url"], key["key"], key["secret"]))

sys.argv = ["fiskaly-mockserver", "serve", "--json", "--port", "0", "--log-level", "off"]
sys.stdout = Announced()
main()
"""
IN_PROCESS = """
from fiskaly_mockserver import MockServer

with MockServer() as server:
    key = server.credentials
    told(authenticated(server.base_url, key.key, key.secret))
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the one CA that the machine trusts."""
    file = tmp_path_factory.mktemp("trusted") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(file)
    return file


def run(script: str, authority: Path) -> dict[str, Any]:
    """Return what a process tells whose server has answered `POST /auth` with 200."""
    trust = {"SSL_CERT_FILE": str(authority), "SSL_CERT_DIR": str(authority.parent / "none")}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT + script],
        env={**clean_environment(), **trust},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["status"] == 200
    return told


@pytest.fixture(scope="module")
def serve(authority: Path) -> dict[str, Any]:
    """What `serve` tells."""
    return run(COMMAND, authority)


@pytest.fixture(scope="module")
def in_process(authority: Path) -> dict[str, Any]:
    """What a process tells that runs a server in a thread."""
    return run(IN_PROCESS, authority)


@pytest.fixture(scope="module", params=["serve", "in_process"])
def imported(request: pytest.FixtureRequest) -> set[str]:
    """The modules that were imported for the first answer."""
    return set(request.getfixturevalue(request.param)["modules"])


def test_serve_reads_no_authority_for_calls_that_it_does_not_make(
    serve: dict[str, Any], in_process: dict[str, Any], authority: Path
) -> None:
    # in a process of somebody else's, aiohttp's client has to trust whom it trusted before
    assert in_process["trusted"] > serve["trusted"] == 0
    assert serve["file"] == in_process["file"] == str(authority)


def test_serve_imports_no_handles_of_a_tree(serve: dict[str, Any]) -> None:
    assert "fiskaly_mockserver.control.handles" not in serve["modules"]


def test_nothing_heavy_is_imported(imported: set[str]) -> None:
    assert HEAVY & {name.partition(".")[0] for name in imported} == set()


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("importlib.metadata", id="the version is at hand"),
        pytest.param("difflib", id="no word was wrong"),
        pytest.param("fiskaly_contracts.authority", id="nothing was refused"),
        pytest.param("fiskaly_fixtures.files", id="no tree file is read"),
        pytest.param("fiskaly_mockserver.web.control.handlers", id="no control call was made"),
        pytest.param("fiskaly_mockserver.web.sign_de.api", id="nothing was signed"),
        pytest.param("fiskaly_mockserver.domain.signing.model", id="no tree has tills"),
        pytest.param("fiskaly_mockserver.domain.account.onboarding", id="nobody signed up"),
        pytest.param("fiskaly_mockserver.world.faults.rules", id="no fault was armed"),
        pytest.param("fiskaly_mockserver.cli.verbs.doctor", id="other verbs are not"),
        pytest.param("fiskaly_mockserver.proxy.tunnels", id="nobody is intercepted"),
    ],
)
def test_what_only_others_need_waits_for_them(imported: set[str], module: str) -> None:
    assert "fiskaly_mockserver.server.compose" in imported
    assert module not in imported
