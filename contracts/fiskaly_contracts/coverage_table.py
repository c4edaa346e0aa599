"""Coverage as text for a terminal: a row for each operation, and what was left out."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from fiskaly_contracts.coverage import ContractCoverage
from fiskaly_contracts.coverage_results import OperationCoverage, Score

WIDTH = 100
"""Columns, unless told otherwise."""
_INDENT = "    "
_HEADS = ("operation", "calls", "statuses seen", "not seen", "fields")
_LABELS = {"operations": "operations", "statuses": "statuses", "fields": "request fields"}


def rows(coverage: ContractCoverage, width: int = WIDTH) -> Iterator[str]:
    """Yield the lines of the table: every operation, and below it the fields not sent.

    Of an operation that was never called the fields are not listed: it is all of them.

    >>> from fiskaly_contracts import Contract
    >>> next(rows(ContractCoverage(Contract.bundled()))).split()[:2]
    ['operation', 'calls']
    """
    operations = coverage.operations()
    cells = [_cells(one) for one in operations]
    widths = [max(map(len, column)) for column in zip(_HEADS, *cells, strict=True)]
    yield _row(_HEADS, widths)
    for one, line in zip(operations, cells, strict=True):
        yield _row(line, widths)
        if one.exercised and one.fields_left:
            yield from _wrapped("not sent: " + " ".join(one.fields_left), width)


def totals(coverage: ContractCoverage) -> str:
    """Say the scores in one line, the overall one last.

    >>> from fiskaly_contracts import Contract
    >>> totals(ContractCoverage(Contract.bundled())).split(",")[0]
    'operations 0 of 20 (0.0 %)'
    """
    scores = coverage.scores()
    parts = [f"{label} {_score(scores[name])}" for name, label in _LABELS.items()]
    return f"{', '.join(parts)}; overall {_score(scores['overall'])}"


def apart(coverage: ContractCoverage, width: int = WIDTH) -> Iterator[str]:
    """Yield what was counted apart: statuses that do not count, and unknown routes."""
    entries = [
        f"{one.operation_id} {_times(one.other_statuses)}"
        for one in coverage.operations()
        if one.other_statuses
    ]
    unknown = coverage.unknown()
    if unknown:
        entries.append(f"unknown routes {_times(unknown)}")
    if entries:
        yield "counted apart, in no percentage:"
        yield from _wrapped(", ".join(entries), width)


def _cells(one: OperationCoverage) -> tuple[str, ...]:
    total = len(one.fields) + len(one.fields_left)
    return (
        one.operation_id,
        str(one.calls),
        " ".join(map(str, one.statuses)) or "-",
        " ".join(map(str, one.statuses_left)) or "-",
        f"{len(one.fields)} of {total}" if total else "-",
    )


def _row(cells: Iterable[str], widths: Iterable[int]) -> str:
    name, calls, *rest = zip(cells, widths, strict=True)
    texts = [text.ljust(width) for text, width in rest]
    return "  ".join([name[0].ljust(name[1]), calls[0].rjust(calls[1]), *texts]).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, 2 * len(_INDENT)),
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _score(score: Score) -> str:
    return f"{score.exercised} of {score.total} ({score})"


def _times(counts: Mapping[int, int]) -> str:
    return " ".join(
        f"{status or 'no answer'} ({calls}x)" if calls > 1 else str(status or "no answer")
        for status, calls in counts.items()
    )
