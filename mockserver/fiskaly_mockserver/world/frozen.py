"""Tables that never change, for worlds to share."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from fiskaly_mockserver.domain.store import TableSpec
from fiskaly_mockserver.world.indexes import FrozenIndex

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


class FrozenTable(Generic[Key, Row]):
    """Rows that never change, with their order and indexes.

    A row's position is its place in `order`.
    """

    __slots__ = ("_places", "indexes", "order", "rows", "spec")

    def __init__(self, spec: TableSpec[Key, Row], rows: Iterable[Row] = ()) -> None:
        self.spec = spec
        self.rows: Mapping[Key, Row] = {spec.key(row): row for row in rows}
        self.order = tuple(self.rows.values())
        self._places = FrozenIndex(self.order, lambda row: (spec.key(row),))
        self.indexes: Mapping[str, FrozenIndex[Row]] = {
            name: FrozenIndex(self.order, values_of) for name, values_of in spec.indexes.items()
        }

    def position(self, key: Key) -> int:
        """Return the place of the row of that key, which must exist."""
        return self._places.find(key)[0]
