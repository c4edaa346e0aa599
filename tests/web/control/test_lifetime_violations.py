"""What broke a contract in a server's whole life: nothing that is forgotten hides it."""

from typing import Any

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control
from fiskaly_mockserver.world.journal.journal import Exchange
from web.control.transports import TRANSPORTS, checked
from web.control.wire import SHOP, Shop


@pytest.fixture(params=list(TRANSPORTS))
def fresh(request: pytest.FixtureRequest, serve: Any) -> tuple[Control, Shop]:
    """The control of a server whose journals keep two exchanges, and a client."""
    server = serve(journal_size=2, preset="single")
    return checked(TRANSPORTS[request.param](server)), opened(server)


def opened(server: MockServer, sandbox: str | None = None) -> Shop:
    key = server.credentials
    return Shop.of(server, sandbox).open({"key": key.key, "secret": key.secret})


def kinds(control: Control) -> list[tuple[Any, ...]]:
    return [
        (one["what"], one["operation"], one["rule"], one["pointer"], one["count"])
        for one in control.all_violations()["kinds"]
    ]


def test_a_server_that_was_not_asked_yet_has_none(fresh: tuple[Control, Shop]) -> None:
    control, shop = fresh
    assert shop.create("Teehaus").status == 200
    assert control.all_violations() == {
        "broken_requests": 0,
        "warned_requests": 0,
        "defects": 0,
        "kinds": [],
        "uncounted": 0,
    }


def test_a_reset_an_overflow_and_a_clearing_hide_nothing(fresh: tuple[Control, Shop]) -> None:
    control, shop = fresh
    assert shop.create("x").status == 400
    control.reset()
    for _ in range(3):
        assert shop.create("y").status == 400
    control.clear_journal()
    assert control.violations()["exchanges"] == []
    assert kinds(control) == [("violation", "createOrganization", "pattern", "/name", 4)]
    found = control.all_violations()
    assert (found["broken_requests"], found["warned_requests"], found["defects"]) == (4, 0, 0)
    first: Any = found["kinds"][0]["first"]
    assert first["request"]["body"]["name"] == "x"
    assert "body.name" in first["violations"][0]["message"]


def test_sandboxes_count_too_also_those_that_are_gone(serve: Any) -> None:
    server = serve(preset="single")
    control = server.control
    for sandbox in ("one", "two"):
        assert opened(server, sandbox).create("x").status == 400
    control.drop_sandbox("one")
    server.reset()
    assert control.all_violations()["broken_requests"] == 2


def test_warnings_are_told_apart(fresh: tuple[Control, Shop]) -> None:
    control, shop = fresh
    assert shop.call("GET", "/organizations?page=2").status == 200
    found = control.all_violations()
    assert (found["broken_requests"], found["warned_requests"]) == (0, 1)
    assert kinds(control) == [("warning", "listOrganizations", "unknown-parameter", "/page", 1)]


def test_places_in_an_array_are_one_kind_and_unknown_routes_too(
    fresh: tuple[Control, Shop],
) -> None:
    control, shop = fresh
    assert shop.call("GET", "/nowhere").status == 404
    assert shop.call("GET", "/elsewhere").status == 404
    assert kinds(control) == [("violation", "", "unknown-route", "", 2)]


def test_more_kinds_than_there_is_room_for_are_counted(serve: Any) -> None:
    server = serve(preset="single")
    shop = opened(server)
    names = {f"unknown{number}": 1 for number in range(150)}
    for at in range(5):
        more = {f"{name}_{at}": value for name, value in names.items()}
        assert shop.create("Teehaus", **more).status == 400
    found = server.control.all_violations()
    assert len(found["kinds"]) == 500
    assert found["broken_requests"] == 5
    assert found["uncounted"] == 250


def test_a_defect_is_counted(serve: Any) -> None:
    server = serve(preset="single")
    exchange = server._call(
        lambda: server._service.tell(
            Exchange(request_id="0" * 32, at=0, method="GET", path="/", crash="KeyError"),
            broken=True,
        )
    )
    assert exchange is None
    found = server.control.all_violations()
    assert found["defects"] == 1
    assert kinds(server.control) == [("defect", "", "crash", "", 1)]
    server._call(server._service.defects.clear)


def test_nothing_secret_is_kept(fresh: tuple[Control, Shop]) -> None:
    control, shop = fresh
    secret = "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0000"
    assert shop.create("Teehaus", **{secret: secret}).status == 400
    assert secret not in str(control.all_violations())
    assert SHOP["name"] in str(control.all_violations())
