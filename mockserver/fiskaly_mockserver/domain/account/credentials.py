"""Hashes of secrets and passwords, and their comparison in constant time.

Secrets are 256 random bits and passwords of seeded users are derived from the seed,
so one round of SHA-256 is enough: there is nothing to guess. A password that a test
makes up for a sign-up is only as good as itself; an exported world shows its hash.
"""

from hashlib import sha256
from hmac import compare_digest

_NOBODY = bytes(32)


def hash_secret(secret: str) -> bytes:
    """Return the hash under which a secret or password is kept."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def matches(secret: str, kept: bytes | None) -> bool:
    """Tell whether the secret has that hash, at the same cost whether one is kept."""
    same = compare_digest(hash_secret(secret), _NOBODY if kept is None else kept)
    return same and kept is not None
