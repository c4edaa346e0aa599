"""A reset takes back whatever a test can have changed, one kind at a time."""

import time
from typing import Any

from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control
from fiskaly_mockserver.world.rate_limits import RateLimit
from web.control.wire import Shop

BROKEN: Any = {"effect": {"kind": "status", "status": 503}}


def first_key(server: MockServer) -> dict[str, str]:
    return {"key": server.credentials.key, "secret": server.credentials.secret}


def test_rows(control: Control, shop: Shop) -> None:
    before, names = control.export_state(), shop.names()
    main = control.tree()["organizations"][0]["id"]
    managed = control.tree()["organizations"][-1]["id"]
    assert shop.create("Teehaus").status == 200
    key = {"name": "till", "status": "enabled"}
    assert shop.call("POST", f"/organizations/{main}/api-keys", key).status == 200
    assert shop.call("PATCH", f"/organizations/{managed}", {"town": "Ulm"}).status == 200
    assert shop.call("DELETE", f"/organizations/{managed}").status == 200
    control.sign_up("ada@example.com", "p", organization={"name": "New"})
    control.clear_for_live(main)
    assert control.export_state() != before
    control.reset()
    assert control.export_state() == before
    assert shop.names() == names


def test_sessions(control: Control, server: MockServer, shop: Shop) -> None:
    again = Shop.of(server).open(first_key(server))
    assert again.tokens["access_token"] == shop.tokens["access_token"]
    control.reset()
    new = Shop.of(server).open(first_key(server))
    assert new.tokens["access_token"] != shop.tokens["access_token"]


def test_a_token_outlives_the_reset_while_its_organization_is_there(
    control: Control, server: MockServer, shop: Shop
) -> None:
    made = control.sign_up("ada@example.com", "p", organization={"name": "New"})
    later = Shop.of(server).open(made["api_key"])
    control.reset()
    assert shop.call("GET", "/organizations").status == 200
    assert later.call("GET", "/organizations").status == 401


def test_a_token_that_a_fault_ended_lives_again(control: Control, shop: Shop) -> None:
    control.arm_fault({"when": {"first": 1}, "effect": {"kind": "expired_token"}})
    assert shop.call("GET", "/organizations").status == 401
    assert shop.call("GET", "/organizations").status == 401
    control.reset()
    assert shop.call("GET", "/organizations").status == 200


def test_the_clock(control: Control) -> None:
    control.freeze_clock("2050-01-01T00:00:00Z")
    control.scale_clock(100)
    control.reset()
    clock = control.clock()
    assert (clock["frozen"], clock["scale"]) == (False, 1)
    assert abs(clock["now"] - time.time()) < 60
    assert abs(clock["offset"]) < 1


def test_faults_and_their_numbers(control: Control, shop: Shop) -> None:
    control.arm_fault(BROKEN)
    assert shop.call("GET", "/organizations").status == 503
    control.reset()
    assert control.faults() == []
    assert shop.call("GET", "/organizations").status == 200
    assert control.arm_fault(BROKEN)["id"] == "fault-1"


def test_rate_windows(serve: Any) -> None:
    server = serve(rate_limit=RateLimit(2, 3600))
    shop = Shop.of(server).open(first_key(server))
    assert [shop.call("GET", "/organizations").status for _ in range(3)] == [200, 200, 429]
    server.control.reset()
    assert [shop.call("GET", "/organizations").status for _ in range(3)] == [200, 200, 429]


def test_the_journal(control: Control, shop: Shop) -> None:
    refused = shop.create("")
    assert control.count() == 2
    assert len(control.violations()["exchanges"]) == 1
    control.reset()
    assert control.journal() == {"exchanges": [], "dropped": 0}
    assert control.violations()["exchanges"] == []
    assert control.har()["log"]["entries"] == []  # type: ignore[index,call-overload]
    assert refused.status == 400


def test_the_default_world_and_sandboxes_are_reset_each_alone(
    control: Control, server: MockServer, shop: Shop
) -> None:
    other = Shop.of(server, "a").open(first_key(server))
    shop.create("Here")
    other.create("There")
    control.sandbox("a").reset()
    assert ("Here" in shop.names(), "There" in other.names()) == (True, False)
    other.create("There")
    control.reset()
    assert ("Here" in shop.names(), "There" in other.names()) == (False, True)
