r"""Parameters and headers: how their text is read, what is refused of it, and which value it is.

The named rules, stricter than openapi-core and the same whoever judges: `repeated-parameter`
(given twice, though no array), `empty-parameter` (`limit=`), `lexical` (Python's `int`
and `float` take `1_0`, `+1`, ` 1` and Arabic digits, and openapi-core takes `yes` as a boolean),
`integer-digits`, `number-range`, `lone-surrogate`; as a mere warning `unknown-parameter`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, cast

from fiskaly_contracts.compiled.errors import Accepts
from fiskaly_contracts.compiled.schemas import KEYWORDS
from fiskaly_contracts.compiled.validators import CompiledSchema, Validators
from fiskaly_contracts.document import CASTS, Operation, Parameter
from fiskaly_contracts.json_value import JsonValue, Schema, pointer_to, quoted, shorten
from fiskaly_contracts.schema_errors import Place
from fiskaly_contracts.strictness import NoTranslationError, ecma_pattern
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Severity, Violation, Where

MAX_DIGITS = 640
"""An integer parameter has no more digits: the least limit that Python can be set to."""

MOST_KNOWN = 1_000
"""Right texts of one parameter that are kept in mind; when there are more, it begins anew."""
LONGEST_KNOWN = 16
"""Characters of a text that is likely to come again, as the size of a page."""
_LEXICAL = {
    "integer": (re.compile(r"-?[0-9]+"), "an integer"),
    "number": (re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"), "a number"),
    "boolean": (re.compile(r"true|false"), "true or false"),
}
_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_OWN_STYLES = {"path": "simple", "header": "simple", "query": "form"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class DoubtError(ValueError):
    """A text is not clearly right; `ParameterPlan.violations` says why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ParameterPlan:
    """How the text of one parameter, or of one header of an answer, becomes a value.

    Attributes:
        parameter: What the contract says of it.
        name: As declared.
        required: Whether it must be sent.
        default: What an absent one stands for, in a list; [] where it has no default.
        kind: The type of the value, or of an array's items.
        is_array: Whether several values may be sent.
        may_be_empty: Whether an empty text is one: a header of an answer may be.
        compiled: The compiled schema of the value.
        accepts: The check of that schema.
        known: Short texts that are right, and their values.
    """

    parameter: Parameter
    name: str
    required: bool
    default: Sequence[JsonValue]
    kind: str
    is_array: bool
    may_be_empty: bool
    compiled: CompiledSchema
    accepts: Accepts
    known: dict[str, JsonValue] = field(default_factory=dict)

    def read(self, text: str) -> JsonValue:
        """Return the value of what is sent once; a short text is known from then on.

        Raises:
            DoubtError: It is not clearly right.
        """
        if self.is_array:
            return self.read_sent([text])
        known = self.known
        if text in known:
            return known[text]
        plain = self.kind == "string" and text and text.isascii()
        value = text if plain else self._cast(text)
        if not self.accepts(value):
            raise DoubtError
        if len(text) <= LONGEST_KNOWN:
            if len(known) >= MOST_KNOWN:
                known.clear()
            known[text] = value
        return value

    def read_sent(self, texts: Sequence[str]) -> JsonValue:
        """Return the value of a scalar sent once, or those of an array.

        Raises:
            DoubtError: One of them, or all together, are not clearly right.
        """
        if self.is_array:
            values: JsonValue = [self._cast(text) for text in self.parameter.texts(texts)]
            if self.accepts(values):
                return values
        elif len(texts) == 1:
            return self.read(texts[0])
        raise DoubtError

    def _cast(self, text: str) -> JsonValue:
        kind = self.kind
        if kind == "string" and text and text.isascii():
            return text
        if _broken_rule(kind, text, may_be_empty=self.may_be_empty) is not None:
            raise DoubtError
        return text if kind == "string" else CASTS[kind](text)

    def violations(self, operation_id: str, texts: Sequence[str]) -> list[Violation]:
        """Return what is wrong with what was sent: by the named rules, or else by the schema."""
        parameter = self.parameter
        found = named_breaches(parameter, operation_id, texts, may_be_empty=self.may_be_empty)
        if found:
            return found
        where = Place(where=parameter.where, operation_id=operation_id, prefix=(self.name,))
        return self.compiled.violations(parameter.cast(texts), where)


def parameter_plan(declared: Schema, parameter: Parameter, validators: Validators) -> ParameterPlan:
    """Compile a parameter of an operation; `declared` is its place in the document.

    Raises:
        NoTranslationError: Its style, or its schema, is none of the plain ones.
        LookupError: It has no schema, or a reference leads nowhere.
    """
    place = declared["in"]
    if declared.get("style", _OWN_STYLES[place]) != _OWN_STYLES[place]:
        raise NoTranslationError("style")
    if parameter.is_array and parameter.explode and place != "query":
        # one reading splits `1,2`, the other does not
        raise NoTranslationError("explode")
    return _plan(declared, parameter, validators, writing=True)


def header_plan(declared: Schema, parameter: Parameter, validators: Validators) -> ParameterPlan:
    """Compile a header of an answer; `declared` is its place in the document.

    Raises:
        NoTranslationError: Its style, or its schema, is none of the plain ones.
        LookupError: It has no schema, or a reference leads nowhere.
    """
    if declared.get("style", "simple") != "simple" or parameter.is_array:
        raise NoTranslationError("style")
    return _plan(declared, parameter, validators, writing=False)


def _plan(
    declared: Schema, parameter: Parameter, validators: Validators, *, writing: bool
) -> ParameterPlan:
    if "content" in declared or parameter.kind not in _SCALARS:
        raise NoTranslationError("type")
    compiled = validators.of(declared["schema"], writing=writing)
    schema = parameter.schema
    default: list[Any] = [schema["default"]] if "default" in schema else []
    if default and not compiled.accepts(default[0]):
        # openapi-core checks it, and refuses the message that leaves it out
        raise NoTranslationError("default")
    return ParameterPlan(
        parameter=parameter,
        name=parameter.name,
        required=parameter.required and not default,
        default=default,
        kind=parameter.kind,
        is_array=parameter.is_array,
        may_be_empty=not writing and parameter.kind == "string",
        compiled=compiled,
        accepts=_by_pattern(schema) or compiled.accepts,
    )


def _by_pattern(schema: Schema) -> Accepts | None:
    """Return the check of a text that has to match a pattern, if the schema says no more.

    jsonschema-rs agrees, and takes several times as long for one short text between requests.
    """
    if schema.get("type") != "string" or KEYWORDS & schema.keys() != {"type", "pattern"}:
        return None
    return cast("Accepts", ecma_pattern(schema["pattern"]).search)


def named_breaches(
    parameter: Parameter, operation_id: str, sent: Sequence[str], *, may_be_empty: bool = False
) -> list[Violation]:
    """Return the breaches of the named rules of this module; [] leaves it to the schema."""

    def broken(
        rule: str, expected: str, *tokens: int, got: str = "", value: str | None = None
    ) -> Violation:
        return Violation(
            where=parameter.where,
            pointer=pointer_to((parameter.name, *tokens)),
            rule=rule,
            expected=expected,
            got=value,
            got_text=got,
            operation_id=operation_id,
            demand=_DEMANDS.get(rule, ""),
        )

    if len(sent) > 1 and not parameter.is_array:
        return [broken("repeated-parameter", "given once", got=f"{len(sent)} values")]
    found = []
    for index, text in enumerate(parameter.texts(sent)):
        rule = _broken_rule(parameter.kind, text, may_be_empty=may_be_empty)
        if rule is None:
            continue
        tokens = (index,) if parameter.is_array else ()
        if not text:
            found.append(broken(*rule, *tokens))
        elif parameter.secret:
            found.append(broken(*rule, *tokens, got="a secret value"))
        else:
            shown = shorten(text)
            quote = json.dumps(shown, ensure_ascii=False)
            found.append(broken(*rule, *tokens, got=quote, value=shown))
    return found


_DEMANDS = {
    "repeated-parameter": "should NOT be repeated",
    "empty-parameter": "should NOT be empty",
}


def _broken_rule(kind: str, text: str, *, may_be_empty: bool) -> tuple[str, str] | None:
    """Return the first named rule that a text breaks, and what is expected; None for none."""
    if not text:
        return None if may_be_empty else ("empty-parameter", "a value")
    if kind in _LEXICAL:
        pattern, expected = _LEXICAL[kind]
        if pattern.fullmatch(text) is None:
            return "lexical", expected
        if len(text) > MAX_DIGITS:
            return "integer-digits", f"a number of at most {MAX_DIGITS} digits"
        if kind == "number" and not isfinite(float(text)):
            return "number-range", "a number within the range of a double"
    elif not text.isascii() and _SURROGATE.search(text):
        return "lone-surrogate", "text without lone surrogates"
    return None


def unknown_parameters(operation: Operation, sent: Mapping[str, object]) -> list[Violation]:
    """Warn of every query parameter that the operation does not declare (A-06).

    Its value is not repeated.
    """
    declared = [one.name for one in operation.parameters if one.where is Where.QUERY]
    known = ", ".join(declared) or "none at all"
    name_of = operation.operation_id
    return [
        Violation(
            where=Where.QUERY,
            pointer=pointer_to((name,)),
            rule="unknown-parameter",
            expected=f"one of the parameters {known}" if declared else "no parameter",
            operation_id=name_of,
            severity=Severity.WARNING,
            demand=f"is no parameter of {name_of} ({quoted(name)} is ignored; known: {known})",
        )
        for name in [one for one in sent if one not in declared][:VIOLATIONS_AT_MOST]
    ]
