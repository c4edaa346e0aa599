r"""Strict JSON: what Python's parser lets through is refused here, by name.

The named rules: `utf-8`, `bom`, `json`, `depth`, `integer-digits`, `number-range`, `nan`,
`duplicate-key`, `lone-surrogate`; and `required` for no body at all.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from math import isinf
from typing import Any, NamedTuple

import orjson

from fiskaly_contracts.json_value import JsonValue, pointer_to, quoted
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Violation, Where

MAX_DEPTH = 64
"""Objects and arrays may be nested this deep. Source: assumption (A-35)."""

LARGE = 1024 * 1024
"""Bytes from which on a body is looked through piece by piece."""

_STRINGS_AND_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SQUARE = bytes.maketrans(b"{}", b"[]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class ParsedBody(NamedTuple):
    """A body as a JSON value, or why it is none.

    Attributes:
        value: The parsed value; None where there are violations (null parses to None too).
        violations: Empty if and only if the body was accepted.
    """

    value: JsonValue
    violations: tuple[Violation, ...] = ()


class _Refused:
    """Stands where a value was that JSON does not know, until its place is known."""

    def __init__(self, rule: str) -> None:
        self.rule = rule


def parse_body(operation_id: str, body: bytes) -> ParsedBody:
    """Parse a JSON body strictly; never raises, and never recurses with the input.

    Source: assumption (A-35).

    >>> parse_body("createOrganization", b'{"name": "Cafe"}').value
    {'name': 'Cafe'}
    >>> [v.rule for v in parse_body("createOrganization", b'{"a": 1, "a": 2}').violations]
    ['duplicate-key']
    """
    try:
        return ParsedBody(value=parsed(body))
    except (ValueError, RecursionError):
        return explained(operation_id, body)


def parsed(body: bytes) -> JsonValue:
    """Parse a good JSON body quickly; what is doubtful, `parse_body` explains, or accepts slowly.

    Raises:
        ValueError: There is a doubt.
        RecursionError: The caller left hardly any stack.

    >>> parsed(b'{"name": "Cafe"}')
    {'name': 'Cafe'}
    """
    if opened(body) > MAX_DEPTH and not _is_shallow(body):
        raise ValueError("depth")
    value: JsonValue = orjson.loads(body)
    # Each key has a colon: if there are more, one was lost as a duplicate, or a text has some
    if _keys(value) != len(body) - len(body.replace(b":", b"")):
        value = _STRICT.decode(body.decode())
    return value


def opened(text: bytes) -> int:
    """Return how many square and curly brackets open, those in strings included.

    `bytes.count` looks at each byte by itself, which takes four times as long as to leave out.

    >>> opened(b'{"a": [1, "["]}')
    3
    """
    return 2 * len(text) - len(text.replace(b"[", b"")) - len(text.replace(b"{", b""))


_LOOKED_INTO = frozenset({dict, list, float})


def _keys(value: JsonValue) -> int:
    """Return how many keys a value has, here and below; less than none if there is a float.

    What is a float to orjson may have been an integer of more than 64 bits.
    """
    parts: Iterable[JsonValue]
    if isinstance(value, dict):
        found, parts = len(value), value.values()
    elif isinstance(value, list):
        found, parts = 0, value
    else:
        return -sys.maxsize if isinstance(value, float) else 0
    if not _LOOKED_INTO.isdisjoint(map(type, parts)):
        for part in parts:
            if type(part) in _LOOKED_INTO:
                found += _keys(part)
    return found


def _is_shallow(body: bytes) -> bool:
    """Tell whether JSON is surely no deeper than allowed, ten times as fast as by counting.

    Of all but brackets nothing is left, all become square (whether they match, the parser tells),
    and then the innermost pairs go, level by level.
    """
    if len(body) > LARGE:
        # In one go that would hold up all other threads for as long as it takes
        return not _deeper_than(body, MAX_DEPTH)
    brackets = _STRINGS.sub(b"", body).translate(_SQUARE, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return True
        outer = brackets.replace(b"[]", b"")
        if len(outer) == len(brackets):
            return False  # the rest does not match: no JSON
        brackets = outer
    return not brackets


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    built = dict(pairs)
    if len(built) < len(pairs):
        raise ValueError("duplicate-key")
    return built


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise ValueError("number-range")
    return value


def _no_constant(_: str) -> JsonValue:
    raise ValueError("nan")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant
)


def explained(operation_id: str, body: bytes) -> ParsedBody:
    """Say why `parsed` has a doubt of a body, or accept it after all."""
    refuse = _Refusal(operation_id)
    if not body:
        return refuse("required", "a JSON body", demand="should be present")
    if body.startswith(b"\xef\xbb\xbf"):
        return refuse("bom", "UTF-8 without a byte order mark")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return refuse("utf-8", f"UTF-8 (byte {error.start} is not)")
    if _deeper_than(body, MAX_DEPTH):
        return refuse("depth", f"nested at most {MAX_DEPTH} levels deep")
    return _parse(text, refuse, may_have_surrogates=_SURROGATE_ESCAPE.search(body) is not None)


class _Refusal:
    def __init__(self, operation_id: str) -> None:
        self.operation_id = operation_id

    def __call__(self, rule: str, expected: str, *, demand: str = "") -> ParsedBody:
        return ParsedBody(value=None, violations=(self.violation(rule, expected, demand=demand),))

    def violation(
        self, rule: str, expected: str, *, pointer: str = "", demand: str = "", got: str = ""
    ) -> Violation:
        return Violation(
            where=Where.BODY,
            pointer=pointer,
            rule=rule,
            expected=expected,
            got_text=got,
            operation_id=self.operation_id,
            demand=demand,
        )


def _deeper_than(body: bytes, limit: int) -> bool:
    if opened(body) <= limit:
        return False
    depth = 0
    for match in _STRINGS_AND_BRACKETS.finditer(body):
        mark = match[0]
        if mark in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif mark in b"]}":
            depth -= 1
    return False


class _Reader:
    """The hooks of one `json.loads`, and what they met."""

    def __init__(self) -> None:
        self.repeated: list[tuple[dict[str, JsonValue], str]] = []
        self.refused: list[_Refused] = []

    def read(self, text: str) -> Any:
        return json.loads(
            text,
            object_pairs_hook=self._object,
            parse_constant=lambda _: self._refuse("nan"),
            parse_float=self._number,
        )

    def _object(self, pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        built = dict(pairs)
        if len(built) < len(pairs):
            times = Counter(key for key, _ in pairs)
            self.repeated += [(built, key) for key, count in times.items() if count > 1]
        return built

    def _number(self, digits: str) -> float | _Refused:
        value = float(digits)
        return self._refuse("number-range") if isinf(value) else value

    def _refuse(self, rule: str) -> _Refused:
        self.refused.append(_Refused(rule))
        return self.refused[-1]


def _parse(text: str, refuse: _Refusal, *, may_have_surrogates: bool) -> ParsedBody:
    reader = _Reader()
    try:
        value = reader.read(text)
    except json.JSONDecodeError as error:
        what = error.msg.split(":")[0]
        place = f"line {error.lineno}, column {error.colno}: {what}"
        return refuse("json", f"JSON ({place})", demand=f"should be valid JSON ({place})")
    except RecursionError:
        return refuse("depth", f"nested at most {MAX_DEPTH} levels deep")
    except ValueError:
        return refuse("integer-digits", "free of integers with thousands of digits")
    found = chain(
        _repeated_keys(value, reader.repeated, refuse),
        _refused_literals(value, reader.refused, refuse),
        _lone_surrogates(value, refuse) if may_have_surrogates else (),
    )
    violations = tuple(islice(found, VIOLATIONS_AT_MOST))
    if violations:
        return ParsedBody(value=None, violations=violations)
    return ParsedBody(value=value)


def _repeated_keys(
    root: object, repeated: list[tuple[dict[str, JsonValue], str]], refuse: _Refusal
) -> Iterator[Violation]:
    if not repeated:
        return
    holders = {id(holder) for holder, _ in repeated}
    found = _walk(root, lambda value: id(value) in holders)
    places = {id(value): tokens for tokens, value in found}
    for holder, key in repeated:
        # an object inside a value that a later duplicate replaced has no place any more
        tokens = places.get(id(holder))
        yield refuse.violation(
            "duplicate-key",
            "an object whose keys are unique",
            pointer="" if tokens is None else pointer_to((*tokens, key)),
            demand=f"should NOT have the key {quoted(key)} twice",
        )


def _refused_literals(
    root: object, refused: list[_Refused], refuse: _Refusal
) -> Iterator[Violation]:
    if not refused:
        return
    found = False
    for tokens, value in _walk(root, lambda value: isinstance(value, _Refused)):
        if isinstance(value, _Refused):
            found = True
            yield _refused_literal(value.rule, pointer_to(tokens), refuse)
    if not found:
        # it stood in a value that a later duplicate of its key replaced
        yield _refused_literal(refused[0].rule, "", refuse)


def _refused_literal(rule: str, pointer: str, refuse: _Refusal) -> Violation:
    expected = "a number that JSON can write (not NaN, Infinity or -Infinity)"
    if rule == "number-range":
        expected = "a number within the range of a double"
    return refuse.violation(rule, expected, pointer=pointer)


def _holds_surrogate(value: object) -> bool:
    if isinstance(value, dict):
        return any(_SURROGATE.search(key) for key in value)
    return isinstance(value, str) and _SURROGATE.search(value) is not None


def _lone_surrogates(root: object, refuse: _Refusal) -> Iterator[Violation]:
    for tokens, value in _walk(root, _holds_surrogate):
        if isinstance(value, dict):
            names = [key for key in value if _SURROGATE.search(key)]
            places = [(*tokens, name) for name in names]
        else:
            places = [tokens]
        for place in places:
            yield refuse.violation(
                "lone-surrogate",
                "text without lone surrogates",
                pointer=pointer_to(place),
            )


def _walk(
    root: object, wanted: Callable[[object], bool]
) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Yield the wanted values with their tokens, in the order of the text, without recursion."""
    stack: list[tuple[tuple[str | int, ...], object]] = [((), root)]
    while stack:
        tokens, value = stack.pop()
        if wanted(value):
            yield tokens, value
        if isinstance(value, dict):
            stack.extend(((*tokens, key), item) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend(((*tokens, i), value[i]) for i in range(len(value) - 1, -1, -1))
