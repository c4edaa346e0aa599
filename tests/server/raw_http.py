"""Bytes over a socket, as no well-behaved client sends them."""

import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

PATIENCE = 10.0
"""Seconds after which a silent server fails the test."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back; header names are in lower case, repeated ones joined by a comma."""

    version: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


def request(
    method: str, target: str, *headers: str, body: bytes = b"", version: str = "1.1"
) -> bytes:
    """Write a request; Host and Content-Length are added where they are not given."""
    lines = [f"{method} {target} HTTP/{version}", *headers]
    names = {line.partition(":")[0].lower() for line in headers}
    if "host" not in names:
        lines.append("Host: 127.0.0.1")
    if body and not {"content-length", "transfer-encoding"} & names:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def talk(
    port: int, *sent: bytes, answers: int = 1, hang_up: bool = False, host: str = "127.0.0.1"
) -> list[RawAnswer]:
    """Send pieces of bytes and read answers, fewer if the server closes before.

    With `hang_up` the sending side is closed first, as by a client that died.
    """
    bodiless = bool(sent) and sent[0].startswith(b"HEAD ")
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        try:
            for piece in sent:
                connection.sendall(piece)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered already and does not want the rest
        with connection.makefile("rb") as stream:
            return list(_answers(stream, answers, bodiless=bodiless))


def _answers(stream: BinaryIO, quantity: int, *, bodiless: bool) -> Iterable[RawAnswer]:
    for _ in range(quantity):
        try:
            first = stream.readline()
            if not first:
                return
            version, _, rest = first.decode("latin-1").strip().partition(" ")
            headers: dict[str, str] = {}
            while line := stream.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                name = name.lower()
                given = headers.get(name)
                headers[name] = value.strip() if given is None else f"{given}, {value.strip()}"
            length = 0 if bodiless else int(headers.get("content-length", "0"))
            yield RawAnswer(version, int(rest[:3]), headers, stream.read(length))
        except ConnectionResetError:
            return
