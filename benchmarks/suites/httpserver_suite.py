"""500 tests with pytest-httpserver's fixture, answering JSON of the same size."""

import json
from pathlib import Path

import pytest
from asking import create_and_list  # type: ignore[import-not-found]
from pytest_httpserver import HTTPServer

ANSWERS = json.loads(Path("answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(500))
def test_create_and_list(number: int, httpserver: HTTPServer) -> None:
    """Make one organization, list one page."""
    made, page = ANSWERS["createOrganization"], ANSWERS["listOrganizations"]
    httpserver.expect_request("/organizations", method="POST").respond_with_json(made)
    httpserver.expect_request("/organizations", method="GET").respond_with_json(page)
    new = {
        "name": f"Shop {number}",
        "address_line1": "Ring 1",
        "zip": "1010",
        "town": "Wien",
        "country_code": "AUT",
        "managed_by_organization_id": made["managed_by_organization_id"],
    }
    create_and_list(httpserver.url_for("").rstrip("/"), "any", new)
