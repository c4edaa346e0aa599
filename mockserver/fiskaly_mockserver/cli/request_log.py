"""One line per request on stderr. No header, body, query string or token is in it."""

import json
import logging
import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from threading import Condition, Event, Thread
from typing import TextIO

from fiskaly_contracts import Violation
from fiskaly_contracts.json_value import one_line

from fiskaly_mockserver.world.journal.exchange import Exchange, iso
from fiskaly_mockserver.world.names import DASHBOARD_PREFIX

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL + 1,
}
MOST_WAITING = 2_000
"""Lines that wait for a reader; of what comes on top only the number is kept."""
AT_ONCE = 4096
"""Bytes of one write: a pipe that takes any takes so many."""
GATHERING = 0.05
"""Seconds in which further lines are gathered for the next write: to wake a thread for each
costs a busy server more than all else about the line."""
PAUSE = 0.05
"""Seconds between two looks whether a reader goes on."""
INTERVAL = 1.0
"""Seconds that pass between two messages of the same kind from a library."""
MOST_KINDS = 100
_REFUSED = HTTPStatus.BAD_REQUEST.value
"""Statuses from here on have a page of what was wrong."""
LONGEST_END = 1.0
"""Seconds that the last lines may take; a reader that does not read is not waited for."""


class LineWriter:
    """Writes lines to a stream in a thread of its own, so that nobody waits for its reader.

    Who starts a server often holds its output in a pipe and does not read it. A full pipe
    blocks the next write, which must not be one of the event loop.
    """

    def __init__(
        self,
        stream: TextIO | None,
        *,
        line_of: Callable[[Exchange], str] = str,
        dropped: Callable[[int], str] = "{} lines were dropped".format,
        limit: int = MOST_WAITING,
    ) -> None:
        """Take a stream.

        Args:
            stream: Where lines go; nowhere if it is None.
            line_of: Words an exchange. It is called in the writer's thread, where the work for
                many in a row costs a third of what it does between requests.
            dropped: Words how many lines nobody read.
            limit: How many lines wait at most.
        """
        self._stream = stream
        self._line_of = line_of
        self._describe_dropped = dropped
        self._limit = limit
        self._waiting: deque[str | Exchange] = deque()
        self._dropped = 0
        self._changed = Condition()
        self._ending = Event()
        self._idle = True
        self._thread: Thread | None = None

    def write(self, line: str | Exchange) -> None:
        """Write a line as soon as the stream takes it; drop it if too many wait already."""
        if self._stream is None:
            return
        if len(self._waiting) >= self._limit:
            with self._changed:
                self._dropped += 1
            return
        self._waiting.append(line)
        if self._idle:
            self._wake()

    def close(self) -> None:
        """Wait for the lines that the reader still takes, and for nothing else."""
        end = time.monotonic() + LONGEST_END
        self._ending.set()
        with self._changed:
            while not self._idle and time.monotonic() < end and _takes_more(self._stream):
                self._changed.wait(PAUSE)

    def _wake(self) -> None:
        with self._changed:
            self._idle = False
            self._changed.notify_all()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="fiskaly-mockserver-log", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        waiting = self._waiting
        while True:
            lines = [waiting.popleft() for _ in range(len(waiting))]
            _write(self._stream, "".join([f"{self._text(line)}\n" for line in lines]))
            with self._changed:
                if self._dropped:
                    waiting.append(self._describe_dropped(self._dropped))
                    self._dropped = 0
                self._idle = True
                if waiting:  # looked at after that: who adds a line looks in the other order
                    self._idle = False
                self._changed.notify_all()
                while self._idle:
                    self._changed.wait()
            self._ending.wait(GATHERING)

    def _text(self, line: str | Exchange) -> str:
        if isinstance(line, str):
            return line
        try:
            return self._line_of(line)
        except Exception as error:  # noqa: BLE001 - the lines after it are due all the same
            return f"a line of this log failed: {type(error).__name__}"


def _write(stream: TextIO | None, text: str) -> None:
    """Write text to a stream, past its buffer where it has a file descriptor.

    A thread that is blocked holds no lock of the buffer then, which the end of the process
    would wait for.
    """
    descriptor = _descriptor(stream)
    if stream is None:
        return
    if descriptor is None:
        with suppress(OSError, ValueError):
            stream.write(text)
            stream.flush()
        return
    data = text.replace("\n", os.linesep).encode(stream.encoding or "ascii", "backslashreplace")
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest[:AT_ONCE]) :]
        except BlockingIOError:
            time.sleep(PAUSE)
        except OSError:
            return  # nobody will ever read it


def _takes_more(stream: TextIO | None) -> bool:
    """Tell whether a stream takes bytes right now; True where that cannot be known."""
    descriptor = _descriptor(stream)
    try:
        return descriptor is None or bool(select.select([], [descriptor], [], 0)[1])
    except (OSError, ValueError):
        return True


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


class RequestLog:
    """Writes finished exchanges: crashes as errors, breaches of the contract as warnings.

    Attributes:
        pages: Whether the Dashboard shows each request, so that the line has its address.
    """

    def __init__(self, stream: TextIO | None, *, level: str, as_json: bool) -> None:
        self.pages = False
        self._level = LEVELS[level]
        self._takes_all = self._level <= logging.INFO
        self._as_json = as_json
        self._writer = LineWriter(stream, line_of=self._line, dropped=self._dropped)

    def write(self, exchange: Exchange) -> None:
        """Write the line of an exchange, if its level is wanted."""
        if self._takes_all or level_of(exchange) >= self._level:
            self._writer.write(exchange)
            if exchange.crash:
                self._writer.write(exchange.crash)

    def note(self, text: str) -> None:
        """Write a text as it is, whatever the level."""
        self._writer.write(text)

    def write_message(self, message: str, *, at: float, trace: str = "") -> None:
        """Write a message in this log's form, and below it a traceback; `at` is unix seconds."""
        if self._as_json:
            self._writer.write(json.dumps({"time": iso(at), "message": message}))
        else:
            self._writer.write(one_line(f"{iso(at)} {message}"))
        if trace:
            self._writer.write(trace)

    @contextmanager
    def take_over(self) -> Iterator[None]:
        """Write what the libraries have to say in this log's form and level too."""
        root, handler = logging.getLogger(), _Lines(self, self._level)
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)
            self._writer.close()

    def _line(self, exchange: Exchange) -> str:
        return (
            json.dumps(_fields(exchange))
            if self._as_json
            else request_line(exchange, pages=self.pages)
        )

    def _dropped(self, number: int) -> str:
        message = f"{number} lines of this log were dropped: nobody read them in time"
        now = iso(time.time())
        return (
            json.dumps({"time": now, "message": message}) if self._as_json else f"{now} {message}"
        )


class _Lines(logging.Handler):
    """Writes records of the standard library's logging as lines of a request log."""

    def __init__(self, log: RequestLog, level: int) -> None:
        super().__init__(level)
        self._log = log
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, and below it the traceback of what nobody expected.

        Where the same happens again and again, as when the file descriptors have run out,
        it is one line a second, with the number of those in between.
        """
        message = record.getMessage()
        kind = (record.name, str(record.msg).partition("\n")[0])
        since, unsaid = self._last.get(kind, (-INTERVAL, 0))
        if 0 <= record.created - since < INTERVAL:
            self._last[kind] = (since, unsaid + 1)
            return
        if len(self._last) > MOST_KINDS:
            self._last.clear()
        self._last[kind] = (record.created, 0)
        more = f" ({unsaid} more like it before)" if unsaid else ""
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self._log.write_message(message + more, at=record.created, trace=trace)


def level_of(exchange: Exchange) -> int:
    """Return how much an exchange matters."""
    if exchange.is_our_fault:
        return logging.ERROR
    return logging.WARNING if exchange.violations else logging.INFO


def _fields(exchange: Exchange) -> dict[str, str | int | float | list[str]]:
    """Return time, method, path, operation, status, ms, request id, and what was wrong."""
    return {
        "time": exchange.at_text,
        "method": exchange.method,
        "path": exchange.path,
        "operation": exchange.operation_id or "-",
        "status": exchange.status,
        "ms": round(exchange.duration * 1000, 1),
        "request_id": exchange.request_id,
        "refused_by": exchange.refusal,
        "fault": exchange.fault,
        "violations": _sentences(exchange),
    }


def request_line(exchange: Exchange, *, pages: bool = False) -> str:
    """Return an exchange in one line for people; with `pages` a refused one has its address."""
    line = (
        f"{exchange.at_text} {exchange.method} {exchange.path} {exchange.operation_id or '-'}"
        f" {exchange.status} {exchange.duration * 1000:.1f}ms "
    )
    refused = exchange.violations or exchange.status >= _REFUSED
    if not (refused or exchange.response_violations or exchange.fault or exchange.refusal):
        return one_line(line + exchange.request_id)
    page = f"{DASHBOARD_PREFIX}/requests/" if refused and pages else ""
    notes = [*filter(None, (exchange.fault, exchange.refusal)), *_sentences(exchange)]
    return one_line(f"{line}{page}{exchange.request_id} {'; '.join(notes)}".rstrip())


def _sentences(exchange: Exchange) -> list[str]:
    return [*map(Violation.sentence, (*exchange.violations, *exchange.response_violations))]
