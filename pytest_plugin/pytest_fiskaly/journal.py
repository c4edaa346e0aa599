"""Assertions on what a client asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fiskaly_mockserver import MockServer


class JournalAssertions:
    """What a client asked a server for."""

    def __init__(self, server: MockServer) -> None:
        self._server = server
