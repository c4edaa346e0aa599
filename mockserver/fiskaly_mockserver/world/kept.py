"""Results that are kept until what they were worked out from changes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")
Place = tuple[str, Hashable]
"""An index and a value under which it finds rows."""

MOST_KEPT = 32


class Kept:
    """Results by name, each worked out from the rows found at some places.

    There are at most `limit`: then that which was not asked for the longest is dropped.
    """

    __slots__ = ("_limit", "_names_at", "_results")

    def __init__(self, limit: int = MOST_KEPT) -> None:
        self._limit = limit
        self._results: OrderedDict[Hashable, tuple[tuple[Place, ...], object]] = OrderedDict()
        self._names_at: dict[Place, set[Hashable]] = {}

    def __len__(self) -> int:
        return len(self._results)

    def get(self, places: tuple[Place, ...], name: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, as long as nothing changes at any of the places.

        `name` tells it from what else is worked out from the same places.
        """
        full_name = (places, name)
        found = self._results.get(full_name)
        if found is not None:
            self._results.move_to_end(full_name)
            return cast("T", found[1])
        made = make()
        if len(self._results) >= self._limit:
            self._drop(next(iter(self._results)))
        self._results[full_name] = places, made
        for place in places:
            self._names_at.setdefault(place, set()).add(full_name)
        return made

    def changed(self, place: Place) -> None:
        """Drop all that was worked out from a place."""
        for full_name in tuple(self._names_at.get(place, ())):
            self._drop(full_name)

    def clear(self) -> None:
        """Drop everything."""
        self._results.clear()
        self._names_at.clear()

    def _drop(self, full_name: Hashable) -> None:
        places, _ = self._results.pop(full_name)
        for place in places:
            names = self._names_at.get(place, set[Any]())
            names.discard(full_name)
            if not names:
                self._names_at.pop(place, None)
