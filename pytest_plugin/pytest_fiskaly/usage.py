"""What a run exercised of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest
    from fiskaly_contracts import Violation
    from fiskaly_mockserver.world.exchanges import Exchange


class Usage:
    """Hears of every exchange of a run's servers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def heard(self, exchange: Exchange) -> None:
        """Take note of an exchange; called in a server's thread."""

    def breached(self, test: str, exchange: Exchange, violations: Iterable[Violation]) -> None:
        """Take note of what counts against a test, by its node id; "" where none was running."""

    def begun(self) -> None:
        """Notice that a fixture of ours is used, even if no request follows."""
