"""The words for a broken schema keyword: from keyword and schema alone, never from the value."""

import json
from typing import Any

from fiskaly_contracts.json_value import JsonValue, Schema, kind_of
from fiskaly_contracts.pointers import TEXT_LIMIT, shorten

_LISTED_AT_MOST = 12
_SAMPLES = 2
_A_TYPE = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "array": "an array",
    "object": "an object",
}
_PRINTABLE_INTEGER = 1 << 63


_WORDS = {
    "minLength": (
        "should NOT be shorter than {} characters",
        "a string of at least {} characters",
    ),
    "maxLength": (
        "should NOT be longer than {} characters",
        "a string of at most {} characters",
    ),
    "minItems": ("should NOT have fewer than {} items", "at least {} items"),
    "maxItems": ("should NOT have more than {} items", "at most {} items"),
    "uniqueItems": ("should NOT have duplicate items", "items that differ from each other"),
    "minProperties": ("should NOT have fewer than {} properties", "at least {} properties"),
    "maxProperties": ("should NOT have more than {} properties", "at most {} properties"),
    "multipleOf": ("should be a multiple of {}", "a multiple of {}"),
    "format": ('should match format "{}"', "a value of the format {}"),
    "not": ("should NOT be valid", "anything else"),
    "readOnly": ("should NOT be sent (it is read-only)", "no such property in a request"),
    "writeOnly": ("should NOT be answered (it is write-only)", "no such property in a response"),
    "x-key-max-length": (
        "should NOT have a name longer than {} characters",
        "property names of at most {} characters",
    ),
}
_BOUNDS = {
    ("minimum", False): ("should be >= {}", "at least {}"),
    ("minimum", True): ("should be > {}", "more than {}"),
    ("maximum", False): ("should be <= {}", "at most {}"),
    ("maximum", True): ("should be < {}", "less than {}"),
}


def words(rule: str, wanted: Any, schema: Schema) -> tuple[str, str]:
    """Return the AJV-like demand and what is expected, in words, for a broken keyword.

    The contract's own words (`x-expected` on the schema) win, where it has any.

    >>> words("minLength", 3, {})
    ('should NOT be shorter than 3 characters', 'a string of at least 3 characters')
    """
    match rule:
        case "type":
            kind = _A_TYPE.get(wanted, str(wanted))
            return f"should be {wanted}", f"{kind} or null" if schema.get("nullable") else kind
        case "enum":
            return "should be equal to one of the allowed values", _allowed(wanted, schema)
        case "pattern":
            return _pattern(wanted, schema)
        case "minimum" | "maximum":
            exclusive = schema.get(f"exclusive{rule.capitalize()}") is True
            demand, expected = _BOUNDS[rule, exclusive]
        case _:
            demand, expected = _WORDS.get(rule, (f"should satisfy {rule}", f"valid by {rule}"))
    return demand.format(wanted), schema.get("x-expected", expected.format(wanted))


def _pattern(wanted: str, schema: Schema) -> tuple[str, str]:
    demand = f'should match pattern "{wanted}"'
    if "x-expected" in schema:
        return f"{demand}, that is, {schema['x-expected']}", schema["x-expected"]
    return demand, f"a string that matches {wanted}"


def _allowed(wanted: list[JsonValue], schema: Schema) -> str:
    names = [value if isinstance(value, str) and value else json.dumps(value) for value in wanted]
    if len(names) == 1:
        return names[0]
    if len(names) <= _LISTED_AT_MOST:
        return f"one of {', '.join(names)}"
    samples = list(dict.fromkeys([schema.get("example", names[0]), *names]))[:_SAMPLES]
    kind = schema.get("x-expected", f"one of {len(names)} allowed values")
    return f"{kind}, such as {', '.join(map(str, samples))}"


def shown(value: JsonValue) -> tuple[JsonValue, str]:
    """Return a declared, non-secret value for `got` and `got_text`: scalars only, shortened.

    >>> shown("DE")
    ('DE', '"DE"')
    >>> shown({"a": 1})
    (None, 'an object of 1 properties')
    """
    if isinstance(value, str):
        cut = shorten(value)
        text = json.dumps(cut, ensure_ascii=False)
        return cut, text if len(value) <= TEXT_LIMIT else f"{text} of {len(value)} characters"
    if value is None or isinstance(value, dict | list):
        return None, hidden(value)
    if isinstance(value, int) and abs(value) >= _PRINTABLE_INTEGER:
        return None, "an integer of more than 63 bits"
    return value, json.dumps(value)


def hidden(value: JsonValue) -> str:
    """Describe a value by its kind and size alone.

    >>> hidden("not shown")
    'a string of 9 characters'
    """
    match value:
        case str():
            return f"a string of {len(value)} characters"
        case list():
            return f"an array of {len(value)} items"
        case dict():
            return f"an object of {len(value)} properties"
        case _:
            return kind_of(value)
