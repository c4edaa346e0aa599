"""Whatever Prism's proxy says of a server that is broken on purpose, our checks say too.

Prism is installed by `python -m benchmarks.peers install`; without it this is skipped.
"""

import json
import shutil
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from conformance.broken_answers import ROUTES, BrokenSender
from conformance.broken_servers import SERVERS
from conformance.test_verify import wrong_with
from fiskaly_contracts import Contract
from fiskaly_contracts.conformance.exchanges import HttpExchange, HttpSender, Pairs
from fiskaly_contracts.conformance.verify import Settings, verify
from fiskaly_mockserver.server.mock_server import MockServer

from benchmarks.processes import free_port
from benchmarks.proxy import PATIENCE, PRISM_SCRIPT, listening
from benchmarks.report import peers_folder

NODE, PRISM = shutil.which("node"), peers_folder() / PRISM_SCRIPT
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (NODE and PRISM.exists()), reason="Prism is not installed"),
]
MANAGEMENT = [
    name for name, one in SERVERS.items() if one.operation in Contract.bundled().operations
]
BREAK = "X-Break"
HOP = {"connection", "content-length", "transfer-encoding", "keep-alive", "date"}


class Breaking(BaseHTTPRequestHandler):
    """Carries a request to the good server, and breaks its answer as a header asks."""

    protocol_version = "HTTP/1.1"
    origin = ""

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        sent = [pair for pair in self.headers.items() if pair[0].lower() not in HOP]
        sender = HttpSender()
        name = self.headers.get(BREAK, "")
        send = BrokenSender(SERVERS[name], sender) if name else sender
        kept = tuple(pair for pair in sent if pair[0].lower() not in ("host", BREAK.lower()))
        exchange = send(self.command, self.origin + self.path, kept, body)
        sender.close()
        self.send_response_only(exchange.status)
        for header, value in exchange.response_headers:
            if header.lower() not in HOP:
                self.send_header(header, value)
        self.send_header("Content-Length", str(len(exchange.response_body)))
        self.end_headers()
        self.wfile.write(exchange.response_body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(port=0, preset="single") as running:
        yield running


@pytest.fixture(scope="module")
def prism(server: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of Prism's proxy in front of a server that breaks what it is asked to."""
    kind = type("At", (Breaking,), {"origin": server.base_url.removesuffix("/api/v0")})
    document = tmp_path_factory.mktemp("prism") / "contract.json"
    document.write_text(json.dumps(Contract.bundled().document), encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as breaking:
        threading.Thread(target=breaking.serve_forever, daemon=True).start()
        port = free_port()
        upstream = f"http://127.0.0.1:{breaking.server_port}/api/v0"
        command = [str(NODE), str(PRISM), "proxy", str(document), upstream, "--errors", "false"]
        with listening([*command, "--port", str(port)], port, document.parent):
            yield port
        breaking.shutdown()


class ThroughPrism:
    """Sends requests of the Management API through Prism, and notes what it says of answers."""

    def __init__(self, port: int, broken: str) -> None:
        self._port, self._broken = port, broken
        self._direct = HttpSender()
        self.said: set[str] = set()

    def __call__(self, method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        target = urlsplit(url)
        if not target.path.startswith("/api/v0"):
            return self._direct(method, url, headers, body)
        path = url.partition("/api/v0")[2]
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        broken = ((BREAK, self._broken),) if self._broken else ()
        connection.request(method, path, body or None, dict((*headers, *broken)))
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        violations = json.loads(answer.headers.get("sl-violations") or "[]")
        called = ROUTES.find(method, target.path)
        if called and called.operation:
            self.said |= {
                called.operation.operation_id
                for one in violations
                if one.get("location", [""])[0] == "response"
            }
        kept = [pair for pair in answer.getheaders() if pair[0].lower() != "sl-violations"]
        return HttpExchange(method, url, tuple(headers), body, answer.status, tuple(kept), raw)

    def close(self) -> None:
        self._direct.close()


def run(server: MockServer, port: int, broken: str) -> tuple[set[str], set[str]]:
    """Return the operations of which Prism says something, and of which we do."""
    key = server.credentials
    settings = Settings(
        management=server.base_url,
        sign_de=server.sign_de_url,
        key=key.key,
        secret=key.secret,
        writes=True,
    )
    sender = ThroughPrism(port, broken)
    verified = verify(settings.guarded(), sender, signature_findings=wrong_with)
    sender.close()
    return sender.said, {one.operation for one in verified.report.findings}


def test_both_have_nothing_to_say_of_a_good_server(server: MockServer, prism: int) -> None:
    assert run(server, prism, "") == (set(), set())


@pytest.mark.parametrize("name", MANAGEMENT)
def test_what_prism_finds_is_found(server: MockServer, prism: int, name: str) -> None:
    theirs, ours = run(server, prism, name)
    assert theirs <= ours
    assert SERVERS[name].operation in ours or SERVERS[name].shows_at
