"""Sandboxes: isolated worlds in one server."""

from typing import Any

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from web.control.transports import TRANSPORTS, checked
from web.control.wire import Shop, Wire

BAD_NAMES = ["", "a b", "a/b", "\u00e4", "\u540d", "a\nb", "..", ".", ".a", "x" * 65]


def first_key(server: MockServer) -> dict[str, str]:
    return {"key": server.credentials.key, "secret": server.credentials.secret}


def names_of(control: Control) -> list[str]:
    return [str(one["name"]) for one in control.sandboxes()["sandboxes"]]


@pytest.mark.parametrize("by_path", [False, True], ids=["header", "path"])
def test_a_sandbox_is_made_on_first_use_and_knows_nothing_of_the_others(
    control: Control,
    server: MockServer,
    shop: Shop,
    *,
    by_path: bool,
) -> None:
    shop.create("Before")
    other = Shop.of(server, "a", by_path=by_path).open(first_key(server))
    assert names_of(control) == ["a"]
    assert "Before" not in other.names()
    other.create("Inside")
    assert ("Inside" in other.names(), "Inside" in shop.names()) == (True, False)
    third = Shop.of(server, "b", by_path=by_path).open(first_key(server))
    assert "Inside" not in third.names()
    assert names_of(control) == ["a", "b"]


def test_header_and_path_name_the_same_world(server: MockServer) -> None:
    by_header = Shop.of(server, "a").open(first_key(server))
    by_path = Shop.of(server, "a", by_path=True).open(first_key(server))
    by_header.create("Tea")
    assert "Tea" in by_path.names()


def test_the_path_goes_before_the_header(wire: Wire, control: Control) -> None:
    wire.ask("POST", "/s/a/api/v0/auth", {}, headers={"X-Mock-Sandbox": "b"})
    assert names_of(control) == ["a"]


def test_a_control_call_speaks_of_the_world_it_names(
    control: Control, server: MockServer, shop: Shop
) -> None:
    inside = control.sandbox("a")
    other = Shop.of(server, "a").open(first_key(server))
    other.create("Inside")
    inside.save_snapshot("kept")
    inside.advance_clock("1h")
    inside.arm_fault({"effect": {"kind": "status", "status": 503}})
    assert inside.count() == 2
    assert control.count() == 1
    assert (inside.snapshots(), control.snapshots()) == (["kept"], [])
    assert (len(inside.faults()), len(control.faults())) == (1, 0)
    assert inside.export_state()["organizations"] != control.export_state()["organizations"]
    inside.seed("single", seed=4)
    assert inside.tree()["preset"] == "single"
    assert control.tree()["preset"] == "individual-customers"


def test_the_sandboxes_are_listed(control: Control, server: MockServer) -> None:
    control.sandbox("a").save_snapshot("kept")
    Shop.of(server, "a").open(first_key(server))
    listed = control.sandboxes()
    [facts] = listed["sandboxes"]
    assert (facts["name"], facts["exchanges"], facts["snapshots"]) == ("a", 1, 1)
    assert (facts["uses"], facts["organizations"]) == (2, 6)
    assert (listed["limit"], listed["reclaimed"]) == (64, [])


def test_a_dropped_sandbox_is_gone_and_made_anew(control: Control, server: MockServer) -> None:
    Shop.of(server, "a").open(first_key(server)).create("Inside")
    control.drop_sandbox("a")
    assert names_of(control) == []
    assert "Inside" not in Shop.of(server, "a").open(first_key(server)).names()


def test_an_unknown_sandbox_is_refused_with_those_there_are(control: Control) -> None:
    control.sandbox("here").clock()
    with pytest.raises(ControlRefused, match="there") as refused:
        control.drop_sandbox("there")
    assert (refused.value.status, refused.value.field) == (404, "name")
    assert refused.value.allowed == ("here",)


def test_what_speaks_of_the_server_makes_no_sandbox(control: Control, wire: Wire) -> None:
    inside = control.sandbox("a")
    inside.health()
    inside.contract()
    with pytest.raises(ControlRefused):
        inside.drop_sandbox("none")
    assert inside.sandboxes()["sandboxes"] == []
    assert wire.ask("GET", "/_mock/health", headers={"X-Mock-Sandbox": "a b"}).status == 200
    assert names_of(control) == []


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_one_left_alone_the_longest_is_reclaimed_and_said(serve: Any, transport: str) -> None:
    server = serve(sandboxes=2)
    control = checked(TRANSPORTS[transport](server))
    for name in ("a", "b", "a", "c"):
        control.sandbox(name).clock()
    assert names_of(control) == ["a", "c"]
    listed: Any = control.sandboxes()
    assert (listed["limit"], listed["reclaimed"], listed["reclaimed_count"]) == (2, ["b"], 1)
    control.sandbox("b").clock()
    assert control.sandboxes()["reclaimed"] == ["b", "a"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_bad_name_is_refused_by_every_kind_of_name(control: Control, name: str) -> None:
    before = control.export_state()
    acts = (
        lambda: control.sandbox(name).clock(),
        lambda: control.save_snapshot(name),
        lambda: control.restore_snapshot(name),
        lambda: control.drop_snapshot(name),
        lambda: control.drop_sandbox(name),
        lambda: control.clear_faults(name),
    )
    for act in acts:
        with pytest.raises(ControlRefused) as refused:
            act()
        assert refused.value.status == 400, str(refused.value)
        assert refused.value.field in ("name", "X-Mock-Sandbox", "fault_id")
    assert names_of(control) == control.snapshots() == []
    assert control.export_state() == before


@pytest.mark.parametrize("name", ["a%20b", "a%2Fb", "%2E%2E", ".a", "x" * 65, "%C3%A4"])
def test_a_bad_name_in_the_path_is_refused(wire: Wire, control: Control, name: str) -> None:
    reply = wire.ask("POST", f"/s/{name}/api/v0/auth", {})
    assert (reply.status, reply.body["code"]) == (400, "E_FAILED_SCHEMA_VALIDATION")
    assert "1 to 64 characters" in reply.body["message"]
    assert len(reply.request_id) == 32
    assert names_of(control) == []
    assert control.count() == 0


@pytest.mark.parametrize("prefix", ["/s/box", "/%73/box", "/s/b%6Fx", "/%73/%62ox"])
def test_a_prefix_means_the_same_however_it_is_escaped(
    wire: Wire, control: Control, prefix: str
) -> None:
    assert wire.ask("POST", f"{prefix}/api/v0/auth", {}).status == 400
    assert names_of(control) == ["box"]
    assert control.count() == 0


def test_a_bad_name_in_the_header_is_refused(wire: Wire, control: Control) -> None:
    reply = wire.ask("POST", "/api/v0/auth", {}, headers={"X-Mock-Sandbox": "a b"})
    assert reply.status == 400
    assert '"a b"' in reply.body["message"]
    assert names_of(control) == []


def test_a_token_is_good_where_its_organization_is(server: MockServer, shop: Shop) -> None:
    other = Shop.of(server, "a")
    other.tokens = shop.tokens
    assert other.names() == shop.names()
    server.control.sandbox("a").seed("single", seed=99)
    assert other.call("GET", "/organizations").status == 401
