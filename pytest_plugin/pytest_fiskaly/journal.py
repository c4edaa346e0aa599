"""What a client did, for tests to look at and to make demands of."""

import asyncio
from collections.abc import Iterator
from typing import Unpack

from fiskaly_mockserver import MockServer

from pytest_fiskaly import journal_words as words
from pytest_fiskaly.calls import Call
from pytest_fiskaly.journal_criteria import Criteria, Given
from pytest_fiskaly.journal_fields import BadCriterion
from pytest_fiskaly.journal_search import JournalOverflow, demand_all, search
from pytest_fiskaly.journal_values import is_whole, shown
from pytest_fiskaly.journal_waiting import outcome_of, wait_for

__all__ = ["BadCriterion", "Call", "JournalAssertions", "JournalOverflow"]


class JournalAssertions:
    """The calls that reached a server since it was last reset, oldest first.

    Every method takes the same criteria, of which those that are given must all hold:

    - `operation`: an operationId of the contract.
    - `method`, `status`: as they are.
    - `path`: a glob such as `/organizations/*/api-keys`, in which `*` also stands for
      slashes, for the whole path or for what follows the base path.
    - `query`: parameters, compared as text: `{"limit": 10}`.
    - `body`, `response`: what has to be contained in the JSON of request and answer:
      objects by their properties, arrays by elements in the same order, others in between.
      A value may be a compiled pattern, which is searched for, or anything that compares
      with `==`, as `unittest.mock.ANY`.
    - `since`: a `Call` or a request id; only later calls are looked at.

    Secrets are not kept and cannot be asked for. Each method raises `BadCriterion` where
    an answer would mislead, and `JournalOverflow` where nobody knows it any more. It may
    be used from any thread but the server's own.
    """

    def __init__(self, server: MockServer) -> None:
        self._server = server

    def calls(self, operation: str | None = None, /, **criteria: Unpack[Given]) -> list[Call]:
        """Return the calls that match, oldest first."""
        __tracebackhide__ = True
        found = search(self._server, Criteria.of(operation, criteria))
        demand_all(self._server, found)
        return [*map(Call, found.matching)]

    def assert_called(
        self,
        operation: str | None = None,
        /,
        *,
        times: int | None = None,
        **criteria: Unpack[Given],
    ) -> list[Call]:
        """Demand that calls match, and return them: exactly `times` of them, or at least one.

        Raises:
            AssertionError: It is another number; the text shows the nearest calls and what
                of each differs.
        """
        __tracebackhide__ = True
        if times is not None and not is_whole(times):
            raise BadCriterion(f"times is an integer, not {shown(times)}")
        if times is not None and times < 0:
            raise BadCriterion(f"no call comes {times} times")
        found = search(self._server, Criteria.of(operation, criteria))
        count = len(found.matching)
        if times is None and count:
            return [*map(Call, found.matching)]
        if times is None or count <= times:  # what was dropped might still change the verdict
            demand_all(self._server, found)
        if times is None or count != times:
            expected = "at least 1 call" if times is None else words.exactly(times)
            too_many = times is not None and count > times
            raise AssertionError(words.of_count(found, expected=expected, too_many=too_many))
        return [*map(Call, found.matching)]

    def assert_called_once(
        self, operation: str | None = None, /, **criteria: Unpack[Given]
    ) -> Call:
        """Demand that exactly one call matches, and return it.

        Raises:
            AssertionError: It is another number, as `assert_called` says it.
        """
        __tracebackhide__ = True
        return self.assert_called(operation, times=1, **criteria)[0]

    def assert_not_called(self, operation: str | None = None, /, **criteria: Unpack[Given]) -> None:
        """Demand that no call matches; without any criterion, that there was none at all.

        Raises:
            AssertionError: There are some; the text shows them.
        """
        __tracebackhide__ = True
        self.assert_called(operation, times=0, **criteria)

    def wait_for_call(
        self,
        operation: str | None = None,
        /,
        *,
        times: int = 1,
        timeout: float | str = 5.0,
        **criteria: Unpack[Given],
    ) -> Call:
        """Wait for a client that works in another thread or process; return the last call.

        Args:
            operation: As everywhere, see the class.
            times: How many calls have to match, those already there included.
            timeout: Real seconds, or text such as "500ms".
            criteria: As everywhere, see the class.

        Raises:
            AssertionError: It did not come to that in time; the text shows the nearest.
        """
        __tracebackhide__ = True
        looked_for = Criteria.of(operation, criteria)
        return Call(wait_for(self._server, looked_for, times=times, timeout=timeout))

    async def wait_for_call_async(
        self,
        operation: str | None = None,
        /,
        *,
        times: int = 1,
        timeout: float | str = 5.0,  # noqa: ASYNC109 - its end is a failed assertion
        **criteria: Unpack[Given],
    ) -> Call:
        """Wait as `wait_for_call` does, while the event loop of the test goes on."""
        __tracebackhide__ = True
        looked_for = Criteria.of(operation, criteria)
        outcome = await asyncio.to_thread(
            outcome_of, self._server, looked_for, times=times, timeout=timeout
        )
        if isinstance(outcome, Exception):
            # Raised here, the thread's part in it is not shown.
            raise outcome.with_traceback(None)
        return Call(outcome)

    @property
    def last(self) -> Call:
        """The latest call.

        Raises:
            AssertionError: There was none.
        """
        __tracebackhide__ = True
        exchanges = self._server.journal
        if not exchanges:
            raise AssertionError(words.EMPTY)
        return Call(exchanges[-1])

    def violations(self) -> list[Call]:
        """Return the calls in which the client broke the contract, warnings included."""
        return [call for call in self if call.violations]

    def clear(self) -> None:
        """Forget all calls so far; what they broke in the contract still counts at teardown."""
        self._server.control.clear_journal()

    def __iter__(self) -> Iterator[Call]:
        return iter([Call(exchange) for exchange in self._server.journal])

    def __len__(self) -> int:
        return len(self._server.journal)

    def __bool__(self) -> bool:
        """Return True: an empty journal is one too."""
        return True

    def __repr__(self) -> str:
        return f"<journal of {len(self)} calls>"
