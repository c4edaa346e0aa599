"""Which event loop a server runs on: uvloop's where it is installed, else asyncio's."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module

from fiskaly_mockserver.server.errors import ServerError


class LoopKind(StrEnum):
    """What can be asked for; `auto` is uvloop where the extra `speed` installed it."""

    AUTO = "auto"
    ASYNCIO = "asyncio"
    UVLOOP = "uvloop"


def loop_factory(kind: LoopKind = LoopKind.AUTO) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes loops of a kind, for `asyncio.Runner`.

    Raises:
        ServerError: It must be uvloop, which is not installed.
    """
    if kind is LoopKind.ASYNCIO:
        return asyncio.new_event_loop
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    except ImportError as error:
        if kind is LoopKind.UVLOOP:
            raise ServerError(
                "uvloop is not installed: install fiskaly-mockserver[speed],"
                " or leave the choice of the loop to it"
            ) from error
        return asyncio.new_event_loop
    return factory
