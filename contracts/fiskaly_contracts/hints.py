"""Which known property an unknown one was most likely meant to be."""

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher

from fiskaly_contracts.pointers import TEXT_LIMIT

GUESSED_AT_MOST = 20
"""Unknown names of one object that are compared: that costs time, and the client sends them."""
_ALIKE = 0.6
_LIKELIER = 0.05
"""How much more alike a name is taken for that is required and missing, and how much less one
that was sent as well: little more than what decides a tie."""


def folded(name: str) -> str:
    """Return what all spellings of a name have in common: `apiKey`, `API-Key`, `api_key`.

    >>> folded("apiKey") == folded("API-KEY") == folded("api_key")
    True
    """
    return name.replace("_", "").replace("-", "").casefold()


def respelt(name: str, known: Iterable[str]) -> str:
    """Return the known name that this one is another spelling of, or "".

    >>> respelt("countryCode", ["zip", "country_code"])
    'country_code'
    """
    if len(name) > TEXT_LIMIT:
        return ""
    wanted = folded(name)
    return next((one for one in known if folded(one) == wanted), "")


def nearest(
    name: str, known: Iterable[str], *, missing: Collection[str] = (), sent: Collection[str] = ()
) -> str:
    """Return the known name that is most like this one, or "" where none is like it.

    Of those that are about as like, it is one that is required and missing, or else one that
    was not sent beside this.

    >>> nearest("address", ["address_line2", "address_line1"], missing=["address_line1"])
    'address_line1'
    """
    if len(name) > TEXT_LIMIT:
        return ""
    best, found = 0.0, ""
    matcher = SequenceMatcher(b=name)
    for one in known:
        matcher.set_seq1(one)
        if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
            continue
        ratio = matcher.ratio()
        if ratio < _ALIKE:
            continue
        ratio += _LIKELIER * ((one in missing) - (one in sent))
        if ratio > best:
            best, found = ratio, one
    return found
