"""How a value is refused: with the allowed ones and the nearest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def unknown(what: str, value: object, allowed: Iterable[object]) -> str:
    """Word the refusal of a value outside a list, with the nearest of it.

    >>> unknown("preset", "enterprize", ["empty", "enterprise"])
    "preset 'enterprize' is not one of empty, enterprise (did you mean enterprise?)"
    """
    from difflib import get_close_matches

    words = [str(one) for one in allowed]
    folded = {word.casefold(): word for word in words}
    near = get_close_matches(str(value).casefold(), folded, n=1)
    hint = f" (did you mean {folded[near[0]]}?)" if near else ""
    return f"{what} {shown(value)} is not one of {', '.join(words)}{hint}"


def shown(value: object, width: int = 60) -> str:
    """Return a value as Python writes it, cut to a width in characters."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"
