"""Where refused messages are explained: beside the loop, so that no other request waits."""

import asyncio
from collections.abc import Callable
from concurrent import futures
from typing import TypeVar

T = TypeVar("T")


class Explainer:
    """One thread for questions that take milliseconds, the first one half a second.

    The authority on a contract is imported when it is first asked, as is what runs the thread.
    """

    def __init__(self) -> None:
        self._made: futures.ThreadPoolExecutor | None = None

    async def ask(self, question: Callable[[], T]) -> T:
        """Return the answer to a question, which is about nothing that may change meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._executor(), question)

    def close(self) -> None:
        """End the thread; what it is busy with is waited for."""
        if self._made is not None:
            self._made.shutdown(cancel_futures=True)

    def _executor(self) -> futures.ThreadPoolExecutor:
        if self._made is None:
            self._made = futures.ThreadPoolExecutor(1, thread_name_prefix="fiskaly-explainer")
        return self._made
