"""Mistakes of whoever runs a server."""

from collections.abc import Iterable
from typing import Self

from fiskaly_mockserver.world.journal.exchange import Exchange


class ServerError(Exception):
    """The server cannot do what it was told; the message says why and what helps."""


class CannotListen(ServerError):
    """The address is in use, not of this machine, or not allowed."""


class DefectiveServer(AssertionError):
    """The fake itself crashed or broke its own contract; the message tells where."""

    @classmethod
    def told_by(cls, defects: Iterable[Exchange]) -> Self:
        """Return the error for the exchanges in which the fake was wrong."""
        return cls("\n".join(map(_told, defects)))


def _told(exchange: Exchange) -> str:
    head = f"{exchange.method} {exchange.path} -> {exchange.status} ({exchange.request_id})"
    breaches = [violation.sentence() for violation in exchange.response_violations]
    return "\n".join([head, *(f"  the answer breaks the contract: {one}" for one in breaches)]) + (
        f"\n{exchange.crash}" if exchange.crash else ""
    )
