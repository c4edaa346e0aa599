"""The journal as tests look at it: what a client did, and what a test demands of it."""

import asyncio
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Protocol, Unpack

from fiskaly_mockserver import MockServer
from fiskaly_mockserver.world.clock import parse_duration
from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.journal.journal import Journal, JournalQuery, Overflowed

from pytest_fiskaly.journal import BadCriterion, Call, JournalOverflow, OperationId, messages
from pytest_fiskaly.journal.criteria import Criteria, CriteriaArguments
from pytest_fiskaly.journal.matching import is_whole, shown
from pytest_fiskaly.journal.messages import Found


class JournalSource(Protocol):
    """Where the exchanges come from: a server of this process, or one that is controlled."""

    def exchanges(self) -> Sequence[Exchange]:
        """Return the latest exchanges, oldest first."""
        ...

    def overflow(self, kind: JournalQuery) -> str:
        """Return why exchanges of that kind cannot be counted; "" where they can."""
        ...

    def changes(self, seconds: float) -> Generator[None, None, None]:
        """Yield at once, and then whenever there may be more, until real seconds are over."""
        ...

    def clear(self) -> None:
        """Forget all exchanges."""
        ...


class LocalJournal:
    """The journal of a server in this process, read without any request."""

    def __init__(self, server: MockServer) -> None:
        self._server = server

    def exchanges(self) -> Sequence[Exchange]:
        """Return the latest exchanges, oldest first."""
        return self._server.journal

    def overflow(self, kind: JournalQuery) -> str:
        """Return why exchanges of that kind cannot be counted; "" where they can."""
        count = self._server.read_journal(lambda journal: journal.count(kind))
        return str(count) if isinstance(count, Overflowed) else ""

    def changes(self, seconds: float) -> Generator[None, None, None]:
        """Yield at once, after each further exchange, and when the time is over.

        No clock is read, which a test may have frozen: a timer of the operating system ends it.
        """
        changed, over = threading.Event(), threading.Event()

        def end() -> None:
            over.set()
            changed.set()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        stop_listening = self._server.read_journal(
            lambda journal: journal.add_listener(lambda _: changed.set())
        )
        timer.start()
        try:
            yield
            while not over.is_set():
                changed.wait()
                changed.clear()
                yield
        finally:
            timer.cancel()
            self._server.read_journal(lambda _: stop_listening())

    def clear(self) -> None:
        """Forget all exchanges."""
        self._server.read_journal(Journal.clear)


class JournalAssertions:
    """The calls that reached a server since it was last reset, oldest first.

    Every method takes the same criteria, of which those that are given must all hold:

    - `operation`: an operationId of either API.
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

    def __init__(self, server: MockServer | JournalSource) -> None:
        """Look at the journal of a server, or at another source of exchanges."""
        self._source = LocalJournal(server) if isinstance(server, MockServer) else server

    def calls(
        self, operation: OperationId | None = None, /, **criteria: Unpack[CriteriaArguments]
    ) -> list[Call]:
        """Return the calls that match, oldest first."""
        __tracebackhide__ = True
        found = self._search(Criteria.of(operation, criteria))
        self._demand_all(found)
        return [*map(Call, found.matching)]

    def assert_called(
        self,
        operation: OperationId | None = None,
        /,
        *,
        times: int | None = None,
        **criteria: Unpack[CriteriaArguments],
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
        found = self._search(Criteria.of(operation, criteria))
        count = len(found.matching)
        if times is None and count:
            return [*map(Call, found.matching)]
        if times is None or count <= times:  # what was dropped might still change the verdict
            self._demand_all(found)
        if times is None or count != times:
            expected = "at least 1 call" if times is None else messages.exactly(times)
            too_many = times is not None and count > times
            raise AssertionError(messages.of_count(found, expected=expected, too_many=too_many))
        return [*map(Call, found.matching)]

    def assert_called_once(
        self, operation: OperationId | None = None, /, **criteria: Unpack[CriteriaArguments]
    ) -> Call:
        """Demand that exactly one call matches, and return it.

        Raises:
            AssertionError: It is another number, as `assert_called` says it.
        """
        __tracebackhide__ = True
        return self.assert_called(operation, times=1, **criteria)[0]

    def assert_not_called(
        self, operation: OperationId | None = None, /, **criteria: Unpack[CriteriaArguments]
    ) -> None:
        """Demand that no call matches; without any criterion, that there was none at all.

        Raises:
            AssertionError: There are some; the text shows them.
        """
        __tracebackhide__ = True
        self.assert_called(operation, times=0, **criteria)

    def wait_for_call(
        self,
        operation: OperationId | None = None,
        /,
        *,
        times: int = 1,
        timeout: float | str = 5.0,
        **criteria: Unpack[CriteriaArguments],
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
        return self._wait(Criteria.of(operation, criteria), times, timeout)

    async def wait_for_call_async(
        self,
        operation: OperationId | None = None,
        /,
        *,
        times: int = 1,
        timeout: float | str = 5.0,  # noqa: ASYNC109 - its end is a failed assertion
        **criteria: Unpack[CriteriaArguments],
    ) -> Call:
        """Wait as `wait_for_call` does, while the event loop of the test goes on."""
        __tracebackhide__ = True
        looked_for = Criteria.of(operation, criteria)

        def outcome() -> Call | Exception:
            try:
                return self._wait(looked_for, times, timeout)
            except Exception as error:  # noqa: BLE001 - raised below, in the test's own thread
                return error

        found = await asyncio.to_thread(outcome)
        if isinstance(found, Exception):
            # Raised here, the thread's part in it is not shown.
            raise found.with_traceback(None)
        return found

    @property
    def last(self) -> Call:
        """The latest call.

        Raises:
            AssertionError: There was none.
        """
        __tracebackhide__ = True
        exchanges = self._source.exchanges()
        if not exchanges:
            raise AssertionError(messages.EMPTY)
        return Call(exchanges[-1])

    def violations(self) -> list[Call]:
        """Return the calls in which the client broke the contract, warnings included."""
        return [call for call in self if call.violations]

    def clear(self) -> None:
        """Forget all calls so far; what they broke in the contract still counts at teardown."""
        self._source.clear()

    def __iter__(self) -> Iterator[Call]:
        return iter([*map(Call, self._source.exchanges())])

    def __len__(self) -> int:
        return len(self._source.exchanges())

    def __bool__(self) -> bool:
        """Return True: an empty journal is one too."""
        return True

    def __repr__(self) -> str:
        return f"<journal of {len(self)} calls>"

    def _search(self, criteria: Criteria) -> Found:
        """Return what of the journal matches and what does not.

        Raises:
            BadCriterion: The criteria hang on something that the journal does not keep, or
                `since` names no call.
        """
        __tracebackhide__ = True
        matching, others = list[Exchange](), []
        for exchange in self._later(criteria):
            unlike = criteria.differences(exchange)
            if unlike:
                others.append((exchange, unlike))
            else:
                matching.append(exchange)
        found = Found(criteria, matching, others)
        if found.uncertain:
            raise BadCriterion(messages.of_uncertainty(found))
        return found

    def _later(self, criteria: Criteria) -> Sequence[Exchange]:
        """Return the exchanges after the one that `since` names."""
        __tracebackhide__ = True
        exchanges, since = self._source.exchanges(), criteria.since
        if since is None:
            return exchanges
        for index, exchange in enumerate(exchanges):
            if exchange.request_id == since:
                return exchanges[index + 1 :]
        try:
            self._source.overflow(JournalQuery(since=since))
        except LookupError as error:
            raise BadCriterion(f"since: {error}") from None
        return exchanges  # that call was dropped, so that all that is left is later

    def _demand_all(self, found: Found) -> None:
        """Demand that nothing was dropped which may have been looked for.

        Raises:
            JournalOverflow: Something was.
        """
        __tracebackhide__ = True
        reason = self._source.overflow(found.criteria.kind)
        if reason:
            raise JournalOverflow(messages.of_overflow(found, reason))

    def _wait(self, criteria: Criteria, times: int, timeout: float | str) -> Call:
        """Return the `times`-th call that matches, as soon as it is there.

        Raises:
            AssertionError: It did not come in time.
            BadCriterion: A criterion, `times` or `timeout` makes no sense.
        """
        __tracebackhide__ = True
        if not is_whole(times) or times < 1:
            raise BadCriterion(f"times is a number of calls from 1, not {shown(times)}")
        try:
            seconds = parse_duration(timeout)
        except ValueError as error:
            raise BadCriterion(f"timeout: {error}") from None
        found = Found(criteria, (), ())
        with closing(self._source.changes(seconds)) as changes:
            for _ in changes:
                found = self._search(criteria)
                if len(found.matching) >= times:
                    return Call(found.matching[times - 1])
        expected = "a call" if times == 1 else f"{times} calls"
        text = messages.of_count(found, expected=expected, seconds=seconds)
        raise AssertionError(text + _hint_at_event_loop())


def _hint_at_event_loop() -> str:
    """Return a hint where the wait itself may have been what the client waited for."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return (
        "\nThe event loop of this test stood still meanwhile, and any client in it:"
        " await journal.wait_for_call_async(...) instead."
    )
