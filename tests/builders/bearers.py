"""Those who call a world with tokens, and what is demanded of any list and index."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from fiskaly_mockserver.domain.account.model import (
    Environment,
    PrincipalId,
)
from fiskaly_mockserver.domain.account.sessions import OpenSession
from fiskaly_mockserver.domain.store import Page, Paging

if TYPE_CHECKING:
    from fiskaly_mockserver.world.store.table import OverlayTable


PAGE = 3
Row = TypeVar("Row")


@dataclass
class Bearer:
    """Someone who may log in, and the session they last got."""

    id: PrincipalId
    env: Environment
    name: str
    secret: str
    is_user: bool = False
    opened: OpenSession | None = None

    @property
    def expires_at(self) -> int:
        return self.opened.session.access_expires_at if self.opened else 0


def every_page(fetch: Callable[[Paging], Page[Row]]) -> list[Row]:
    """Walk a list page by page; demand that every page tells the size of the whole."""
    rows: list[Row] = []
    counts = set()
    while True:
        page = fetch(Paging(limit=PAGE, offset=len(rows)))
        counts.add(page.count)
        rows += page.rows
        if len(page.rows) < PAGE:
            break
    assert counts == {len(rows)}
    return rows


def agree(
    table: "OverlayTable[Any, Any]", outdated: Iterable[Any], rows: Mapping[Hashable, Any]
) -> None:
    """Demand that the indexes find `rows`, also under the values of `outdated` ones."""
    for index, values_of in table._base.spec.indexes.items():
        scan: dict[Hashable, list[Any]] = {}
        for row in outdated:
            scan |= {value: [] for value in values_of(row)}
        for row in rows.values():
            for value in values_of(row):
                scan.setdefault(value, []).append(row)
        for value, expected in scan.items():
            found = table.select(index, value)
            assert (list(found), len(found)) == (expected, len(expected))


def pairs(keys: Any) -> list[tuple[str, str]]:
    return list(keys)
