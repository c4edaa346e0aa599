"""Suites that freeze or move the time of their process: the fake keeps the real one, or follows."""

import freezegun
import pytest
import time_machine

LOADED = (freezegun, time_machine)
"""Before pytester does it, which forgets what was imported inside."""

CONFIG = """
import pytest
from fiskaly_mockserver.server.config import LoopKind
from pytest_fiskaly import ServerConfig


@pytest.fixture(scope="session")
def fiskaly_mock_config():
    return ServerConfig(port=0, loop=LoopKind.{loop})
"""
LIBRARIES = {
    "freezegun": """
from freezegun import freeze_time


def frozen(at):
    return freeze_time(at)
""",
    "time_machine": """
import time_machine


def frozen(at):
    return time_machine.travel(at, tick=False)
""",
}
REAL = """
import datetime
import threading

import pytest
from api_client import ask, count, create, log_in
from clocks import frozen

REAL = {real}
TX = "00000000-0000-4000-8000-000000000001"


def demand_real(fiskaly_mock):
    assert abs(fiskaly_mock.control.clock()["now"] - REAL) < 600


def use(fiskaly_mock):
    demand_real(fiskaly_mock)
    create(fiskaly_mock)
    token = fiskaly_mock.token_for(fiskaly_mock.tree.main)
    assert ask(fiskaly_mock, "/organizations", token=token)["count"] == 7
    slow = {{"operation": "listUsers", "effect": {{"kind": "delay", "seconds": 0.01}}}}
    fiskaly_mock.control.arm_fault(slow)
    path = f"/organizations/{{fiskaly_mock.tree.main.organization_id}}/users"
    assert ask(fiskaly_mock, path, token=token)["count"]
    with pytest.raises(AssertionError, match="within 0.05 s"):
        fiskaly_mock.journal.wait_for_call("createApiKey", timeout=0.05)
    thread = threading.Timer(0.01, log_in, (fiskaly_mock,))
    thread.start()
    assert fiskaly_mock.journal.wait_for_call("authenticate", times=2, timeout=60)
    thread.join()
    sign(fiskaly_mock)


class SignDe:
    def __init__(self, fiskaly_mock):
        self.base_url = fiskaly_mock.sign_de_url


def sign(fiskaly_mock):
    # the log of a receipt has the fake's time
    shop = fiskaly_mock.tree.managed[0]
    tss = fiskaly_mock.new_tss(shop)
    path = f"/tss/{{tss.tss_id}}/tx/{{TX}}?tx_revision=1"
    body = {{"state": "ACTIVE", "client_id": tss.clients[0].client_id}}
    answer = ask(SignDe(fiskaly_mock), path, body, fiskaly_mock.token_for(shop), "PUT")
    assert abs(answer["log"]["timestamp"] - REAL) < 600


@pytest.fixture
def in_1970():
    with frozen("1970-01-02"):
        yield


def test_started_under_it(in_1970, fiskaly_mock):
    use(fiskaly_mock)


@frozen("2086-01-01")
def test_decorated(fiskaly_mock):
    use(fiskaly_mock)


def test_begins_in_the_middle(fiskaly_mock):
    token = log_in(fiskaly_mock)
    with frozen("2086-01-01"):
        use(fiskaly_mock)
        assert ask(fiskaly_mock, "/organizations", token=token)["count"]
    demand_real(fiskaly_mock)
    assert ask(fiskaly_mock, "/organizations", token=token)["count"]


def test_unpatched(fiskaly_mock):
    use(fiskaly_mock)


@pytest.mark.fiskaly(clock="2020-02-29T12:00:00Z")
@frozen("2086-01-01")
def test_marked(fiskaly_mock):
    assert fiskaly_mock.control.clock()["iso"] == "2020-02-29T12:00:00Z"
"""
FOLLOWS = """
import datetime
import urllib.error
import urllib.request

import pytest
from api_client import ask, count, create, log_in
from clocks import frozen

pytestmark = pytest.mark.fiskaly(clock="process")


def shown(fiskaly_mock):
    request = urllib.request.Request(fiskaly_mock.base_url + "/nowhere")
    with fiskaly_mock.allow_violations(), pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        date = answer.headers["Date"]
    return fiskaly_mock.control.clock()["iso"], date, fiskaly_mock.journal.last


def test_exactly(fiskaly_mock):
    for at, iso, date in (
        ("2031-05-06T07:08:09+00:00", "2031-05-06T07:08:09Z", "Tue, 06 May 2031 07:08:09 GMT"),
        ("1999-12-31T23:59:59+00:00", "1999-12-31T23:59:59Z", "Fri, 31 Dec 1999 23:59:59 GMT"),
    ):
        with frozen(at):
            now, header, _ = shown(fiskaly_mock)
            assert (now, header) == (iso, date)


@frozen("2031-05-06")
def test_tokens_live_and_die_with_it(fiskaly_mock):
    token = log_in(fiskaly_mock)
    assert ask(fiskaly_mock, "/organizations", token=token)["count"]
    with frozen("2031-05-08"), pytest.raises(urllib.error.HTTPError) as refused:
        ask(fiskaly_mock, "/organizations", token=token)
    refused.value.close()
    with frozen("2031-05-08"):
        assert count(fiskaly_mock) == 6


@pytest.mark.fiskaly(clock=1_000_000_000)
def test_the_closest_marker_counts(fiskaly_mock):
    assert fiskaly_mock.control.clock()["now"] == 1_000_000_000


def test_of_unfrozen_time(fiskaly_mock):
    assert abs(fiskaly_mock.control.clock()["now"] - {real}) < 600
"""


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("loop", ["ASYNCIO", "AUTO"])
def test_the_fake_keeps_the_real_time(client: pytest.Pytester, library: str, loop: str) -> None:
    import time

    client.makeconftest(CONFIG.format(loop=loop))
    client.makepyfile(clocks=LIBRARIES[library], test_real=REAL.format(real=time.time()))
    client.runpytest("-p", "no:randomly").assert_outcomes(passed=5)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_fake_follows_the_time_of_the_process_where_it_is_told_to(
    client: pytest.Pytester, library: str
) -> None:
    import time

    client.makepyfile(
        clocks=LIBRARIES[library], test_follows=FOLLOWS.replace("{real}", str(time.time()))
    )
    client.runpytest("-p", "no:randomly").assert_outcomes(passed=4)
