"""Coverage as JSON, to keep it, send it to another process and add it up; and as text.

The document (its names are stable; `schema` changes if one does not mean the same any more):

    {"schema": 2, "kind": "contract-coverage", "contracts": {
        "management": {
            "version": "0.12.0", "exchanges": 14,
            "scores": {"operations": {"exercised": 2, "total": 20, "percent": 10.0},
                       "statuses": …, "fields": …, "overall": …},
            "operations": {"createOrganization": {
                "method": "POST", "path": "/organizations", "calls": 12,
                "statuses": {"200": 10, "409": 1}, "statuses_left": [401, …],
                "other_statuses": {"503": 1},
                "fields": ["(OrganizationCreate)", "/name", …], "fields_left": ["?…", …]}, …},
            "unknown_routes": {"404": 2}},
        "sign-de": …}}

Both contracts and every operation of them are there, used or not. `percent` is cut after one
decimal. What the names mean is told in `coverage` and `coverage.fields`. Reading takes the
versions of the contracts, the counts and the fields from it; the rest follows from the contracts.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fiskaly_contracts.coverage import ContractCoverage, Coverage, OperationCoverage, Score
from fiskaly_contracts.json_value import JsonValue, kind_of

SCHEMA = 2
KIND = "contract-coverage"
_STATUS_DIGITS = 3

WIDTH = 100
"""Columns, unless told otherwise."""
_INDENT = "    "
_HEADS = ("operation", "calls", "statuses seen", "not seen", "fields")
_LABELS = {"operations": "operations", "statuses": "statuses", "fields": "request fields"}


class CoverageError(ValueError):
    """What should be coverage cannot be used; the text says why and what to do."""


def as_json(coverage: Coverage) -> dict[str, JsonValue]:
    """Return the document described above.

    >>> [*as_json(Coverage())["contracts"]]
    ['management', 'sign-de']
    """
    return document(coverage.apis)


def document(apis: Mapping[str, ContractCoverage]) -> dict[str, JsonValue]:
    """Return the document of the coverage of some APIs, by their names."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "contracts": {name: contract_json(one) for name, one in apis.items()},
    }


def contract_json(coverage: ContractCoverage) -> dict[str, JsonValue]:
    """Return what the document has of one contract."""
    return {
        "version": coverage.contract.version,
        "exchanges": coverage.exchanges,
        "scores": {name: _score(score) for name, score in coverage.scores().items()},
        "operations": {one.operation_id: _operation(one) for one in coverage.operations()},
        "unknown_routes": _counted(coverage.unknown()),
    }


def from_json(value: object) -> Coverage:
    """Return what a document counted, as coverage of the contracts of this version.

    Operations that a contract does not have any more become unknown routes; fields that it does
    not have are left out.

    Raises:
        CoverageError: It is no such document, or of another version of form or contract.

    >>> from_json(as_json(Coverage())).exchanges
    0
    """
    read = _mapping(value, "the document")
    if read.get("kind") != KIND:
        raise CoverageError(f'it is no coverage of a contract: it has no "kind": "{KIND}"')
    if read.get("schema") != SCHEMA:
        raise CoverageError(
            f"its schema is {read.get('schema')!r:.40}, this version reads {SCHEMA}:"
            " write it again with this version"
        )
    contracts = _mapping(read.get("contracts"), "contracts")
    coverage = Coverage()
    for name, one in coverage.apis.items():
        if name in contracts:  # a server without SIGN DE tells of one
            _read_contract(one, _mapping(contracts[name], f"contracts.{name}"), name)
    return coverage


def load(path: Path) -> Coverage:
    """Read a file that `dump` wrote.

    Raises:
        CoverageError: It cannot be read, or is no such document; the text names the file.
    """
    try:
        return from_json(json.loads(path.read_bytes()))
    except OSError as error:
        raise CoverageError(f"cannot read {path}: {error.strerror or error}") from error
    except CoverageError as error:
        raise CoverageError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise CoverageError(f"{path} is not JSON") from error


def dump(coverage: Coverage, path: Path) -> None:
    """Write the document to a file, replacing what it held; folders are not made.

    Raises:
        CoverageError: The file cannot be written; the text names it.
    """
    text = json.dumps(as_json(coverage), ensure_ascii=False, indent=2) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CoverageError(f"cannot write {path}: {error.strerror or error}") from error


def _score(score: Score) -> JsonValue:
    return {"exercised": score.exercised, "total": score.total, "percent": score.rounded}


def _operation(one: OperationCoverage) -> JsonValue:
    return {
        "method": one.method,
        "path": one.path,
        "calls": one.calls,
        "statuses": _counted(one.statuses),
        "statuses_left": list(one.statuses_left),
        "other_statuses": _counted(one.other_statuses),
        "fields": list(one.fields),
        "fields_left": list(one.fields_left),
    }


def _counted(counts: Mapping[int, int]) -> JsonValue:
    return {str(status): calls for status, calls in counts.items()}


def _read_contract(coverage: ContractCoverage, read: Mapping[str, Any], name: str) -> None:
    if read.get("version") != coverage.contract.version:
        raise CoverageError(
            f"it is of version {read.get('version')!r:.40} of the contract {name}, not"
            f" {coverage.contract.version}: coverage of different versions cannot be compared"
        )
    for operation_id, entry in _mapping(read.get("operations"), "operations").items():
        _read(coverage, operation_id, _mapping(entry, f"operations.{operation_id}"))
    _tally(coverage, "", read.get("unknown_routes"), "unknown_routes")


def _read(coverage: ContractCoverage, operation_id: str, entry: Mapping[str, Any]) -> None:
    place = f"operations.{operation_id}"
    for key in ("statuses", "other_statuses"):
        _tally(coverage, operation_id, entry.get(key), f"{place}.{key}")
    fields = entry.get("fields")
    if not isinstance(fields, list) or not all(isinstance(one, str) for one in fields):
        raise CoverageError(f"{place}.fields should be an array of strings")
    coverage.add_fields(operation_id, fields)


def _tally(coverage: ContractCoverage, operation_id: str, counts: object, place: str) -> None:
    for status, calls in _mapping(counts, place).items():
        if not (status.isascii() and status.isdigit() and len(status) <= _STATUS_DIGITS):
            raise CoverageError(f"{place} should be counted by status, not by {status!r:.40}")
        if type(calls) is not int or calls < 1:
            raise CoverageError(f"{place}.{status} should be a count, not {kind_of(calls)}")
        coverage.add(operation_id, int(status), calls)


def _mapping(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise CoverageError(f"{place} should be an object, not {kind_of(value)}")
    return value


# ------------------------------------------------------------------ as text


def table(coverage: Coverage, width: int = WIDTH) -> Iterator[str]:
    """Yield the lines of all that was used: of each API that was called the table and the scores.

    >>> [*table(Coverage())][-1].split(",")[0]
    'management: operations 0 of 20 (0.0 %)'
    """
    used = coverage.used()
    for one in used.values():
        yield from rows(one, width)
        yield from apart(one, width)
    for name, one in used.items():
        yield f"{name}: {totals(one)}"


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
    parts = [f"{label} {_said(scores[name])}" for name, label in _LABELS.items()]
    return f"{', '.join(parts)}; overall {_said(scores['overall'])}"


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
        max(width, 1),
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _said(score: Score) -> str:
    return f"{score.exercised} of {score.total} ({score})"


def _times(counts: Mapping[int, int]) -> str:
    return " ".join(
        f"{status or 'no answer'} ({calls}x)" if calls > 1 else str(status or "no answer")
        for status, calls in counts.items()
    )
