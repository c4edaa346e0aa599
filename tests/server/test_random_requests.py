"""Whatever bytes a client sends, it gets an answer below 500, and the world stays as it was."""

from collections.abc import Mapping

import pytest
from builders.snapshots import listed
from fiskaly_mockserver import MockServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.raw_http import talk
from server.target import BAKERY, authenticate, on_world

BOUNDED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)
METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE"])
KNOWN = st.sampled_from(
    [
        b"/api/v0/auth",
        b"/api/v0/organizations",
        b"/api/v0/organizations/00000000-0000-4000-8000-000000000000",
        b"/api/v0/organizations/00000000-0000-4000-8000-000000000000/api-keys",
        b"/api/v0/billing-addresses",
        b"/_mock/contract",
    ]
)
ESCAPED = st.binary(max_size=12).map(lambda raw: "".join(f"%{one:02x}" for one in raw).encode())
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30).map(
    lambda text: text.encode()
)
HEADER_NAMES = st.sampled_from(
    [b"Authorization", b"Content-Type", b"Accept", b"Expect", b"Content-Encoding", b"X-Other"]
)
HEADER_VALUES = st.binary(max_size=40).map(
    lambda raw: raw.translate(None, bytes(range(0x20)) + b"\x7f")
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda at, noise: BAKERY[:at] + noise + BAKERY[at + len(noise) :],
        st.integers(0, len(BAKERY) - 1),
        st.binary(min_size=1, max_size=3).filter(lambda noise: not noise.isalnum()),
    ),
)


@pytest.fixture(scope="module")
def quiet_server() -> MockServer:
    """A server of this module's own, whose journal holds nothing else."""
    return MockServer()


def fire(server: MockServer, sent: bytes) -> None:
    """Send bytes as a client that then hangs up, and demand that nothing came of them."""
    before = on_world(server, listed)
    for answer in talk(server.port, sent, hang_up=True):
        assert answer.status < 500
    assert on_world(server, listed) == before
    server.verify()
    assert all(exchange.status < 500 for exchange in server.journal)


def head(method: str, target: bytes, headers: Mapping[bytes, bytes], body: bytes) -> bytes:
    """Write a request whose head at least is HTTP."""
    lines = [
        method.encode() + b" " + target + b" HTTP/1.1",
        b"Host: localhost",
        *(name + b": " + value for name, value in headers.items()),
        b"Content-Length: " + str(len(body)).encode(),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_random_bytes_in_place_of_a_request(quiet_server: MockServer) -> None:
    @BOUNDED
    @given(st.binary(max_size=400))
    def run(sent: bytes) -> None:
        fire(quiet_server, sent)

    with quiet_server:
        run()


def test_random_paths_queries_and_headers(quiet_server: MockServer) -> None:
    @BOUNDED
    @given(
        METHODS,
        KNOWN,
        st.one_of(ESCAPED, VISIBLE),
        st.one_of(ESCAPED, VISIBLE),
        st.dictionaries(HEADER_NAMES, HEADER_VALUES, max_size=6),
    )
    def run(
        method: str, path: bytes, tail: bytes, query: bytes, headers: Mapping[bytes, bytes]
    ) -> None:
        fire(quiet_server, head(method, path + b"/" + tail + b"?" + query, headers, b""))

    with quiet_server:
        run()


def test_random_paths_and_queries_with_a_valid_token(quiet_server: MockServer) -> None:
    with quiet_server:
        authorization = {b"Authorization": b"Bearer " + authenticate(quiet_server).encode()}

        @BOUNDED
        @given(KNOWN, st.sampled_from([b"?", b"/", b"?limit=", b"?type="]), ESCAPED)
        def run(path: bytes, joint: bytes, tail: bytes) -> None:
            fire(quiet_server, head("GET", path + joint + tail, authorization, b""))

        run()


def test_random_bodies_with_a_valid_token(quiet_server: MockServer) -> None:
    """Noise may leave the valid body valid, so that something may be created."""
    with quiet_server:
        headers = {
            b"Authorization": b"Bearer " + authenticate(quiet_server).encode(),
            b"Content-Type": b"application/json",
        }

        @BOUNDED
        @given(KNOWN, BODIES)
        def run(path: bytes, body: bytes) -> None:
            sent = head("POST", path, headers, body)
            for answer in talk(quiet_server.port, sent, hang_up=True):
                assert answer.status < 500
            quiet_server.verify()

        run()
        assert all(exchange.status < 500 for exchange in quiet_server.journal)
