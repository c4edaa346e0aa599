"""The state in which a test finds a server, and to which it can return."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_fiskaly.options import TREE_ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fiskaly_mockserver import MockServer, ServerConfig


class StartState:
    """What a test's markers make of a server.

    Args:
        server: The server.
        ids_from: What ids and secrets are drawn from: the test's node id.
        tree: Arguments of the tree that differ from the server's own.
        at: The unix seconds at which the time stands still, or `None`.
        faults: The rules of faults that are armed from the start.
    """

    def __init__(
        self,
        server: MockServer,
        *,
        ids_from: str,
        tree: Mapping[str, Any],
        at: float | None,
        faults: list[Mapping[str, Any]],
    ) -> None:
        self._server = server
        self._ids_from = ids_from
        self._tree = tree
        self._at = at
        self._faults = faults
        self._present: Mapping[str, Any] = tree

    def restore(self, **tree: str | int | None) -> None:
        """Start over: tree, clock, faults and the ids to come; other organizations if asked.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
        """
        from fiskaly_mockserver.server.config import StartValues

        given = {name: value for name, value in tree.items() if value is not None}
        asked: dict[str, Any] = {**self._tree, **given}
        self._server.begin(StartValues(**asked, ids_from=self._ids_from, at=self._at))
        self._present = asked
        for rule in self._faults:
            self._server.control.arm_fault(rule)  # type: ignore[arg-type]

    @property
    def flags(self) -> str:
        """The flags of `fiskaly-mockserver serve` that make the organizations of now."""
        return serve_flags(self._server.config, self._present)


def serve_flags(config: ServerConfig, tree: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return the flags of `fiskaly-mockserver serve` that make the same organizations."""
    values = {one: tree.get(one, getattr(config, one)) for one in TREE_ARGUMENTS}
    return " ".join(f"--{name} {value}" for name, value in values.items())
