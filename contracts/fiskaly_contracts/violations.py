"""Breaches of the contract as data: where, which rule, what was expected, what came.

A violation never holds a secret: `got` is filled only for a scalar in a field that the
contract declares and does not mark as secret, and every sentence is built from the schema,
never from a library's error text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from fiskaly_contracts.json_value import JsonValue, dotted, quoted, tokens_of

EXPLAINED_AT_MOST = 100
"""Sentences that `explain` joins before it only counts the rest."""
VIOLATIONS_AT_MOST = 200
"""Violations that one check reports; a body of a megabyte can hold a hundred thousand."""
MESSAGE_AT_MOST = 8_000
"""Characters that `explain` joins before it only counts the rest."""
MEANT_AT_MOST = 3_000
"""Characters told of why the branch that was meant failed, before the rest is counted."""
BRANCH_AT_MOST = 1_000
"""The same for each other branch; a sentence that is longer stands alone."""


SCHEMA_RULES: Final = (
    "additionalProperties",
    "allOf",
    "anyOf",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "required",
    "type",
    "uniqueItems",
    "x-key-max-length",
)
"""The keywords of a schema, which name the rules that they stand for."""

NAMED_RULES: Final = (
    "bom",
    "depth",
    "duplicate-key",
    "empty-parameter",
    "encoding",
    "integer-digits",
    "json",
    "lexical",
    "lone-surrogate",
    "max-size",
    "media-type",
    "method",
    "nan",
    "number-range",
    "repeated-parameter",
    "unknown-route",
    "utf-8",
)
"""What is asked for beyond the schemas: of bodies, parameters, and where a request goes."""

REQUEST_RULES: Final = (*SCHEMA_RULES, *NAMED_RULES)
"""All there are; the rules of answers and of warnings are not among them."""


class Where(StrEnum):
    """The part of an exchange that broke the contract."""

    ROUTE = "route"
    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    BODY = "body"
    STATUS = "status"
    MEDIA_TYPE = "media_type"


class Severity(StrEnum):
    """Whether a violation refuses the message or is only worth telling."""

    ERROR = "error"
    WARNING = "warning"


_ROOTS = {
    Where.ROUTE: "route",
    Where.PATH: "params",
    Where.QUERY: "query",
    Where.HEADER: "headers",
    Where.BODY: "body",
    Where.STATUS: "status",
    Where.MEDIA_TYPE: "content-type",
}
_ROOM_FOR_COUNT = 40
_MARK = "\0"
_OF_THE_PARENT = frozenset({"required", "additionalProperties", "duplicate-key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One breach of the contract.

    Attributes:
        where: The part of the exchange.
        pointer: JSON pointer inside `where`; "/limit" for a parameter, "" for the whole. A missing
            or an unknown property is named itself, not its parent.
        rule: The schema keyword (`pattern`) or the named stricter rule (`duplicate-key`).
        expected: What the contract wants, in words.
        got: The offending scalar, shortened; None where it is secret, undeclared or no scalar.
        got_text: What came, in words that are safe to print.
        operation_id: Which operation was called; "" where none is known.
        severity: A warning never refuses a message.
        demand: The words behind the field's name in `sentence()`; "" takes them from `expected`.
        branches: For `oneOf` and `anyOf`: each branch's schema name and why it failed.
        closest: Whether the first branch is clearly the one that was meant.
    """

    where: Where
    pointer: str
    rule: str
    expected: str
    got: JsonValue = None
    got_text: str = ""
    operation_id: str = ""
    severity: Severity = Severity.ERROR
    demand: str = ""
    branches: "tuple[tuple[str, tuple[Violation, ...]], ...]" = ()
    closest: bool = False

    def sentence(self) -> str:
        """Say it in one sentence, worded as AJV would; never holds a secret.

        >>> Violation(where=Where.QUERY, pointer="/limit", rule="maximum", expected="at most 100",
        ...           demand="should be <= 100", got=101, got_text="101").sentence()
        'query.limit should be <= 100 (got 101)'
        """
        if self.branches and not self.demand:
            return self._sentence_of_branches()
        tokens = tokens_of(self.pointer)
        if self.rule in _OF_THE_PARENT:
            tokens = tokens[:-1]
        demand = self.demand or f"should be {self.expected}"
        notes = [self.expected] if self.rule == "enum" else []
        if self.got_text:
            notes.append(f"got {self.got_text}")
        note = f" ({'; '.join(notes)})" if notes else ""
        return f"{dotted(_ROOTS[self.where], tokens)} {demand}{note}"

    def _sentence_of_branches(self) -> str:
        if self.closest:
            name, why = self.branches[0]
            reasons = [violation.sentence() for violation in why]
            return f"{_joined(reasons, MEANT_AT_MOST)} (taken as {name})"
        tokens = tokens_of(self.pointer)
        place = dotted(_ROOTS[self.where], tokens)
        shared = self._shared()
        told = [violation.sentence() for violation in shared]
        own = [[one for one in why if one not in shared] for _, why in self.branches]
        if not all(own):  # what all share is all that is wrong with one of them
            return _joined(told, MEANT_AT_MOST)
        names = [[*_missing_below(tokens, why)] for why in own]
        if all(len(name) == len(why) for name, why in zip(names, own, strict=True)):
            told.append(f"{place} should have {', or '.join(map(_listed, names))}")
            return _joined(told, MEANT_AT_MOST)
        quantity = "exactly one" if self.rule == "oneOf" else "some"
        rest = [
            f"not {name}: {_joined([one.sentence() for one in why], BRANCH_AT_MOST)}"
            for name, why in self.branches
        ]
        return f"{place} should match {quantity} schema in {self.rule} ({'; '.join(rest)})"

    def _shared(self) -> "dict[Violation, None]":
        """Return the violations that all branches have alike, in their order."""
        (_, first), *others = self.branches
        everywhere = [set(why) for _, why in others]
        return dict.fromkeys(one for one in first if all(one in why for why in everywhere))

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Violation":
        """Return the violation that `as_json` made an entry of; it reads the same.

        >>> one = Violation(where=Where.BODY, pointer="/name", rule="required",
        ...                 expected="a property", demand="should have it")
        >>> Violation.from_json(one.as_json()) == one
        True
        """
        bare = cls(
            where=Where(entry["where"]),
            pointer=entry["pointer"],
            rule=entry["rule"],
            expected=entry["expected"],
            got=entry["got"],
            got_text=entry["got_text"],
            operation_id=entry["operation_id"],
            severity=Severity(entry["severity"]),
            branches=tuple(
                (branch["schema"], tuple(map(cls.from_json, branch["violations"])))
                for branch in entry.get("branches", ())
            ),
        )
        message: str = entry["message"]
        if bare.branches:
            taken = f" (taken as {bare.branches[0][0]})"
            bare = replace(bare, closest=message.endswith(taken))
            if bare.sentence() == message:
                return bare
        marked = replace(bare, demand=_MARK).sentence()
        before, _, after = marked.partition(_MARK)
        return replace(bare, demand=message.removeprefix(before).removesuffix(after))

    def as_json(self) -> dict[str, JsonValue]:
        """Return the violation for a journal: `{"where": …, "pointer": …, "message": …}`.

        >>> Violation(where=Where.BODY, pointer="/name", rule="required",
        ...           expected="a property", demand="should have it").as_json()["pointer"]
        '/name'
        """
        entry: dict[str, JsonValue] = {
            "where": self.where.value,
            "pointer": self.pointer,
            "rule": self.rule,
            "expected": self.expected,
            "got": self.got,
            "got_text": self.got_text,
            "operation_id": self.operation_id,
            "severity": self.severity.value,
            "message": self.sentence(),
        }
        if self.branches:
            entry["branches"] = [
                {"schema": name, "violations": [v.as_json() for v in why]}
                for name, why in self.branches
            ]
        return entry


def explain(violations: Iterable[Violation]) -> str:
    """Name every failing field and rule in one sentence, joined by a comma.

    Source: assumption (A-07): the message of a refused request.

    >>> explain([Violation(where=Where.BODY, pointer="/name", rule="required", expected="there",
    ...                    demand="should have required property 'name'")])
    "body should have required property 'name'"
    """
    found = [*violations]
    sentences = [violation.sentence() for violation in found[:EXPLAINED_AT_MOST]]
    left = len(found) - len(sentences)
    return _joined(sentences, MESSAGE_AT_MOST - _ROOM_FOR_COUNT, left=left)


def _joined(sentences: Sequence[str], limit: int, *, left: int = 0) -> str:
    """Join sentences within a limit of characters, at least one; then count the rest."""
    told: list[str] = []
    length = 0
    for sentence in sentences:
        length += len(sentence) + 2
        if told and length > limit:
            break
        told.append(sentence)
    left += len(sentences) - len(told)
    return ", ".join([*told, f"and {left} more"] if left else told)


def _missing_below(tokens: tuple[str, ...], why: Iterable[Violation]) -> Iterator[str]:
    """Yield the names of the properties that are missing from the object at a place."""
    for one in why:
        *above, name = tokens_of(one.pointer) or ("",)
        if one.rule == "required" and tuple(above) == tokens:
            yield name


def _listed(names: Sequence[str]) -> str:
    """Join names as people do.

    >>> _listed(["api_key", "api_secret"])
    "'api_key' and 'api_secret'"
    """
    *first, last = map(quoted, names)
    return f"{', '.join(first)} and {last}" if first else last


def meant(violations: Iterable[Violation]) -> Iterator[Violation]:
    """Yield the violations, in place of branches those of the branch that was meant.

    That is the closest one; or any where all fail alike. Where neither is clear the violation
    stays as it is.
    """
    for violation in violations:
        why = violation.branches[0][1] if violation.branches else ()
        if violation.closest or (why and all(other == why for _, other in violation.branches)):
            yield from meant(why)
        else:
            yield violation
