"""The trees of servers: generated ones in a cache, and those that are read from a file."""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from fiskaly_contracts import Checker, JsonValue, explain
from fiskaly_fixtures import (
    OrganizationSpec,
    OrganizationTree,
    TreeArguments,
    TreeError,
    generate_from,
)

from fiskaly_mockserver.world.seeding import Seeded, baseline_of
from fiskaly_mockserver.world.store.tables import Baseline

if TYPE_CHECKING:
    from fiskaly_fixtures import LoadedTree

    from fiskaly_mockserver.control.handles import TreeHandle
    from fiskaly_mockserver.control.shapes import Tree


MOST_TREES = 32
"""Trees that a cache keeps; the one not used for longest makes room."""


@dataclass
class CachedTree:
    """A tree, its rows and its handle; each is made when it is first needed.

    `started_at` is in unix seconds.
    """

    tree: OrganizationTree
    started_at: float

    @cached_property
    def baseline(self) -> Baseline:
        """The rows as they are if the world starts at `started_at`."""
        return baseline_of(self.tree, started_at=self.started_at)

    @cached_property
    def handle(self) -> "TreeHandle":
        """The organizations and users with their credentials."""
        return handle_of(self.baseline)

    def baseline_at(self, started_at: float) -> Baseline:
        """Return the rows of a world that starts at another time.

        That takes no time, but for trees with pending invitations, whose age counts back
        from the start.
        """
        if not self._invites:
            return self.baseline
        people = replace(self.tree, organizations=())
        fresh = baseline_of(people, started_at=started_at)
        return self.baseline.with_rows(memberships=fresh.memberships.order)

    @cached_property
    def _invites(self) -> bool:
        return any(
            membership.invited_seconds_ago is not None
            for user in self.tree.users
            for membership in user.memberships
        )


class TreeCache:
    """Generated trees by preset, seed, size and country. Thread-safe; servers may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._trees: OrderedDict[TreeArguments, CachedTree] = OrderedDict()

    def get(self, asked: TreeArguments, *, started_at: float) -> CachedTree:
        """Return a tree, generated if need be; a new one's world starts at `started_at`."""
        arguments = asked.changed()  # a server's settings are more than those of its tree
        with self._lock:
            found = self._trees.get(arguments)
            if found is None:
                tree = generate_from(arguments)
                found = self._trees[arguments] = CachedTree(tree, started_at)
                if len(self._trees) > MOST_TREES:
                    self._trees.popitem(last=False)
            self._trees.move_to_end(arguments)
            return found


def handle_of(baseline: Baseline) -> "TreeHandle":
    """Return the organizations and users of seeded rows with their credentials."""
    from fiskaly_mockserver.control.handles import TreeHandle  # noqa: PLC0415 - `serve` has none

    of_tree = {"preset": baseline.preset, "seed": baseline.seed}
    return TreeHandle(cast("Tree", {**of_tree, **Seeded(baseline).as_json_on_demand()}))


def read_tree(path: Path, checker: Checker) -> OrganizationTree:
    """Read a tree from a YAML or JSON file and check it against the contract.

    Raises:
        TreeError: The file cannot be read, is no tree, or holds something the API would
            not have let in; the message names line and key.
    """
    from fiskaly_fixtures import load_tree_file  # noqa: PLC0415 - without a file nobody reads one

    loaded = load_tree_file(path)
    wrong = [
        complaint
        for index, organization in enumerate(loaded.tree.organizations)
        for complaint in _complaints(loaded, checker, index, organization)
    ]
    if wrong:
        raise TreeError("\n".join(wrong))
    return loaded.tree


_OUR_OWN = frozenset(
    {
        "id",
        "type",
        "envs",
        "created_by_user",
        "created_by_organization_id",
        "api_keys",
        "billing_addresses",
    }
)
"""The fields that no client sends."""


def _complaints(
    loaded: "LoadedTree", checker: Checker, index: int, organization: OrganizationSpec
) -> Iterator[str]:
    here = f"/organizations/{index}"
    for place, schema, value in (
        (here, "OrganizationUpdate", _sent(organization)),
        *(
            (f"{here}/api_keys/{at}", "ApiKeyCreate", _sent(key, ("name", "status", "metadata")))
            for at, key in enumerate(organization.api_keys)
        ),
        *(
            (f"{here}/billing_addresses/{at}", "BillingAddressCreate", _sent(address))
            for at, address in enumerate(organization.billing_addresses)
        ),
    ):
        for violation in checker.value(schema, value):
            yield str(loaded.error(explain([violation]), place + violation.pointer))


def _sent(spec: Any, names: Collection[str] = ()) -> dict[str, JsonValue]:
    """Return what a client would have sent to make a part of a tree."""
    sent: dict[str, JsonValue] = {}
    for field in fields(spec):
        value = getattr(spec, field.name)
        if value is None or field.name in _OUR_OWN or (names and field.name not in names):
            continue
        if is_dataclass(value):
            value = _sent(value)
        sent[field.name] = dict(value) if field.name == "metadata" else value
    return sent
