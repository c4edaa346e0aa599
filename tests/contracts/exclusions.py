"""Where the two judges may differ: by name, with a reason."""

import json
import re
from collections.abc import Iterable
from typing import Any

from fiskaly_contracts import Operation, RequestData, Violation

EXCLUSIONS = {
    "delimited-and-repeated": "a=1&a=2 where a=1,2 is meant: openapi-core checks the last alone",
    "uniqueItems": "openapi-core sorts, and so misses some equal items: [[1], [true], [1]]",
    "unreadable": "openapi-core fails on an integer beyond doubles with a double as divisor",
    "inexact": "of a double beyond 2**53 the judges compute other remainders",
    "no-translation": "a schema that says what Draft 4 cannot is left to openapi-core",
}
"""What openapi-core accepts or tells otherwise, each with its reason."""


MOST_EXACT = 2**53


def excluded_request(operation: Operation, data: RequestData) -> str | None:
    """Name the reason why the verdicts on a request may differ."""
    names = [name for name, _ in data.query]
    for parameter in operation.parameters:
        if parameter.is_array and not parameter.explode and names.count(parameter.name) > 1:
            return "delimited-and-repeated"
    return None


def excluded_value(value: Any) -> str | None:
    """Name the reason why the verdicts on a value may differ."""
    if isinstance(value, float) and abs(value) > MOST_EXACT:
        return "inexact"
    mixed = re.search(r"\[\[(1|1\.0|true)\], \[(1|1\.0|true)\]", json.dumps(value))
    return "uniqueItems" if mixed else None


def excluded_rules(reference: Iterable[Violation]) -> str | None:
    """Name the reason why two refusals may name different places and rules."""
    return "unreadable" if any(one.rule == "unreadable" for one in reference) else None
