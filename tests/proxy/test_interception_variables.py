"""What is there already is extended: CAs, options, paths, proxies, and what is spared of them."""

import ast
import json
import os
import shlex
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which

import pytest
import trustme
from fiskaly_mockserver.proxy.environment import (
    interception_variables,
    trust_variables,
    without_proxy,
    write_interception,
)
from fiskaly_mockserver.proxy.tunnels import Tunnels, Upstream
from fiskaly_mockserver.server.tls import java_trust_store, pem_blocks, system_cas

HOST = "dashboard.fiskaly.com"


class Led:
    """Files below a folder, and the variables that name them."""

    def __init__(self, folder: Path, *, offline: bool = False) -> None:
        self.folder = folder / "of the server"
        self.folder.mkdir()
        self.ca_pem = trustme.CA().cert_pem.bytes()
        self.offline = offline

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        tunnels = Tunnels(
            frozenset([HOST]),
            ("127.0.0.1", 1),
            trust=ssl.create_default_context(),
            offline=self.offline,
            upstream=Upstream({}),
            say=print,
        )
        tunnels.port = 9
        tunnels.named_ports = {"python": {HOST: 1}, "node": {HOST: 1}}
        write_interception(self.folder, environment, self.ca_pem, tunnels)
        return interception_variables(self.folder, environment, port=9, hosts=[HOST])

    def run(self, *command: str, **environment: str) -> str:
        """Return what a command prints that is led here."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            command,
            env={**inherited, **environment, **self.variables(environment)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr


@pytest.fixture
def led(tmp_path: Path) -> Led:
    return Led(tmp_path)


def test_the_system_s_cas_and_those_of_a_company_stay_trusted(led: Led, tmp_path: Path) -> None:
    own, node = tmp_path / "own.pem", tmp_path / "node.pem"
    for file in (own, node):
        trustme.CA().cert_pem.write_to_path(file)
    found = led.variables({"REQUESTS_CA_BUNDLE": str(own), "NODE_EXTRA_CA_CERTS": str(node)})
    assert found["SSL_CERT_FILE"] == found["CURL_CA_BUNDLE"] == found["REQUESTS_CA_BUNDLE"]
    bundle = pem_blocks(Path(found["SSL_CERT_FILE"]).read_bytes())
    expected = {*system_cas(), *pem_blocks(own.read_bytes()), *pem_blocks(node.read_bytes())}
    assert set(bundle) == expected | set(pem_blocks(led.ca_pem))
    assert len(bundle) == len(set(bundle))
    for_node = Path(found["NODE_EXTRA_CA_CERTS"]).read_bytes()
    assert pem_blocks(for_node) == pem_blocks(node.read_bytes() + led.ca_pem)
    context = ssl.create_default_context(cafile=found["SSL_CERT_FILE"])
    assert len(context.get_ca_certs()) > 1


def test_a_file_of_cas_that_is_not_there_stops_nobody(led: Led) -> None:
    assert led.variables({"SSL_CERT_FILE": "missing.pem"})["SSL_CERT_FILE"] != "missing.pem"


def test_present_options_come_first_and_stay(led: Led) -> None:
    present = {
        "NODE_OPTIONS": "--max-old-space-size=512",
        "JAVA_TOOL_OPTIONS": "-Xmx1g",
        "PYTHONPATH": "own",
        "PHP_INI_SCAN_DIR": "own",
    }
    found = led.variables(present)
    assert found["NODE_OPTIONS"].startswith("--max-old-space-size=512 --require ")
    java = shlex.split(found["JAVA_TOOL_OPTIONS"])
    assert java[0] == "-Xmx1g"
    assert {"-Dhttps.proxyHost=127.0.0.1", "-Dhttps.proxyPort=9"} <= set(java)
    assert f"-Djavax.net.ssl.trustStore={led.folder}/java.p12" in java
    assert found["PYTHONPATH"] == os.pathsep.join([f"{led.folder}/python", "own"])
    assert found["PHP_INI_SCAN_DIR"] == os.pathsep.join(["own", f"{led.folder}/php"])
    assert trust_variables(led.folder, {})["PHP_INI_SCAN_DIR"].startswith(os.pathsep)


@pytest.mark.parametrize(
    ("present", "left"),
    [
        ("", ""),
        ("*", ""),
        (".fiskaly.com, intern.test", "intern.test,"),
        ("fiskaly.com,dashboard.fiskaly.com:443,*.com,intern.test", "intern.test,"),
        ("y.com,kassensichv.fiskaly.com", "y.com,kassensichv.fiskaly.com,"),
        ("localhost", "localhost,"),
    ],
)
def test_nothing_spares_an_intercepted_host_from_the_proxy(present: str, left: str) -> None:
    own = [one for one in ("127.0.0.1", "localhost", "::1") if one not in left]
    assert without_proxy(present, [HOST]) == left + ",".join(own)


def test_a_sitecustomize_of_ones_own_runs_as_well(led: Led, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("print('own')")
    show = "import sitecustomize, socket; print(sitecustomize.__file__, socket.getaddrinfo)"
    printed = led.run(sys.executable, "-c", show, PYTHONPATH=str(own))
    assert printed.startswith(f"own\n{own}")
    assert "_of_sockets.<locals>.getaddrinfo" in printed


def test_python_without_a_sitecustomize_starts_and_finds_the_host(tmp_path: Path) -> None:
    look = f"""
import json, socket
found = []
for host, port in (("{HOST}", 443), (b"{HOST.upper()}.", "https"), ("localhost", 80)):
    found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][1])
for host, port in (("{HOST}", 80), ("other.test", 443), ("192.0.2.1", 443)):
    try:
        socket.create_connection((host, port), timeout=60)
    except OSError as error:
        found.append(str(error))
try:
    socket.socket().connect(("{HOST}", 443))
except ConnectionRefusedError:
    found.append("refused at the port that it was led to")
print(json.dumps(found))
"""
    printed = json.loads(Led(tmp_path, offline=True).run(sys.executable, "-c", look))
    assert printed[:3] == [1, 1, 80]
    assert f"{HOST} is intercepted at port 443 only" in printed[3]
    for said, host in zip(printed[4:6], ("other.test", "192.0.2.1"), strict=True):
        assert f"{host} is refused: --offline lets nothing out" in said
    assert printed[6].startswith("refused")


def test_an_older_python_can_read_what_runs_in_it(led: Led) -> None:
    led.variables({})
    hook = led.folder.joinpath("python", "sitecustomize.py").read_text(encoding="utf-8")
    tree = ast.parse(hook, feature_version=(3, 7))
    imports = [one for one in tree.body if isinstance(one, ast.ImportFrom)]
    assert imports[0].module == "__future__", "annotations of today are not looked at"


@pytest.mark.skipif(which("node") is None, reason="node is not installed")
def test_a_hook_of_node_s_own_runs_as_well_and_offline_lets_nothing_out(tmp_path: Path) -> None:
    own = tmp_path / "own hook.cjs"
    own.write_text("console.log('own')")
    look = """
      const https = require("https"), http = require("http");
      const tell = (error) => console.log(error.message);
      https.get("https://other.test").on("error", tell);
      http.get("http://other.test").on("error", tell);
      https.get({ host: "DASHBOARD.fiskaly.com." }).on("error", tell);
    """
    led = Led(tmp_path, offline=True)
    printed = led.run("node", "-e", look, NODE_OPTIONS=f'--require "{own}"')
    assert printed.startswith("own\n")
    assert printed.count("other.test is refused: --offline lets nothing out") == 2
    assert "ECONNREFUSED 127.0.0.1:1" in printed


@pytest.mark.skipif(which("wget") is None, reason="wget is not installed")
def test_a_wgetrc_of_ones_own_holds(led: Led, tmp_path: Path) -> None:
    own = tmp_path / "wgetrc"
    own.write_text("user_agent = own\n")
    found = led.variables({"WGETRC": str(own)})
    text = Path(found["WGETRC"]).read_text()
    assert text.startswith("user_agent = own\n")
    assert f"ca_certificate = {led.folder}/bundle.pem" in text


@pytest.mark.skipif(which("keytool") is None, reason="keytool is not installed")
def test_a_jvm_loads_the_store_whatever_else_is_trusted(tmp_path: Path) -> None:
    broken = b"-----" + b"BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    file = tmp_path / "java.p12"
    file.write_bytes(java_trust_store([broken, *system_cas(), trustme.CA().cert_pem.bytes()]))
    done = subprocess.run(
        ["keytool", "-list", "-keystore", str(file), "-storepass", "changeit"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.count("trustedCertEntry") == len(system_cas()) + 1
