"""What a server imports before its first answer, in a process of its own."""

import json
import subprocess
import sys

import pytest
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
import json, os, sys, threading, urllib.request

def authenticated(base_url, key, secret):
    body = json.dumps({"api_key": key, "api_secret": secret}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(base_url + "/auth", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status

def told(status):
    print(json.dumps({"status": status, "modules": sorted(sys.modules)}))
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


@pytest.fixture(scope="module", params=[COMMAND, IN_PROCESS], ids=["serve", "MockServer"])
def imported(request: pytest.FixtureRequest) -> set[str]:
    """The modules of a process whose server has answered `POST /auth` with 200."""
    done = subprocess.run(
        [sys.executable, "-c", CLIENT + request.param],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["status"] == 200
    return set(told["modules"])


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
        pytest.param("fiskaly_mockserver.domain.account.onboarding", id="nobody signed up"),
        pytest.param("fiskaly_mockserver.world.faults.rules", id="no fault was armed"),
        pytest.param("fiskaly_mockserver.cli.verbs.doctor", id="other verbs are not"),
        pytest.param("fiskaly_mockserver.proxy.tunnels", id="nobody is intercepted"),
    ],
)
def test_what_only_others_need_waits_for_them(imported: set[str], module: str) -> None:
    assert "fiskaly_mockserver.server.compose" in imported
    assert module not in imported
