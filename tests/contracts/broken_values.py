"""Values changed in one place: each keyword of the schema broken, and much that is odd."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from contracts.odd_values import FORMATS, VALUES
from fiskaly_contracts.fields import flatten

Schema = Mapping[str, Any]
Tokens = tuple[str | int, ...]
_HUGE = 10**290
"""A double beyond it may become infinite, which no JSON text can say."""
_NAMES = ("", "x", "Name", "__proto__", "\x00", "k" * 40, "k" * 41, "\U0001f600" * 40, "_type")


def places(document: Schema, schema: Schema, value: Any) -> Iterator[tuple[Tokens, list[Schema]]]:
    """Yield each place of a value with the schemas that speak of it."""
    stack: list[tuple[Tokens, Any, list[Schema]]] = [((), value, [schema])]
    while stack:
        tokens, here, schemas = stack.pop()
        level = list(flatten(document, schemas))
        yield tokens, level
        if isinstance(here, dict):
            for name, item in here.items():
                stack.append(((*tokens, name), item, _below(level, name)))
        elif isinstance(here, list):
            items = [found["items"] for found in level if "items" in found]
            stack += [((*tokens, index), item, items) for index, item in enumerate(here)]


def _below(level: list[Schema], name: str) -> list[Schema]:
    found = [s["properties"][name] for s in level if name in s.get("properties", {})]
    if found:
        return found
    others = [s.get("additionalProperties") for s in level]
    return [other for other in others if isinstance(other, Mapping)]


def replaced(value: Any, tokens: Tokens, new: Any) -> Any:
    """Return a copy of the value with something else in one place."""
    if not tokens:
        return new
    first, *rest = tokens
    if isinstance(value, dict):
        return {**value, first: replaced(value[first], tuple(rest), new)}
    return [replaced(v, tuple(rest), new) if i == first else v for i, v in enumerate(value)]


def at(value: Any, tokens: Tokens) -> Any:
    """Return what stands in a place."""
    for token in tokens:
        value = value[token]
    return value


def broken(document: Schema, schema: Schema, value: Any, random: Random, odd: int) -> Iterator[Any]:
    """Yield the value with each keyword broken once, and some odd values in each place."""
    for tokens, level in places(document, schema, value):
        here = at(value, tokens)
        for new in (*_around(level, here), *random.sample(VALUES, min(odd, len(VALUES)))):
            yield replaced(value, tokens, new)


def _around(level: list[Schema], here: Any) -> Iterator[Any]:
    if isinstance(here, dict):
        yield from _objects(level, here)
    elif isinstance(here, list):
        yield from ([*here, *here], here[:1], here[1:], [*here, None], here * 20, [1, True, 1.0])
    elif isinstance(here, str):
        yield from _texts(here)
    elif isinstance(here, int | float):
        yield from (here + 1, here - 1, -here, str(here))
        if abs(here) < _HUGE:
            yield from (float(here), here + 0.5, here * 10**5)
    for schema in level:
        yield from _by_keyword(schema)


def _objects(level: list[Schema], here: dict[str, Any]) -> Iterator[Any]:
    for name in here:
        yield {key: item for key, item in here.items() if key != name}
    for name in _NAMES:
        yield {**here, name: "x"}
        yield {**here, name: next(iter(here.values()), 1)}
    yield {f"n{number}": "v" for number in range(21)}
    yield {**here, **{f"n{number}": "v" for number in range(20)}}
    for schema in level:
        limit = schema.get("x-key-max-length")
        if limit is not None:
            yield from ({**here, "k" * limit: "v"}, {**here, "k" * limit + "\n": "v"})
            yield {"\U0001f600" * limit: "v"}
        for name in schema.get("properties", {}):
            if name not in here:
                yield {**here, name: "x"}


def _texts(here: str) -> Iterator[str]:
    yield from (here + "\n", "\n" + here, here + " ", here.upper(), here.lower(), here.swapcase())
    yield from (here[:-1], here[1:], here + here, here + "\u0661", here + "\u00fc", "", here * 50)
    if here:
        middle = len(here) // 2
        for character in "\n\r\t -_.a1\u2028\u0661\u00e9\U0001f600@":
            yield here[:middle] + character + here[middle + 1 :]
            yield here[:-1] + character


def _by_keyword(schema: Schema) -> Iterator[Any]:
    yield from _by_size(schema)
    yield from _by_amount(schema)
    for member in schema.get("enum", ())[:3]:
        yield from (member, f"{member}", [member], f"{member}".lower())
        if isinstance(member, int):
            yield from (True, False, 1.0, 0.0)
    yield from FORMATS.get(schema.get("format", ""), ())
    yield None
    yield from schema.get("x-try", ())


def _by_size(schema: Schema) -> Iterator[Any]:
    for keyword in ("minLength", "maxLength"):
        if keyword in schema:
            for count in (schema[keyword] - 1, schema[keyword], schema[keyword] + 1):
                yield from ("x" * count, "\U0001f600" * count, "e\u0301" * count)
    for keyword in ("minItems", "maxItems", "minProperties", "maxProperties"):
        if keyword in schema:
            for count in (max(0, schema[keyword] - 1), schema[keyword], schema[keyword] + 1):
                yield [str(number) for number in range(count)]
                yield {str(number): "v" for number in range(count)}


def _by_amount(schema: Schema) -> Iterator[Any]:
    for keyword in ("minimum", "maximum"):
        if keyword in schema:
            limit = schema[keyword]
            yield from (limit, limit - 1, limit + 1, float(limit), limit - 0.5, limit + 0.5)
    if "multipleOf" in schema:
        step = schema["multipleOf"]
        yield from (step * 3, step * 29, step + step / 2, float(step), step * 10**30, 0.3, 0.29)
    if schema.get("format") in ("int32", "int64"):
        for limit in (2**31, 2**63):
            yield from (limit, limit - 1, -limit, -limit - 1, float(limit), 1e300, True)
