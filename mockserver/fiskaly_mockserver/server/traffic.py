"""The requests that a server has under way, and during what each of them began."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_PERIOD: ContextVar[object] = ContextVar("fiskaly_mockserver_period", default=None)


class Traffic:
    """Counts requests that are being answered; one loop's thread works on it.

    Attributes:
        period: What whoever runs the server is in the middle of, as a test. Each request
            belongs to the period in which it began, however long it takes.
    """

    def __init__(self) -> None:
        self.period: object = None
        self._under_way: set[asyncio.Task[object]] = set()
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
            self._under_way.add(task)
            try:
                return await handler(request)
            finally:
                self._under_way.discard(task)
                if self._quiet is not None and not self._under_way:
                    self._quiet.set()

        return handle

    async def settle(self, seconds: float) -> int:
        """Wait until nothing is under way, and break off what is after so many seconds.

        Returns:
            How many requests were broken off: their clients see the connection close.
        """
        if not self._under_way:
            return 0
        self._quiet = asyncio.Event()
        try:
            await asyncio.wait_for(self._quiet.wait(), seconds)
        except TimeoutError:
            pass
        else:
            return 0
        finally:
            self._quiet = None
        late = tuple(self._under_way)
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=seconds)
        return len(late)
