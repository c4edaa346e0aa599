"""Where new ids and secrets come from: the system's randomness, or a seed."""

import secrets
import string
import uuid
from random import Random, SystemRandom

from fiskaly_mockserver.domain.ports import IdSource, SecretSource

_BASE_36 = string.digits + string.ascii_lowercase
_BASE_62 = string.digits + string.ascii_letters
KEY_PART_LENGTH = 25
SECRET_LENGTH = 43


class SystemIds(IdSource):
    """Random ids that nobody can foresee."""

    def uuid(self) -> str:
        """Return a new lower-case UUID of version 4."""
        return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


class SystemSecrets(SecretSource):
    """Secrets from the system's randomness."""

    def __init__(self) -> None:
        self._random = SystemRandom()

    def key_part(self) -> str:
        """Return 25 characters of `[0-9a-z]`."""
        return "".join(self._random.choices(_BASE_36, k=KEY_PART_LENGTH))

    def secret(self) -> str:
        """Return 43 characters of `[0-9A-Za-z]`."""
        return "".join(self._random.choices(_BASE_62, k=SECRET_LENGTH))


class SeededSource(IdSource, SecretSource):
    """Ids and secrets that are the same in every run with the same seed, for tests.

    `seed` may be any text, such as a test's name.
    """

    def __init__(self, seed: str) -> None:
        self._random = Random(f"fiskaly-mockserver:{seed}")  # noqa: S311 - repeatable on purpose

    def uuid(self) -> str:
        """Return a new lower-case UUID of version 4."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def key_part(self) -> str:
        """Return 25 characters of `[0-9a-z]`."""
        return "".join(self._random.choices(_BASE_36, k=KEY_PART_LENGTH))

    def secret(self) -> str:
        """Return 43 characters of `[0-9A-Za-z]`."""
        return "".join(self._random.choices(_BASE_62, k=SECRET_LENGTH))
