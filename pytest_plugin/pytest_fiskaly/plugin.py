"""The fixtures. This module imports pytest and the standard library, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fiskaly_mockserver import MockServer, ServerConfig


@pytest.fixture(scope="session")
def fiskaly_mock_config() -> ServerConfig:
    """Return the settings of the session's server; override it to choose others."""
    from fiskaly_mockserver.server.mock_server import IN_PROCESS

    return IN_PROCESS


@pytest.fixture(scope="session")
def fiskaly_mock_server(fiskaly_mock_config: ServerConfig) -> Iterator[MockServer]:
    """Run one server for the whole session, in a thread of its own."""
    from fiskaly_mockserver import MockServer

    with MockServer(fiskaly_mock_config) as server:
        yield server


@pytest.fixture
def fiskaly_mock(fiskaly_mock_server: MockServer) -> Iterator[MockServer]:
    """Give a test the server in its seeded state, and check afterwards that it was right.

    A crash of the fake, or an answer of it that breaks the contract, fails the test.
    """
    fiskaly_mock_server.reset()
    yield fiskaly_mock_server
    fiskaly_mock_server.verify()
