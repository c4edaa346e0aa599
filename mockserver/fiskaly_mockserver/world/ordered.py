"""Sorted positions: a frozen part that worlds share, and one world's changes."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from itertools import islice


class Positions:
    """Ascending numbers on top of a base that is never changed.

    A change costs the logarithm of the size; so does finding a page at any offset.
    Only a number that has to go between old ones (an old organisation that turns LIVE)
    makes this world's copy of the base.
    """

    __slots__ = ("_added", "_base", "_dropped")

    def __init__(
        self, base: Sequence[int], dropped: Sequence[int] = (), added: Sequence[int] = ()
    ) -> None:
        self._base = base
        self._dropped = list(dropped)  # indexes into the base, ascending
        self._added = list(added)  # ascending, all behind the base

    def copy(self) -> "Positions":
        """Return an independent twin."""
        return Positions(self._base, self._dropped, self._added)

    def __len__(self) -> int:
        return len(self._base) - len(self._dropped) + len(self._added)

    def __iter__(self) -> Iterator[int]:
        yield from self._kept_from(0)
        yield from self._added

    def page(self, offset: int, limit: int) -> list[int]:
        """Return at most `limit` numbers after the first `offset`."""
        kept = len(self._base) - len(self._dropped)
        if offset >= kept:
            start = offset - kept
            return self._added[start : start + limit]
        found = list(islice(self._kept_from(self._base_index(offset)), limit))
        return found + self._added[: limit - len(found)]

    def add(self, position: int) -> None:
        """Put a number, which must not be here yet, into its place."""
        if self._base and position <= self._base[-1]:
            index = bisect_left(self._base, position)
            if self._base[index] == position:
                self._dropped.remove(index)
                return
            self._added = list(self)
            self._base, self._dropped = (), []
        insort(self._added, position)

    def discard(self, position: int) -> None:
        """Take a number, which must be here, out."""
        if self._base and position <= self._base[-1]:
            insort(self._dropped, bisect_left(self._base, position))
        else:
            del self._added[bisect_left(self._added, position)]

    def _base_index(self, offset: int) -> int:
        """Return the index in the base of the kept number that `offset` others precede."""
        if not self._dropped:
            return offset
        low, high = offset, len(self._base)
        while low < high:
            middle = (low + high) // 2
            if middle + 1 - bisect_left(self._dropped, middle + 1) <= offset:
                low = middle + 1
            else:
                high = middle
        return low

    def _kept_from(self, index: int) -> Iterator[int]:
        dropped = self._dropped
        gap = bisect_left(dropped, index)
        for at in range(index, len(self._base)):
            if gap < len(dropped) and dropped[gap] == at:
                gap += 1
                continue
            yield self._base[at]
