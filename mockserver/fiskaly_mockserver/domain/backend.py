"""The one object that every service is built on."""

from dataclasses import field
from typing import NamedTuple

from fiskaly_mockserver.domain.account.access import Sight
from fiskaly_mockserver.domain.account.tables import Tables
from fiskaly_mockserver.domain.ports import Clock, IdSource, Lifetimes, SecretSource, TokenIssuer


class Backend(NamedTuple):
    """The rows of one world and the seams they are changed through."""

    tables: Tables
    clock: Clock
    ids: IdSource
    secrets: SecretSource
    tokens: TokenIssuer
    lifetimes: Lifetimes = field(default_factory=Lifetimes)

    @property
    def sight(self) -> Sight:
        """Look-ups as a principal sees them."""
        return Sight(self.tables)
