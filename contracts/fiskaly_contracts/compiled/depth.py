"""How deep a value can be that a schema accepts, where every part of it is looked at."""

from fiskaly_contracts.compiled.schemas import Draft4


def depth(schema: Draft4) -> int | None:
    """Return the most levels of an accepted value; None where there is no limit.

    A number means too that each scalar and each name was looked at: nothing hides in a place of
    which the schema says nothing.

    >>> depth({"type": "array", "items": {"type": "string"}})
    2
    >>> depth({"type": "array"}) is None
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
