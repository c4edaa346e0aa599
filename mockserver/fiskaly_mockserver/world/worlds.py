"""The worlds of one server: the default one, and sandboxes that are made on first use."""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from fiskaly_mockserver.world.names import NAME_RULE, is_name, listed, shown
from fiskaly_mockserver.world.world import Seams, World

MOST_SANDBOXES = 64


class SandboxError(Exception):
    """A sandbox that cannot be made or found; the message says what can be."""


class BadSandboxName(SandboxError):
    """The name breaks the rule for names."""


class UnknownSandbox(SandboxError):
    """There is no sandbox of that name."""


class SandboxFacts(NamedTuple):
    """Facts about a sandbox.

    `created` and `last_used` count the uses of all sandboxes of the server: the greater,
    the later. `uses` are those of this one, control calls too; `exchanges` are those of
    its journal, those it had to drop too.
    """

    name: str
    created: int
    last_used: int
    uses: int
    exchanges: int
    organizations: int
    snapshots: int


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """The sandboxes that were given up for newer ones.

    `names` are those of the latest, as many as there may be sandboxes, the latest last.
    """

    count: int
    names: tuple[str, ...]


@dataclass(slots=True, eq=False, repr=False)
class _Sandbox:
    world: World
    created: int
    last_used: int
    uses: int = 0


class Worlds:
    """The default world and its sandboxes, which know nothing of each other.

    A sandbox starts with the default world's baseline, whatever became of that world
    since, and is independent from then on. Tokens are signed by one issuer for all:
    a token is good in every world in which its organization exists.
    """

    def __init__(
        self,
        default: World,
        *,
        limit: int = MOST_SANDBOXES,
        seams_of: Callable[[str], Seams] | None = None,
    ) -> None:
        """Begin without any sandbox.

        Args:
            default: The world that is meant where no sandbox is named.
            limit: How many sandboxes there may be. One more, and that which was left
                alone the longest is given up.
            seams_of: What a new sandbox of that name takes from outside, in place of
                the default world's seams.

        Raises:
            ValueError: `limit` is less than 1.
        """
        if limit < 1:
            raise ValueError(f"there is room for at least 1 sandbox, not for {limit}")
        self.default = default
        self.limit = limit
        self._seams_of = seams_of or (lambda _: default.seams)
        self._sandboxes: OrderedDict[str, _Sandbox] = OrderedDict()
        self._uses = 0
        self._reclaimed = 0
        self._reclaimed_names: deque[str] = deque(maxlen=limit)

    def get(self, name: str | None) -> World:
        """Return a sandbox, made if need be, or the default world for `None`.

        That costs the same whatever the size of the tree.

        Raises:
            BadSandboxName: The name breaks the rule for names.
        """
        if name is None:
            return self.default
        world = self.find(name)
        if world is None:
            world = self.prepare(name)
            self.keep(world)
        return world

    def find(self, name: str) -> World | None:
        """Return a sandbox that there is, which is a use of it."""
        sandbox = self._sandboxes.get(name)
        if sandbox is None:
            return None
        self._use(sandbox)
        return sandbox.world

    def prepare(self, name: str) -> World:
        """Return a new world under a name of which there is no sandbox; `keep` makes it one.

        Raises:
            BadSandboxName: The name breaks the rule for names.
        """
        if not is_name(name):
            raise BadSandboxName(f"a sandbox's name has {NAME_RULE}, unlike {shown(name)}")
        return self.default.sibling(self._seams_of(name), name=name)

    def keep(self, world: World) -> None:
        """Make a world that was prepared a sandbox; the oldest one gives up its place."""
        if self.has(world):
            return
        if len(self._sandboxes) >= self.limit:
            oldest, sandbox = self._sandboxes.popitem(last=False)
            sandbox.world.end()
            self._reclaimed += 1
            self._reclaimed_names.append(oldest)
        sandbox = self._sandboxes[world.name] = _Sandbox(world, self._uses + 1, 0)
        self._use(sandbox)

    def has(self, world: World) -> bool:
        """Tell whether a world is still in use: a sandbox may have been given up."""
        if world is self.default:
            return True
        sandbox = self._sandboxes.get(world.name)
        return sandbox is not None and sandbox.world is world

    def all(self) -> tuple[World, ...]:
        """Return the default world and the sandboxes, which is no use of them."""
        return self.default, *(sandbox.world for sandbox in self._sandboxes.values())

    def names(self) -> tuple[str, ...]:
        """Return the sandboxes' names, the one left alone the longest first."""
        return tuple(self._sandboxes)

    def describe(self) -> tuple[SandboxFacts, ...]:
        """Return facts about the sandboxes, the one left alone the longest first."""
        return tuple(
            SandboxFacts(
                name=name,
                created=sandbox.created,
                last_used=sandbox.last_used,
                uses=sandbox.uses,
                exchanges=len(sandbox.world.journal) + sandbox.world.journal.dropped,
                organizations=len(sandbox.world.rows.organizations),
                snapshots=len(sandbox.world.snapshots()),
            )
            for name, sandbox in self._sandboxes.items()
        )

    def drop(self, name: str) -> None:
        """Give a sandbox up; the next use of its name makes a new one.

        Raises:
            UnknownSandbox: There is none; the message lists the names there are.
        """
        if name not in self._sandboxes:
            raise UnknownSandbox(f"no sandbox {shown(name)}; there are: {listed(self._sandboxes)}")
        self._sandboxes.pop(name).world.end()

    def drop_all(self) -> None:
        """Give every sandbox up, and forget which were reclaimed."""
        for sandbox in self._sandboxes.values():
            sandbox.world.end()
        self._sandboxes.clear()
        self._reclaimed = 0
        self._reclaimed_names.clear()

    @property
    def reclaimed(self) -> Reclaimed:
        """The sandboxes that were given up for newer ones."""
        return Reclaimed(self._reclaimed, tuple(self._reclaimed_names))

    def _use(self, sandbox: _Sandbox) -> None:
        self._uses += 1
        sandbox.last_used = self._uses
        sandbox.uses += 1
        self._sandboxes.move_to_end(sandbox.world.name)
