"""One line per request on stderr. No header, body, query string or token is in it."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from fiskaly_mockserver.world.journal import Exchange

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
        self._render = _json if as_json else _text

    def write(self, exchange: Exchange) -> None:
        """Write the line of an exchange, if its level is wanted."""
        if level_of(exchange) >= self._level:
            click.echo(self._render(exchange), err=True)
            if exchange.crash:
                click.echo(exchange.crash, err=True)


def level_of(exchange: Exchange) -> int:
    """Return how much an exchange matters."""
    if exchange.is_our_fault:
        return logging.ERROR
    return logging.WARNING if exchange.violations else logging.INFO


def _fields(exchange: Exchange) -> dict[str, str | int | float | list[str]]:
    """Return time, method, path, operation, status, ms, request id, and what was wrong."""
    at = datetime.fromtimestamp(exchange.at, UTC)
    return {
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "method": exchange.method,
        "path": exchange.path,
        "operation": exchange.operation_id or "-",
        "status": exchange.status,
        "ms": round(exchange.duration * 1000, 1),
        "request_id": exchange.request_id,
        "refused_by": exchange.refusal,
        "violations": [
            violation.sentence()
            for violation in (*exchange.violations, *exchange.response_violations)
        ],
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
    return _printable(f"{line} {'; '.join(notes)}" if notes else line)


def _sentences(exchange: Exchange) -> list[str]:
    return [
        violation.sentence() for violation in (*exchange.violations, *exchange.response_violations)
    ]


def _printable(line: str) -> str:
    """Escape what would break the line or the terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in line
    )
