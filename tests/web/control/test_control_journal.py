"""The journal over both transports: what it shows, counts, waits for and explains."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.world.rate_limits import RateLimit
from web.control.transports import TRANSPORTS, checked
from web.control.wire import SHOP, Shop, Wire

NOBODY = "0" * 32


def first_key(server: MockServer) -> dict[str, str]:
    return {"key": server.credentials.key, "secret": server.credentials.secret}


def opened(server: MockServer) -> Shop:
    shop = Shop.of(server).open(first_key(server))
    server.control.clear_journal()
    return shop


@pytest.fixture
def client(server: MockServer) -> Shop:
    """A client whose log-in is forgotten already."""
    return opened(server)


@pytest.fixture(params=list(TRANSPORTS))
def small(request: pytest.FixtureRequest, serve: Any) -> tuple[Control, Shop]:
    """The control of a server whose journal keeps three exchanges, and a client."""
    server = serve(journal_size=3)
    return checked(TRANSPORTS[request.param](server)), opened(server)


@pytest.fixture
def later() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Do something a moment from now."""
    timers: list[threading.Timer] = []

    def plan(act: Callable[[], object]) -> None:
        timers.append(threading.Timer(0.05, act))
        timers[-1].start()

    yield plan
    for timer in timers:
        timer.join()


def test_an_exchange_tells_all_but_the_secrets(control: Control, client: Shop) -> None:
    reply = client.create("Teehaus", metadata={"till": "7"})
    [found] = control.journal()["exchanges"]
    told: Any = found
    assert told["request_id"] == reply.request_id
    assert (told["method"], told["path"]) == ("POST", "/api/v0/organizations")
    assert told["operation"] == "createOrganization"
    assert told["request"]["body"] == {**SHOP, "name": "Teehaus", "metadata": {"till": "7"}}
    assert told["response"]["status"] == 200
    assert told["response"]["body"] == reply.body
    assert told["caller"]["organization_id"] == control.tree()["organizations"][0]["id"]
    assert told["violations"] == []
    assert told["sandbox"] == told["fault"] == told["refused_by"] == ""


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["list", "tea", "bad", "cake", "none"]),
        ({"operation": "createOrganization"}, ["tea", "bad", "cake"]),
        ({"status": 200}, ["list", "tea", "cake"]),
        ({"status": 400}, ["bad"]),
        ({"method": "get"}, ["list", "none"]),
        ({"path": "/organizations"}, ["list", "tea", "bad", "cake"]),
        ({"path": "/api/v0/organizations/*"}, ["none"]),
        ({"body": {"name": "Cake"}}, ["cake"]),
        ({"body": {"metadata": {"till": "1"}}}, ["tea"]),
        ({"body": {"metadata": {"till": "2"}}}, []),
        ({"operation": "createOrganization", "status": 200, "body": {}}, ["tea", "cake"]),
        ({"operation": "deleteApiKey"}, []),
    ],
    ids=str,
)
def test_exchanges_are_found_and_counted(
    control: Control, client: Shop, query: Any, names: list[str]
) -> None:
    ids = {
        "list": client.call("GET", "/organizations").request_id,
        "tea": client.create("Tea", metadata={"till": "1", "area": "x"}).request_id,
        "bad": client.create("").request_id,
        "cake": client.create("Cake").request_id,
        "none": client.call(
            "GET", f"/organizations/{'9' * 8}-9999-4999-8999-999999999999"
        ).request_id,
    }
    found = control.journal(query)
    assert [one["request_id"] for one in found["exchanges"]] == [ids[name] for name in names]
    assert found["dropped"] == 0
    assert control.count(query) == len(names)


def test_later_exchanges_are_found(control: Control, client: Shop) -> None:
    first = client.create("Tea")
    second = client.create("Cake")
    found = control.journal({"since": first.request_id})["exchanges"]
    assert [one["request_id"] for one in found] == [second.request_id]
    assert control.count({"since": second.request_id}) == 0


@pytest.mark.parametrize("ask", ["journal", "count", "wait"])
def test_an_unknown_request_or_operation_is_refused(
    control: Control, client: Shop, ask: str
) -> None:
    def asked(query: Any) -> Any:
        return control.wait(1, query) if ask == "wait" else getattr(control, ask)(query)

    prefix = "query." if ask == "wait" else ""
    with pytest.raises(ControlRefused, match=NOBODY) as refused:
        asked({"since": NOBODY})
    assert (refused.value.status, refused.value.field) == (404, f"{prefix}since")
    with pytest.raises(ControlRefused, match=r"did you mean createApiKey\?") as refused:
        asked({"operation": "createApiKye"})
    assert (refused.value.status, refused.value.field) == (404, f"{prefix}operation")
    assert "createApiKey" in refused.value.allowed
    client.log_in(api_key="wrong", api_secret="wrong")
    with pytest.raises(ControlRefused, match="api_secret") as refused:
        asked({"body": {"api_secret": "wrong"}})
    assert (refused.value.status, refused.value.field) == (409, f"{prefix}body")


def test_violations_are_listed_with_their_reasons(control: Control, client: Shop) -> None:
    client.create("Tea")
    wrong = client.create("Cake", country_code="DE")
    lost = client.call("GET", "/organizatons")
    found: Any = control.violations()["exchanges"]
    assert [one["request_id"] for one in found] == [wrong.request_id, lost.request_id]
    assert "country_code" in found[0]["violations"][0]["message"]
    assert wrong.headers["x-mock-violations"] == "1"


def test_the_journal_is_cleared(control: Control, client: Shop) -> None:
    client.create("Tea")
    control.clear_journal()
    assert control.journal()["exchanges"] == []
    assert control.count() == 0


def test_a_count_that_nobody_can_give_is_refused(small: tuple[Control, Shop]) -> None:
    control, client = small
    for name in ("Tea", "Cake", "Milk"):
        client.create(name)
    assert control.count({"operation": "createOrganization"}) == 3
    client.create("Rum")
    with pytest.raises(ControlRefused, match=r"overflowed: it keeps 3 .* at least 3") as refused:
        control.count({"operation": "createOrganization"})
    assert refused.value.status == 409
    found = control.journal()
    assert (len(found["exchanges"]), found["dropped"]) == (3, 1)
    assert control.count({"operation": "listApiKeys"}) == 0
    waited = control.wait(3, timeout=0)
    assert (waited["reached"], waited["count"], waited["overflowed"]) == (True, 3, True)
    control.clear_journal()
    assert control.count() == 0


def test_waiting_ends_when_enough_have_come(
    control: Control, client: Shop, later: Callable[[Callable[[], object]], None]
) -> None:
    client.create("Tea")
    later(lambda: client.create("Cake"))
    started = time.monotonic()
    waited = control.wait(2, {"operation": "createOrganization"}, timeout="10s")
    assert waited == {"reached": True, "count": 2, "overflowed": False}
    assert time.monotonic() - started < 5


def test_waiting_ends_with_its_time(control: Control, client: Shop) -> None:
    client.create("Tea")
    started = time.monotonic()
    waited = control.wait(2, timeout="50ms")
    assert waited == {"reached": False, "count": 1, "overflowed": False}
    assert 0.04 < time.monotonic() - started < 5


def test_others_are_served_while_one_waits(
    control: Control, client: Shop, later: Callable[[Callable[[], object]], None]
) -> None:
    seen: list[object] = []
    later(lambda: seen.append(control.clock()["now"]))
    control.wait(1, timeout="200ms")
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("timeout", "said"),
    [("2h", "2h"), (61, "61"), (-1, "-1"), ("soon", "soon"), ("60.5s", "60.5s"), ("", '""')],
)
def test_waits_are_bounded(control: Control, timeout: Any, said: str) -> None:
    with pytest.raises(ControlRefused, match="at most 60 seconds") as refused:
        control.wait(timeout=timeout)
    assert (refused.value.status, refused.value.field) == (400, "timeout")
    assert said in str(refused.value)


@pytest.mark.parametrize("timeout", [0, 60, 0.5, "0s", "60s", "1m", "60000ms", "59.999s", "0.5s"])
def test_these_waits_are_allowed(control: Control, client: Shop, timeout: Any) -> None:
    client.create("Tea")
    assert control.wait(timeout=timeout)["reached"] is True


def test_the_archive_names_the_server_that_was_asked(server: MockServer, client: Shop) -> None:
    client.create("Tea")
    archive: Any = Wire(server.port).ask("GET", "/_mock/journal/har").body
    [entry] = archive["log"]["entries"]
    assert entry["request"]["url"] == f"http://127.0.0.1:{server.port}/api/v0/organizations"
    archive = server.control.har()  # which asks at no address
    assert archive["log"]["entries"][0]["request"]["url"] == "http://localhost/api/v0/organizations"


def test_the_archive_has_every_exchange(control: Control, client: Shop) -> None:
    client.create("Tea")
    client.create("")
    archive: Any = control.har()
    assert archive["log"]["version"] == "1.2"
    entries = archive["log"]["entries"]
    assert [one["response"]["status"] for one in entries] == [200, 400]
    assert entries[0]["request"]["url"].endswith("/api/v0/organizations")


def managed(control: Control) -> str:
    rows = control.tree()["organizations"]
    return next(row["id"] for row in rows if row["managed_by_organization_id"])


def _contract(control: Control, shop: Shop) -> str:
    return shop.create("Tea", country_code="DE").request_id


def _rule(control: Control, shop: Shop) -> str:
    return shop.call(
        "POST", f"/organizations/{managed(control)}/enable-env", {"env": "LIVE"}
    ).request_id


def _missing(control: Control, shop: Shop) -> str:
    return shop.call("GET", "/organizations/99999999-9999-4999-8999-999999999999").request_id


def _credentials(control: Control, shop: Shop) -> str:
    return Shop(shop.wire).log_in(api_key="test_no", api_secret="no").request_id


def _expired(control: Control, shop: Shop) -> str:
    control.advance_clock("25h")
    return shop.call("GET", "/organizations").request_id


def _fault(control: Control, shop: Shop) -> str:
    control.arm_fault({"effect": {"kind": "status", "status": 503}})
    return shop.call("GET", "/organizations").request_id


def _route(control: Control, shop: Shop) -> str:
    return shop.call("GET", "/organizatons").request_id


def _method(control: Control, shop: Shop) -> str:
    return shop.call("PUT", "/organizations").request_id


def _nothing(control: Control, shop: Shop) -> str:
    return shop.call("GET", "/organizations").request_id


@pytest.mark.parametrize(
    ("refuse", "kind", "rule", "words"),
    [
        (_contract, "contract", "enum", "country_code"),
        (_rule, "rule", "R7", "LIVE"),
        (_missing, "rule", "R3", "organization"),
        (_credentials, "authentication", "", "credential"),
        (_expired, "authentication", "", "expire"),
        (_fault, "fault", "fault-1", "fault"),
        (_route, "route", "unknown-route", "route"),
        (_method, "route", "method", "GET"),
        (_nothing, None, "", "200"),
    ],
)
def test_every_kind_of_refusal_is_explained(
    control: Control,
    client: Shop,
    *,
    refuse: Callable[[Control, Shop], str],
    kind: str | None,
    rule: str,
    words: str,
) -> None:
    request_id = refuse(control, client)
    told: Any = control.explain(request_id)
    assert "page" not in told, "this server has no Dashboard"
    assert told["request_id"] == request_id
    assert told["refused_by"]["kind"] == kind, told
    assert told["refused_by"]["rule"].startswith(rule), told
    assert words.lower() in str(told).lower()
    assert bool(told["accepted"]) is bool(kind)
    assert bool(told["state"]) is (kind is not None and kind != "limit")


def test_a_rate_limit_is_explained(serve: Any) -> None:
    server = serve(rate_limit=RateLimit(1, 60))
    shop = Shop.of(server).open(first_key(server))
    shop.call("GET", "/organizations")
    told: Any = server.control.explain(shop.call("GET", "/organizations").request_id)
    assert told["refused_by"]["kind"] == "limit"
    assert "Retry-After" in told["accepted"]


def test_an_unknown_request_is_not_explained(control: Control) -> None:
    with pytest.raises(ControlRefused, match=NOBODY) as refused:
        control.explain(NOBODY)
    assert (refused.value.status, refused.value.field) == (404, "request_id")
    with pytest.raises(ControlRefused, match="f00") as refused:
        control.explain("f00")
    assert (refused.value.status, refused.value.field) == (400, "request_id")


def test_a_path_below_the_base_path_of_any_api_is_found(control: Control, client: Shop) -> None:
    client.call("GET", "/organizations")
    token = client.tokens["access_token"]
    client.wire.ask("GET", "/api/v2/tss", headers={"Authorization": f"Bearer {token}"})
    assert [control.count({"path": path}) for path in ("/organizations", "/tss")] == [1, 1]
