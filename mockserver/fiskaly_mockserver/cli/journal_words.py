"""Exchanges and explanations as people read them, from the control API's JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from fiskaly_mockserver.cli.terminal import printable

WIDTH = 10


def exchange_line(exchange: Mapping[str, Any]) -> str:
    """Return an exchange in one line, as the server logs it, with the fault that struck.

    Time, method, path, operation, status (`-` where there was no answer), milliseconds,
    request id; then what refused it and how it broke the contract.
    """
    head = (
        exchange["at"],
        exchange["method"],
        exchange["path"],
        exchange["operation"] or "-",
        exchange["response"]["status"] or "-",
        f"{exchange['ms']:.1f}ms",
        exchange["request_id"],
    )
    notes = "; ".join(_notes(exchange))
    return printable(" ".join(map(str, head)) + (f" {notes}" if notes else ""))


def explanation_words(explanation: Mapping[str, Any]) -> str:
    """Return an explanation as a sentence, and below it what it rests on."""
    lines = [
        explanation["summary"],
        *(_row("state", f"{fact['what']}: {fact['value']}") for fact in explanation["state"]),
    ]
    if explanation["accepted"]:
        lines.append(_row("accepted", explanation["accepted"]))
    return "\n".join(map(printable, lines))


def _notes(exchange: Mapping[str, Any]) -> Iterator[str]:
    if exchange["fault"]:
        yield exchange["fault"]
    if exchange["refused_by"]:
        yield exchange["refused_by"]
    for violation in exchange["violations"]:
        yield violation["message"]


def _row(name: str, said: str) -> str:
    return f"  {name.ljust(WIDTH)}{said}"
