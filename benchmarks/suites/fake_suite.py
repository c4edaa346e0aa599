"""500 tests with our fixture, on a tree of 1 000 organizations."""

import pytest
from asking import create_and_list  # type: ignore[import-not-found]
from fiskaly_mockserver import ServerConfig
from pytest_fiskaly import FiskalyMock


@pytest.fixture(scope="session")
def fiskaly_mock_config() -> ServerConfig:
    """Return settings with the tree that is measured."""
    return ServerConfig(port=0, size=1_000)


@pytest.mark.parametrize("number", range(500))
def test_create_and_list(number: int, fiskaly_mock: FiskalyMock) -> None:
    """Make one organization, list one page."""
    main = fiskaly_mock.tree.main
    new = {
        "name": f"Shop {number}",
        "address_line1": "Ring 1",
        "zip": "1010",
        "town": "Wien",
        "country_code": "AUT",
        "managed_by_organization_id": main.organization_id,
    }
    create_and_list(fiskaly_mock.base_url, fiskaly_mock.token_for(main), new)
