"""JSON Web Tokens, signed with HS256 by the standard library.

The vendor signs with RS256 through its own identity service. Here HS256 with a random
key does: nobody verifies these tokens but this server. Source: assumption (A-53).

PyJWT would import cryptography wherever that is installed, which every start would pay
for. The tests use it as the second opinion.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from fiskaly_mockserver.domain.account.model import (
    Environment,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
)
from fiskaly_mockserver.domain.backend import Claims, TokenIssuer, TokenUse

ISSUER = "fiskaly-mockserver"
KEY_BYTES = 32


def _base64url(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


_ENCODER = json.JSONEncoder(separators=(",", ":"))
"""`json.dumps` would make one for each token."""
_HEADER = _base64url(b'{"alg":"HS256","typ":"JWT"}')


class JwtIssuer(TokenIssuer):
    """Issues and reads JWTs under a key that only this object knows.

    The claims have the names of the official sample: `jti exp nbf iat iss sub typ azp
    auth_time session_state acr scope organization type env`.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(KEY_BYTES) if key is None else key

    def issue(self, claims: Claims) -> str:
        """Return a signed three-part token that carries `claims`."""
        payload = {
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
        signed = _HEADER + b"." + _base64url(_ENCODER.encode(payload).encode())
        return (signed + b"." + self._signature(signed)).decode("ascii")

    def read(self, token: str) -> Claims | None:
        """Return the claims of a token this issuer made, else `None`.

        The token is read only after its signature was verified, and only the header that
        this issuer writes is accepted, so that no token chooses its own algorithm.
        """
        signed, _, signature = token.encode("utf-8", "surrogatepass").rpartition(b".")
        header, _, body = signed.partition(b".")
        if header != _HEADER or not hmac.compare_digest(signature, self._signature(signed)):
            return None
        payload = json.loads(urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
        if payload["iss"] != ISSUER:
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

    def _signature(self, signed: bytes) -> bytes:
        return _base64url(hmac.digest(self._key, signed, sha256))
