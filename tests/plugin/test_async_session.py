"""The aiohttp session: with pytest-asyncio in both modes, and a clear word without it."""

import pytest
from fiskaly_mockserver import MockServer

STRICT = '[tool.pytest]\nstrict = true\nfilterwarnings = ["error"]\n'
SCOPED = STRICT + 'asyncio_default_fixture_loop_scope = "function"\n'
WITHOUT = ("-p", "no:aiohttp", "-p", "no:anyio", "-p", "no:schemathesis")
SUITE = """
import pytest


{mark}
async def test_list(fiskaly_session, fiskaly_mock):
    async with fiskaly_session.get("organizations") as answer:
        assert answer.status == 200
        assert (await answer.json())["count"] == 6
    assert fiskaly_mock.journal.last.organization_id == fiskaly_mock.tree.main.organization_id


{mark}
async def test_create(fiskaly_session, fiskaly_mock):
    customer = fiskaly_mock.tree.managed[0].organization_id
    body = {{"name": "till-1", "status": "enabled"}}
    path = f"organizations/{{customer}}/api-keys"
    async with fiskaly_session.post(path, json=body) as answer:
        assert answer.status == 200
    fiskaly_mock.journal.assert_called_once("createApiKey", body=body)
    fiskaly_mock.journal.assert_not_called("authenticate")


def test_synchronous(fiskaly_session):
    assert not fiskaly_session.closed
"""


@pytest.mark.parametrize(
    ("mode", "mark"), [("auto", ""), ("strict", "@pytest.mark.asyncio")], ids=["auto", "strict"]
)
def test_it_works_in_both_modes(suite: pytest.Pytester, mode: str, mark: str) -> None:
    suite.makepyprojecttoml(SCOPED)
    suite.makepyfile(SUITE.format(mark=mark))
    result = suite.runpytest("-o", f"asyncio_mode={mode}", "-W", "error")
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("scope", ["function", "module", "session"])
def test_it_lives_in_a_loop_of_any_scope(suite: pytest.Pytester, scope: str) -> None:
    suite.makepyprojecttoml(STRICT)
    suite.makepyfile(SUITE.format(mark="@pytest.mark.asyncio"))
    scopes = [f"asyncio_default_{kind}_loop_scope={scope}" for kind in ("fixture", "test")]
    result = suite.runpytest("-o", scopes[0], "-o", scopes[1])
    result.assert_outcomes(passed=3)


def test_it_needs_pytest_asyncio_alone(suite: pytest.Pytester) -> None:
    suite.makepyprojecttoml(SCOPED)
    suite.makepyfile(SUITE.format(mark="@pytest.mark.asyncio"))
    suite.runpytest(*WITHOUT).assert_outcomes(passed=3)


def test_it_is_closed_after_the_test(suite: pytest.Pytester) -> None:
    suite.makepyprojecttoml(SCOPED)
    suite.makepyfile(
        """
        kept = []

        async def test_one(fiskaly_session):
            kept.append(fiskaly_session)

        async def test_other(fiskaly_session):
            assert kept[0].closed
            assert fiskaly_session is not kept[0]
        """
    )
    suite.runpytest("-o", "asyncio_mode=auto").assert_outcomes(passed=2)


def test_a_client_that_breaks_the_contract_fails_the_asynchronous_test(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        async def test_one(fiskaly_session):
            async with fiskaly_session.post("organizations", json={"name": "x"}) as answer:
                await answer.read()
        """
    )
    result = suite.runpytest("-o", "asyncio_mode=auto")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*client broke the contract*"])


def test_it_speaks_to_another_server_too(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.fiskaly_real
        async def test_one(fiskaly_session, fiskaly_base_url):
            async with fiskaly_session.get("organizations") as answer:
                assert answer.status == 200
                assert str(answer.url) == f"{fiskaly_base_url}/organizations"
        """
    )
    with MockServer() as other:
        monkeypatch.setenv("FISKALY_API_KEY", other.credentials.key)
        monkeypatch.setenv("FISKALY_API_SECRET", other.credentials.secret)
        for arguments in ((), ("--fiskaly-url", other.base_url)):
            result = suite.runpytest("-o", "asyncio_mode=auto", *arguments)
            result.assert_outcomes(passed=1)
        asked = [exchange.operation_id for exchange in other.journal]
        assert asked[-1] == "listOrganizations"


def said(suite: pytest.Pytester, *arguments: str) -> str:
    """Run a test that asks for the session, and return the one message that it ends with."""
    suite.makepyprojecttoml(STRICT)
    suite.makepyfile("async def test_one(fiskaly_session): pass")
    result = suite.runpytest(*WITHOUT, *arguments)
    result.assert_outcomes(errors=1)
    assert "Traceback" not in result.stdout.str()
    return "\n".join(line for line in result.outlines if line.startswith("fiskaly_session: "))


def test_a_plugin_that_is_switched_off_is_named(suite: pytest.Pytester) -> None:
    assert said(suite, "-p", "no:asyncio") == (
        "fiskaly_session: an aiohttp session needs pytest-asyncio, which is switched off:"
        " leave out -p no:asyncio from the command line, addopts and PYTEST_ADDOPTS"
    )


def test_a_plugin_that_is_not_loaded_is_named(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    told = said(suite, "-p", "pytest_fiskaly.plugin")
    assert "is installed but not loaded: add -p asyncio" in told


def test_an_extra_that_is_not_installed_is_named(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        """
        import importlib.util

        real = importlib.util.find_spec
        importlib.util.find_spec = lambda name: None if name == "pytest_asyncio" else real(name)
        from pytest_fiskaly import plugin

        plugin.find_spec = importlib.util.find_spec
        """
    )
    assert "pip install 'fiskaly-mockserver[aiohttp]'" in said(suite, "-p", "no:asyncio")


def test_a_plugin_that_a_conftest_loads_is_used(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    suite.makepyprojecttoml(SCOPED)
    suite.makeconftest('pytest_plugins = ["pytest_asyncio.plugin", "pytest_fiskaly.plugin"]')
    suite.makepyfile(SUITE.format(mark="@pytest.mark.asyncio"))
    suite.runpytest().assert_outcomes(passed=3)


def test_the_session_is_listed_with_and_without_the_plugin(suite: pytest.Pytester) -> None:
    suite.runpytest("--fixtures").stdout.fnmatch_lines(["fiskaly_session*plugin.py*"])
    suite.makepyprojecttoml(STRICT)
    result = suite.runpytest("--fixtures", "-p", "no:asyncio", *WITHOUT)
    result.stdout.fnmatch_lines(["fiskaly_session*plugin.py*"])
