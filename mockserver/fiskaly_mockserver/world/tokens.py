"""Signed tokens: the only place that knows PyJWT.

The vendor signs with RS256 through its own identity service. Here HS256 with a random
key does: nobody verifies these tokens but this server. Source: assumption (A-53).
"""

import secrets
from typing import Any

import jwt

from fiskaly_mockserver.domain.account.model import (
    Environment,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
)
from fiskaly_mockserver.domain.ports import Claims, TokenIssuer, TokenUse

ISSUER = "fiskaly-mockserver"
ALGORITHM = "HS256"
KEY_BYTES = 32


class JwtIssuer(TokenIssuer):
    """Issues and reads JWTs under a key that only this object knows.

    The claims have the names of the official sample: `jti exp nbf iat iss sub typ azp
    auth_time session_state acr scope organization type env`.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(KEY_BYTES) if key is None else key

    def issue(self, claims: Claims) -> str:
        """Return a signed three-part token that carries `claims`."""
        payload: dict[str, Any] = {
            "jti": claims.token_id,
            "exp": claims.expires_at,
            "nbf": 0,
            "iat": claims.issued_at,
            "iss": ISSUER,
            "sub": claims.principal_id,
            "typ": claims.use.value,
            "azp": ISSUER,
            "auth_time": 0,
            "session_state": claims.session_id,
            "acr": "1",
            "scope": "organization",
            "organization": claims.organization_id,
            "type": claims.kind.value,
            "env": claims.env.value,
        }
        return jwt.encode(payload, self._key, algorithm=ALGORITHM)

    def read(self, token: str) -> Claims | None:
        """Return the claims of a token this issuer made, else `None`."""
        try:
            payload = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        return Claims(
            use=TokenUse(payload["typ"]),
            principal_id=PrincipalId(payload["sub"]),
            kind=PrincipalKind(payload["type"]),
            organization_id=OrganizationId(payload["organization"]),
            env=Environment(payload["env"]),
            session_id=payload["session_state"],
            token_id=payload["jti"],
            issued_at=payload["iat"],
            expires_at=payload["exp"],
        )
