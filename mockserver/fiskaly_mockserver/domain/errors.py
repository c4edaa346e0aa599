"""Why the domain of any API refuses a call, as facts.

No class knows a status or a wire text: each API maps every class that its domain raises
(`fiskaly_mockserver.web.management.api`). `rule` names the domain rule that refuses, for
logs and explanations.
"""

from types import MappingProxyType
from typing import ClassVar


class DomainError(Exception):
    """A call that the state of the account does not allow.

    `facts` is what the service read before it refused: ids, environments, yes and no.
    Never a secret, and never part of an answer of the API, since it may say more than
    the caller sees.
    """

    __slots__ = ("facts",)

    rule: ClassVar[str] = ""

    def __init__(self, **facts: str) -> None:
        super().__init__()
        self.facts = MappingProxyType(facts)


class Unauthenticated(DomainError):
    """Nobody known is calling."""

    rule = "R5"


class MissingToken(Unauthenticated):
    """The call carries no bearer token."""


class UnreadableToken(Unauthenticated):
    """The bearer token has not even the form of a token.

    `token` is an attribute because the vendor's own answer repeats it (recorded).
    """

    def __init__(self, token: str) -> None:
        # The token is no fact: what explains a refusal holds no secret.
        super().__init__(parts=str(token.count(".") + 1))
        self.token = token


class ForeignToken(Unauthenticated):
    """The token was not issued here, or belongs to nothing that still exists."""


class ExpiredToken(Unauthenticated):
    """The access token's time is over."""


class RefreshTokenAsAccess(Unauthenticated):
    """A refresh token came in place of an access token."""


class AccessDenied(DomainError):
    """The thing is visible to the caller, but the caller may not do this."""

    rule = "R5"


class NotFound(DomainError):
    """The thing does not exist, or the caller does not see it."""

    rule = "R3"


class Conflict(DomainError):
    """The state of the account forbids it."""
