"""The words of violations: for broken keywords, for what is beside the schemas, for likely names.

They come from keyword and schema alone, never from the value.
"""

import json
from collections.abc import Collection, Iterable
from typing import Any

from fiskaly_contracts.document import Operation
from fiskaly_contracts.json_value import (
    TEXT_LIMIT,
    JsonValue,
    Schema,
    kind_of,
    pointer_to,
    quoted,
    shorten,
)
from fiskaly_contracts.violations import Violation, Where

GUESSED_AT_MOST = 20
"""Unknown names of one object that are compared: that costs time, and the client sends them."""
_ALIKE = 0.6
_LIKELIER = 0.05
"""How much more alike a name is taken for that is required and missing, and how much less one
that was sent as well: little more than what decides a tie."""

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

_COUNTED = {
    "minLength": ("should NOT be shorter than {}", "a string of at least {}", "character"),
    "maxLength": ("should NOT be longer than {}", "a string of at most {}", "character"),
    "minItems": ("should NOT have fewer than {}", "at least {}", "item"),
    "maxItems": ("should NOT have more than {}", "at most {}", "item"),
    "minProperties": ("should NOT have fewer than {}", "at least {}", "property"),
    "maxProperties": ("should NOT have more than {}", "at most {}", "property"),
    "x-key-max-length": (
        "should NOT have a name longer than {}",
        "property names of at most {}",
        "character",
    ),
}
_WORDS = {
    "uniqueItems": ("should NOT have duplicate items", "items that differ from each other"),
    "multipleOf": ("should be a multiple of {}", "a multiple of {}"),
    "format": ('should match format "{}"', "a value of the format {}"),
    "not": ("should NOT be valid", "anything else"),
    "readOnly": ("should NOT be sent (it is read-only)", "no such property in a request"),
    "writeOnly": ("should NOT be answered (it is write-only)", "no such property in a response"),
}
_FORMS = {
    "date": "a day such as 2027-01-31",
    "date-time": (
        "a time such as 2027-01-31T23:59:58Z, with any fraction of a second after a point,"
        " and an offset such as +01:00 in place of the Z"
    ),
    "uuid": "an id of the form 8-4-4-4-12 hexadecimal digits",
}
"""What formats look like, where their names do not say it."""
_BOUNDS = {
    ("minimum", False): ("should be >= {}", "at least {}"),
    ("minimum", True): ("should be > {}", "more than {}"),
    ("maximum", False): ("should be <= {}", "at most {}"),
    ("maximum", True): ("should be < {}", "less than {}"),
}


def words(rule: str, wanted: Any, schema: Schema, got: object = None) -> tuple[str, str]:
    """Return the AJV-like demand and what is expected, in words, for a broken keyword.

    The contract's own words (`x-expected` on the schema) win, where it has any. What was most
    likely meant by `got` is told where there are many values, or the contract knows other names
    of them (`x-meant`).

    >>> words("minLength", 3, {})
    ('should NOT be shorter than 3 characters', 'a string of at least 3 characters')
    """
    match rule:
        case "type":
            kind = _A_TYPE.get(wanted, str(wanted))
            return f"should be {wanted}", f"{kind} or null" if schema.get("nullable") else kind
        case "enum":
            return "should be equal to one of the allowed values", _allowed(wanted, schema, got)
        case "pattern":
            return _pattern(wanted, schema, got)
        case "format" if wanted in _FORMS:
            form = schema.get("x-expected", _FORMS[wanted])
            return f'should match format "{wanted}", that is, {form}', form
        case "minimum" | "maximum":
            exclusive = schema.get(f"exclusive{rule.capitalize()}") is True
            demand, expected = _BOUNDS[rule, exclusive]
        case _ if rule in _COUNTED:
            demand, expected, noun = _COUNTED[rule]
            wanted = counted(wanted, noun)
        case _:
            demand, expected = _WORDS.get(rule, (f"should satisfy {rule}", f"valid by {rule}"))
    return demand.format(wanted), schema.get("x-expected", expected.format(wanted))


def _pattern(wanted: str, schema: Schema, got: object) -> tuple[str, str]:
    demand = f'should match pattern "{wanted}"'
    if "x-expected" not in schema:
        return demand, f"a string that matches {wanted}"
    expected = f"{schema['x-expected']}{_meant(got, schema)}"
    return f"{demand}, that is, {expected}", expected


def _meant(got: object, schema: Schema, names: Iterable[str] = ()) -> str:
    """Return a question after the value that was most likely meant, or ""."""
    others: dict[str, str] = schema.get("x-meant", {})
    if not isinstance(got, str) or len(got) > TEXT_LIMIT:
        return ""
    guess = others.get(got.strip().upper()) or respelt(got.strip(), names)
    return f", did you mean {guess}?" if guess else ""


def counted(number: int, noun: str) -> str:
    """Return a number of things, in the plural unless it is one.

    >>> counted(1, "property"), counted(0, "property"), counted(2, "item")
    ('1 property', '0 properties', '2 items')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def _allowed(wanted: list[JsonValue], schema: Schema, got: object) -> str:
    names = [value if isinstance(value, str) and value else json.dumps(value) for value in wanted]
    if len(names) == 1:
        return names[0]
    if len(names) <= _LISTED_AT_MOST:
        return f"one of {', '.join(names)}"
    samples = list(dict.fromkeys([schema.get("example", names[0]), *names]))[:_SAMPLES]
    kind = schema.get("x-expected", f"one of {len(names)} allowed values")
    meant = _meant(got, schema, names)
    if meant:
        return f"{kind}{meant}"
    return f"{kind}, such as {', '.join(map(str, samples))}"


def shown(value: JsonValue) -> tuple[JsonValue, str]:
    """Return a declared, non-secret value for `got` and `got_text`: scalars only, shortened.

    >>> shown("DE")
    ('DE', '"DE"')
    >>> shown({"a": 1})
    (None, 'an object of 1 property')
    """
    if isinstance(value, str):
        cut = shorten(value)
        text = json.dumps(cut, ensure_ascii=False)
        size = counted(len(value), "character")
        return cut, text if len(value) <= TEXT_LIMIT else f"{text} of {size}"
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
            return f"a string of {counted(len(value), 'character')}"
        case list():
            return f"an array of {counted(len(value), 'item')}"
        case dict():
            return f"an object of {counted(len(value), 'property')}"
        case _:
            return kind_of(value)


# ------------------------------------------------------------------ which name was meant


def folded(name: str) -> str:
    """Return what all spellings of a name have in common: `apiKey`, `API-Key`, `api_key`.

    >>> folded("apiKey") == folded("API-KEY") == folded("api_key")
    True
    """
    return name.replace("_", "").replace("-", "").casefold()


def respelt(name: str, known: Iterable[str]) -> str:
    """Return the known name that this one is another spelling of, or "".

    >>> respelt("countryCode", ["zip", "country_code"])
    'country_code'
    """
    if len(name) > TEXT_LIMIT:
        return ""
    wanted = folded(name)
    return next((one for one in known if folded(one) == wanted), "")


def nearest(
    name: str, known: Iterable[str], *, missing: Collection[str] = (), sent: Collection[str] = ()
) -> str:
    """Return the known name that is most like this one, or "" where none is like it.

    Of those that are about as like, it is one that is required and missing, or else one that
    was not sent beside this.

    >>> nearest("address", ["address_line2", "address_line1"], missing=["address_line1"])
    'address_line1'
    """
    if len(name) > TEXT_LIMIT:
        return ""
    from difflib import SequenceMatcher  # noqa: PLC0415 - only for a wrong word

    best, found = 0.0, ""
    matcher = SequenceMatcher(b=name)
    for one in known:
        matcher.set_seq1(one)
        if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
            continue
        ratio = matcher.ratio()
        if ratio < _ALIKE:
            continue
        ratio += _LIKELIER * ((one in missing) - (one in sent))
        if ratio > best:
            best, found = ratio, one
    return found


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return a hint at the known name that was most likely meant, to end a sentence; or "".

    >>> did_you_mean("enterprize", ["empty", "enterprise"])
    ' (did you mean enterprise?)'
    """
    if not isinstance(name, str):
        return ""
    names = {one.casefold(): one for one in known}
    guess = respelt(name, names.values()) or names.get(nearest(name.casefold(), names), "")
    return f" (did you mean {guess}?)" if guess else ""


# ------------------------------------------------------------------ breaches beside the schemas


def undocumented(operation: Operation, status: int) -> Violation:
    """Report a status that the contract does not name."""
    return Violation(
        where=Where.STATUS,
        pointer="",
        rule="status",
        expected=f"one of {', '.join(map(str, operation.statuses))}",
        got=status,
        got_text=str(status),
        operation_id=operation.operation_id,
    )


def missing(operation_id: str, where: Where, name: str) -> Violation:
    """Report a required parameter or header that was not sent."""
    return Violation(
        where=where,
        pointer=pointer_to((name,)),
        rule="required",
        expected="this parameter" if where is not Where.HEADER else "this header",
        operation_id=operation_id,
        demand=f"should have required property {quoted(name)}",
    )


def unknown_operation(operation_id: str) -> Violation:
    """Report an exchange of an operation that the contract does not know."""
    return Violation(
        where=Where.PATH,
        pointer="",
        rule="unknown-operation",
        expected="an operation of the contract",
        operation_id=operation_id,
    )


def unreadable(operation_id: str, where: Where, error: BaseException) -> Violation:
    """Report an error of a library that has no better name; its text may hold values."""
    return Violation(
        where=where,
        pointer="",
        rule="unreadable",
        expected=f"readable (the check failed with {type(error.__cause__ or error).__name__})",
        operation_id=operation_id,
    )


def unwanted_body(operation_id: str, size: int) -> Violation:
    """Report an answer's body where the contract describes none: openapi-core ignores it."""
    return Violation(
        where=Where.BODY,
        pointer="",
        rule="no-content",
        expected="empty",
        got_text=counted(size, "byte"),
        operation_id=operation_id,
    )
