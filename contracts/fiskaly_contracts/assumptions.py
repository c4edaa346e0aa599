"""The numbered assumptions: what was decided where nothing is known of the real API."""

import re
from collections.abc import Mapping
from importlib.resources import files

_HEADING = re.compile(r"^## (A-\d{2}) — (.+)$", re.MULTILINE)


def assumption_titles() -> Mapping[str, str]:
    """Return the title of each assumption by its number, in order.

    >>> assumption_titles()["A-01"]
    'Limits of lists'
    """
    document = files("fiskaly_contracts").joinpath("openapi", "ASSUMPTIONS.md")
    return dict(_HEADING.findall(document.read_text(encoding="utf-8")))
