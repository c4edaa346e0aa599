"""Whether a path pattern can ever match a path of an operation."""

import re
import string
from fnmatch import fnmatchcase

_STAR = "*"
_TOKEN = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{[^}]*\}|.", re.DOTALL)
_HEX = string.digits + "abcdefABCDEF"
_ID = tuple("-" if at in (8, 13, 18, 23) else _HEX for at in range(36))
"""What may stand at each place of an id in a path. Source: assumption (A-08)."""


def can_match(pattern: str, template: str) -> bool:
    """Tell whether some path of a template matches a pattern.

    >>> can_match("/organizations/*/users", "/organizations/{organization_id}/users")
    True
    >>> can_match("/organizatons/*", "/organizations/{organization_id}")
    False
    """
    tokens = _TOKEN.findall(pattern)
    places = _past_stars(tokens, {0})
    for choice in _choices(template):
        places = _past_stars(
            tokens,
            {
                place if tokens[place] == _STAR else place + 1
                for place in places
                if place < len(tokens)
                and (
                    tokens[place] == _STAR or any(fnmatchcase(one, tokens[place]) for one in choice)
                )
            },
        )
    return len(tokens) in places


def _past_stars(tokens: list[str], places: set[int]) -> set[int]:
    """Add the places that are reached because a star may stand for nothing."""
    reached = set(places)
    for place in sorted(places):
        at = place
        while at < len(tokens) and tokens[at] == _STAR:
            at += 1
            reached.add(at)
    return reached


def _choices(template: str) -> list[str]:
    """Return which characters may stand at each place of a path."""
    found: list[str] = []
    for part in _PLACEHOLDER.findall(template):
        found.extend(_ID if part.startswith("{") else (part,))
    return found
