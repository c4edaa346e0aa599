"""Compiled validators of a document's schemas; the only module that knows jsonschema-rs.

They decide within microseconds, and say what is wrong within a millisecond. Rare keywords and
formats are left to Python: exact rather than quick.
"""

import json
from typing import Any

import jsonschema_rs
import orjson

from fiskaly_contracts.body import MAX_DEPTH, opened, parse_body
from fiskaly_contracts.compiled.errors import Accepts, explained, shortened
from fiskaly_contracts.compiled.schemas import (
    DATE,
    DATE_TIME,
    KEY_LENGTH,
    MULTIPLE,
    PATTERN,
    UNIQUE,
    Draft4,
    Translation,
    Translator,
)
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.schema_errors import Place, violations_of
from fiskaly_contracts.strictness import (
    NoTranslationError,
    format_checks,
    long_keys,
    matches,
)
from fiskaly_contracts.violations import Violation
from fiskaly_contracts.wording import unreadable


class CompiledSchema:
    """One schema for one direction, ready to be asked.

    Attributes:
        accepts: The check of values that `parse_body` made, or that a parameter was cast to.
        accepts_quietly: The same; never raises.
    """

    def __init__(
        self, schema: Schema, translation: Translation, validators: "Validators", *, writing: bool
    ) -> None:
        self._schema = schema
        self._translation = translation
        self._validators = validators
        self._writing = writing
        self._validator = _compiled(translation.draft4)
        self.accepts: Accepts = self._validator.is_valid
        self.accepts_quietly = quietly(self.accepts)

    def accepts_built(self) -> Accepts:
        """Return the check of values that Python built, as an answer is before it is written.

        They may hold what no JSON text can: NaN, or a depth beyond the limit. A lone surrogate
        is no question here: jsonschema-rs sees it only where a keyword reads the text, and who
        writes the value replaces it.
        """
        reached = _depth_of(self._translation.draft4)
        if reached is not None and reached < MAX_DEPTH:
            return self.accepts
        accepts = self.accepts
        return lambda value: accepts(value) and _can_be_written(value)

    def violations(self, value: JsonValue, where: Place) -> list[Violation]:
        """Say what is wrong with a parsed value; [] where it is right.

        The work is bounded, see `shortened`: a flood of mistakes is told in part.
        """
        if self.accepts_quietly(value):
            return []
        document = self._validators.document
        place = where._replace(document=document, schema=self._schema, writing=self._writing)
        looked_at = shortened(document, self._schema, value, self._accepts_of)
        errors = explained(self._validator, self._translation, looked_at, value)
        found = violations_of(errors, place)
        return found or [unreadable(where.operation_id, where.where, ValueError())]

    def _accepts_of(self, schema: Schema) -> Accepts:
        return self._validators.of(schema, writing=self._writing).accepts_quietly

    def violations_built(self, value: JsonValue, where: Place) -> list[Violation]:
        """Say what is wrong with a value that Python built; [] where it is right."""
        if quietly(self.accepts_built())(value):
            return []
        found = parse_body(where.operation_id, _written(value)).violations
        return [*found] or self.violations(value, where)


class Validators:
    """Makes the validators of one document, each when it is first asked for."""

    def __init__(self, document: Schema) -> None:
        self.document = document
        self._made: dict[tuple[str | int, bool], CompiledSchema] = {}

    def of(self, schema: Schema, *, writing: bool = True) -> CompiledSchema:
        """Return the validator of a schema of the document, for requests if `writing`.

        Raises:
            NoTranslationError: The schema says something that has no exact counterpart.
        """
        # the document, and so each schema of it, lives as long as this does
        place = schema["$ref"] if schema.keys() == {"$ref"} else id(schema)
        key = (place, writing)
        if key not in self._made:
            try:
                translation = Translator(self.document, writing=writing).translation(schema)
            except (LookupError, TypeError, AttributeError, ValueError) as error:
                raise NoTranslationError(str(error)) from error
            self._made[key] = CompiledSchema(schema, translation, self, writing=writing)
        return self._made[key]


def quietly(accepts: Accepts) -> Accepts:
    """Return a check that never raises."""

    def answers(value: JsonValue) -> bool:
        try:
            return accepts(value)
        except Exception:  # noqa: BLE001 - as a text that is no UTF-8, where it is read
            return False

    return answers


def _compiled(translated: Draft4) -> Any:
    try:
        return jsonschema_rs.Draft4Validator(
            translated,
            formats=_FORMATS,
            validate_formats=True,
            keywords=_KEYWORDS,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
            mask="a value",  # in texts that nobody reads
        )
    except Exception as error:
        # among others: a pattern beyond the engine's size limit
        raise NoTranslationError(type(error).__name__) from error


def _can_be_written(value: JsonValue) -> bool:
    return _surely_can_be_written(value) or not parse_body("", _written(value)).violations


def _surely_can_be_written(value: Any, levels: int = MAX_DEPTH) -> bool:
    """Tell whether a value is surely good JSON of so many levels, many times as fast.

    orjson refuses keys and texts that are no UTF-8 and numbers beyond 64 bits, and writes `null`
    for what is no number. Brackets are counted, and where they are many, those of each part.
    """
    try:
        written = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        return False
    if b"null" in written or not levels:
        return False
    if opened(written) <= levels:
        return True
    parts = value.values() if isinstance(value, dict) else value
    return isinstance(value, dict | list) and all(
        _surely_can_be_written(part, levels - 1) for part in parts
    )


def _written(value: JsonValue) -> bytes:
    return json.dumps(value).encode()


# ------------------------------------------------------------------ keywords left to Python


class _Keyword:
    """One keyword of one schema; jsonschema-rs makes it and asks it, and takes a raise as no."""

    def __init__(self, _: dict[str, Any], wanted: Any, __: list[str | int]) -> None:
        self._wanted = wanted


class _Pattern(_Keyword):
    def validate(self, value: object) -> None:
        if isinstance(value, str) and not matches(self._wanted, value):
            raise ValueError("pattern")


class _MultipleOf(_Keyword):
    def validate(self, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        if not _is_multiple(value, self._wanted):
            raise ValueError("multipleOf")


class _KeyMaxLength(_Keyword):
    def validate(self, value: object) -> None:
        if isinstance(value, dict) and long_keys(value, self._wanted):
            raise ValueError("x-key-max-length")


class _UniqueItems(_Keyword):
    def validate(self, value: object) -> None:
        if isinstance(value, list) and len({_mark(item) for item in value}) < len(value):
            raise ValueError("uniqueItems")


def _mark(value: object) -> object:
    """Return something hashable that is equal for equal JSON values alone; 1 equals 1.0.

    >>> _mark([1, True]) == _mark([1.0, True]), _mark(1) == _mark(True)
    (True, False)
    """
    if isinstance(value, dict):
        return frozenset((key, _mark(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(_mark(item) for item in value)
    return (bool, value) if isinstance(value, bool) else value


def _is_multiple(value: float, divisor: float) -> bool:
    """Divide as doubles where the contract's divisor is one, as openapi-core does.

    >>> _is_multiple(0.29, 0.01)
    False
    """
    if isinstance(divisor, int):
        return value % divisor == 0
    quotient = value / divisor
    try:
        return int(quotient) == quotient
    except OverflowError:
        from fractions import Fraction  # noqa: PLC0415 - rarely if ever

        return (Fraction(value) / Fraction(divisor)).denominator == 1


_KEYWORDS: dict[str, type[Any]] = {
    PATTERN: _Pattern,
    MULTIPLE: _MultipleOf,
    KEY_LENGTH: _KeyMaxLength,
    UNIQUE: _UniqueItems,
}
_FORMATS = {
    DATE: format_checks()["date"],
    DATE_TIME: format_checks()["date-time"],
}


# ------------------------------------------------------------------ how deep a value can be


def _depth_of(schema: Draft4) -> int | None:
    """Return the most levels of an accepted value; None where there is no limit.

    A number means too that each scalar and each name was looked at: nothing hides in a place of
    which the schema says nothing.

    >>> _depth_of({"type": "array", "items": {"type": "string"}})
    2
    >>> _depth_of({"type": "array"}) is None
    True
    """
    return _depth(schema, schema.get("definitions", {}), ())


def _depth(schema: Draft4, definitions: Draft4, above: tuple[str, ...]) -> int | None:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in above:
            return None
        return _depth(definitions[name], definitions, (*above, name))
    limits = [_by_type(schema, definitions, above)]
    if "enum" in schema:
        limits.append(1)  # translated members are scalars
    limits += [_depth(part, definitions, above) for part in schema.get("allOf", ())]
    for combiner in ("anyOf", "oneOf"):
        if combiner in schema:
            limits.append(_deepest([_depth(one, definitions, above) for one in schema[combiner]]))
    known = [limit for limit in limits if limit is not None]
    return min(known, default=None)


def _by_type(schema: Draft4, definitions: Draft4, above: tuple[str, ...]) -> int | None:
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if not kinds:
        return None
    below: list[int | None] = [0]
    if "array" in kinds:
        below.append(_depth(schema.get("items", {}), definitions, above))
    if "object" in kinds:
        below += [_depth(one, definitions, above) for one in schema.get("properties", {}).values()]
        others = schema.get("additionalProperties", {})
        if others is not False:
            below.append(_depth(others, definitions, above))
    deepest = _deepest(below)
    return None if deepest is None else deepest + 1


def _deepest(limits: list[int | None]) -> int | None:
    found = [limit for limit in limits if limit is not None]
    return max(found) if found and len(found) == len(limits) else None
