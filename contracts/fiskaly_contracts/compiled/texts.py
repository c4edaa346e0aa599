"""Parameters and headers: text to value, cast as the authority casts it, and checked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from fiskaly_contracts.compiled.patterns import NoTranslationError
from fiskaly_contracts.compiled.validators import Accepts, Validators
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.parameters import LEXICAL, MAX_DIGITS, Parameter

_SCALARS = frozenset({"string", "integer", "number", "boolean"})
MOST_KNOWN = 64
LONGEST_KNOWN = 64
"""How many texts are remembered, and of how many characters at most."""
_OWN_STYLES = {"path": "simple", "header": "simple", "query": "form"}


class DoubtError(ValueError):
    """The compiled check does not accept; it never says why, that is the authority's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TextPlan:
    """How the text of one parameter or header becomes a value.

    Attributes:
        name: As declared.
        required: Whether it must be sent.
        default: What an absent one stands for, in a list; [] where it has no default.
        is_array: Whether several values may be sent.
        explode: Whether they are sent as `a=1&a=2` instead of `a=1,2`.
        kind: The type of the value, or of an array's items.
        accepts: The compiled check of the cast value.
        known: Some texts that were read and are right, since many come again and again.
    """

    name: str
    required: bool
    default: Sequence[JsonValue]
    is_array: bool
    explode: bool
    kind: str
    accepts: Accepts
    known: set[str] = field(default_factory=set, repr=False, compare=False)

    def remember(self, text: str) -> None:
        """Keep in mind that a text is right, if there is room.

        Raises:
            DoubtError: It is not clearly right.
        """
        self.read(text)
        if len(self.known) < MOST_KNOWN and len(text) <= LONGEST_KNOWN:
            self.known.add(text)

    def read(self, text: str) -> JsonValue:
        """Return the value of a scalar.

        Raises:
            DoubtError: It is not clearly right.
        """
        value: JsonValue = text if self.kind == "string" else _cast(self.kind, text)
        if text and self.accepts(value):
            return value
        raise DoubtError

    def read_once(self, text: str) -> JsonValue:
        """Return the value of what can be sent once only, a scalar or an array with commas.

        Raises:
            DoubtError: It is not clearly right.
        """
        return self._read_all([text]) if self.is_array else self.read(text)

    def read_sent(self, texts: Sequence[str]) -> JsonValue:
        """Return the value of a scalar sent once, or those of an array.

        Raises:
            DoubtError: One of them, or all together, are not clearly right.
        """
        if self.is_array:
            return self._read_all(texts)
        if len(texts) > 1:
            raise DoubtError
        return self.read(texts[0])

    def _read_all(self, texts: Sequence[str]) -> JsonValue:
        if not self.explode:
            if len(texts) > 1:
                # the authority checks the last, and the handler would get them all
                raise DoubtError
            texts = texts[0].split(",")
        values: JsonValue = [_cast(self.kind, text) for text in texts]
        if self.accepts(values):
            return values
        raise DoubtError


def parameter_plan(
    document: Schema, declared: Schema, parameter: Parameter, validators: Validators
) -> TextPlan:
    """Compile a parameter of an operation; `declared` is its place in the document.

    Raises:
        NoTranslationError: Its style, or its schema, is none of the plain ones.
        LookupError: It has no schema, or a reference leads nowhere.
    """
    place = declared["in"]
    style = declared.get("style", _OWN_STYLES[place])
    if "content" in declared or style != _OWN_STYLES[place]:
        raise NoTranslationError("style")
    if parameter.is_array and parameter.explode and place != "query":
        # one reading splits `1,2`, the other does not
        raise NoTranslationError("explode")
    return _plan(
        document,
        declared,
        validators,
        name=parameter.name,
        explode=parameter.explode,
        writing=True,
    )


def header_plan(document: Schema, declared: Schema, name: str, validators: Validators) -> TextPlan:
    """Compile a header of a response.

    Raises:
        NoTranslationError: Its style, or its schema, is none of the plain ones.
        LookupError: It has no schema, or a reference leads nowhere.
    """
    if "content" in declared or declared.get("style", "simple") != "simple":
        raise NoTranslationError("style")
    plan = _plan(document, declared, validators, name=name, explode=False, writing=False)
    if plan.is_array:
        raise NoTranslationError("array")
    return plan


def _plan(
    document: Schema,
    declared: Schema,
    validators: Validators,
    *,
    name: str,
    explode: bool,
    writing: bool,
) -> TextPlan:
    schema = resolve(document, declared["schema"])
    is_array = schema.get("type") == "array"
    items = resolve(document, schema.get("items", {})) if is_array else schema
    kind = items.get("type")
    if kind not in _SCALARS:
        raise NoTranslationError("type")
    accepts = validators.of_parsed(declared["schema"], writing=writing)
    default: list[Any] = [schema["default"]] if "default" in schema else []
    if default and not accepts(default[0]):
        # the authority would check it, and refuse the message that leaves it out
        raise NoTranslationError("default")
    return TextPlan(
        name=name,
        required=declared.get("required", False) and not default,
        default=default,
        is_array=is_array,
        explode=explode,
        kind=kind,
        accepts=accepts,
    )


def _cast(kind: str, text: str) -> JsonValue:
    if not text:
        raise DoubtError
    if kind == "string":
        return text
    pattern, _ = LEXICAL[kind]
    if pattern.fullmatch(text) is None or len(text) > MAX_DIGITS:
        raise DoubtError
    if kind == "integer":
        return int(text)
    if kind == "boolean":
        return text == "true"
    value = float(text)
    if not isfinite(value):
        raise DoubtError
    return value
