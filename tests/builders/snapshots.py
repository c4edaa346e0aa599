"""Whole worlds as data, to tell whether anything changed."""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from fiskaly_mockserver.domain.account.model import Tables
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.world.store.table import OverlayTable
from fiskaly_mockserver.world.world import World

TABLES = Tables._fields
SEEDED = tuple(name for name in TABLES if name not in ("sessions", "ended_tokens"))
"""The tables that a baseline fills; sessions and ended tokens come by calls only."""

Refusal = TypeVar("Refusal", bound=DomainError)
Snapshot = Mapping[str, Mapping[Hashable, Any]]


def rows_of(table: OverlayTable[Any, Any]) -> dict[Hashable, Any]:
    """Return every row of a table by key, in order of creation, without any index."""
    keys = dict.fromkeys((*table._base.rows, *table._added_keys.values()))
    rows = {key: row for key in keys if (row := table.get(key)) is not None}
    return dict(sorted(rows.items(), key=lambda item: table.position(item[0])))


def table_of(world: World, name: str) -> OverlayTable[Any, Any]:
    """Return one of a world's tables with all of its methods."""
    table = getattr(world.tables, name)
    assert isinstance(table, OverlayTable)
    return table


def snapshot(world: World) -> Snapshot:
    """Return every row of a world."""
    return {name: rows_of(table_of(world, name)) for name in TABLES}


def listed(world: World) -> list[tuple[str, list[tuple[Hashable, Any]]]]:
    """Return every row of a world in order, so that a changed order differs too."""
    return [(name, list(rows.items())) for name, rows in snapshot(world).items()]


@contextmanager
def refused(world: World, error: type[Refusal]) -> Iterator[pytest.ExceptionInfo[Refusal]]:
    """Demand that the block is refused with exactly `error` and changes no row."""
    before = listed(world)
    with pytest.raises(error) as caught:
        yield caught
    assert caught.type is error
    assert listed(world) == before
