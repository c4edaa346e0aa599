"""One line per request on stderr. No header, body, query string or token is in it."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import click

from fiskaly_mockserver.cli.output import printable
from fiskaly_mockserver.world.journal.exchange import Exchange, iso

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL + 1,
}


class RequestLog:
    """Writes finished exchanges: crashes as errors, breaches of the contract as warnings."""

    def __init__(self, *, level: str, as_json: bool) -> None:
        self._level = LEVELS[level]
        self._as_json = as_json
        self._render = _json if as_json else _text

    def write(self, exchange: Exchange) -> None:
        """Write the line of an exchange, if its level is wanted."""
        if level_of(exchange) >= self._level:
            _write(self._render(exchange), exchange.crash)

    @contextmanager
    def take_over(self) -> Iterator[None]:
        """Write what the libraries have to say in this log's form and level too."""
        root, handler = logging.getLogger(), _Lines(self._level, as_json=self._as_json)
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)


class _Lines(logging.Handler):
    """Writes records of the standard library's logging as lines of a request log."""

    def __init__(self, level: int, *, as_json: bool) -> None:
        super().__init__(level)
        self._as_json = as_json

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, and below it the traceback of what nobody expected."""
        time, message = iso(record.created), record.getMessage()
        if self._as_json:
            line = json.dumps({"time": time, "message": message})
        else:
            line = printable(f"{time} {message}")
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        _write(line, trace)


def _write(*lines: str) -> None:
    """Write what there is; a log that nobody reads any more is no reason to stop serving."""
    with suppress(OSError, ValueError):
        for line in lines:
            if line:
                click.echo(line, err=True)


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
        "violations": _sentences(exchange),
    }


def _json(exchange: Exchange) -> str:
    return json.dumps(_fields(exchange), ensure_ascii=True)


def _text(exchange: Exchange) -> str:
    fields = _fields(exchange)
    line = (
        f"{fields['time']} {fields['method']} {fields['path']} {fields['operation']}"
        f" {fields['status']} {fields['ms']}ms {fields['request_id']}"
    )
    notes = [*([exchange.refusal] if exchange.refusal else []), *_sentences(exchange)]
    return printable(f"{line} {'; '.join(notes)}" if notes else line)


def _sentences(exchange: Exchange) -> list[str]:
    return [
        violation.sentence() for violation in (*exchange.violations, *exchange.response_violations)
    ]
