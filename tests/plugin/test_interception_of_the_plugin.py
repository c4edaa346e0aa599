"""Real hosts in somebody's suite: answered by the fake on demand, and else out of reach."""

import os
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from fiskaly_mockserver import MockServer
from proxy.caught import FOLDER

LIBRARIES = ("urllib", "requests", "httpx", "aiohttp")
ONBOARD = """
import os
import aiohttp
import pytest
import python_client


@pytest.fixture
def key(fiskaly_credentials, fiskaly_tree, monkeypatch):
    monkeypatch.setenv("FISKALY_API_KEY", fiskaly_credentials.key)
    monkeypatch.setenv("FISKALY_API_SECRET", fiskaly_credentials.secret)
    monkeypatch.setenv("FISKALY_ORGANIZATION_ID", fiskaly_tree.main.organization_id)


@pytest.mark.parametrize("library", ["urllib", "requests", "httpx", "aiohttp"])
def test_by_fixture(fiskaly_intercept, key, library):
    assert len(python_client.receipt(getattr(python_client, f"by_{library}"))) == 88
    fiskaly_intercept.journal.assert_called("createOrganization", times=1)


@pytest.mark.fiskaly(intercept=True)
@pytest.mark.parametrize("library", ["urllib", "requests", "httpx", "aiohttp"])
def test_by_marker(fiskaly_mock, key, library):
    assert len(python_client.receipt(getattr(python_client, f"by_{library}"))) == 88
"""
STATE = """
import os, socket, sys
import aiohttp.connector

def state():
    return (
        dict(os.environ), socket.getaddrinfo, socket.gethostbyname, dict(vars(socket.socket)),
        aiohttp.connector._SSL_CONTEXT_VERIFIED, dict(vars(aiohttp.resolver.AsyncResolver)),
    )
"""
Suite = Callable[..., pytest.RunResult]


@pytest.fixture
def with_client(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite that has the client with hard-coded hosts."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    client = (FOLDER / "python_client.py").read_text(encoding="utf-8")
    Path(suite.path / "python_client.py").write_text(client, encoding="utf-8")
    return suite


def test_unchanged_clients_are_answered_by_the_fake(with_client: pytest.Pytester) -> None:
    with_client.makepyfile(ONBOARD)
    with_client.runpytest().assert_outcomes(passed=8)


def test_an_opener_that_urllib_made_before_is_led_too(
    with_client: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener())
    with_client.makepyfile(ONBOARD)
    with_client.runpytest().assert_outcomes(passed=8)


def test_workers_of_xdist_keep_out_of_each_other_s_way(
    with_client: pytest.Pytester, run_apart: Suite
) -> None:
    with_client.makepyfile(ONBOARD)
    run_apart("-n", "2", "-k", "urllib or aiohttp").assert_outcomes(passed=4)


def test_all_is_as_before_when_the_test_has_ended(with_client: pytest.Pytester) -> None:
    with_client.makepyfile(
        STATE
        + """
BEFORE = []

def fingerprint():
    environment, *rest = state()
    del environment["PYTEST_CURRENT_TEST"]
    return environment, rest

def test_before():
    BEFORE.append(fingerprint())

def test_one(fiskaly_intercept):
    environment, rest = fingerprint()
    assert environment != BEFORE[0][0]
    assert [one is not other for one, other in zip(rest[:2], BEFORE[0][1][:2])] == [True, True]
    assert os.path.exists(os.environ["SSL_CERT_FILE"])
    BEFORE.append(os.environ["SSL_CERT_FILE"])

def test_after():
    assert fingerprint() == BEFORE[0]
    assert not os.path.exists(BEFORE[1])
"""
    )
    with_client.runpytest().assert_outcomes(passed=3)


@pytest.mark.parametrize("proxied", [False, True])
def test_a_real_host_is_out_of_reach_and_fails_the_test_whatever_it_swallows(
    with_client: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *, proxied: bool
) -> None:
    if proxied:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with_client.makepyfile(
        """
        import contextlib
        import socket

        import aiohttp
        import pytest
        import python_client

        @pytest.mark.parametrize("library", ["urllib", "requests", "httpx", "aiohttp"])
        def test_swallowed(fiskaly_mock, library):
            call = getattr(python_client, f"by_{library}")
            with contextlib.suppress(Exception):
                call("GET", "https://dashboard.fiskaly.com/api/v0/organizations", "", {})

        @pytest.mark.fiskaly(contract="off")
        def test_loud(fiskaly_mock):
            python_client.by_urllib("GET", "https://rksv.fiskaly.com/", "", {})

        @pytest.mark.parametrize("way", ["connect", "connect_ex", "name"])
        def test_socket(fiskaly_mock, way):
            with socket.socket() as own, contextlib.suppress(OSError):
                if way == "name":
                    socket.gethostbyname(b"Kassensichv.fiskaly.com.")
                else:
                    getattr(own, way)(("kassensichv.fiskaly.com", 443))
        """
    )
    result = with_client.runpytest()
    result.assert_outcomes(failed=8)
    said = "the test connected to dashboard.fiskaly.com:443, which is the real service"
    assert result.stdout.str().count(f"{said}, and was kept from it. Give its client") >= 4
    result.stdout.fnmatch_lines(["*connected to rksv.fiskaly.com:443, which is the real*"])
    result.stdout.fnmatch_lines(["*connected to kassensichv.fiskaly.com, which is the real*"])


@pytest.mark.parametrize("way", ["option", "ini"])
def test_the_guard_can_be_switched_off(suite: pytest.Pytester, way: str) -> None:
    suite.makepyfile(
        """
        import socket

        BEFORE = socket.getaddrinfo

        def test_one(fiskaly_mock):
            assert socket.getaddrinfo is BEFORE
        """
    )
    if way == "ini":
        settings = (suite.path / "pyproject.toml").read_text() + '\nfiskaly_guard = "off"\n'
        suite.makepyprojecttoml(settings)
    options = ["--fiskaly-guard=off"] if way == "option" else []
    suite.runpytest(*options).assert_outcomes(passed=1)
    assert suite.runpytest("--fiskaly-guard=on").ret == 1


def test_another_server_has_neither_guard_nor_interception(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import socket
        import pytest

        BEFORE = socket.getaddrinfo

        def test_one(fiskaly_mock):
            assert socket.getaddrinfo is BEFORE

        def test_other(fiskaly_intercept):
            raise AssertionError

        @pytest.mark.fiskaly(intercept=True)
        def test_marked(fiskaly_mock):
            raise AssertionError
        """
    )
    with MockServer(preset="single") as server:
        suite.runpytest(f"--fiskaly-url={server.base_url}").assert_outcomes(passed=1, skipped=2)


def test_on_the_real_service_nothing_of_a_test_that_intercepts_starts(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.fixture
        def prepared():
            raise AssertionError("written to the real service")

        def test_one(prepared, fiskaly_intercept):
            pass
        """
    )
    with MockServer(preset="single", control=False) as server:
        monkeypatch.setenv("FISKALY_API_KEY", server.credentials.key)
        monkeypatch.setenv("FISKALY_API_SECRET", server.credentials.secret)
        suite.runpytest(f"--fiskaly-url={server.base_url}").assert_outcomes(skipped=1)


def test_what_makes_no_sense_is_told(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.fiskaly(intercept="dashboard.fiskaly.com")
        def test_one(fiskaly_mock): ...

        @pytest.mark.fiskaly_real
        def test_other(fiskaly_intercept): ...
        """
    )
    result = suite.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*intercept is 'dashboard.fiskaly.com', but should be True or False", "*no fiskaly_inter*"]
    )
    assert suite.runpytest("--fiskaly-guard=maybe").ret == pytest.ExitCode.USAGE_ERROR


def test_uvloop_is_led_and_guarded_as_well() -> None:
    uvloop = pytest.importorskip("uvloop")
    import asyncio

    from fiskaly_mockserver.proxy.resolution import leading_to, patch, refusal

    async def look(host: str) -> object:
        loop = asyncio.get_running_loop()
        return (await loop.getaddrinfo(host, 443, type=socket.SOCK_STREAM))[0][4]

    before = vars(uvloop.Loop).get("getaddrinfo")
    undo = patch(leading_to({"dashboard.fiskaly.com": ("127.0.0.1", 5)}))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert runner.run(look("dashboard.fiskaly.com")) == ("127.0.0.1", 5)
    finally:
        undo()
    assert vars(uvloop.Loop).get("getaddrinfo") is before
    assert isinstance(refusal("x"), OSError)
