"""What the services need of a store: tables with keys, indexes and creation order.

The domain says which tables and indexes there are; `fiskaly_mockserver.world` keeps
the rows. Every method is synchronous: a service reads and writes without a break.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

Key = TypeVar("Key", bound=Hashable)
Key_contra = TypeVar("Key_contra", bound=Hashable, contravariant=True)
Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
T = TypeVar("T")


class TableSpec(NamedTuple, Generic[Key, Row]):
    """A table's primary key and its indexes.

    An index maps a row to the values under which it is found: none, one or several.
    """

    name: str
    key: Callable[[Row], Key]
    indexes: Mapping[str, Callable[[Row], Iterable[Hashable]]]


class Selection(Protocol[Row_co]):
    """The rows under some values of an index, each once, oldest first."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Row_co]: ...

    def page(self, offset: int, limit: int, *, descending: bool = False) -> tuple[Row_co, ...]:
        """Return at most `limit` rows after the first `offset`.

        Descending, those are counted from the latest backwards.
        """
        ...

    def kept(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` works out from the rows, kept until any of them changes.

        `name` tells it from all else that is worked out from them; what `make` looks at
        beside the rows must be part of it.
        """
        ...


class Table(Protocol[Key_contra, Row]):
    """Rows by key, in the order of their creation."""

    @property
    def revision(self) -> int:
        """A number that no two states of this table have in common."""
        ...

    def get(self, key: Key_contra) -> Row | None:
        """Return the row, or `None` if there is none."""
        ...

    def put(self, row: Row) -> None:
        """Add the row, or replace the one of the same key in its old place."""
        ...

    def remove(self, key: Key_contra) -> None:
        """Drop the row of that key, which must exist."""
        ...

    def select(self, index: str, *values: Hashable) -> Selection[Row]:
        """Return the rows found under any of the values."""
        ...

    def position(self, key: Key_contra) -> int:
        """Return a number that grows with the order of creation."""
        ...
