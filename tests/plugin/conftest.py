import urllib.error
import urllib.request

import pytest
from fiskaly_mockserver import MockServer

SETTINGS = """
[tool.pytest]
strict = true
filterwarnings = ["error"]
asyncio_default_fixture_loop_scope = "function"
"""


@pytest.fixture(scope="session")
def everything_loaded() -> None:
    """Import what a server needs before pytester does.

    It forgets what was imported inside, and some C extensions cannot be imported twice.
    """
    with MockServer() as server:
        request = urllib.request.Request(
            f"{server.base_url}/auth", b"{}", {"Content-Type": "application/json"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        refused.value.close()


@pytest.fixture
def suite(
    everything_loaded: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A test suite of somebody else's, strict and with warnings as errors."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyprojecttoml(SETTINGS)
    return pytester


@pytest.fixture
def client(suite: pytest.Pytester) -> pytest.Pytester:
    """The same, with a client of the API to write tests with."""
    suite.makepyfile(
        api_client="""
        import json
        import urllib.request


        def ask(server, path, body=None, token=""):
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(server.base_url + path, data, headers)
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)


        def log_in(server):
            key = server.credentials
            return ask(server, "/auth", {"api_key": key.key, "api_secret": key.secret})[
                "access_token"
            ]


        def create(server):
            body = {
                "name": "Bakery",
                "address_line1": "-",
                "zip": "1",
                "town": "-",
                "country_code": "AUT",
            }
            return ask(server, "/organizations", body, log_in(server))


        def count(server):
            return ask(server, "/organizations", token=log_in(server))["count"]
        """
    )
    return suite
