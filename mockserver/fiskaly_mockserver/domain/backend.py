"""What every service is built on: rows, look-ups, and the seams: time, ids, secrets, tokens."""

from dataclasses import field
from enum import StrEnum
from typing import NamedTuple, Protocol

from fiskaly_mockserver.domain.account.access import Sight
from fiskaly_mockserver.domain.account.model import (
    Environment,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
    Tables,
)


class Clock(Protocol):
    """Tells the time of a world; it never runs backwards."""

    def now(self) -> float:
        """Return the current time in unix seconds."""
        ...


class IdSource(Protocol):
    """Makes the ids of new things."""

    def uuid(self) -> str:
        """Return a new lower-case UUID of version 4."""
        ...


class SecretSource(Protocol):
    """Makes the random parts of API keys."""

    def key_part(self) -> str:
        """Return 25 characters of `[0-9a-z]`."""
        ...

    def secret(self) -> str:
        """Return 43 characters of `[0-9A-Za-z]`, now and then 42."""
        ...


class TokenUse(StrEnum):
    """What a token is good for, as its `typ` claim says."""

    ACCESS = "Bearer"
    REFRESH = "Refresh"


class Claims(NamedTuple):
    """What a token says; times are whole unix seconds."""

    use: TokenUse
    principal_id: PrincipalId
    kind: PrincipalKind
    organization_id: OrganizationId
    env: Environment
    session_id: str
    token_id: str
    issued_at: int
    expires_at: int


class TokenIssuer(Protocol):
    """Writes claims into tokens that nobody else can make, and reads them back."""

    def issue(self, claims: Claims) -> str:
        """Return a signed three-part token that carries `claims`."""
        ...

    def read(self, token: str) -> Claims | None:
        """Return the claims of a token this issuer made, else `None`.

        Expiry is not looked at: the domain asks its own clock.
        """
        ...


class Lifetimes(NamedTuple):
    """How long tokens live, in seconds. Source: documented, and assumption (A-29)."""

    access: int = 86_400
    refresh: int = 172_800


class Backend(NamedTuple):
    """The rows of one world, look-ups as a principal sees them, and the seams of changes."""

    tables: Tables
    sight: Sight
    clock: Clock
    ids: IdSource
    secrets: SecretSource
    tokens: TokenIssuer
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
