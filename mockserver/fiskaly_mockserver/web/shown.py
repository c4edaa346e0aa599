"""What handlers answer with: a JSON object, or rows that are shown by themselves.

Rows are replaced and never changed, so what one looks like on the wire is a matter of the
row alone. Handed on as it is, it is written and checked once, not in every answer.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fiskaly_contracts import JsonValue

JsonObject = dict[str, JsonValue]

Presenter = Callable[[Any], JsonObject]
"""Shows a row; the same row is always shown the same."""


class ShownRow(NamedTuple):
    """One row, and how it is shown."""

    present: Presenter
    row: object


class ShownRows(NamedTuple):
    """A page of a list, and how its rows are shown.

    `envelope` is the list without its rows: its field `data` is empty.
    """

    envelope: JsonObject
    present: Presenter
    rows: Sequence[object]


Shown = JsonObject | ShownRow | ShownRows
