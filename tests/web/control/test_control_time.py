"""The clock, and everything that obeys it."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.domain.backend import Lifetimes
from fiskaly_mockserver.world.rate_limits import RateLimit
from web.control.wire import Shop

HOUR = 3600
LATER = 1_925_064_000
LATER_TEXT = "2031-01-01T20:00:00Z"


def first(server: MockServer) -> Shop:
    credentials = server.credentials
    return Shop.of(server).open({"key": credentials.key, "secret": credentials.secret})


def seen(shop: Shop) -> int:
    return shop.call("GET", "/organizations").status


def test_it_runs_with_real_time_at_first(control: Control) -> None:
    clock = control.clock()
    assert abs(clock["now"] - time.time()) < 60
    assert (clock["frozen"], clock["scale"]) == (False, 1)


def test_it_freezes_now(control: Control) -> None:
    frozen = control.freeze_clock()
    assert frozen["frozen"] is True
    time.sleep(0.01)
    assert control.clock()["now"] == frozen["now"]


def test_it_freezes_at_a_time_and_goes_on_from_there(control: Control) -> None:
    frozen = control.freeze_clock(LATER_TEXT)
    assert (frozen["now"], frozen["iso"], frozen["frozen"]) == (LATER, LATER_TEXT, True)
    resumed = control.resume_clock()
    assert resumed["frozen"] is False
    assert LATER <= resumed["now"] < LATER + 60


def test_it_is_set(control: Control) -> None:
    assert LATER <= control.set_clock(LATER_TEXT)["now"] < LATER + 60
    assert control.clock()["frozen"] is False


@pytest.mark.parametrize(
    ("by", "seconds"),
    [(90, 90), (1.5, 1.5), (0, 0), ("25h", 25 * HOUR), ("1d2h30m", 26.5 * HOUR), ("500ms", 0.5)],
)
def test_it_advances(control: Control, by: Any, seconds: float) -> None:
    before = control.freeze_clock()["now"]
    assert control.advance_clock(by)["now"] == pytest.approx(before + seconds, abs=1e-3)
    assert control.clock()["frozen"] is True


def test_it_runs_faster(control: Control) -> None:
    started = control.scale_clock(10_000)
    time.sleep(0.02)
    assert started["scale"] == 10_000
    assert control.clock()["now"] - started["now"] >= 200


@pytest.mark.parametrize("past", ["1970-01-01T00:00:00Z", "2020-02-29T12:00:00Z"])
def test_it_never_runs_backwards(control: Control, past: str) -> None:
    control.freeze_clock()
    before = control.clock()
    for move, field in ((control.set_clock, "set"), (control.freeze_clock, "freeze")):
        with pytest.raises(ControlRefused, match="never runs backwards") as refused:
            move(past)
        assert (refused.value.status, refused.value.field) == (409, field)
        assert past in str(refused.value)
        assert before["iso"] in str(refused.value)
    assert control.clock()["now"] == before["now"]


@pytest.mark.parametrize("by", ["99999999999d", 3_000_000_000 * 100])
def test_it_ends_with_the_year_9999(control: Control, by: Any) -> None:
    before = control.freeze_clock()
    with pytest.raises(ControlRefused, match=r"9999|seconds such as") as refused:
        control.advance_clock(by)
    assert refused.value.status in (400, 409)
    assert refused.value.field == "advance"
    assert control.clock()["now"] == before["now"]


def test_an_access_token_lives_a_day_and_its_refresh_token_two(
    control: Control, shop: Shop
) -> None:
    old = shop.tokens["access_token"]
    assert seen(shop) == 200
    control.advance_clock("25h")
    expired = shop.call("GET", "/organizations")
    assert (expired.status, expired.body["message"]) == (401, "the token has expired")
    assert shop.refresh().status == 200
    assert shop.tokens["access_token"] != old
    assert seen(shop) == 200


def test_a_refresh_token_is_void_after_two_days(control: Control, shop: Shop) -> None:
    control.advance_clock("49h")
    assert seen(shop) == 401
    assert shop.refresh().status == 401


def test_lifetimes_are_what_the_server_was_told(serve: Any) -> None:
    server = serve(lifetimes=Lifetimes(access=60, refresh=120))
    server.control.freeze_clock(LATER_TEXT)
    shop = first(server)
    assert shop.tokens["access_token_expires_in"] == 60
    assert shop.tokens["refresh_token_expires_in"] == 120
    server.control.advance_clock(59)
    assert seen(shop) == 200
    server.control.advance_clock(1)
    assert seen(shop) == 401
    assert shop.refresh().status == 200
    server.control.advance_clock(121)
    assert (seen(shop), shop.refresh().status) == (401, 401)


def test_expires_in_counts_down_by_the_clock(control: Control, server: MockServer) -> None:
    control.freeze_clock()
    before = first(server).tokens
    control.advance_clock("1h")
    after = first(server).tokens
    assert after["access_token"] == before["access_token"]
    assert after["access_token_expires_in"] == before["access_token_expires_in"] - HOUR
    assert after["access_token_expires_at"] == before["access_token_expires_at"]


def test_timestamps_and_the_date_header_obey_it(control: Control, shop: Shop) -> None:
    control.freeze_clock(LATER_TEXT)
    assert shop.refresh().status == 401
    assert shop.call("GET", "/organizations", token="").headers["date"] == (
        "Wed, 01 Jan 2031 20:00:00 GMT"
    )


def test_created_at_obeys_it(control: Control, server: MockServer) -> None:
    control.freeze_clock(LATER_TEXT)
    shop = first(server)
    main = control.tree()["organizations"][0]["id"]
    reply = shop.call(
        "POST", f"/organizations/{main}/api-keys", {"name": "late", "status": "enabled"}
    )
    assert reply.body["created_at"] == LATER
    assert parsedate_to_datetime(reply.headers["date"]).timestamp() == LATER
    [found] = control.journal({"operation": "createApiKey"})["exchanges"]
    assert found["at"] == "2031-01-01T20:00:00.000Z"


def test_response_times_are_real_time(control: Control, shop: Shop) -> None:
    control.scale_clock(1_000_000)
    assert float(shop.call("GET", "/organizations").headers["x-response-time"]) < 20


@pytest.mark.parametrize(("waited", "status"), [("47h59m", 200), ("48h1s", 404)])
def test_a_pending_invitation_lapses_after_two_days(
    control: Control, server: MockServer, waited: str, status: int
) -> None:
    main = control.tree()["organizations"][0]["id"]
    first(server).call("POST", f"/organizations/{main}/users", {"email": "ada@example.com"})
    control.advance_clock(waited)
    try:
        control.sign_up("ada@example.com", "p")
        got = 200
    except ControlRefused as error:
        got = error.status
    assert got == status


def test_rate_windows_obey_it(serve: Any) -> None:
    server = serve(rate_limit=RateLimit.parse("2/min"))
    server.control.freeze_clock()
    shop = first(server)
    assert [seen(shop), seen(shop)] == [200, 200]
    server.control.advance_clock("20s")
    refused = shop.call("GET", "/organizations")
    assert (refused.status, refused.headers["retry-after"]) == (429, "40")
    assert refused.body["code"] == "E_TOO_MANY_REQUESTS"
    server.control.advance_clock("39s")
    assert seen(shop) == 429
    server.control.advance_clock("1s")
    assert seen(shop) == 200


def test_each_world_has_its_own_time(control: Control, shop: Shop) -> None:
    control.sandbox("a").advance_clock("25h")
    assert control.sandbox("a").clock()["offset"] >= 25 * HOUR - 1
    assert abs(control.clock()["offset"]) < 1
    assert seen(shop) == 200
