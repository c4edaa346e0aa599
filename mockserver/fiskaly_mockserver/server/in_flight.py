"""The requests that a server has in flight, and in which period each of them began."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

SHORT = 0.05
"""Seconds that a request gets whose client has gone."""

_PERIOD: ContextVar[object] = ContextVar("fiskaly_mockserver_period", default=None)


class InFlight:
    """Counts requests that are being answered; one loop's thread works on it.

    Attributes:
        period: What whoever runs the server is in the middle of, as a test. Each request
            belongs to the period in which it began, however long it takes.
    """

    def __init__(self) -> None:
        self.period: object = None
        self._under_way: dict[asyncio.Task[object], web.BaseRequest] = {}
        self._quiet: asyncio.Event | None = None

    @property
    def under_way(self) -> int:
        """How many requests are being answered; may be read in any thread."""
        return len(self._under_way)

    @property
    def present_period(self) -> object:
        """The period in which the request began that is being answered right now."""
        return _PERIOD.get()

    def counted(self, handler: Handler) -> Handler:
        """Return a request handler that counts along."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            task = asyncio.current_task()
            if task is None:
                return await handler(request)
            _PERIOD.set(self.period)
            self._under_way[task] = request
            try:
                return await handler(request)
            finally:
                del self._under_way[task]
                if self._quiet is not None and not self._under_way:
                    self._quiet.set()

        return handle

    async def settle(self, seconds: float) -> int:
        """Wait until nothing is under way, and break off what is after so many seconds.

        A request whose client has gone is not waited for as long: it may be held up by a
        fault for minutes, and nobody hears of its answer.

        Returns:
            How many requests were broken off: their clients see the connection close.
        """
        patience = min(seconds, SHORT)
        if await self._falls_quiet(patience):
            return 0
        if any(map(_is_heard, self._under_way.values())) and await self._falls_quiet(
            seconds - patience
        ):
            return 0
        late = tuple(self._under_way)
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=seconds)
        return len(late)

    async def _falls_quiet(self, seconds: float) -> bool:
        if self._under_way and seconds > 0:
            self._quiet = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), seconds)
            self._quiet = None
        return not self._under_way


def _is_heard(request: web.BaseRequest) -> bool:
    """Tell whether the client still listens."""
    return request.transport is not None and not request.transport.is_closing()
