r"""Parameters: how their text is read, and what is refused that openapi-core lets through.

The named rules: `repeated-parameter` (given twice, though no array), `empty-parameter`
(`limit=`), `lexical` (Python's `int` and `float` take `1_0`, `+1`, ` 1` and Arabic digits, and
openapi-core takes `yes` as a boolean), `integer-digits`, and as a mere warning
`unknown-parameter`.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.pointers import pointer_to, quoted, shorten
from fiskaly_contracts.violations import Severity, Violation, Where

MAX_DIGITS = 640
"""An integer parameter has no more digits: the least limit that Python can be set to."""

LEXICAL = {
    "integer": (re.compile(r"-?[0-9]+"), "an integer"),
    "number": (re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"), "a number"),
    "boolean": (re.compile(r"true|false"), "true or false"),
}


class Parameter(NamedTuple):
    """One parameter of an operation.

    Attributes:
        name: As it is sent.
        where: PATH, QUERY or HEADER.
        required: Whether it must be sent.
        schema: Its schema, a `$ref` followed.
        items: The schema of an array's items, a `$ref` followed; {} for other types.
        explode: Whether an array is sent as `a=1&a=2` instead of `a=1,2`.
        description: Prose of the contract.
    """

    name: str
    where: Where
    required: bool
    schema: Schema
    items: Schema
    explode: bool
    description: str = ""

    @property
    def is_array(self) -> bool:
        """Whether several values may be sent."""
        return self.schema.get("type") == "array"

    @property
    def secret(self) -> bool:
        """Whether the contract marks the value as secret."""
        return self.schema.get("x-secret") is True or self.schema.get("format") == "password"

    def texts(self, raw: Sequence[str]) -> list[str]:
        """Split what was sent into the texts of single values."""
        if self.is_array and not self.explode:
            return [text for value in raw for text in value.split(",")]
        return list(raw)

    def cast(self, raw: Sequence[str]) -> JsonValue:
        """Turn accepted text into a value: a list for an array, else the one value.

        Raises:
            ValueError: The check was not asked, or did not accept.
        """
        if self.is_array:
            return [_cast(self.items, text) for text in self.texts(raw)]
        return _cast(self.schema, raw[-1])

    def violations(self, operation_id: str, raw: Sequence[str]) -> list[Violation]:
        """Return the breaches of the named rules of this module; [] leaves it to the schema."""
        if not self.is_array and len(raw) > 1:
            return [
                self._violation(
                    operation_id,
                    "repeated-parameter",
                    "given once",
                    demand="should NOT be repeated",
                    got=f"{len(raw)} values",
                )
            ]
        schema = self.items if self.is_array else self.schema
        found = []
        for index, text in enumerate(self.texts(raw)):
            tokens = (index,) if self.is_array else ()
            if not text:
                demand = "should NOT be empty"
                found.append(
                    self._violation(
                        operation_id, "empty-parameter", "a value", demand=demand, tokens=tokens
                    )
                )
                continue
            broken = _broken_rule(schema, text)
            if broken is not None:
                rule, expected = broken
                shown = None if self.secret else shorten(text)
                got = "a secret value" if self.secret else _quote(text)
                found.append(
                    self._violation(
                        operation_id, rule, expected, tokens=tokens, got=got, value=shown
                    )
                )
        return found

    def _violation(
        self,
        operation_id: str,
        rule: str,
        expected: str,
        *,
        got: str = "",
        demand: str = "",
        tokens: tuple[int, ...] = (),
        value: str | None = None,
    ) -> Violation:
        return Violation(
            where=self.where,
            pointer=pointer_to((self.name, *tokens)),
            rule=rule,
            expected=expected,
            got=value,
            got_text=got,
            operation_id=operation_id,
            demand=demand,
        )


def read_query(
    parameters: Iterable[Parameter], pairs: Iterable[tuple[str, str]]
) -> dict[str, JsonValue]:
    """Cast the declared query parameters and fill in defaults; unknown ones are left out.

    Source: assumption (A-06) for the unknown ones.

    Raises:
        ValueError: A value is not what its schema's type says: the check was not asked.
    """
    sent = grouped(pairs)
    values: dict[str, JsonValue] = {}
    for parameter in parameters:
        if parameter.where is not Where.QUERY:
            continue
        if parameter.name in sent:
            values[parameter.name] = parameter.cast(sent[parameter.name])
        elif "default" in parameter.schema:
            values[parameter.name] = parameter.schema["default"]
    return values


def grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    """Collect the values of each name, in the order they came.

    >>> grouped([("kind", "test"), ("limit", "1"), ("kind", "live")])
    {'kind': ['test', 'live'], 'limit': ['1']}
    """
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def unknown_parameter(operation_id: str, name: str, declared: Sequence[str]) -> Violation:
    """Warn of a query parameter that the contract does not know; its value is not repeated.

    Source: assumption (A-06).
    """
    known = ", ".join(declared) or "none at all"
    return Violation(
        where=Where.QUERY,
        pointer=pointer_to((name,)),
        rule="unknown-parameter",
        expected=f"one of the parameters {known}" if declared else "no parameter",
        operation_id=operation_id,
        severity=Severity.WARNING,
        demand=f"is no parameter of {operation_id} ({quoted(name)} is ignored; known: {known})",
    )


def _broken_rule(schema: Schema, text: str) -> tuple[str, str] | None:
    pattern, expected = LEXICAL.get(schema.get("type", ""), (None, ""))
    if pattern is None:
        return None
    if pattern.fullmatch(text) is None:
        return "lexical", expected
    if len(text) > MAX_DIGITS:
        return "integer-digits", f"a number of at most {MAX_DIGITS} digits"
    return None


def _cast(schema: Schema, text: str) -> JsonValue:
    match schema.get("type"):
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case "boolean":
            return text == "true"
        case _:
            return text


def _quote(text: str) -> str:
    return json.dumps(shorten(text), ensure_ascii=False)
