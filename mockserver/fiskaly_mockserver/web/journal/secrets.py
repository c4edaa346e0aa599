"""Secrets in texts: by their shape, and those that a server knows wherever they stand."""

import re
from base64 import b64decode
from collections.abc import Callable, Collection

from fiskaly_mockserver.world.journal.containment import REDACTED

_CREDENTIAL = re.compile(
    r"eyJ[\w-]{16,}(?:\.[\w-]*){0,2}"  # a JSON Web Token, also one that was cut off
    r"|(?<![0-9A-Za-z])[0-9A-Za-z]{42,43}(?![0-9A-Za-z])"  # an API secret
)
_LENGTHS = (43, 42)
"""The characters of an API secret; the first is the usual number."""
_PASSWORD_LENGTH = 24
"""The characters of a seeded person's password."""
_PUK_LENGTH = 10
_DIGITS = re.compile("[0-9]{10,}")
_LONG_RUN = re.compile(f"[0-9A-Za-z]{{{_PASSWORD_LENGTH},}}")
_ALPHANUMERIC = re.compile("[0-9A-Za-z]+")
_BASE64 = re.compile("[0-9A-Za-z+/_-]{16,}")
_SHORTEST_CODED = 16
ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A UUID, which codes nothing, though base64 has all of its characters."""
_ID = re.compile(ID)
_URL_SAFE = str.maketrans("-_", "+/")
SHORTEST = 8
"""Characters of the shortest secret that is looked for: a shorter one may be any word."""
MOST_SECRETS = 20_000
"""API secrets that are known, of those issued and told."""
MOST_OTHERS = 64
"""Other secrets that are known, as passwords: each text is searched for each."""


def without_credentials(text: str) -> str:
    """Return a text without what has the form of a token or of an API secret."""
    if len(text) < _LENGTHS[-1] and "eyJ" not in text:
        return text
    return _CREDENTIAL.sub(REDACTED, text)


def _nothing() -> Collection[str]:
    return ()


class KnownSecrets:
    """The secrets that a server issued or was told, to be found exactly, wherever they stand.

    Also glued to other letters, and in base64 as of `key:secret`. What is shorter than
    `SHORTEST`, and the oldest of very many, is found by shape or place alone.
    """

    def __init__(
        self,
        seeded: Callable[[], Collection[str]] = _nothing,
        seeded_puks: Callable[[], Collection[str]] = _nothing,
    ) -> None:
        """Know nothing yet but the API secrets, passwords and PUKs of the present tree.

        `seeded` returns the API secrets and passwords.
        """
        self._seeded, self._seeded_puks = seeded, seeded_puks
        self._api_secrets: dict[str, None] = {}
        self._others: dict[str, None] = {}
        self._longest_first: list[str] = []  # one secret may begin with another

    def add(self, secret: object) -> None:
        """Know a secret from now on; what is no text, or too short, is left alone."""
        if not isinstance(secret, str) or len(secret) < SHORTEST:
            return
        is_api_secret = len(secret) in _LENGTHS and _ALPHANUMERIC.fullmatch(secret)
        known, most = (
            (self._api_secrets, MOST_SECRETS) if is_api_secret else (self._others, MOST_OTHERS)
        )
        known.pop(secret, None)
        while len(known) >= most:
            del known[next(iter(known))]
        known[secret] = None
        if known is self._others:
            self._longest_first = sorted(known, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Return a text without any secret that is known or has the form of one."""
        if _ID.fullmatch(text):
            return self.without_short(text)
        text = self._without_known(without_credentials(text))
        if len(text) < _SHORTEST_CODED:
            return text
        for coded in _BASE64.findall(text):
            try:
                plain = b64decode(coded.translate(_URL_SAFE) + "=" * (-len(coded) % 4))
                decoded = plain.decode("ascii")
            except ValueError:
                continue
            if self._without_known(without_credentials(decoded)) != decoded:
                text = text.replace(coded, REDACTED)
        return text

    def _without_known(self, text: str) -> str:
        if len(text) < SHORTEST:
            return text
        text = self.without_short(text)
        return _LONG_RUN.sub(self._run, text) if len(text) >= _PASSWORD_LENGTH else text

    def without_short(self, text: str) -> str:
        """Return a text without those that even an id has room for."""
        for secret in self._longest_first:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return _DIGITS.sub(self._digits, text)

    def _digits(self, match: re.Match[str]) -> str:
        """Return digits without the seeded PUKs among them."""
        run, puks = match[0], self._seeded_puks()
        for at in range(len(run) - _PUK_LENGTH + 1 if puks else 0):
            part = run[at : at + _PUK_LENGTH]
            if part in puks:
                return run.replace(part, REDACTED)
        return run

    def _run(self, match: re.Match[str]) -> str:
        """Return letters and digits without the API secrets and passwords among them."""
        run = match[0]
        seeded = self._seeded()
        for length in (*_LENGTHS, _PASSWORD_LENGTH):
            for at in range(len(run) - length + 1):
                part = run[at : at + length]
                if part in self._api_secrets or part in seeded:
                    return run.replace(part, REDACTED)
        return run
