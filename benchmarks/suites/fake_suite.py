"""500 tests with our fixture, on a tree of 1 000 organisations."""

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest
from asking import create_and_list  # type: ignore[import-not-found]
from fiskaly_mockserver import MockServer, ServerConfig


@pytest.fixture(scope="session")
def fiskaly_mock_config() -> ServerConfig:
    """Return settings with the tree that is measured."""
    return ServerConfig(port=0, size=1_000)


@pytest.fixture(scope="session")
def session(fiskaly_mock_server: MockServer) -> dict[str, Any]:
    """Authenticate once: a token outlives the reset between tests."""
    held = fiskaly_mock_server.credentials
    said = json.dumps({"api_key": held.key, "api_secret": held.secret}).encode()
    headers = {"Content-Type": "application/json"}
    asked = Request(f"{fiskaly_mock_server.base_url}/auth", said, headers)  # noqa: S310 - loopback
    with urlopen(asked) as answer:  # noqa: S310 - loopback
        return dict(json.load(answer))


@pytest.mark.parametrize("number", range(500))
def test_create_and_list(number: int, fiskaly_mock: MockServer, session: dict[str, Any]) -> None:
    """Make one organisation, list one page."""
    new = {
        "name": f"Shop {number}",
        "address_line1": "Ring 1",
        "zip": "1010",
        "town": "Wien",
        "country_code": "AUT",
        "managed_by_organization_id": session["access_token_claims"]["organization_id"],
    }
    create_and_list(fiskaly_mock.base_url, session["access_token"], new)
