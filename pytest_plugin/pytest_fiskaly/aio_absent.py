"""What stands in for the asynchronous fixture where pytest-asyncio is not active."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

ASYNCIO = "asyncio"
"""The name of pytest-asyncio as a plugin; other names are those of its module."""
NAMES = (ASYNCIO, "pytest_asyncio", "pytest_asyncio.plugin")


@pytest.fixture
def fiskaly_session(pytestconfig: pytest.Config) -> None:
    """Say what is missing: an aiohttp session needs pytest-asyncio."""
    from pytest_fiskaly.failures import fail

    fail(f"fiskaly_session: {_reason(pytestconfig.pluginmanager)}")


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
