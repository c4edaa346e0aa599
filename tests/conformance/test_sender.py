"""Requests over connections that are kept, closed or silent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fiskaly_contracts.conformance import exchanges
from fiskaly_contracts.conformance.exchanges import (
    CannotSendError,
    HttpSender,
    Pairs,
    UnreachableError,
)


class Counting(ThreadingHTTPServer):
    """Answers with as many bytes as it is asked for, and counts its connections."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.connections = 0
        self.posted = 0

    def get_request(self) -> tuple[socket.socket, Any]:
        self.connections += 1
        return super().get_request()


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", self.path.strip("/"))
        if "X-Last" in self.headers:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"x" * int(self.path.strip("/")))

    def do_POST(self) -> None:
        """Break off; it was done all the same."""
        self.server.posted += 1  # type: ignore[attr-defined]
        self.wfile.write(SHORTER)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def counting() -> Iterator[Counting]:
    with Counting() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("size", "sent", "connections"), [(5, (), 1), (5, (("X-Last", "1"),), 2), (9, (), 2)]
)
def test_a_connection_is_kept_where_an_answer_was_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
    counting: Counting,
    size: int,
    sent: Pairs,
    connections: int,
) -> None:
    monkeypatch.setattr(exchanges, "LARGEST_ANSWER", 8)
    sender = HttpSender()
    for _ in range(2):
        answer = sender("GET", f"http://127.0.0.1:{counting.server_port}/{size}", sent, b"")
        assert answer.response_body == b"x" * min(size, 8)
    sender.close()
    assert counting.connections == connections


def test_a_connection_that_was_closed_meanwhile_is_made_anew(counting: Counting) -> None:
    sender = HttpSender()
    for _ in range(2):
        assert sender("GET", f"http://127.0.0.1:{counting.server_port}/1", (), b"").status == 200
        for connection in sender._open.values():
            connection.sock.shutdown(socket.SHUT_RDWR)
    sender.close()
    assert counting.connections == 2


@contextmanager
def raw(*answers: bytes) -> Iterator[str]:
    """Answer each connection with some bytes and close it, whatever they say of that."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve() -> None:
            with suppress(OSError):
                for answer in answers:
                    connection, _ = listening.accept()
                    with connection:
                        connection.recv(10_000)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
SHORT = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nx"
SHORTER = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "Remote end closed connection without response"),
        (b"nonsense\r\n\r\n", "nonsense"),
        (SHORT, "its answer broke off$"),
        (SHORTER, "its answer broke off$"),
        (SHORTER[:-1], "its answer broke off$"),
    ],
)
@pytest.mark.parametrize("kept", [False, True])
def test_what_is_no_answer_says_why(answer: bytes, said: str, *, kept: bool) -> None:
    sender = HttpSender()
    with raw(*([GOOD, answer] if kept else [answer])) as url:
        if kept:
            assert sender("GET", url, (), b"").response_body == b"x"
        with pytest.raises(UnreachableError, match=rf"^127\.0\.0\.1:\d+: {said}"):
            sender("GET", url, (), b"")
    assert sender._open == {}


def test_a_request_that_was_answered_in_part_is_not_sent_again(counting: Counting) -> None:
    sender, url = HttpSender(), f"http://127.0.0.1:{counting.server_port}/1"
    assert sender("GET", url, (), b"").response_body == b"x"
    with pytest.raises(UnreachableError, match="broke off"):
        sender("POST", url, (), b"")
    sender.close()
    assert counting.posted == 1


def test_what_is_told_before_an_answer_is_none() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with raw(b"HTTP/1.1 100 Continue\r\n\r\n" + early * 2 + GOOD) as url:
        sender = HttpSender()
        answer = sender("GET", url, (), b"")
        sender.close()
    assert (answer.status, answer.response_body) == (200, b"x")
    assert answer.response_headers == (("Content-Length", "1"),)


@pytest.mark.parametrize(
    ("path", "header"), [("", "a\nb"), ("", "t\u20acken"), ("a b", "x"), ("\u00fc", "x")]
)
def test_what_http_cannot_carry_is_told_without_repeating_it(path: str, header: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sender, url = HttpSender(), f"http://127.0.0.1:{listening.getsockname()[1]}/{path}"
        with pytest.raises(CannotSendError, match=r"^its address or a header holds characters"):
            sender("GET", url, (("Authorization", header),), b"")
    assert sender._open == {}


def test_where_nobody_listens_that_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(UnreachableError, match=rf"^127\.0\.0\.1:{port}: Connection refused$"):
        HttpSender()("GET", f"http://127.0.0.1:{port}/", (), b"")


def test_where_no_tls_is_spoken_that_is_told() -> None:
    with raw(b"nonsense\r\n\r\n") as url, pytest.raises(UnreachableError, match=": TLS: "):
        HttpSender()("GET", url.replace("http", "https"), (), b"")


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = HttpSender(timeout=0.05)
        with pytest.raises(UnreachableError, match="no answer in time"):
            sender("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/", (), b"")
        sender.close()
