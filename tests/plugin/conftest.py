import importlib
import pkgutil
from collections.abc import Callable
from importlib.metadata import Distribution, distributions

import fiskaly_contracts
import fiskaly_fixtures
import fiskaly_mockserver
import pytest

ALONE = '[tool.pytest]\nstrict = true\nfilterwarnings = ["error"]\n'
SETTINGS = f'{ALONE}asyncio_default_fixture_loop_scope = "function"\n'
NOT_OF_A_SERVER = (".__main__", ".tools", ".strategies", ".schemas")
RunApart = Callable[..., pytest.RunResult]


@pytest.fixture(scope="session")
def everything_loaded() -> None:
    """Import what a server needs before pytester does.

    It forgets what was imported inside, and some C extensions cannot be imported twice.
    """
    importlib.import_module("trustme")  # and cryptography, which is one of them
    for package in (fiskaly_mockserver, fiskaly_contracts, fiskaly_fixtures):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(NOT_OF_A_SERVER):
                importlib.import_module(module.name)


class Installed:
    """A distribution, read once: each run of pytest asks each for its files, by the thousand."""

    def __init__(self, found: Distribution) -> None:
        self.metadata, self.version = found.metadata, found.version
        self.entry_points, self.files = found.entry_points, found.files


@pytest.fixture(scope="session")
def installed() -> list[Installed]:
    return [Installed(one) for one in distributions()]


@pytest.fixture
def suite(
    everything_loaded: None,
    installed: list[Installed],
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.Pytester:
    """A test suite of somebody else's, strict and with warnings as errors."""
    monkeypatch.setattr("importlib.metadata.distributions", lambda: installed)
    ours = ("FISKALY_API_KEY", "FISKALY_API_SECRET")
    for name in ("PYTEST_ADDOPTS", *ours):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyprojecttoml(SETTINGS)
    return pytester


@pytest.fixture
def run_apart(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunApart:
    """Run the suite in a process of its own, with no other plugin than pytest-xdist."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    suite.makepyprojecttoml(ALONE)

    def run(*arguments: str) -> pytest.RunResult:
        plugins = ("-p", "pytest_fiskaly.plugin", "-p", "xdist")
        return suite.runpytest_subprocess(*plugins, *arguments)

    return run


@pytest.fixture
def client(suite: pytest.Pytester) -> pytest.Pytester:
    """The same, with clients of the API to write tests with, a good and a careless one."""
    suite.makepyfile(
        api_client="""
        import json
        import urllib.error
        import urllib.request

        BAKERY = {
            "name": "Bakery",
            "address_line1": "-",
            "zip": "1",
            "town": "-",
            "country_code": "AUT",
        }


        def ask(server, path, body=None, token="", method=None):
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(server.base_url + path, data, headers, method=method)
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)


        def log_in(server):
            key = server.credentials
            return ask(server, "/auth", {"api_key": key.key, "api_secret": key.secret})[
                "access_token"
            ]


        def create(server):
            return ask(server, "/organizations", BAKERY, log_in(server))


        def count(server):
            return ask(server, "/organizations", token=log_in(server))["count"]


        def carelessly(server, path="/organizations", body=None, token=None, method=None):
            try:
                token = server.token_for(server.tree.main) if token is None else token
                return ask(server, path, body, token, method)
            except urllib.error.HTTPError as error:
                error.close()
                return error.status


        def break_contract(server, **wrong):
            wrong = wrong or {"country_code": "DE"}
            return carelessly(server, body={**BAKERY, **wrong})
        """
    )
    return suite
