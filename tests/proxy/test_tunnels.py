"""The CONNECT proxy: whom it leads where, what it refuses, and what it notices."""

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
from fiskaly_mockserver.cli.verbs.serve import raise_open_files
from fiskaly_mockserver.proxy.environment import ClientHandshake
from fiskaly_mockserver.proxy.tunnels import CannotChain, Tunnels, Upstream

HOST = "dashboard.fiskaly.com"
OTHER = "other.test"


class Place:
    """A server that answers each line with it and a mark, and keeps what it was sent first."""

    def __init__(self, mark: bytes, *, answer: bytes = b"") -> None:
        self.mark = mark
        self.answer = answer
        self.heads: list[bytes] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.answer:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self.answer)
            while line := await reader.readline():
                writer.write(self.mark + line)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def runs(self, context: ssl.SSLContext | None = None) -> AsyncIterator["Place"]:
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0, ssl=context, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


class Stage:
    """Tunnels to a place that speaks TLS, and what they said."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(HOST).configure_cert(self.context)
        self.said: list[str] = []
        self.told = asyncio.Event()
        self.trust = ssl.create_default_context()
        self.ca.configure_trust(self.trust)

    def say(self, line: str) -> None:
        self.said.append(line)
        self.told.set()

    @asynccontextmanager
    async def tunnels(self, **settings: Any) -> AsyncIterator[Tunnels]:
        async with Place(b"fake ").runs(self.context) as fake:
            tunnels = Tunnels(
                frozenset([HOST]),
                ("127.0.0.1", fake.port),
                **{
                    "trust": self.trust,
                    "offline": False,
                    "upstream": Upstream({}),
                    "say": self.say,
                    **settings,
                },
            )
            await tunnels.start()
            try:
                yield tunnels
            finally:
                await tunnels.close()


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def answer_to(tunnels: Tunnels, sent: bytes) -> bytes:
    """Return all that the proxy answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", tunnels.port)
    writer.write(sent)
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()


async def connected(
    tunnels: Tunnels, authority: str, *headers: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a tunnel to some host and port."""
    reader, writer = await asyncio.open_connection("127.0.0.1", tunnels.port)
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", *headers, "", ""]
    writer.write("\r\n".join(lines).encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    return reader, writer


async def tls_echo(tunnels: Tunnels, context: ssl.SSLContext, *headers: str) -> bytes:
    """Return what the fake answers to a line, over TLS in a tunnel."""
    _, writer = await connected(tunnels, f"{HOST}:443", *headers)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    try:
        transport = await loop.start_tls(writer.transport, protocol, context, server_hostname=HOST)
        assert transport is not None
        protocol.connection_made(transport)
        transport.write(b"hello\n")
        line = await asyncio.wait_for(reader.readline(), 60)
        transport.close()
        return line
    finally:
        writer.transport.abort()


async def test_an_intercepted_host_leads_to_the_fake_by_its_name(stage: Stage) -> None:
    async with stage.tunnels() as tunnels:
        assert await tls_echo(tunnels, stage.trust) == b"fake hello\n"
        assert (tunnels.intercepted, tunnels.passed) == ({HOST: 1}, {})
    assert stage.said == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_another_host_passes_through_and_is_counted(stage: Stage, host: str) -> None:
    place = Place(b"own ")
    address = "::1" if host == "[::1]" else "127.0.0.1"
    try:
        server = await asyncio.start_server(place.handle, address, 0)
    except OSError as error:
        pytest.skip(f"this machine has no {address}: {error}")
    port = server.sockets[0].getsockname()[1]
    async with stage.tunnels(offline=True) as tunnels:  # this machine is never refused
        reader, writer = await connected(tunnels, f"{host}:{port}")
        writer.write(b"a\nb\n")
        writer.write_eof()
        assert await reader.read() == b"own a\nown b\n"
        writer.close()
        assert tunnels.passed == {host.strip("[]"): 1}
    server.close()


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (b"nonsense\r\n\r\n", 400, "a client sent what is no request"),
        (b"nonsense", 400, "a client sent what is no request"),
        (b"\x16\x03\x01", 400, "a client speaks TLS to it: its address begins with http://"),
        (b"CONNECT nowhere HTTP/1.1\r\n\r\n", 400, 'CONNECT "nowhere" names no host and port'),
        (b"CONNECT a:0 HTTP/1.1\r\n\r\n", 400, 'CONNECT "a:0" names no host and port'),
        (b"CONNECT a:70000 HTTP/1.1\r\n\r\n", 400, "names no host and port"),
        (f"CONNECT {HOST}:8443 HTTP/1.1\r\n\r\n".encode(), 403, "at port 443, not 8443"),
        (f"CONNECT {HOST.upper()}.:80 HTTP/1.1\r\n\r\n".encode(), 403, "at port 443, not 80"),
        (b"CONNECT other.test:443 HTTP/1.1\r\n\r\n", 403, "other.test is refused: --offline"),
        (b"GET http://other.test/ HTTP/1.1\r\n\r\n", 403, "other.test is refused: --offline"),
        (f"GET http://{HOST}/ HTTP/1.1\r\n\r\n".encode(), 403, "is not intercepted: https is"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "a GET names no http or https host"),
        (b"GET ftp://a/ HTTP/1.1\r\n\r\n", 400, "a GET names no http or https host"),
        (b"GET http://[/ HTTP/1.1\r\n\r\n", 400, "a GET names no http or https host"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431, "longer than 64 kB"),
    ],
)
async def test_what_leads_nowhere_is_one_clear_line(
    stage: Stage, sent: bytes, status: int, said: str
) -> None:
    async with stage.tunnels(offline=True) as tunnels:
        answer = await answer_to(tunnels, sent)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert said.encode() in answer
        assert tunnels.intercepted == {}
    [line] = stage.said
    assert said in line


async def test_a_host_that_cannot_be_reached_is_told(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    label = "a" * 64
    async with stage.tunnels() as tunnels:
        answer = await answer_to(tunnels, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 502 ")
        answer = await answer_to(tunnels, f"CONNECT {label}.test:1 HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert f"127.0.0.1 port {port} cannot be reached" in stage.said[0]


async def test_what_a_client_sends_along_is_not_told(stage: Stage) -> None:
    async with stage.tunnels(offline=True) as tunnels:
        for url in (f"http://me:hunter2@{HOST}/?k=hunter2", "ftp://me:hunter2@a/?k=hunter2"):
            answer = await answer_to(tunnels, f"GET {url} HTTP/1.1\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 40")
            assert b"hunter2" not in answer
    assert len(stage.said) == 2
    assert "hunter2" not in "".join(stage.said)


async def test_plain_requests_are_handed_on_one_a_connection(stage: Stage) -> None:
    place = Place(b"", answer=b"HTTP/1.1 200 OK\r\n\r\n")
    async with place.runs(), stage.tunnels() as tunnels:
        at = f"127.0.0.1:{place.port}"
        head = f"POST http://{at}/a?b=c HTTP/1.1\r\nHost: {at}\r\nProxy-Connection: keep-alive\r\n"
        upgrade = f"GET http://{at} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello\n"
        named = f"GET /d HTTP/1.1\r\nHost: {at}\r\n\r\n"
        for sent in (f"{head}\r\nbody\n", upgrade, named):
            assert (await answer_to(tunnels, sent.encode())).startswith(b"HTTP/1.1 200 OK")
    first, second, third = place.heads
    assert first == f"POST /a?b=c HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n".encode()
    assert second == b"GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    assert third.startswith(b"GET /d HTTP/1.1\r\n")


async def test_a_client_may_hand_the_https_request_itself_to_the_proxy(stage: Stage) -> None:
    async with stage.tunnels() as tunnels:
        reader, writer = await asyncio.open_connection("127.0.0.1", tunnels.port)
        writer.write(f"GET https://{HOST}/api HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert await reader.readline() == b"fake GET /api HTTP/1.1\r\n"
        writer.close()
        assert tunnels.intercepted == {HOST: 1}


async def test_other_hosts_are_reached_by_the_proxy_of_a_company(stage: Stage) -> None:
    company = Place(b"company ", answer=b"HTTP/1.1 200 OK\r\n\r\n")
    async with company.runs():
        url = f"http://me:p%40ss@127.0.0.1:{company.port}"
        upstream = Upstream({"https": url, "all": url, "no": "spared.test,127.0.0.1"})
        async with stage.tunnels(upstream=upstream) as tunnels:
            reader, writer = await connected(tunnels, f"{OTHER}:443", "User-Agent: x")
            writer.write(b"hello\n")
            assert await reader.readline() == b"company hello\n"
            writer.close()
            plain = f"GET http://{OTHER}/a HTTP/1.1\r\n\r\n".encode()
            assert (await answer_to(tunnels, plain)).startswith(b"HTTP/1.1 200 OK")
            assert await tls_echo(tunnels, stage.trust) == b"fake hello\n", "not by the company"
            assert upstream.of("https", "spared.test") is None
    tunnel, request = company.heads
    pair = base64.b64encode(b"me:p@ss")
    assert tunnel.startswith(f"CONNECT {OTHER}:443 HTTP/1.1\r\n".encode())
    assert b"\r\nUser-Agent: x\r\nProxy-Authorization: Basic " + pair in tunnel
    assert request.startswith(f"GET http://{OTHER}/a HTTP/1.1\r\n".encode())
    assert not [line for line in stage.said if "p@ss" in line or "p%40ss" in line]


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "http://", "http://a:b"])
def test_a_proxy_that_speaks_no_http_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(CannotChain, match=r"^HTTPS_PROXY names no HTTP proxy") as told:
        Upstream({"https": url})
    assert url not in str(told.value)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("agent", "obeys"),
    [
        ("User-Agent: curl/8.0", "it obeys CURL_CA_BUNDLE"),
        ("User-Agent: Java-http-client/17", "it obeys JAVA_TOOL_OPTIONS"),
        ("User-Agent: Go-http-client/1.1", "it obeys SSL_CERT_FILE"),
        ("X: y", "a client without a name"),
    ],
)
async def test_a_client_that_does_not_trust_the_ca_is_told_what_it_obeys(
    stage: Stage, version: ssl.TLSVersion, agent: str, obeys: str
) -> None:
    untrusting = ssl.create_default_context()
    untrusting.maximum_version = version
    async with stage.tunnels() as tunnels:
        with pytest.raises(ssl.SSLError):
            await tls_echo(tunnels, untrusting, agent)
        await asyncio.wait_for(stage.told.wait(), 60)
        assert tunnels.untrusting == 1
        trusting = ssl.create_default_context()
        stage.ca.configure_trust(trusting)
        trusting.maximum_version = version
        assert await tls_echo(tunnels, trusting, agent) == b"fake hello\n"
        assert tunnels.untrusting == 1
    [line] = stage.said
    assert obeys in line
    assert "does not trust the CA" in line


def test_a_handshake_is_read_in_whatever_pieces_it_comes() -> None:
    hello, ccs = b"\x16\x03\x01\x00\x02ab", b"\x14\x03\x03\x00\x01\x01"
    alert, finished = b"\x17\x03\x03\x00\x13" + b"x" * 19, b"\x17\x03\x03\x00\x35" + b"x" * 53
    for records, broken_off in (
        ((), False),
        ((hello,), True),
        ((hello, ccs, alert), True),
        ((hello, b"\x15\x03\x03\x00\x02\x02\x30"), True),
        ((hello, ccs, finished), False),
        ((hello, hello, ccs, b"\x16\x03\x03\x00\x01x"), False),
    ):
        handshake = ClientHandshake()
        for byte in b"".join(records):
            handshake.see(bytes([byte]))
        assert handshake.broken_off is broken_off


async def test_five_hundred_tunnels_at_once(stage: Stage) -> None:
    raise_open_files()
    async with stage.tunnels() as tunnels:
        lines = await asyncio.gather(*[tls_echo(tunnels, stage.trust) for _ in range(500)])
        assert set(lines) == {b"fake hello\n"}
        assert tunnels.intercepted == {HOST: 500}
    assert stage.said == []


async def test_clients_that_ask_no_proxy_have_ports_of_their_own(stage: Stage) -> None:
    async with stage.tunnels() as tunnels:
        for name in ("python", "node"):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", tunnels.named_ports[name][HOST], ssl=stage.trust, server_hostname=HOST
            )
            writer.write(b"hello\n")
            assert await reader.readline() == b"fake hello\n"
            writer.close()
        assert tunnels.intercepted == {HOST: 2}
