"""From the Authorization header to the caller."""

from fiskaly_mockserver.domain.access import Principal
from fiskaly_mockserver.domain.errors import MissingToken
from fiskaly_mockserver.domain.sessions import Sessions


def caller_of(header: str | None, sessions: Sessions) -> Principal:
    """Return who calls with `Authorization: Bearer <token>`.

    The scheme's case does not matter. Source: recorded for a garbage token;
    assumptions (A-24, A-25) for the rest.

    Raises:
        MissingToken: There is no header, or another scheme.
        Unauthenticated: The token is refused; see `Sessions.principal`.
    """
    return sessions.principal(token_of(header))


def token_of(header: str | None) -> str:
    """Return the bearer token of an Authorization header.

    Raises:
        MissingToken: There is no header, or another scheme.
    """
    scheme, _, token = (header or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise MissingToken
    return token.strip()
