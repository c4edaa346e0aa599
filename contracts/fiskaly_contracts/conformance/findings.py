"""What a check found, one thing at a time, and the file that says which of it is known.

A baseline is JSON (its names are stable):

    {"schema": 1, "kind": "conformance-baseline",
     "findings": [{"id": "0123456789ab", "reason": "ticket 17", "until": "2027-01-31"}]}

`reason` is required. From the day after `until` on the finding counts again.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from fiskaly_contracts.json_value import JsonValue, tokens_of
from fiskaly_contracts.violations import Severity

SCHEMA: Final = 1
BASELINE_KIND: Final = "conformance-baseline"
REPORT_KIND: Final = "conformance-report"
ID_DIGITS: Final = 12
_MEMBERS = frozenset({"id", "reason", "until"})


class Side(StrEnum):
    """Whose part of an exchange a finding is about."""

    REQUEST = "request"
    RESPONSE = "response"
    CONTRACT = "contract"


class BaselineError(ValueError):
    """What should be a baseline is none; the text names file, entry and rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. It never holds a secret.

    Attributes:
        operation: The operationId; of a call of no operation its method and path.
        rule: The schema keyword, or the named rule.
        side: Whose fault it is.
        status: The HTTP status of the exchange; 0 where there was none.
        part: Of the message, as "body"; "" for a contract.
        pointer: JSON pointer inside `part`.
        severity: A warning fails nothing unless it is asked to.
        message: All of it in one sentence.
        expected: What would have been right.
        got: What came, in words that are safe to print.
        curl: The request as a command, its secrets as variables; "" where there is none.
        assumption: The numbered assumptions that the expectation rests on; "" for none.
        seen: Where it was seen first, as "entry 3 of run.har".
        count: How often it was seen.
    """

    operation: str
    rule: str
    side: Side
    status: int = 0
    part: str = ""
    pointer: str = ""
    severity: Severity = Severity.ERROR
    message: str = ""
    expected: str = ""
    got: str = ""
    curl: str = ""
    assumption: str = ""
    seen: str = ""
    count: int = 1

    @property
    def id(self) -> str:
        """A name that stays the same as long as operation, status, rule and place do.

        >>> one = Finding(operation="a", rule="type", side=Side.RESPONSE, pointer="/data/0/x")
        >>> one.id == replace(one, pointer="/data/7/x", message="other", count=2).id
        True
        >>> one.id == replace(one, side=Side.REQUEST).id
        False
        """
        tokens = ("[]" if token.isdigit() else token for token in tokens_of(self.pointer))
        place = "/".join((self.side, self.part, *tokens))
        hashed = "\n".join((self.operation, str(self.status), self.rule, place))
        return hashlib.sha256(hashed.encode("utf-8", "backslashreplace")).hexdigest()[:ID_DIGITS]

    @property
    def where(self) -> str:
        """The place in words.

        >>> Finding(operation="a", rule="type", side=Side.RESPONSE, part="body", pointer="/x").where
        'response body /x'
        """
        return " ".join(filter(None, (self.side.value, self.part, self.pointer)))

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as reports write it."""
        return {
            "id": self.id,
            "operation": self.operation,
            "status": self.status,
            "side": self.side.value,
            "part": self.part,
            "pointer": self.pointer,
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "expected": self.expected,
            "got": self.got,
            "curl": self.curl,
            "assumption": self.assumption,
            "seen": self.seen,
            "count": self.count,
        }


class Findings:
    """Collects findings; the same one again is counted, not repeated."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[str, Finding] = {}

    def add(self, *findings: Finding) -> None:
        """Take findings in the order they were seen; the graver of two that are alike stays."""
        for one in findings:
            first = self._known.setdefault(one.id, one)
            if first is not one:
                graver = one if first.severity is Severity.WARNING else first
                self._known[one.id] = replace(graver, count=first.count + one.count)

    def __iter__(self) -> Iterator[Finding]:
        """Go through them, the first seen first."""
        return iter([*self._known.values()])

    def __len__(self) -> int:
        """How many different ones there are."""
        return len(self._known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One entry of a baseline: a finding that somebody has decided to live with."""

    id: str
    reason: str
    until: dt.date | None = None

    @classmethod
    def from_json(cls, entry: object, place: str) -> "Known":
        """Read an entry; `place` names it in messages.

        Raises:
            BaselineError: It is none.
        """
        if not isinstance(entry, dict):
            raise BaselineError(f"{place} should be an object")
        unknown = sorted(entry.keys() - _MEMBERS)
        if unknown:
            raise BaselineError(f"{place} has the unknown {unknown[0]!r:.40}")
        for name in ("id", "reason"):
            if not isinstance(entry.get(name), str) or not entry[name].strip():
                raise BaselineError(f"{place}.{name} should be a text that is not empty")
        try:
            until = dt.date.fromisoformat(entry["until"]) if "until" in entry else None
        except (TypeError, ValueError) as error:
            raise BaselineError(f"{place}.until should be a date as 2027-01-31") from error
        return cls(id=entry["id"], reason=entry["reason"], until=until)

    def expired(self, today: dt.date) -> bool:
        """Whether its day has passed."""
        return self.until is not None and today > self.until


def read_baseline(path: Path) -> tuple[Known, ...]:
    """Read a baseline.

    Raises:
        BaselineError: It cannot be read or is none; the text names file, entry and rule.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise BaselineError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{path} is not JSON") from error
    if not isinstance(document, dict) or document.get("kind") != BASELINE_KIND:
        raise BaselineError(f'{path} is no baseline: it has no "kind": "{BASELINE_KIND}"')
    if document.get("schema") != SCHEMA:
        raise BaselineError(f"{path}: schema should be {SCHEMA}")
    entries = document.get("findings")
    if not isinstance(entries, list):
        raise BaselineError(f"{path}: findings should be an array")
    known: dict[str, Known] = {}
    for index, entry in enumerate(entries):
        one = Known.from_json(entry, f"{path}: findings[{index}]")
        if one.id in known:
            raise BaselineError(f"{path}: findings[{index}].id {one.id} stands there twice")
        known[one.id] = one
    return tuple(known.values())


def baseline_of(findings: Iterable[Finding], reason: str) -> dict[str, JsonValue]:
    """Return a baseline with an entry for each finding, for `read_baseline`."""
    entries: list[JsonValue] = [
        {"id": one.id, "reason": f"{reason}: {one.operation} {one.status} {one.rule} {one.where}"}
        for one in findings
    ]
    return {"schema": SCHEMA, "kind": BASELINE_KIND, "findings": entries}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a run of a check ended.

    Attributes:
        check: The verb, as "verify".
        target: What was checked: an address, or files.
        findings: What is new; those that count.
        known: What the baseline names, with its entry.
        stale: Entries of the baseline that nothing was found for.
        expired: Entries whose day has passed; their findings count.
        counted: Figures by name, as exchanges and operations.
        passed: The operations that were checked and have no finding.
        not_verified: What could not be looked at, and why.
        leftovers: What was made on the server and stays there, and why.
        notes: Other sentences for whoever reads the report.
    """

    check: str
    target: str
    findings: Sequence[Finding] = ()
    known: Sequence[tuple[Finding, Known]] = ()
    stale: Sequence[Known] = ()
    expired: Sequence[Known] = ()
    counted: Mapping[str, int] = field(default_factory=dict)
    passed: Sequence[str] = ()
    not_verified: Sequence[tuple[str, str]] = ()
    leftovers: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()

    def against(self, baseline: Sequence[Known], today: dt.date) -> "Report":
        """Return the report with the findings that a baseline names set apart."""
        entries = {one.id: one for one in baseline}
        valid = {name: one for name, one in entries.items() if not one.expired(today)}
        found = {one.id for one in self.findings}
        return replace(
            self,
            findings=tuple(one for one in self.findings if one.id not in valid),
            known=tuple((one, valid[one.id]) for one in self.findings if one.id in valid),
            stale=tuple(one for name, one in entries.items() if name not in found),
            expired=tuple(one for one in entries.values() if one.expired(today)),
        )

    def failing(self, threshold: Severity = Severity.ERROR) -> tuple[Finding, ...]:
        """Return the findings that fail a build: errors, or warnings too."""
        return tuple(
            one
            for one in self.findings
            if threshold is Severity.WARNING or one.severity is Severity.ERROR
        )

    @property
    def headline(self) -> str:
        """The outcome in one line."""
        errors = len(self.failing())
        counts = [_number(errors, "error"), _number(len(self.findings) - errors, "warning")]
        if self.known:
            counts.append(f"{len(self.known)} known")
        counts += [f"{count} {name}" for name, count in self.counted.items()]
        return f"{self.check} {self.target}: {', '.join(counts)}"

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as `--report FILE.json` writes it."""
        return {
            "schema": SCHEMA,
            "kind": REPORT_KIND,
            "check": self.check,
            "target": self.target,
            "counted": dict(self.counted),
            "findings": [one.as_json() for one in self.findings],
            "known": [
                {**one.as_json(), "reason": entry.reason, "until": _day(entry.until)}
                for one, entry in self.known
            ],
            "stale": [_entry(one) for one in self.stale],
            "expired": [_entry(one) for one in self.expired],
            "passed": [*self.passed],
            "not_verified": [{"what": what, "why": why} for what, why in self.not_verified],
            "leftovers": [{"what": what, "why": why} for what, why in self.leftovers],
            "notes": [*self.notes],
        }


def _entry(one: Known) -> JsonValue:
    return {"id": one.id, "reason": one.reason, "until": _day(one.until)}


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(count: int, noun: str) -> str:
    """Count things in words.

    >>> _number(1, "error"), _number(0, "warning")
    ('1 error', '0 warnings')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"
