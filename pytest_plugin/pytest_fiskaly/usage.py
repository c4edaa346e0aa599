"""What a run exercised of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest
    from fiskaly_mockserver.world.exchanges import Exchange


class Usage:
    """Hears of every exchange of a run's servers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def heard(self, exchange: Exchange) -> None:
        """Take note of an exchange; called in a server's thread."""
