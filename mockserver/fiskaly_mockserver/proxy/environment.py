"""The variables and files by which the clients of each language are led to a server.

A client that does not trust what it finds there is noticed in the bytes that it sends, and told
what helps.
"""

import json
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from importlib.resources import files
from inspect import getsource
from itertools import chain
from pathlib import Path
from typing import Final, Protocol

from fiskaly_mockserver.proxy import resolution
from fiskaly_mockserver.server.config import DEFAULT_HOST
from fiskaly_mockserver.server.tls import (
    JAVA_STORE_PASSWORD,
    LOOPBACK_NAMES,
    java_trust_store,
    pem_blocks,
    system_cas,
)
from fiskaly_mockserver.world.names import shown

CA_VARIABLES: Final = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
NODE_CA: Final = "NODE_EXTRA_CA_CERTS"
PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
NO_PROXY_VARIABLES: Final = ("no_proxy", "NO_PROXY")
BUNDLE: Final = "bundle.pem"
NODE_BUNDLE: Final = "node.pem"
JAVA_STORE: Final = "java.p12"
WGETRC: Final = "wgetrc"
PHP_FOLDER: Final = "php"
PYTHON_FOLDER: Final = "python"
NODE_HOOK: Final = "node.cjs"
ENCRYPTED_ALERT: Final = 19
"""Bytes of an alert in TLS 1.3; a client's `Finished`, which may stand there, is longer."""
OBEYED: Final[Mapping[str, str]] = {
    "curl": "CURL_CA_BUNDLE",
    "go-http-client": "SSL_CERT_FILE",
    "guzzlehttp": "PHP_INI_SCAN_DIR (curl.cainfo)",
    "java": "JAVA_TOOL_OPTIONS (javax.net.ssl.trustStore)",
    "node": "NODE_EXTRA_CA_CERTS",
    "php": "PHP_INI_SCAN_DIR (openssl.cafile)",
    "python": "SSL_CERT_FILE, requests REQUESTS_CA_BUNDLE",
    "ruby": "SSL_CERT_FILE",
    "wget": "WGETRC (ca_certificate)",
}
"""By the first word of a client's name: what tells it whom to trust."""


class OpenPorts(Protocol):
    """What clients are told of `Tunnels`; see its attributes."""

    offline: bool
    port: int
    named_ports: dict[str, dict[str, int]]


def trusted_cas(environment: Mapping[str, str], ca_pem: bytes) -> list[bytes]:
    """Return a CA as PEM, after those of the system and those that an environment names."""
    named = [*(environment.get(name) for name in CA_VARIABLES), environment.get(NODE_CA)]
    present = chain(system_cas(), chain.from_iterable(map(_of_file, named)))
    return list(dict.fromkeys([*present, *pem_blocks(ca_pem)]))


def write_trust(folder: Path, environment: Mapping[str, str], ca_pem: bytes) -> None:
    """Write the files that make clients trust a CA besides those they trust already.

    Args:
        folder: Where they are written; nobody else may write there.
        environment: Where the clients' present files are named: theirs are in ours.
        ca_pem: The certificate of the CA.
    """
    own, cas = pem_blocks(ca_pem), trusted_cas(environment, ca_pem)
    bundle = folder / BUNDLE
    bundle.write_bytes(b"".join(cas))
    (folder / NODE_BUNDLE).write_bytes(b"".join([*_of_file(environment.get(NODE_CA)), *own]))
    (folder / JAVA_STORE).write_bytes(java_trust_store(cas))
    (folder / PHP_FOLDER).mkdir()
    (folder / PHP_FOLDER / "fiskaly-mockserver.ini").write_text(
        f'curl.cainfo="{bundle}"\nopenssl.cafile="{bundle}"\n', "utf-8"
    )
    (folder / WGETRC).write_bytes(
        _own_wgetrc(environment) + f"\nca_certificate = {bundle}\n".encode()
    )


def trust_variables(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that name the files of `write_trust`; present values are extended."""
    java = {
        "javax.net.ssl.trustStore": str(folder / JAVA_STORE),
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": JAVA_STORE_PASSWORD,
    }
    php = environment.get("PHP_INI_SCAN_DIR", "") + os.pathsep + str(folder / PHP_FOLDER)
    return {
        **dict.fromkeys(CA_VARIABLES, str(folder / BUNDLE)),
        NODE_CA: str(folder / NODE_BUNDLE),
        "PHP_INI_SCAN_DIR": php,
        "JAVA_TOOL_OPTIONS": _extended(environment, "JAVA_TOOL_OPTIONS", _java(java)),
        "WGETRC": str(folder / WGETRC),
    }


def write_interception(
    folder: Path, environment: Mapping[str, str], ca_pem: bytes, tunnels: OpenPorts
) -> None:
    """Write the files that lead clients to running tunnels as well; as `write_trust`."""
    write_trust(folder, environment, ca_pem)
    python = folder / PYTHON_FOLDER
    python.mkdir()
    places = {host: (DEFAULT_HOST, at) for host, at in tunnels.named_ports["python"].items()}
    offline = tunnels.offline
    (python / "sitecustomize.py").write_text(
        f"{getsource(resolution)}\n\n"
        f"patch(leading_to({places!r}, offline={offline!r}))\nhand_over({str(python)!r})\n",
        "utf-8",
    )
    ports = json.dumps(tunnels.named_ports["node"])
    (folder / NODE_HOOK).write_text(
        f"{_hook('node.cjs')}\nmodule.exports({ports}, {json.dumps(offline)});\n", "utf-8"
    )
    prepend = folder / "prepend.php"
    prepend.write_text(
        f"{_hook('prepend.php')}\nfiskaly_mockserver_proxy('{DEFAULT_HOST}:{tunnels.port}');\n",
        "utf-8",
    )
    with (folder / PHP_FOLDER / "fiskaly-mockserver.ini").open("a", encoding="utf-8") as ini:
        ini.write(f'auto_prepend_file="{prepend}"\n')


def interception_variables(
    folder: Path, environment: Mapping[str, str], *, port: int, hosts: Iterable[str]
) -> dict[str, str]:
    """Return the variables that name a proxy and the files of `write_interception`."""
    trusting = trust_variables(folder, environment)
    java = {
        f"{scheme}.{part}": value
        for scheme in ("http", "https")
        for part, value in (("proxyHost", DEFAULT_HOST), ("proxyPort", str(port)))
    }
    paths = [str(folder / PYTHON_FOLDER), environment.get("PYTHONPATH")]
    hook = f'--require "{(folder / NODE_HOOK).as_posix()}"'
    spared = {one: without_proxy(environment.get(one, ""), hosts) for one in NO_PROXY_VARIABLES}
    return {
        **trusting,
        **dict.fromkeys(PROXY_VARIABLES, f"http://{DEFAULT_HOST}:{port}"),
        **spared,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "NODE_OPTIONS": _extended(environment, "NODE_OPTIONS", hook),
        "NODE_USE_ENV_PROXY": "1",
        "JAVA_TOOL_OPTIONS": _extended(trusting, "JAVA_TOOL_OPTIONS", _java(java)),
    }


def without_proxy(present: str, hosts: Iterable[str] = ()) -> str:
    """Return a value of NO_PROXY that spares this machine, and does not spare some hosts.

    >>> without_proxy("intern.test, .fiskaly.com,localhost", ["dashboard.fiskaly.com"])
    'intern.test,localhost,127.0.0.1,::1'
    """
    kept = [
        one
        for one in map(str.strip, present.split(","))
        if one and not any(_covers(one, host) for host in hosts)
    ]
    return ",".join(dict.fromkeys([*kept, *LOOPBACK_NAMES]))


def _covers(entry: str, host: str) -> bool:
    name = entry.lower().partition(":")[0].removeprefix("*").lstrip(".")
    return not name or host == name or host.endswith(f".{name}")


def _hook(name: str) -> str:
    return files("fiskaly_mockserver.proxy").joinpath("hooks", name).read_text("utf-8")


def _java(properties: Mapping[str, str]) -> str:
    return " ".join(shlex.quote(f"-D{name}={value}") for name, value in properties.items())


def _extended(environment: Mapping[str, str], name: str, more: str) -> str:
    return " ".join(filter(None, [environment.get(name), more]))


def _of_file(name: str | None) -> list[bytes]:
    """Return the certificates of a file that may not be there, as then nobody trusts them."""
    try:
        return pem_blocks(Path(name).read_bytes()) if name else []
    except OSError:
        return []


def _own_wgetrc(environment: Mapping[str, str]) -> bytes:
    try:
        return Path(environment.get("WGETRC") or Path.home() / ".wgetrc").read_bytes()
    except (OSError, RuntimeError):
        return b""


def untrusting(name: str) -> str:
    """Return what is said of a client that broke off; `name` is what it calls itself, if anything.

    >>> untrusting("curl/8.0").partition(": ")[2].partition(", most")[0]
    'a client "curl/8.0" broke off the handshake'
    """
    words = (name.lower().partition("/")[0], re.split(r"[/ -]", name.lower())[0])
    obeys = next((OBEYED[word] for word in words if word in OBEYED), None)
    told = f"it obeys {obeys}" if obeys else f"clients obey {', '.join(OBEYED.values())}"
    return (
        f"TLS: a client {shown(name) if name else 'without a name'} broke off the handshake, most"
        " likely because it does not trust the CA of fiskaly-mockserver:"
        f" {told}, if nothing in its code says else"
    )


class ClientHandshake:
    """Reads the TLS records of a client until it is clear whether it goes through with it.

    A client that does not trust the certificate sends an alert, in TLS 1.3 an encrypted one,
    which its length gives away; or it says nothing more.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._records: list[int] = []
        self._done = False

    @property
    def broken_off(self) -> bool:
        """Whether the client began, and then did not go through with it."""
        return bool(self._records) and not self._done

    def see(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._done:
            return
        self._buffer += data
        while len(self._buffer) >= 5:  # noqa: PLR2004 - bytes before a record's content
            kind, length = self._buffer[0], int.from_bytes(self._buffer[3:5])
            secret = kind == 0x17 and length != ENCRYPTED_ALERT  # noqa: PLR2004 - TLS
            finished = kind == 0x16 and 0x14 in self._records  # noqa: PLR2004 - TLS 1.2
            if secret or finished:
                self._done, self._buffer = True, b""
                return
            if len(self._buffer) < 5 + length:
                return
            self._records.append(kind)
            self._buffer = self._buffer[5 + length :]
