"""Values of the journal and of criteria, as a message may show them: short, without secrets."""

import json
import re
from collections.abc import Mapping

from fiskaly_contracts.json_value import printable
from fiskaly_mockserver.web.journal.redaction import without_credentials
from fiskaly_mockserver.world.journal.containment import REDACTED

SHOWN_AT_MOST = 120
"""Characters of a value that a message repeats."""

_SECRET_NAME = re.compile("secret|passw|token|credential", re.IGNORECASE)


def shown(value: object) -> str:
    """Return a value in one short line: as JSON, and what is no JSON as Python shows it.

    What a test asks for may be a secret, so what looks or is named like one is left out.

    >>> shown({"name": "Café", "api_secret": "123"})
    '{"name": "Café", "api_secret": "[redacted]"}'
    """
    text = json.dumps(_open(value), ensure_ascii=False, default=_as_python)
    text = printable(without_credentials(text))
    return text if len(text) <= SHOWN_AT_MOST else f"{text[: SHOWN_AT_MOST - 1]}…"


def is_anything(wanted: object) -> bool:
    """Tell whether a wanted value is content with any, as `unittest.mock.ANY` is."""
    return not is_json(wanted) and bool(wanted == object())


def is_whole(value: object) -> bool:
    """Tell whether a value is an integer, which a boolean is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_json(wanted: object) -> bool:
    """Tell whether a value is one of JSON itself, and not something that compares with one."""
    return wanted is None or isinstance(wanted, dict | list | str | int | float | bool)


def _open(value: object) -> object:
    match value:
        case Mapping():
            return {
                str(name): REDACTED if _SECRET_NAME.search(str(name)) else _open(part)
                for name, part in value.items()
            }
        case list() | tuple():
            return [_open(part) for part in value]
        case _:
            return value


def _as_python(value: object) -> str:
    return f"/{value.pattern}/" if isinstance(value, re.Pattern) else repr(value)
