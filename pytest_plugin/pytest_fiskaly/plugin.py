"""Hooks and fixtures. This module imports pytest and the standard library, nothing else."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fiskaly import markers, options
from pytest_fiskaly.coverage.hooks import Usage
from pytest_fiskaly.servers import Factory, TestServers
from pytest_fiskaly.verdict import outcome
from pytest_fiskaly.verdict.watch import VERDICT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from aiohttp import ClientSession
    from fiskaly_mockserver import MockServer, ServerConfig
    from fiskaly_mockserver.control.handles import ApiKeyHandle, TreeHandle

    from pytest_fiskaly.mock import FiskalyMock
    from pytest_fiskaly.remote.hooks import RemoteRun

REMOTE = "fiskaly-remote"
"""The plugin of a run with `--fiskaly-url`."""
ASYNCIO = "asyncio"
"""The name of pytest-asyncio as a plugin; other names are those of its module."""
ASYNCIO_NAMES = (ASYNCIO, "pytest_asyncio", "pytest_asyncio.plugin")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and ini keys."""
    options.register(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register markers, and look at what was set."""
    for description in markers.DESCRIPTIONS:
        config.addinivalue_line("markers", description)
    settings = options.RunSettings(config)
    usage = Usage(config, settings)
    manager = config.pluginmanager
    manager.register(usage, "fiskaly-usage")
    manager.register(TestServers(settings, usage.counts), TestServers.NAME)
    asyncio = any(manager.has_plugin(name) for name in ASYNCIO_NAMES)
    manager.register(_async_session() if asyncio else NoAsyncSession(), "fiskaly-session")
    url = settings.text("url")
    if url is not None:
        from pytest_fiskaly.remote.hooks import RemoteRun

        manager.register(RemoteRun(url, config, settings), REMOTE)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Look at every marker before the first test runs."""
    output = getattr(config, "workeroutput", None)
    try:
        markers.check(items)
    except pytest.UsageError as error:
        if output is None:
            raise
        # A worker of pytest-xdist cannot end the run: the controller does.
        output[markers.MISUSED] = str(error)
        items.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Charge a test with what reaches the session's server from now on, if the test uses it."""
    __tracebackhide__ = True
    if "fiskaly_mock_server" in getattr(item, "fixturenames", ()):
        TestServers.of(item.config).begin_test(item)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge what came since the test's end, when all of its fixtures are through."""
    __tracebackhide__ = True
    try:
        result = yield
    finally:
        TestServers.of(item.config).end_test(item)
    _judge(item, late=True)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed although its client broke the contract."""
    __tracebackhide__ = True
    skipped: BaseException | None = None
    result: object = None
    try:
        result = yield
    except pytest.skip.Exception as error:
        skipped = error
    _judge(item)
    if skipped is not None:
        raise skipped
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the client did wrong beside any other failure, and where it is observed."""
    report = yield
    if call.excinfo is not None:
        outcome.point_at_test(report, item, call.excinfo.value)
    verdict = item.stash.get(VERDICT, None)
    if verdict is not None:
        error = None if call.excinfo is None else call.excinfo.value
        outcome.annotate(item, report, verdict, error)
        if report.when == "teardown":
            # Whoever runs the test once more begins anew.
            del item.stash[VERDICT]
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for what clients did outside any test, and keep it for the report's end."""
    outcome.judge_outside(session, TestServers.of(session.config).outside)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist kept, or found wrong with the markers."""
    output = getattr(node, "workeroutput", {})
    if markers.MISUSED in output:
        raise pytest.UsageError(output[markers.MISUSED])
    outcome.take_over(node.config, output)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the violations that failed no test."""
    outcome.summarize(terminalreporter)


@pytest.fixture(scope="session")
def fiskaly_mock_config() -> ServerConfig:
    """Return the settings of the session's server; override it to choose others."""
    from fiskaly_mockserver.server.mock_server import IN_PROCESS

    return IN_PROCESS


@pytest.fixture(scope="session")
def fiskaly_mock_server(
    request: pytest.FixtureRequest, fiskaly_mock_config: ServerConfig
) -> Iterator[MockServer]:
    """Run one server for the whole session, in a thread of its own; nobody resets it."""
    # Not `pytestconfig`: each test pays for each fixture that this one asks for by name
    _demand_a_fake(request.config, "fiskaly_mock_server")
    yield from TestServers.of(request.config).serve(fiskaly_mock_config)


@pytest.fixture
def fiskaly_mock(
    request: pytest.FixtureRequest,
) -> Iterator[FiskalyMock]:
    """Give a test the fake API in its seeded state, and judge the test's client afterwards."""
    __tracebackhide__ = True
    remote = _remote(request.config)
    if remote is not None:
        if markers.arguments_of(request.node).get("intercept"):
            _demand_a_fake(request.config, "fiskaly_intercept")
        yield remote.enter(request.node)
        return
    server: MockServer = request.getfixturevalue("fiskaly_mock_server")
    servers, item = TestServers.of(request.config), request.node
    mock = servers.enter(item, server)
    with servers.guarded(item), servers.intercepting(item, server):
        yield mock
    servers.leave(item, server)


@pytest.fixture
def fiskaly_intercept(request: pytest.FixtureRequest) -> Iterator[FiskalyMock]:
    """Answer in place of the real https hosts, for clients of this process; return the fake."""
    __tracebackhide__ = True
    _demand_a_fake(request.config, "fiskaly_intercept")
    mock: FiskalyMock = request.getfixturevalue("fiskaly_mock")
    servers = TestServers.of(request.config)
    server: MockServer = request.getfixturevalue("fiskaly_mock_server")
    with servers.intercepting(request.node, server, fixture=True):
        yield mock


@pytest.fixture
def fiskaly_mock_factory(request: pytest.FixtureRequest) -> Iterator[Factory]:
    """Start further servers for a test: `fiskaly_mock_factory(preset="enterprise")`."""
    _demand_a_fake(request.config, "fiskaly_mock_factory")
    config: ServerConfig = request.getfixturevalue("fiskaly_mock_config")
    with Factory(TestServers.of(request.config), request.node, config) as factory:
        yield factory


@pytest.fixture
def fiskaly_tree(fiskaly_mock: FiskalyMock) -> TreeHandle:
    """Return the organizations and users that the test starts with."""
    return fiskaly_mock.tree


@pytest.fixture
def fiskaly_base_url(fiskaly_mock: FiskalyMock) -> str:
    """Return what a client takes as the API's address."""
    return fiskaly_mock.base_url


@pytest.fixture
def fiskaly_credentials(fiskaly_mock: FiskalyMock) -> ApiKeyHandle:
    """Return key and secret of the first main organization."""
    return outcome.or_fail(lambda: fiskaly_mock.credentials, "fiskaly_credentials")


class NoAsyncSession:
    """Stands in for the asynchronous session where pytest-asyncio is not active."""

    @pytest.fixture
    def fiskaly_session(self, pytestconfig: pytest.Config) -> None:
        """Say what is missing: an aiohttp session needs pytest-asyncio."""
        outcome.fail(f"fiskaly_session: {_why_no_session(pytestconfig.pluginmanager)}")


def _async_session() -> object:
    """Return the plugin with the session; pytest-asyncio is imported here, and only here."""
    import pytest_asyncio

    class AsyncSession:
        @pytest_asyncio.fixture
        async def fiskaly_session(self, fiskaly_mock: FiskalyMock) -> AsyncIterator[ClientSession]:
            """Give a test an aiohttp session with the token of the first main organization's key.

            Paths are relative to the base URL, without a slash before them:
            `await fiskaly_session.get("organizations")`.
            """
            from aiohttp import ClientSession

            key = outcome.or_fail(lambda: fiskaly_mock.credentials, "fiskaly_session")
            token = fiskaly_mock.token_for(key)
            headers = {"Authorization": f"Bearer {token}"}
            async with ClientSession(f"{fiskaly_mock.base_url}/", headers=headers) as session:
                yield session

    return AsyncSession()


def _judge(item: pytest.Item, *, late: bool = False) -> None:
    __tracebackhide__ = True
    verdict = item.stash.get(VERDICT, None)
    if verdict is not None:
        if not late:
            TestServers.of(item.config).audit(verdict)
        outcome.judge(item, verdict, late=late)


def _remote(config: pytest.Config) -> RemoteRun | None:
    remote: RemoteRun | None = config.pluginmanager.get_plugin(REMOTE)
    return remote


def _demand_a_fake(config: pytest.Config, fixture: str) -> None:
    """Skip what needs a server of the run's own where there is none."""
    remote = _remote(config)
    if remote is not None and not (remote.is_fake and fixture == "fiskaly_mock_factory"):
        from pytest_fiskaly.mock import skip

        skip(f"the fixture {fixture}")


def _why_no_session(manager: pytest.PytestPluginManager) -> str:
    if find_spec("pytest_asyncio") is None:
        return (
            "an aiohttp session needs pytest-asyncio, which is not installed:"
            " pip install 'fiskaly-mockserver[aiohttp]'"
        )
    if any(manager.is_blocked(name) for name in ASYNCIO_NAMES):
        return (
            "an aiohttp session needs pytest-asyncio, which is switched off:"
            f" leave out -p no:{ASYNCIO} from the command line, addopts and PYTEST_ADDOPTS"
        )
    return (
        "an aiohttp session needs pytest-asyncio, which is installed but not loaded:"
        f" add -p {ASYNCIO}, or leave out PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    )
