"""The one object that every service is built on."""

from dataclasses import field
from typing import NamedTuple

from fiskaly_mockserver.domain.account.access import Sight
from fiskaly_mockserver.domain.account.tables import Tables
from fiskaly_mockserver.domain.ports import Clock, IdSource, Lifetimes, SecretSource, TokenIssuer


class Backend(NamedTuple):
    """The rows of one world, look-ups as a principal sees them, and the seams of changes."""

    tables: Tables
    sight: Sight
    clock: Clock
    ids: IdSource
    secrets: SecretSource
    tokens: TokenIssuer
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
