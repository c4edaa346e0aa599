"""The plugin beside other plugins, without them, in parallel, and at no cost."""

import pytest
from plugin.conftest import RunApart

SYNCHRONOUS = """
from api_client import count


def test_one(fiskaly_mock):
    assert count(fiskaly_mock) == 6
"""
ASYNCHRONOUS = """
import asyncio
import pytest
from api_client import count


{mark}
async def test_one(fiskaly_mock):
    assert await asyncio.to_thread(count, fiskaly_mock) == 6
"""


def test_it_needs_no_other_plugin(client: pytest.Pytester, run_apart: RunApart) -> None:
    client.makepyfile(SYNCHRONOUS)
    run_apart("-p", "no:xdist").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("mode", "mark"), [("auto", ""), ("strict", "@pytest.mark.asyncio")], ids=["auto", "strict"]
)
def test_it_works_in_both_modes_of_pytest_asyncio(
    client: pytest.Pytester, mode: str, mark: str
) -> None:
    client.makepyfile(test_plain=SYNCHRONOUS, test_coroutine=ASYNCHRONOUS.format(mark=mark))
    result = client.runpytest("-o", f"asyncio_mode={mode}", "-W", "error")
    result.assert_outcomes(passed=2)


def test_every_worker_of_xdist_has_a_server_of_its_own(
    client: pytest.Pytester, run_apart: RunApart
) -> None:
    client.makepyfile(
        """
        import os
        import pytest
        from api_client import count, create

        @pytest.mark.parametrize("number", range(2))
        def test_one(fiskaly_mock, number):
            assert count(fiskaly_mock) == 6
            create(fiskaly_mock)
            assert count(fiskaly_mock) == 7
            with open("ports", "a") as ports:
                ports.write(f"{os.environ['PYTEST_XDIST_WORKER']} {fiskaly_mock.port}\\n")
        """
    )
    result = run_apart("-n", "2", "--dist", "each")
    result.assert_outcomes(passed=4)
    pairs = set((client.path / "ports").read_text(encoding="utf-8").splitlines())
    assert len(pairs) == 2
    assert len({pair.split()[1] for pair in pairs}) == 2


AGAIN = """
import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and call.excinfo:
        other = pytest.Class.from_parent(item.session, name="Other")
        item.ihook.pytest_runtest_teardown(item=item, nextitem=other)
        item._initrequest()
        item.ihook.pytest_runtest_setup(item=item)
        again = pytest.CallInfo.from_call(
            lambda: item.ihook.pytest_runtest_call(item=item), when="call"
        )
        second = pytest.TestReport.from_item_and_call(item, again)
        report.outcome, report.longrepr = second.outcome, second.longrepr
    return report
"""


def test_a_test_that_another_plugin_runs_again_at_once_is_judged_anew(
    client: pytest.Pytester,
) -> None:
    client.makeconftest(AGAIN)
    client.makepyfile(
        """
        from api_client import break_contract

        tries = []

        def test_once(fiskaly_mock):
            tries.append(1)
            if len(tries) == 1:
                break_contract(fiskaly_mock)
            assert fiskaly_mock.violations == ()

        def test_always(fiskaly_mock):
            break_contract(fiskaly_mock)
        """
    )
    result = client.runpytest()
    assert result.parseoutcomes()["passed"] == 1
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["FAILED *::test_always*"])
    result.stdout.no_fnmatch_line("*outside any test*")


def test_it_is_there_without_being_named(suite: pytest.Pytester) -> None:
    result = suite.runpytest("--fixtures", "-q")
    result.stdout.fnmatch_lines(["fiskaly_mock_server*session*", "fiskaly_mock --*"])


def test_it_can_be_switched_off(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_one(fiskaly_mock): pass")
    result = suite.runpytest("-p", "no:fiskaly")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'fiskaly_mock' not found*"])
