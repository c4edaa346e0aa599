"""Which `fiskaly_session` there is: one that works, or one that says what it would need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_fiskaly import aio_absent

if TYPE_CHECKING:
    import pytest


def register(manager: pytest.PytestPluginManager) -> None:
    """Register the fixture; call it when all plugins are loaded, as in `pytest_configure`."""
    if any(manager.has_plugin(name) for name in aio_absent.NAMES):
        from pytest_fiskaly import aio

        manager.register(aio, "fiskaly-session")
    else:
        manager.register(aio_absent, "fiskaly-session")
