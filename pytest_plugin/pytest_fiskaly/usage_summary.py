"""The end of a test run in words: what of the API was used, and how the contract was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_fiskaly.usage_counts import Counts


def summary(
    terminal: pytest.TerminalReporter,
    counts: Counts,
    *,
    quiet: bool,
    table: bool,
    asked: bool,
    lost: tuple[int, int],
) -> None:
    """Write one line; more of it where there were violations or coverage was asked for.

    Args:
        terminal: Where to write.
        counts: Those of all processes.
        quiet: Only one line, and that only if there is something to tell.
        table: Write the whole table, if anything was used.
        asked: Whether coverage was asked for.
        lost: How many workers of how many told nothing.
    """
    if counts.breaches.requests and not quiet:
        terminal.write_sep("=", "fiskaly: violations of the contract")
        for line in counts.breaches.lines():
            terminal.write_line(line)
    if table and counts.used:
        _table(terminal, counts)
    if asked or counts.breaches.requests or not quiet:
        terminal.write_line(_line(counts), yellow=bool(counts.breaches.requests))
    missing, workers = lost
    if missing > 0:
        terminal.write_line(
            f"fiskaly: {missing} of {workers} workers were stopped or crashed: what they did is"
            " not counted",
            yellow=True,
        )


def _table(terminal: pytest.TerminalReporter, counts: Counts) -> None:
    from fiskaly_contracts.coverage.report import apart, rows, totals

    width = terminal.config.get_terminal_writer().fullwidth
    terminal.write_sep("=", "fiskaly: coverage of the contract")
    for line in (*rows(counts.coverage, width), *apart(counts.coverage, width)):
        terminal.write_line(line)
    terminal.write_line(totals(counts.coverage))


def _line(counts: Counts) -> str:
    operations = counts.coverage.scores()["operations"]
    exchanges = counts.coverage.exchanges
    heard = f"{exchanges} exchange{'' if exchanges == 1 else 's'}"
    exercised = f"{operations.exercised} of {operations.total} operations exercised"
    return f"fiskaly: {exercised}, {heard}, {_violations(counts)}"


def _violations(counts: Counts) -> str:
    breaches = counts.breaches
    if not breaches.requests:
        if not counts.unwatched:
            return "no violations"
        if counts.unwatched == counts.coverage.exchanges:
            return "the contract was not watched"
        return f"no violations, but {_number(counts.unwatched, 'exchange')} not watched"
    parts = []
    if within := breaches.requests - breaches.outside:
        parts.append(f"{_number(within, 'request')} of {_number(breaches.tests, 'test')}")
    if breaches.outside:
        parts.append(f"{_number(breaches.outside, 'request')} outside any test")
    return f"{' and '.join(parts)} broke the contract"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
