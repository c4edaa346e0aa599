"""Compiled validators of a document's schemas; the only module that knows jsonschema-rs."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs

from fiskaly_contracts.body import MAX_DEPTH, parse_body
from fiskaly_contracts.compiled.depth import depth
from fiskaly_contracts.compiled.keywords import FORMATS, KEYWORDS
from fiskaly_contracts.compiled.patterns import NoTranslationError
from fiskaly_contracts.compiled.schemas import Draft4, Translator
from fiskaly_contracts.json_value import JsonValue, Schema

Accepts = Callable[[JsonValue], bool]
"""Says True only of a value that the authority accepts; may raise, which means no."""


class Validators:
    """Makes the validators of one document."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._kept: dict[tuple[str | int, bool, bool], Accepts] = {}

    def of_parsed(self, schema: Schema, *, writing: bool = True) -> Accepts:
        """Return the check of values that `parse_body` made, or that a parameter was cast to.

        Raises:
            NoTranslationError: The schema says something that has no exact counterpart.
        """
        return self._once(schema, writing=writing, built=False)

    def of_built(self, schema: Schema, *, writing: bool = False) -> Accepts:
        """Return the check of values that Python built, as an answer is before it is written.

        They may hold what no JSON text can: NaN, or a depth beyond the limit. A lone surrogate
        is no question here: jsonschema-rs sees it only where a keyword reads the text, and who
        writes the value replaces it.

        Raises:
            NoTranslationError: The schema says something that has no exact counterpart.
        """
        return self._once(schema, writing=writing, built=True)

    def _once(self, schema: Schema, *, writing: bool, built: bool) -> Accepts:
        # the document, and so each schema of it, lives as long as this does
        place = schema["$ref"] if schema.keys() == {"$ref"} else id(schema)
        key = (place, writing, built)
        if key not in self._kept:
            translated = self._translated(schema, writing=writing)
            accepts = _compiled(translated)
            self._kept[key] = _with_depth(translated, accepts) if built else accepts
        return self._kept[key]

    def _translated(self, schema: Schema, *, writing: bool) -> Draft4:
        try:
            return Translator(self._document, writing=writing).translated(schema)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise NoTranslationError(str(error)) from error


def _compiled(translated: Draft4) -> Accepts:
    validator: Any
    try:
        validator = jsonschema_rs.Draft4Validator(
            translated,
            formats=FORMATS,
            validate_formats=True,
            keywords=KEYWORDS,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
        )
    except Exception as error:
        # among others: a pattern beyond the engine's size limit
        raise NoTranslationError(type(error).__name__) from error
    accepts: Accepts = validator.is_valid
    return accepts


def _with_depth(translated: Draft4, accepts: Accepts) -> Accepts:
    reached = depth(translated)
    if reached is not None and reached < MAX_DEPTH:
        return accepts
    return lambda value: accepts(value) and _can_be_written(value)


def _can_be_written(value: JsonValue) -> bool:
    text = json.dumps(value, ensure_ascii=True)
    return not parse_body("", text.encode()).violations
