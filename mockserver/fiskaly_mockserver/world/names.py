"""Names that client and server share: headers, paths, sandboxes, snapshots."""

import json
import re
from collections.abc import Iterable

BASE_PATH = "/api/v0"
SIGN_DE_PATH = "/api/v2"
"""As the contracts have them, which take too long to read where nothing is served."""
MANAGEMENT, SIGN_DE = "management", "sign-de"
"""The names of the APIs."""
CONTROL_PREFIX = "/_mock"
DASHBOARD_PREFIX = "/dashboard"
DASHBOARD_STREAM = "/dashboard/stream"
"""Where an open page hears that something came."""
SANDBOX_HEADER = "X-Mock-Sandbox"
TOKEN_HEADER = "X-Mock-Token"  # noqa: S105 - a header's name
NAME_RULE = "1 to 64 characters of A-Z a-z 0-9 . _ -, the first of which is no dot"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_MOST_SHOWN = 80
_MOST_LISTED = 20


def is_name(text: str) -> bool:
    """Tell whether the text keeps to `NAME_RULE`, so that it fits a header and a path.

    Many clients take `.` and `..` out of a path before they send it.
    """
    return _NAME.fullmatch(text) is not None


def shown(value: object) -> str:
    """Return a value for a message, as JSON and shortened."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def listed(names: Iterable[str]) -> str:
    """Return names for a message, or that there are none."""
    known = tuple(names)
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    return ", ".join(known[:_MOST_LISTED]) + more if known else "none"
