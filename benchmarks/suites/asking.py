"""What both suites ask: one organization made, one page listed, on one connection."""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

ROWS = 20


def create_and_list(base_url: str, token: str, new: dict[str, Any]) -> None:
    """Make an organization and list 20."""
    base = urlsplit(base_url)
    connection = HTTPConnection(base.hostname or "", base.port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", f"{base.path}/organizations", json.dumps(new), headers)
        with connection.getresponse() as answer:
            assert answer.status == 200  # noqa: S101, PLR2004 - a test's
            made = json.load(answer)
        connection.request("GET", f"{base.path}/organizations?limit={ROWS}", headers=headers)
        with connection.getresponse() as answer:
            listed = json.load(answer)
    finally:
        connection.close()
    assert made["_id"]  # noqa: S101 - a test's
    assert len(listed["data"]) == ROWS  # noqa: S101 - a test's
