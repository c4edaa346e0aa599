"""Over the workers of xdist the usage adds up, and what is missing is said."""

import json

import pytest
from plugin.conftest import RunApart

SPREAD = """
import os
import time

import pytest
from api_client import ask, count, create, log_in


@pytest.mark.parametrize("number", range(2))
def test_each(fiskaly_mock, number, tmp_path_factory):
    # Each worker takes one: the first waits until the other has begun.
    shared = tmp_path_factory.getbasetemp().parent
    (shared / f"begun-{os.environ['PYTEST_XDIST_WORKER']}").touch()
    for _ in range(1000):
        if len(list(shared.glob("begun-*"))) == 2:
            break
        time.sleep(0.01)
    if number:
        create(fiskaly_mock)
    else:
        assert count(fiskaly_mock) == 6
"""
CRASH = """
import os
from api_client import count


def test_one(fiskaly_mock):
    assert count(fiskaly_mock) == 6


def test_other(fiskaly_mock):
    count(fiskaly_mock)
    os._exit(3)
"""


def test_workers_add_up(client: pytest.Pytester, run_apart: RunApart) -> None:
    client.makepyfile(SPREAD)
    flags = ("--fiskaly-coverage=c.json", "--fiskaly-coverage-fail-under=7.7")
    result = run_apart("-n", "2", *flags)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "authenticate * 2  200 *",
            "fiskaly: 3 of 20 operations of management exercised, 4 exchanges, no violations",
        ]
    )
    assert result.ret == 0  # 15 of 187, of which no worker has more than 14
    written = json.loads((client.path / "c.json").read_text(encoding="utf-8"))
    operations = written["contracts"]["management"]["operations"]
    assert operations["listOrganizations"]["statuses"] == {"200": 1}
    assert operations["createOrganization"]["statuses"] == {"200": 1}
    assert "/country_code" in operations["createOrganization"]["fields"]


@pytest.mark.slow
def test_a_worker_that_crashes_loses_only_what_it_heard(
    client: pytest.Pytester, run_apart: RunApart
) -> None:
    client.makepyfile(test_crash=CRASH, test_more="def test_more(fiskaly_mock): pass")
    result = run_apart("-n", "1", "--fiskaly-coverage-fail-under=99")
    result.stdout.fnmatch_lines(
        [
            "fiskaly: 0 of 20 operations of management exercised, 0 exchanges, no violations",
            "fiskaly: 1 of 2 workers were stopped or crashed: what they did is not counted",
        ]
    )
    assert result.ret == 1
    assert "is under" not in str(result.stdout)
