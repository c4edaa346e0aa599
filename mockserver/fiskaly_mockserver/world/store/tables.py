"""All rows of a world: the frozen baseline, and the overlay tables on top of it."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from fiskaly_mockserver.domain.account.model import ACCOUNT_TABLES
from fiskaly_mockserver.domain.signing.tables import SIGNING_TABLES
from fiskaly_mockserver.domain.store import TableSpec
from fiskaly_mockserver.world.store.table import FrozenTable, OverlayTable

AnyTables = TypeVar("AnyTables")

SPECS: Mapping[str, TableSpec[Any, Any]] = {
    spec.name: spec for spec in (*ACCOUNT_TABLES, *SIGNING_TABLES)
}
"""Every table there is; to declare one in the domain is all that it takes."""
EMPTY: Mapping[str, FrozenTable[Any, Any]] = {
    name: FrozenTable(spec) for name, spec in SPECS.items()
}


class Baseline:
    """The rows that a world starts with and returns to; shared by all its forks.

    The frozen tables are its attributes, by the tables' names. `preset` and `seed` are those
    of the tree they come from, `None` without one: the secrets of its keys and users derive
    from the seed, but for `pinned_secrets`, by the ids of their keys. `tills` and `receipts`
    are the tree's, too.
    """

    __slots__ = ("_tables", "pinned_secrets", "preset", "receipts", "seed", "tills")

    def __init__(
        self,
        *,
        preset: str | None = None,
        seed: int | None = None,
        tills: int = 0,
        receipts: int = 0,
        pinned_secrets: Mapping[str, str] = MappingProxyType({}),
        **rows: Iterable[Any],
    ) -> None:
        """Take the rows of each table by its name; a table that is left out is empty.

        Raises:
            KeyError: There is no table of a name.
        """
        self.preset = preset
        self.seed = seed
        self.tills = tills
        self.receipts = receipts
        self.pinned_secrets = pinned_secrets
        made = {name: FrozenTable(SPECS[name], found) for name, found in rows.items()}
        self._tables: Mapping[str, FrozenTable[Any, Any]] = {**EMPTY, **made}

    def __getattr__(self, name: str) -> FrozenTable[Any, Any]:
        """Return the table of that name."""
        if name == "_tables" or name not in self._tables:
            raise AttributeError(name)
        return self._tables[name]

    def with_rows(self, **rows: Iterable[Any]) -> "Baseline":
        """Return a baseline with other rows in some tables, which shares the rest."""
        twin = Baseline(
            preset=self.preset,
            seed=self.seed,
            tills=self.tills,
            receipts=self.receipts,
            pinned_secrets=self.pinned_secrets,
            **rows,
        )
        twin._tables = {**self._tables, **{name: twin._tables[name] for name in rows}}
        return twin


class Rows:
    """The overlay tables of one world, as attributes by the tables' names.

    `baseline` is what they stand on now; another state may bring another one.
    """

    __slots__ = ("_tables", "baseline")

    def __init__(self, baseline: Baseline, tables: Mapping[str, OverlayTable[Any, Any]]) -> None:
        self.baseline = baseline
        self._tables = tables

    def __getattr__(self, name: str) -> OverlayTable[Any, Any]:
        """Return the table of that name."""
        if name == "_tables" or name not in self._tables:
            raise AttributeError(name)
        return self._tables[name]

    @classmethod
    def of(cls, baseline: Baseline) -> "Rows":
        """Return the baseline's rows, unchanged, with no session open."""
        return cls(baseline, {name: OverlayTable(getattr(baseline, name)) for name in SPECS})

    def fork(self) -> "Rows":
        """Return independent tables with the same rows."""
        return Rows(self.baseline, {name: table.fork() for name, table in self._tables.items()})

    def become(self, other: "Rows") -> None:
        """Take over other rows, which are left as they are; the tables stay the same objects."""
        self.baseline = other.baseline
        for name, table in self._tables.items():
            table.become(getattr(other, name))

    def tables(self, kind: Callable[..., AnyTables], names: Iterable[str]) -> AnyTables:
        """Return some tables as the domain has them: as fields of a named tuple."""
        return kind(*(self._tables[name] for name in names))
