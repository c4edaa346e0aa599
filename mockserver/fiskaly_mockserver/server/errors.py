"""Mistakes of whoever runs a server."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

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


FORKED = (
    "the server runs in the process that this one was forked from, and only answers requests here:"
    " ask for its journal and all else in that process, or at its control_url"
    " (POST /_mock/journal/find)"
)
PATCHED: Mapping[str, Callable[[Any], bool]] = {
    "gevent.monkey": lambda gevent: gevent.is_module_patched("threading"),
    "eventlet.patcher": lambda eventlet: eventlet.is_monkey_patched("thread"),
}
"""What makes threads of a library's own out of real ones, and how each is asked."""


def demand_real_threads() -> None:
    """Refuse to start where threads are green ones: the event loop would block them all."""
    for name, is_patched in PATCHED.items():
        module = sys.modules.get(name)
        if module is not None and is_patched(module):
            library = name.partition(".")[0]
            raise ServerError(
                f"{library} has patched threading, under which a server in this process would wait"
                " for itself: run it in another one (fiskaly-mockserver exec -- pytest, or"
                f" pytest --fiskaly-url=URL), or leave threads alone ({library}'s patching with"
                " thread=False)"
            )
