"""Who may make control calls, and what they never touch."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fiskaly_contracts import Contract
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.transports import HttpTransport, ServerUnreachable
from fiskaly_mockserver.server.errors import ServerError
from fiskaly_mockserver.web.control.handlers import CONTROL_HANDLERS
from fiskaly_mockserver.world.rate_limits import RateLimit
from web.control.wire import SHOP, Shop, Wire

OPERATIONS = Contract.control().operations
OPEN = ["/_mock/health", "/_mock/contract", "/_mock/contract/sign-de", "/_mock/openapi.json"]
TOKEN = "EXAMPLE-token"
IN_PATHS = {"name": "a", "fault_id": "a", "tss_id": "a", "request_id": "0" * 32}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "x", ""]
)
@pytest.mark.parametrize("path", ["/_mock/clock", *OPEN])
def test_a_foreign_page_is_refused(wire: Wire, origin: str, path: str) -> None:
    reply = wire.ask("GET", path, headers={"Origin": origin})
    assert (reply.status, reply.body["field"]) == (403, "Origin")
    assert set(reply.body) == {"error", "message", "field"}


def test_a_page_of_the_server_itself_is_served(wire: Wire) -> None:
    headers = {"Origin": f"http://127.0.0.1:{wire.port}"}
    assert wire.ask("GET", "/_mock/clock", headers=headers).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "8.8.8.8"]
)
def test_a_foreign_name_of_this_machine_is_refused(wire: Wire, host: str) -> None:
    """A page of a name that resolves to 127.0.0.1 has that name in Host and Origin."""
    headers = {"Host": host, "Origin": f"http://{host}"}
    reply = wire.ask("POST", "/_mock/reset", headers=headers)
    assert (reply.status, reply.body["field"]) == (403, "Host")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]:80", "x.localhost"])
def test_names_of_this_machine_are_served(wire: Wire, host: str) -> None:
    assert wire.ask("GET", "/_mock/clock", headers={"Host": host}).status == 200


@pytest.mark.parametrize("given", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], "\u00e4"])
def test_without_its_token_nothing_is_done(serve: Any, given: str | None) -> None:
    server = serve(control_token=TOKEN)
    headers = {} if given is None else {"X-Mock-Token": given}
    wire = Wire(server.port)
    reply = wire.ask("POST", "/_mock/clock", {"advance": 60}, headers=headers)
    assert (reply.status, reply.body["field"]) == (403, "X-Mock-Token")
    assert TOKEN not in reply.raw.decode()
    assert abs(server.control.clock()["offset"]) < 1
    assert [wire.ask("GET", path).status for path in OPEN] == [200] * len(OPEN)


def test_the_right_token_opens(serve: Any) -> None:
    server = serve(control_token=TOKEN)
    control = Control(HttpTransport(server.control_url, token=TOKEN))
    assert control.advance_clock(60)["offset"] > 59
    with pytest.raises(ControlRefused, match="X-Mock-Token"):
        Control(HttpTransport(server.control_url)).clock()


def test_with_a_token_other_names_of_the_machine_are_fine(serve: Any) -> None:
    wire = Wire(serve(control_token=TOKEN).port)
    headers = {"Host": "mock.example:80", "X-Mock-Token": TOKEN}
    assert wire.ask("GET", "/_mock/clock", headers=headers).status == 200


def test_beyond_loopback_there_is_no_control_without_a_token(serve: Any) -> None:
    """Whoever can reach it can also call it localhost."""
    server = serve(host="0.0.0.0")
    wire = Wire(server.port)
    reply = wire.ask("POST", "/_mock/reset", headers={"Host": "localhost"})
    assert reply.status == 403
    assert "control_token" in reply.body["message"]
    assert wire.ask("GET", "/_mock/health").status == 200
    server.control.reset()


def test_control_can_be_switched_off(serve: Any) -> None:
    server = serve(control=False)
    wire = Wire(server.port)
    for operation in OPERATIONS.values():
        path = "/_mock" + operation.path.format_map(IN_PATHS)
        reply = wire.ask(operation.method, path)
        assert reply.status == (200 if path in OPEN else 404), path
        if reply.status == 404:
            assert "switched off" in reply.body["message"]
    assert server.control.clock()["frozen"] is False


def test_control_calls_leave_no_trace(server: MockServer, wire: Wire) -> None:
    for operation in OPERATIONS.values():
        path = "/_mock" + operation.path.format_map(IN_PATHS)
        assert "x-mock-violations" not in wire.ask(operation.method, path).headers
    for path in ("/_mock", "/_mock/", "/_mock/nowhere", "/_mock//clock", "/%5Fmock/clock"):
        wire.ask("GET", path)
    assert server.control.journal()["exchanges"] == []
    assert server.control.violations()["exchanges"] == []
    assert not {name for name in Contract.bundled().operations if name in OPERATIONS}
    assert not [path for path in Contract.bundled().document["paths"] if "_mock" in path]  # type: ignore[operator,union-attr]


@pytest.mark.parametrize("path", ["/_mock", "/_mock/", "/_mock/nowhere", "/_mock/clock/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_route_lists_those_there_are(wire: Wire, path: str, method: str) -> None:
    reply = wire.ask(method, path)
    assert reply.status == 404
    assert set(reply.body["allowed"]) == {"/_mock" + one.path for one in OPERATIONS.values()}


@pytest.mark.parametrize("path", sorted({operation.path for operation in OPERATIONS.values()}))
def test_a_wrong_method_is_refused_with_the_right_ones(wire: Wire, path: str) -> None:
    right = sorted(one.method for one in OPERATIONS.values() if one.path == path)
    right += ["HEAD"] if path == "/health" else []
    target = "/_mock" + path.format_map(IN_PATHS)
    # DELETE /faults/recipes asks for a fault of that name, which is 404
    other = {"DELETE"} if path == "/faults/recipes" else set()
    wrong = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} - set(right) - other
    for method in wrong:
        reply = wire.ask(method, target)
        assert reply.status == 405, method
        assert reply.headers["allow"] == ", ".join(right)
        if method != "HEAD":
            assert reply.body["allowed"] == right


def test_control_calls_are_exempt_from_faults_and_limits(serve: Any) -> None:
    server = serve(rate_limit=RateLimit(1, 3600))
    wire = Wire(server.port)
    server.control.arm_fault({"effect": {"kind": "status", "status": 503}})
    headers = {"Authorization": "Bearer x"}
    assert {wire.ask("GET", "/_mock/clock", headers=headers).status for _ in range(5)} == {200}
    assert [(one["seen"], one["hits"]) for one in server.control.faults()] == [(0, 0)]


def test_every_operation_has_its_handler() -> None:
    assert OPERATIONS.keys() == CONTROL_HANDLERS.keys()


def test_a_defect_of_a_handler_is_answered_in_shape_and_logged(
    server: MockServer,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setitem(CONTROL_HANDLERS, "reset", fail)
    reply = wire.ask("POST", "/_mock/reset")
    assert (reply.status, set(reply.body)) == (500, {"error", "message"})
    with pytest.raises(ControlRefused, match="itself failed") as refused:
        server.control.reset()
    assert refused.value.status == 500
    assert "ZeroDivisionError: of ours" in caplog.text


def test_the_servers_own_thread_is_told_instead_of_left_waiting(serve: Any) -> None:
    said: list[BaseException] = []

    def ask(_: object) -> None:
        try:
            server.control.clock()
        except ServerError as error:
            said.append(error)

    server: MockServer = serve(on_exchange=ask)
    Wire(server.port).ask("GET", "/api/v0/organizations")
    assert "own thread" in str(said[0])


def test_a_server_that_is_not_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
    with pytest.raises(ServerUnreachable, match="no server answers at"):
        Control(HttpTransport(f"http://127.0.0.1:{port}/_mock")).health()
    with pytest.raises(ServerUnreachable, match="is no http:// address"):
        Control(HttpTransport("127.0.0.1:8722"))
    with pytest.raises(ServerError, match="does not run"):
        MockServer().control.health()


def test_a_server_that_is_another_one_is_said(server: MockServer) -> None:
    control = Control(HttpTransport(server.base_url))
    with pytest.raises(ControlRefused) as refused:
        control.clock()
    assert refused.value.status == 404


def _delayed(server: MockServer, effect: Any) -> Callable[[], object]:
    server.control.arm_fault({"effect": effect})
    credentials = server.credentials
    body = {"api_key": credentials.key, "api_secret": credentials.secret}
    return lambda: Wire(server.port).ask("POST", "/api/v0/auth", body)


def _waiting(server: MockServer, _: Any) -> Callable[[], object]:
    return lambda: Wire(server.port).ask("POST", "/_mock/journal/wait", {"times": 9, "timeout": 60})


def _waiting_in_process(server: MockServer, _: Any) -> Callable[[], object]:
    return lambda: server.control.wait(9, timeout=60)


@pytest.mark.parametrize(
    ("hold", "effect"),
    [
        (_delayed, {"kind": "delay", "seconds": 3600}),
        (_delayed, {"kind": "slow_body", "seconds": 3600}),
        (_delayed, {"kind": "no_answer"}),
        (_waiting, None),
        (_waiting_in_process, None),
    ],
    ids=["delay", "slow body", "no answer", "wait", "wait in process"],
)
def test_nothing_holds_up_the_end(hold: Callable[..., Callable[[], object]], effect: Any) -> None:
    server = MockServer().start()
    ended = threading.Event()

    def ask() -> None:
        try:
            act()
        except Exception:  # noqa: BLE001 - the connection may break
            pass
        finally:
            ended.set()

    act = hold(server, effect)
    client = threading.Thread(target=ask)
    client.start()
    time.sleep(0.1)
    held = not ended.is_set()
    started = time.monotonic()
    server.stop()
    took = time.monotonic() - started
    assert ended.wait(5)
    client.join()
    assert held
    assert took < 2


def test_nothing_secret_is_kept(server: MockServer, wire: Wire) -> None:
    control = server.control
    made = control.sign_up("ada@example.com", "EXAMPLE-password", organization={"name": "Kasse"})
    control.sign_up("bob@example.com", "EXAMPLE-other", organization={"name": "Kiosk"})
    shop = Shop(wire).open(made["api_key"])
    secrets = {"EXAMPLE-password", "EXAMPLE-other", made["api_key"]["secret"]}
    own = f"/organizations/{made['organization_id']}"
    body = {"name": "till", "status": "enabled"}
    created = shop.call("POST", own + "/api-keys", body)
    secrets |= {created.body["secret"], shop.tokens["access_token"], shop.tokens["refresh_token"]}
    user = Shop(wire)
    assert user.log_in(email="ada@example.com", password="EXAMPLE-password").status == 200
    secrets |= {user.tokens["access_token"], user.tokens["refresh_token"]}
    control.advance_clock("25h")
    expired = shop.call("GET", own)
    assert (expired.status, shop.refresh().status) == (401, 200)
    secrets |= {shop.tokens["access_token"], shop.tokens["refresh_token"]}
    wrong = Shop(wire)
    wrong.log_in(api_key=made["api_key"]["key"], api_secret="EXAMPLE-wrong-secret")
    wrong.log_in(email="ada@example.com", password="EXAMPLE-wrong-password")
    wrong.log_in(refresh_token="EXAMPLE-wrong-refresh")
    wrong.call("GET", own, token="EXAMPLE.wrong.token")
    wrong.call("GET", own + "?access_token=EXAMPLE-in-query", token="EXAMPLE-garbage")
    wrong.log_in(api_key="k", api_secret="EXAMPLE-misplaced", passwort="EXAMPLE-misspelled")
    wrong.call("POST", "/auth", data=b'{"api_secret": "EXAMPLE-broken-json', token="")
    wrong.call("POST", "/EXAMPLE-not-secret", {"password": "EXAMPLE-to-nowhere"}, token="")
    shop.create("Teehaus", password="EXAMPLE-unknown-field")
    secrets |= {
        "EXAMPLE-wrong-secret",
        "EXAMPLE-wrong-password",
        "EXAMPLE-wrong-refresh",
        "EXAMPLE.wrong.token",
        "EXAMPLE-in-query",
        "EXAMPLE-garbage",
        "EXAMPLE-misplaced",
        "EXAMPLE-misspelled",
        "EXAMPLE-broken-json",
        "EXAMPLE-to-nowhere",
        "EXAMPLE-unknown-field",
    }
    seeded = control.tree()
    secrets |= {key["secret"] for row in seeded["organizations"] for key in row["api_keys"]}
    secrets |= {one["password"] for one in seeded["users"]}
    exchanges = control.journal()["exchanges"]
    assert len(exchanges) == 14
    kept = [
        wire.ask("POST", "/_mock/journal/find", {}).raw,
        wire.ask("GET", "/_mock/journal").raw,
        wire.ask("GET", "/_mock/journal/violations").raw,
        wire.ask("GET", "/_mock/journal/har").raw,
        wire.ask("GET", "/_mock/state").raw,
        *(wire.ask("GET", f"/_mock/explain/{one['request_id']}").raw for one in exchanges),
    ]
    told = b"\n".join(kept).decode()
    assert [secret for secret in secrets if secret in told] == []
    assert "EXAMPLE-not-secret" in told
    assert SHOP["address_line1"] in told
