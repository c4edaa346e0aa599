"""What the authority accepts and the compiled check leaves to it: by name, with a reason."""

import json
import re
from math import isinf, isnan, nan
from typing import Any

from fiskaly_contracts import Operation, RequestData, ResponseData

EXCLUSIONS = {
    "lone-surrogate": "no percent-encoded UTF-8 decodes to one, and jsonschema-rs takes none",
    "infinite-number": "a number parameter too large for a double is infinity to Python",
    "delimited-and-repeated": "a=1&a=2 where a=1,2 is meant: checked by its last, cast by all",
    "empty-header": "an empty header of a response is text to openapi-core",
    "loose-header": "in an answer's header openapi-core takes +1 and 1_0 as numbers, yes as true",
    "style": "matrix, label, deepObject, delimited and object parameters are left to openapi-core",
    "cookie": "an operation with cookie parameters is left to openapi-core",
    "multipleOf": "a double as divisor inside `not` or `oneOf` is left to openapi-core",
    "uniqueItems": "openapi-core sorts, and so misses some equal items: [[1], [true], [1]]",
    "no-translation": "a schema that says what Draft 4 cannot is left to openapi-core",
}
"""What the authority accepts and the compiled check leaves to it, each with its reason."""


def excluded_request(operation: Operation, data: RequestData) -> str | None:
    """Name the reason why a request may be left to the authority."""
    sent = [*data.path_parameters.items(), *data.headers.items(), *data.query]
    if any("\ud800" in text for _, text in sent):
        return "lone-surrogate"
    declared = {p.name: p for p in operation.parameters}
    names = [name for name, _ in data.query]
    for name, text in sent:
        parameter = declared.get(name)
        if parameter is None:
            continue
        if parameter.schema.get("type") == "number" and isinf(_as_double(text)):
            return "infinite-number"
        if parameter.is_array and not parameter.explode and names.count(name) > 1:
            return "delimited-and-repeated"
    return None


def excluded_response(data: ResponseData) -> str | None:
    """Name the reason why a response may be left to the authority."""
    texts = [*(data.headers or {}).values()]
    if any("\ud800" in text for text in texts):
        return "lone-surrogate"
    if "" in texts:
        return "empty-header"
    return "loose-header" if any(_is_loose(text) for text in texts) else None


def _is_loose(text: str) -> bool:
    """Tell whether Python's `float`, or openapi-core's idea of a boolean, takes more than JSON."""
    if text.lower() in {"y", "yes", "t", "on", "1", "n", "no", "f", "off", "0", "true", "false"}:
        return text not in {"true", "false"}
    if re.fullmatch(r"-?[0-9]{1,640}(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        return isinf(_as_double(text))
    return not isnan(_as_double(text)) or text == "nan"


def _as_double(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan


def excluded_value(value: Any) -> str | None:
    """Name the reason why a value may be left to the authority."""
    mixed = re.search(r"\[\[(1|1\.0|true)\], \[(1|1\.0|true)\]", json.dumps(value))
    return "uniqueItems" if mixed else None
