"""The asynchronous fixture: one that works, or one that says what it would need."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientSession

    from pytest_fiskaly.mock import FiskalyMock

ASYNCIO = "asyncio"
"""The name of pytest-asyncio as a plugin; other names are those of its module."""
NAMES = (ASYNCIO, "pytest_asyncio", "pytest_asyncio.plugin")


class Absent:
    """Stands in for the session where pytest-asyncio is not active."""

    @pytest.fixture
    def fiskaly_session(self, pytestconfig: pytest.Config) -> None:
        """Say what is missing: an aiohttp session needs pytest-asyncio."""
        from pytest_fiskaly.verdict.outcome import fail

        fail(f"fiskaly_session: {_reason(pytestconfig.pluginmanager)}")


def register(manager: pytest.PytestPluginManager) -> None:
    """Register the fixture; call it when all plugins are loaded, as in `pytest_configure`."""
    active = any(manager.has_plugin(name) for name in NAMES)
    manager.register(_working() if active else Absent(), "fiskaly-session")


def _working() -> Any:
    """Return the plugin with the session; pytest-asyncio is imported here, and only here."""
    import pytest_asyncio

    class Session:
        @pytest_asyncio.fixture
        async def fiskaly_session(self, fiskaly_mock: FiskalyMock) -> AsyncIterator[ClientSession]:
            """Give a test an aiohttp session with the token of the first main organization's key.

            Paths are relative to the base URL, without a slash before them:
            `await fiskaly_session.get("organizations")`.
            """
            from aiohttp import ClientSession

            from pytest_fiskaly.verdict.outcome import or_fail

            key = or_fail(lambda: fiskaly_mock.credentials, "fiskaly_session")
            token = fiskaly_mock.token_for(key)
            headers = {"Authorization": f"Bearer {token}"}
            async with ClientSession(f"{fiskaly_mock.base_url}/", headers=headers) as session:
                yield session

    return Session()


def _reason(manager: pytest.PytestPluginManager) -> str:
    if find_spec("pytest_asyncio") is None:
        return (
            "an aiohttp session needs pytest-asyncio, which is not installed:"
            " pip install 'fiskaly-mockserver[aiohttp]'"
        )
    if any(manager.is_blocked(name) for name in NAMES):
        return (
            "an aiohttp session needs pytest-asyncio, which is switched off:"
            f" leave out -p no:{ASYNCIO} from the command line, addopts and PYTEST_ADDOPTS"
        )
    return (
        "an aiohttp session needs pytest-asyncio, which is installed but not loaded:"
        f" add -p {ASYNCIO}, or leave out PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    )
