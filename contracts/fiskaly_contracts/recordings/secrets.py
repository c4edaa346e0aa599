"""Secrets in texts: what they look like, in which forms they stand there, what replaces them."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

MARKS: Final = ("[redacted", "[omitted", "[undeclared")
"""So begins what stands for values that a recording, ours or the journal's, does not hold."""
SHORTEST: Final = 4
"""Characters of the shortest secret that is looked for outside of its place."""
_ANYWHERE: Final = 8
"""From so many characters on a secret is found also inside of longer words."""
_FEW: Final = 300
"""So many forms are looked for one by one."""
_SHAPE = re.compile(
    r"eyJ[\w-]{16,}(?:\.[\w-]*){0,2}|(?<![0-9A-Za-z])[0-9A-Za-z]{42,43}(?![0-9A-Za-z])"
)
_PLACEHOLDER = re.compile(r"(?:REDACTED|redacted-|redacted\.token\.)\d+")
_BASE64 = re.compile("[0-9A-Za-z+/_-]{16,}={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")
_TOKEN_PARTS = 3
_LONG = 16


class Secrets:
    """The secrets that were seen, and what stands for each."""

    def __init__(self) -> None:
        """Know none."""
        self._placeholders: dict[str, str] = {}
        self._forms: dict[str, str] = {}
        self._ranks: dict[str, int] = {}
        self._by_head: dict[str, list[str]] = {}
        self._short: list[str] = []

    def __iter__(self) -> Iterator[str]:
        """Go through the secrets."""
        return iter(self._placeholders)

    def add(self, secret: object) -> str:
        """Know a secret from now on, and return what stands for it."""
        text = secret if isinstance(secret, str) else json.dumps(secret)
        known = self._placeholders.get(text)
        if known is not None:
            return known
        if not text or _PLACEHOLDER.fullmatch(text) or text.startswith(MARKS):
            return text
        stands = _placeholder(text, len(self._placeholders) + 1)
        self._placeholders[text] = stands
        if len(text) >= SHORTEST:
            for form in _forms(text):
                self._look_for(form)
                self._forms[form] = stands
        return stands

    def _look_for(self, form: str) -> None:
        if form in self._forms:
            return
        self._ranks[form] = len(self._ranks)
        if len(form) < _ANYWHERE:
            self._short.append(form)
        else:
            self._by_head.setdefault(form[:_ANYWHERE], []).append(form)

    def _inside(self, text: str) -> list[str]:
        """Return the forms that stand in a text, the longest first.

        A recording of a large suite knows thousands, and has many texts: then each place of a
        text is looked up, instead of each form.
        """
        if len(self._forms) < _FEW:
            found = {form for form in self._forms if form in text}
        else:
            heads = self._by_head
            found = {form for form in self._short if form in text}
            found.update(
                form
                for at in range(len(text) - _ANYWHERE + 1)
                for form in heads.get(text[at : at + _ANYWHERE], ())
                if text.startswith(form, at)
            )
        return sorted(found, key=lambda form: (-len(form), self._ranks[form]))

    def learn(self, text: str) -> None:
        """Know what has the form of a secret in a text, also in base64."""
        for found in _SHAPE.findall(text):
            if not _PLACEHOLDER.fullmatch(found):
                self.add(found)
        for coded in _BASE64.findall(text):
            plain = decoded_base64(coded)
            for found in _SHAPE.findall(plain) if plain else ():
                if not _PLACEHOLDER.fullmatch(found):
                    self.add(found)

    def clean(self, text: str) -> str:
        """Return a text with a placeholder for each secret in it."""
        for form in self._inside(text):
            if form not in text:
                continue
            if is_inside_words(form):
                text = text.replace(form, self._forms[form])
            else:
                text = _whole(form).sub(self._forms[form], text)
        for coded in _BASE64.findall(text):
            plain = decoded_base64(coded)
            if plain and any(len(form) >= _ANYWHERE for form in self._inside(plain)):
                text = text.replace(coded, self.add(coded))
        return text

    def left_in(self, text: str) -> bool:
        """Tell whether any secret is in a text."""
        return any(
            is_inside_words(form) or bool(_whole(form).search(text)) for form in self._inside(text)
        )


def _placeholder(secret: str, number: int) -> str:
    """Return what stands for a secret: of the same form and length, so that the same rules hold.

    >>> _placeholder("header.payload.signed", 7), _placeholder("1234567890", 7)
    ('redacted.token.000007', 'redacted-7')
    >>> _placeholder("x" * 20, 7)
    'REDACTED000000000007'
    """
    begin = "redacted-"
    if secret.count(".") == _TOKEN_PARTS - 1 and " " not in secret:
        begin = "redacted.token."
    elif len(secret) >= _LONG and secret.isascii() and secret.isalnum():
        begin = "REDACTED"
    return begin + str(number).zfill(len(secret) - len(begin))


def _forms(secret: str) -> Iterator[str]:
    """Yield the texts in which a secret may stand somewhere."""
    yield secret
    if len(secret) < _ANYWHERE:
        return
    yield quote(secret, safe="", errors="surrogatepass")
    yield quote_plus(secret, errors="surrogatepass")
    yield json.dumps(secret)[1:-1]
    raw = secret.encode("utf-8", "surrogatepass")
    yield raw.hex()
    for shift in range(3):
        coded = b64encode(b"\0" * shift + raw).decode()
        first = -(-shift * 8 // 6)
        whole = (shift + len(raw)) * 8 // 6
        middle = coded[first:whole]
        yield from (middle, middle.replace("+", "-").replace("/", "_"))


def is_inside_words(form: str) -> bool:
    """Tell whether a form is looked for inside of words too; digits are parts of many numbers."""
    return len(form) >= _ANYWHERE and not form.isdigit()


def _whole(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Za-z]){re.escape(form)}(?![0-9A-Za-z])")


def decoded_base64(coded: str) -> str:
    """Return the text that stands in base64; "" where it is none."""
    try:
        plain = coded.rstrip("=").translate(_URL_SAFE)
        return b64decode(plain + "=" * (-len(plain) % 4)).decode("ascii")
    except ValueError:
        return ""
