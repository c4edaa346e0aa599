"""Path, query and bodies of a call beside those that are looked for."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.journal.journal import NULL, JournalQuery

from pytest_fiskaly.journal_differences import Difference, differences, weight
from pytest_fiskaly.journal_fields import contract
from pytest_fiskaly.journal_values import is_anything, shown


def has_path(exchange: Exchange, glob: str) -> bool:
    """Tell whether a glob matches the path of a call, or what follows the base path in it."""
    return JournalQuery(path=glob, base_path=contract().base_path).matches(exchange)


def of_query(exchange: Exchange, wanted: Mapping[str, Any]) -> Iterator[Difference]:
    """Compare by text, as parameters come: 10 is "10" and True is "true"."""
    for name, value in wanted.items():
        came = [text for key, text in exchange.query if key == name]
        values = [*value] if isinstance(value, list | tuple) else [value]
        place = f"query/{name}"
        if not came:
            yield Difference(place, shown(value), "nothing: it was not sent", weight(values))
        elif len(values) == 1 == len(came):
            yield from differences(came[0], _as_sent(values[0]), place)
        else:
            yield from differences([*came], [_as_sent(one) for one in values], place)


def _as_sent(value: object) -> object:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return value


def of_body(kept: Any, note: str, wanted: object, place: str) -> Iterator[Difference]:
    """Yield what of a body is not there; `note` is why there is none, if there is none."""
    if kept is None and note == NULL:
        yield from differences(None, _plain(wanted), place)
    elif kept is None:
        got = f"none ({note})" if note else "none"
        yield Difference(place, shown(wanted), got, weight(wanted))
    else:
        yield from differences(kept, _plain(wanted), place)


def _plain(wanted: object) -> object:
    """Return a wanted value with dicts and lists in place of what is used like them."""
    if is_anything(wanted) or isinstance(wanted, re.Pattern):
        return wanted
    match wanted:
        case Mapping():
            return {str(name): _plain(value) for name, value in wanted.items()}
        case list() | tuple():
            return [_plain(value) for value in wanted]
        case _:
            return wanted
