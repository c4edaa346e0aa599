"""Hooks and fixtures. This module imports pytest and the standard library, nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fiskaly import markers, settings
from pytest_fiskaly.given import Given
from pytest_fiskaly.stash import DISTANCE, GIVEN, PRESENT, STAGE, USAGE, WATCH

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from fiskaly_mockserver import MockServer, ServerConfig
    from fiskaly_mockserver.control.handles import ApiKeyHandle, TreeHandle

    from pytest_fiskaly.factory import Factory
    from pytest_fiskaly.mock import FiskalyMock


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and ini keys."""
    settings.register(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register markers, and look at what was set."""
    for description in markers.DESCRIPTIONS:
        config.addinivalue_line("markers", description)
    config.stash[GIVEN] = Given(config)
    from pytest_fiskaly.usage import Usage

    config.stash[USAGE] = usage = Usage(config)
    config.pluginmanager.register(usage, "fiskaly-usage")
    from pytest_fiskaly import sessions

    sessions.register(config.pluginmanager)
    url = config.stash[GIVEN].text("url")
    if url is not None:
        from pytest_fiskaly.distance import Distance

        config.stash[DISTANCE] = distance = Distance(
            url, config, place=config.stash[GIVEN].place("url")
        )
        config.pluginmanager.register(distance, "fiskaly-distance")


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
    if "fiskaly_mock_server" in getattr(item, "fixturenames", ()):
        item.config.stash[PRESENT] = item
        if STAGE in item.config.stash:
            item.config.stash[STAGE].begin(item)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge what came since the test's end, when all of its fixtures are through."""
    __tracebackhide__ = True
    try:
        result = yield
    finally:
        item.config.stash[PRESENT] = None
        if STAGE in item.config.stash:
            item.config.stash[STAGE].end(item)
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
    if call.excinfo is not None and "pytest_fiskaly.failures" in sys.modules:
        from pytest_fiskaly.failures import place

        place(report, item, call.excinfo.value)
    watch = item.stash.get(WATCH, None)
    if watch is not None:
        from pytest_fiskaly.judging import annotate

        annotate(report, watch)
        if report.when == "teardown":
            # Whoever runs the test once more begins anew.
            del item.stash[WATCH]
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for what clients did outside any test, and keep it for the report's end."""
    from pytest_fiskaly.afterwards import judge_strays

    judge_strays(session)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist kept, or found wrong with the markers."""
    output = getattr(node, "workeroutput", {})
    if markers.MISUSED in output:
        raise pytest.UsageError(output[markers.MISUSED])
    from pytest_fiskaly.afterwards import take_over

    take_over(node.config, output)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell of breaches that failed no test."""
    from pytest_fiskaly.afterwards import summarize

    summarize(terminalreporter)


@pytest.fixture(scope="session")
def fiskaly_mock_config() -> ServerConfig:
    """Return the settings of the session's server; override it to choose others."""
    from fiskaly_mockserver.server.mock_server import IN_PROCESS

    return IN_PROCESS


@pytest.fixture(scope="session")
def fiskaly_mock_server(
    pytestconfig: pytest.Config, fiskaly_mock_config: ServerConfig
) -> Iterator[MockServer]:
    """Run one server for the whole session, in a thread of its own; nobody resets it."""
    _demand_a_fake(pytestconfig, "fiskaly_mock_server")
    from pytest_fiskaly.stage import Stage

    yield from Stage.of(pytestconfig).serve(fiskaly_mock_config)


@pytest.fixture
def fiskaly_mock(
    request: pytest.FixtureRequest,
) -> Iterator[FiskalyMock]:
    """Give a test the fake API in its seeded state, and judge the test's client afterwards."""
    if DISTANCE in request.config.stash:
        yield request.config.stash[DISTANCE].enter(request.node)
        return
    from pytest_fiskaly.stage import Stage

    server: MockServer = request.getfixturevalue("fiskaly_mock_server")
    stage, item = Stage.of(request.config), request.node
    yield stage.enter(item, server)
    stage.leave(item, server)


@pytest.fixture
def fiskaly_mock_factory(request: pytest.FixtureRequest) -> Iterator[Factory]:
    """Start further servers for a test: `fiskaly_mock_factory(preset="enterprise")`."""
    _demand_a_fake(request.config, "fiskaly_mock_factory")
    from pytest_fiskaly.factory import Factory
    from pytest_fiskaly.stage import Stage

    config: ServerConfig = request.getfixturevalue("fiskaly_mock_config")
    with Factory(Stage.of(request.config), request.node, config) as factory:
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
    from pytest_fiskaly.failures import or_fail

    return or_fail(lambda: fiskaly_mock.credentials, "fiskaly_credentials")


def _judge(item: pytest.Item, *, late: bool = False) -> None:
    __tracebackhide__ = True
    watch = item.stash.get(WATCH, None)
    if watch is not None:
        from pytest_fiskaly.judging import judge

        judge(watch, late=late)


def _demand_a_fake(config: pytest.Config, fixture: str) -> None:
    """Skip what needs a server of our own where there is none."""
    if DISTANCE in config.stash:
        from pytest_fiskaly.elsewhere import skip_fixture

        skip_fixture(fixture)
