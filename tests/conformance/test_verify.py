"""`verify`: nothing to find on the fake, and every fault of servers that are broken on purpose."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conformance.broken_answers import Broken, BrokenSender, Change, answered, sent, without
from conformance.broken_answers import status as refused
from conformance.broken_servers import SERVERS
from fiskaly_contracts import Contract
from fiskaly_contracts.conformance.exchanges import (
    HttpExchange,
    HttpSender,
    Pairs,
    Sender,
    UnreachableError,
)
from fiskaly_contracts.conformance.findings import Side
from fiskaly_contracts.conformance.verify import (
    RefusedError,
    Settings,
    Verified,
    assumptions_json,
    verify,
)
from fiskaly_mockserver.server.mock_server import MockServer
from fiskaly_mockserver.world.qr_codes import explain_qr_code

CUSTOMER = "a customer with a key"
OPERATIONS = len(Contract.bundled().operations) + len(Contract.sign_de().operations)


CONFIRMED = (
    "01:8 02:4 03:1 05:2 06:1 07:6 08:3 09:2 11:2 12:2 13:2 14:1 15:2 16:1 "
    "19:1 20:1 21:1 22:1 24:1 25:1 29:4 31:2 35:1 38:1 40:2 46:1 48:6 56:2 "
    "57:1 62:1 63:1 64:1 65:7 68:3 70:1 71:1 74:2 78:2 85:8 86:1"
)
"""The numbers of the assumptions that a whole run confirms, and by how many observations."""


@pytest.fixture
def http() -> Iterator[HttpSender]:
    sender = HttpSender()
    yield sender
    sender.close()


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(port=0, preset="single") as running:
        yield running


def run(server: MockServer, send: Sender, *, judges: bool = False, **more: Any) -> Verified:
    key = server.credentials
    settings: dict[str, Any] = {
        "management": server.base_url,
        "sign_de": server.sign_de_url,
        "key": key.key,
        "secret": key.secret,
        **more,
    }
    return verify(
        Settings(**settings).guarded(),
        send,
        signature_findings=wrong_with,
        both_judges=judges,
    )


def wrong_with(text: str) -> list[str]:
    found: Any = explain_qr_code(text)["findings"]
    return [str(one) for one in found]


def test_the_fake_keeps_every_promise_and_is_left_as_it_was(
    server: MockServer, http: HttpSender
) -> None:
    before = server.control.export_state()
    verified = run(server, http, judges=True, writes=True)
    assert [one.message for one in verified.report.findings] == []
    assert verified.operations == OPERATIONS
    assert verified.report.not_verified == []
    assert verified.report.leftovers == []
    assert verified.report.counted == {"requests": 149, f"of {OPERATIONS} operations": OPERATIONS}
    assumptions: Any = verified.assumptions
    seen = [(number, len(one["by"])) for number, one in assumptions.items() if one["by"]]
    assert " ".join(f"{number[2:]}:{times}" for number, times in seen) == CONFIRMED
    assert server.control.export_state() == before


def test_without_writes_nothing_is_changed_and_the_table_says_what_was_not_verified(
    server: MockServer,
    http: HttpSender,
) -> None:
    methods: set[tuple[str, str]] = set()

    def send(method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        methods.add((method, url.rpartition("/")[2].partition("?")[0]))
        return http(method, url, headers, body)

    verified = run(server, send)
    assert {method for method, name in methods if name != "auth"} == {"GET"}
    assert verified.report.findings == ()
    why = dict(verified.report.not_verified)
    assert why["createOrganization"] == "it changes something: give --writes"
    assert why["retrieveTransaction"] == "there was nothing to read"
    assert len(why) + verified.operations == OPERATIONS


@pytest.mark.parametrize(
    ("settings", "counted", "confirmed"),
    [
        ({}, {"requests": 54, "of 53 operations": 14}, 21),
        ({"sign_de": None}, {"requests": 31, "of 20 operations": 8}, 17),
        ({"sign_de": None, "writes": True}, {"requests": 60, "of 20 operations": 20}, 30),
    ],
)
def test_how_much_is_asked_follows_from_the_settings(
    server: MockServer,
    http: HttpSender,
    settings: dict[str, Any],
    counted: dict[str, int],
    confirmed: int,
) -> None:
    verified = run(server, http, **settings)
    assert verified.report.counted == counted
    assert [verified.operations, len(verified.report.passed)] == [[*counted.values()][1]] * 2
    assumptions: Any = verified.assumptions
    outcomes = [one["outcome"] for one in assumptions.values()]
    assert outcomes.count("confirmed") == confirmed


def test_there_are_servers_enough() -> None:
    assert len(SERVERS) >= 40


@pytest.mark.parametrize("name", SERVERS)
def test_what_is_broken_is_found_at_its_place(
    server: MockServer, http: HttpSender, name: str
) -> None:
    broken: Broken = SERVERS[name]
    sender = BrokenSender(broken, http)
    verified = run(server, sender, writes=broken.writes)
    found = {(one.operation, one.part, one.pointer, one.rule) for one in verified.report.findings}
    assert sender.struck
    assert (broken.operation, *broken.found) in found
    if broken.shows_at != "*":
        operations = {one.operation for one in verified.report.findings}
        assert operations <= {broken.operation, broken.shows_at}
    assert {one.side for one in verified.report.findings} == {Side.RESPONSE}


def test_assumptions_are_confirmed_refuted_or_untouched(
    server: MockServer, http: HttpSender
) -> None:
    told: Any = run(server, http, writes=True).assumptions
    assert told["A-14"]["outcome"] == "confirmed"
    assert told["A-36"]["outcome"] == "untouched"
    of_each_api = {
        "A-21": "authenticate",
        "A-35": "authenticate",
        "A-64": "authenticateApi",
        "A-86": "authenticateApi",
    }
    for number, operation in of_each_api.items():
        assert told[number]["by"] == [f"{operation} expected-status"]
    assert not [number for number, one in told.items() if "refuted" in str(one)]
    merged = run(server, BrokenSender(SERVERS["metadata merged"], http), writes=True)
    written = json.loads(assumptions_json(merged, "x"))["assumptions"]
    assert written["A-14"]["outcome"] == "refuted"
    assert written["A-14"]["by"] == ["updateOrganization expected-value"]


@pytest.mark.parametrize("odd", ["a\nb", "t\u20acken", "\ud800"])
@pytest.mark.parametrize("name", ["access_token", "refresh_token", "organization_id", "_id"])
def test_no_value_that_a_server_hands_out_ends_the_run(
    server: MockServer, http: HttpSender, name: str, odd: str
) -> None:
    server.reset()

    def spoiled(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, name: odd} if name in row else row

    def send(method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        exchange = http(method, url, headers, body)
        if not exchange.response_body.startswith(b"{"):
            return exchange
        value = json.loads(exchange.response_body, object_hook=spoiled)
        return exchange._replace(response_body=json.dumps(value).encode())

    verified = run(server, send, writes=True)
    broken_off = [why for _, why in verified.report.not_verified if "cannot be sent" in why]
    assert bool(broken_off) == (name == "access_token")
    assert not any(odd in why for why in broken_off)


def test_what_breaks_off_is_cleaned_up(server: MockServer, http: HttpSender) -> None:
    before = server.control.export_state()
    for name in ("a PUK that stays", "201 for 200", "a short signature"):
        run(server, BrokenSender(SERVERS[name], http), writes=True)
    assert server.control.export_state() == before


def test_what_cannot_be_deleted_is_listed(server: MockServer, http: HttpSender) -> None:
    def keep(method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        exchange = http(method, url, headers, body)
        kept = method == "DELETE" and url.rpartition("/")[0].endswith("/organizations")
        return exchange._replace(status=409) if kept else exchange

    [(what, why)] = run(server, keep, writes=True).report.leftovers
    assert what.startswith("organization ")
    assert why == "deleting was answered 409"


def test_what_nobody_is_there_to_delete_is_listed(server: MockServer, http: HttpSender) -> None:
    made: list[str] = []

    def send(method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        if made:
            raise UnreachableError("host: connection refused")
        exchange = http(method, url, headers, body)
        if (method, exchange.status) == ("POST", 200) and url.endswith("/organizations"):
            made.append(json.loads(exchange.response_body)["_id"])
        return exchange

    verified = run(server, send, writes=True)
    server.reset()
    assert verified.report.leftovers == [(f"organization {made[0]}", "host: connection refused")]
    assert verified.unreachable == "host: connection refused"


def test_a_key_that_was_just_made_and_is_refused_is_a_finding(
    server: MockServer, http: HttpSender
) -> None:
    def send(method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        exchange = http(method, url, headers, body)
        refused = url.endswith("/auth") and b"_contract-check" in body
        return exchange._replace(status=401) if refused else exchange

    report = run(server, send, writes=True).report
    assert ("authenticate", "expected-status") in {
        (one.operation, one.rule) for one in report.findings
    }
    assert ("a customer with a key", "broken off: authenticate was answered 401") in (
        report.not_verified
    )


@pytest.mark.parametrize(
    ("operation", "change", "told"),
    [
        ("authenticate", without("access_token"), ("sessions", "authenticate gave no token")),
        (
            "authenticate",
            without("access_token_claims"),
            ("sessions", "authenticate gave no token"),
        ),
        ("authenticate", refused(401), ("sessions", "API key and secret are refused")),
        ("createApiKey", without("key"), (CUSTOMER, "createApiKey gave no key and secret")),
        ("createApiKey", without("secret"), (CUSTOMER, "createApiKey gave no key and secret")),
        (
            "authenticateApi",
            answered(sent(b"_contract-check"), without("access_token")),
            ("a receipt", "authenticateApi gave no token"),
        ),
        ("createOrganization", without("_id"), (CUSTOMER, "createOrganization gave no _id")),
    ],
)
def test_a_step_that_others_need_breaks_its_journey_off(
    server: MockServer, http: HttpSender, operation: str, change: Change, told: tuple[str, str]
) -> None:
    broken = Broken(operation=operation, change=change, found=("", "", ""))
    report = run(server, BrokenSender(broken, http), writes=True).report
    server.reset()
    journey, why = told
    assert (journey, f"broken off: {why}") in report.not_verified
    assert ("createTss", "a step before it failed") in report.not_verified


def test_no_secret_is_in_a_report(server: MockServer, http: HttpSender) -> None:
    tokens: list[str] = []
    sender = BrokenSender(SERVERS["token that is none"], http)

    def send(method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        exchange = sender(method, url, headers, body)
        tokens.extend(value for name, value in headers if name == "Authorization")
        return exchange

    told = json.dumps(run(server, send).report.as_json())
    assert server.credentials.secret not in told
    assert not any(token.removeprefix("Bearer ") in told for token in tokens if len(token) > 20)


def test_a_server_that_goes_away_is_told_from_one_that_is_wrong(
    server: MockServer, http: HttpSender
) -> None:
    left = [20]

    def send(method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        left[0] -= 1
        if left[0] < 0:
            raise UnreachableError("host: connection refused")
        return http(method, url, headers, body)

    verified = run(server, send)
    assert verified.unreachable == "host: connection refused"
    assert verified.report.findings == ()
    assert ("listTss", "nobody answers any more") in verified.report.not_verified


def test_a_server_that_only_fails_is_one_to_try_again(server: MockServer, http: HttpSender) -> None:
    def send(method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        return http(method, url, headers, body)._replace(status=503, response_body=b"<html>")

    verified = run(server, send)
    assert verified.unreachable == "every answer was a server error"
    assert verified.operations == 0


def test_no_more_requests_are_sent_than_allowed_but_those_that_clean_up(
    server: MockServer,
    http: HttpSender,
) -> None:
    before = server.control.export_state()
    verified = run(server, http, writes=True, most_requests=70)
    why = dict(verified.report.not_verified)
    assert why["retrieveExportFile"].startswith("70 requests were sent, the cap")
    assert server.control.export_state() == before


GOOD: dict[str, Any] = {
    "management": "http://127.0.0.1:1/api/v0",
    "sign_de": None,
    "key": "test_k",
    "secret": "s",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": "live_k"}, "LIVE"),
        ({"management": "ftp://x"}, "is no http:// or https:// address"),
        ({"management": ""}, "is no http:// or https:// address"),
        ({"sign_de": ""}, "is no http:// or https:// address"),
        *(
            ({"management": url}, "is no http:// or https:// address")
            for url in (
                "http://127.0.0.1:x",
                "http://127.0.0.1:99999",
                "http://[::1",
                "http://127.0.0.1/a b",
                "http://127.0.0.1/ü",
                "http://127.0.0.1/\n",
            )
        ),
        ({"management": "nonsense"}, "is no http:// or https:// address"),
        *(
            ({"management": url}, "scheme, host and path alone")
            for url in (
                "http://me@127.0.0.1",
                "http://:word@127.0.0.1",
                "http://127.0.0.1/?a=1",
                "http://127.0.0.1/#a",
            )
        ),
        ({"management": "https://dashboard.example"}, "--yes-host dashboard.example"),
        ({"sign_de": "https://sign.example"}, "--yes-host sign.example"),
        ({"management": "http://127.0.0.1.example"}, "--yes-host 127.0.0.1.example"),
    ],
)
def test_a_guard_says_which_flag_would_let_it_begin(change: dict[str, Any], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        Settings(**{**GOOD, **change}).guarded()


def test_what_is_allowed_begins() -> None:
    far: dict[str, Any] = {"management": "https://far.example", "hosts": ("far.example",)}
    settings = Settings(**{**GOOD, **far, "key": "live_k", "allow_live": True}).guarded()
    assert settings.management == "https://far.example/api/v0"
    assert not settings.loopback
    near = Settings(**{**GOOD, "management": "http://[::1]:8722/"}).guarded()
    assert near.management == "http://[::1]:8722/api/v0"
    assert near.loopback
