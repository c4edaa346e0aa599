"""Whole exchanges before the contracts: both sides, both judges, and the order of fields."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fiskaly_contracts import Checker, Contract, Severity, Violation, Where
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.conformance.checks import ExchangeCheck, assumptions_at
from fiskaly_contracts.conformance.exchanges import (
    Called,
    HttpExchange,
    Routes,
    request_data,
    response_data,
)
from fiskaly_contracts.conformance.findings import Finding, Side

HEADERS = (
    ("x-request-id", "0" * 32),
    ("x-response-time", "0.001"),
    ("response-time", "0.001"),
    ("content-type", "application/json; charset=utf-8"),
)
KEY = {
    "_id": "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5",
    "_type": "API_KEY",
    "_envs": ["TEST"],
    "key": "test_000000000000000000000000a_till-1",
    "created_at": 1767225600,
    "created_by_user": "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5",
    "name": "till-1",
    "status": "enabled",
    "metadata": {},
    "managed_by_organization_id": "",
}
ORGANIZATION = "5f0c1a52-3b7e-4c19-9d26-0a8b1c2d3e4f"
ID = "organization_id"
KEYS = f"https://host.example/api/v0/organizations/{ORGANIZATION}/api-keys"


@pytest.fixture(scope="module")
def checking() -> ExchangeCheck:
    return ExchangeCheck(Contract.bundled(), Contract.sign_de(), both_judges=True)


def exchange(answer: Any, url: str = KEYS, **more: Any) -> HttpExchange:
    settings = {"method": "GET", "status": 200, "response_headers": HEADERS, **more}
    return HttpExchange(url=url, response_body=json.dumps(answer).encode(), **settings)


def keys(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"data": [*rows], "count": len(rows), "_type": "API_KEY_LIST", **more}


def place(one: Finding) -> tuple[str, int, str, str, str, str]:
    return one.operation, one.status, one.side.value, one.part, one.pointer, one.rule


def test_an_exchange_that_keeps_the_contract_has_no_finding(checking: ExchangeCheck) -> None:
    assert checking.findings(exchange(keys(KEY))) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (exchange(keys(KEY, count="1")), (200, "response", "body", "/count", "type")),
        (
            exchange(keys(KEY, {**KEY, "status": "ENABLED"})),
            (200, "response", "body", "/data/1/status", "enum"),
        ),
        (
            exchange(keys({**KEY, "secret_note": 1})),
            (200, "response", "body", "/data/0/secret_note", "additionalProperties"),
        ),
        (
            exchange(keys(dict(reversed(KEY.items())))),
            (200, "response", "body", "/data/0", "field-order"),
        ),
        (exchange(keys(), status=418), (418, "response", "status", "", "status")),
        (
            exchange(keys(), response_headers=HEADERS[1:]),
            (200, "response", "headers", "/X-Request-Id", "required"),
        ),
        (
            exchange(keys(), response_headers=(*HEADERS[:3], ("Content-Type", "text/html"))),
            (200, "response", "content-type", "", "media-type"),
        ),
        (exchange(keys(), f"{KEYS}?limit=0"), (200, "request", "query", "/limit", "minimum")),
    ],
)
def test_each_fault_is_found_at_its_place(
    checking: ExchangeCheck, changed: HttpExchange, found: Any
) -> None:
    assert [place(one) for one in checking.findings(changed)] == [("listApiKeys", *found)]


def test_the_error_of_another_api_is_told_by_its_order_too(checking: ExchangeCheck) -> None:
    said = {"status_code": 401, "error": "Unauthorized", "message": "Invalid credentials"}
    sent = b'{"api_key": "k", "api_secret": "s"}'
    refused = exchange(
        said,
        "https://host.example/api/v0/auth",
        method="POST",
        status=401,
        request_headers=(("Content-Type", "application/json"),),
        request_body=sent,
    )
    [one] = checking.findings(refused)
    assert place(one) == ("authenticate", 401, "response", "body", "", "field-order")
    assert one.severity.value == "warning"


def test_a_finding_says_how_to_repeat_the_call_without_its_secrets(
    checking: ExchangeCheck,
) -> None:
    secret = "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0000"
    sent = {"api_key": "k", "api_secret": secret, "extra": secret, secret: 1}
    [*found] = checking.findings(
        HttpExchange(
            "POST",
            f"https://user:{secret}@host.example/api/v0/auth?next={secret}",
            (("Content-Type", "application/json"), ("Authorization", f"Bearer {secret}")),
            json.dumps(sent).encode(),
            400,
            HEADERS,
            b'{"status_code":400,"error":"Bad Request","code":"E_X","message":"no"}',
        )
    )
    assert found
    assert all(one.side is Side.REQUEST for one in found)
    assert all(secret not in repr(one) for one in found)
    assert found[0].curl.startswith("curl -X POST 'https://host.example/api/v0/auth?next=")
    assert '-H "Authorization: Bearer $FISKALY_TOKEN"' in found[0].curl


def test_an_unknown_route_and_a_wrong_method_are_the_clients_fault(
    checking: ExchangeCheck,
) -> None:
    [route] = checking.findings(exchange({}, "http://x/api/v0/organisations", status=404))
    assert place(route)[2:] == ("request", "path", "", "unknown-route")
    [method] = checking.findings(exchange({}, KEYS, method="PUT", status=405))
    assert (method.rule, method.expected) == ("method", "GET or POST")


def test_other_services_are_left_aside() -> None:
    checking = ExchangeCheck(Contract.bundled())
    assert checking.findings(exchange({}, "https://elsewhere.example/v1/things")) == []
    assert (checking.exchanges, checking.ignored) == (0, 1)


def test_a_body_that_was_not_recorded_is_noted_and_not_judged() -> None:
    checking = ExchangeCheck(Contract.bundled())
    note = "answer: the recording has no body"
    assert checking.findings(exchange(None, note=note)) == []
    assert checking.notes == {note: 1}


def test_what_has_neither_body_counts_for_nothing() -> None:
    checking = ExchangeCheck(Contract.bundled())
    note = "request: more than 9 bytes; answer: the recording has no body"
    assert checking.findings(exchange(None, note=note)) == []
    assert checking.findings(exchange(None, "http://x/api/v0/x", note=note)) != []
    assert checking.notes == dict.fromkeys(note.split("; "), 2)
    assert (checking.exchanges, [*checking.calls]) == (1, [])


def test_a_question_of_a_browser_is_no_call_of_the_client() -> None:
    checking = ExchangeCheck(Contract.bundled())
    plain = exchange(None, KEYS, method="OPTIONS", status=204)
    asked = plain._replace(request_headers=(("Access-Control-Request-Method", "GET"),))
    assert checking.findings(asked) == checking.of_request(asked) == []
    assert checking.exchanges == 0
    assert [one.rule for one in checking.findings(plain)] == ["method"]
    assert [one.rule for one in checking.of_request(plain)] == ["method"]


def test_what_a_recording_has_redacted_is_not_judged(checking: ExchangeCheck) -> None:
    assert checking.findings(exchange(keys({**KEY, "created_at": "[omitted]"}))) == []
    [one] = checking.findings(exchange(keys({**KEY, "extra": "[undeclared]"})))
    assert one.rule == "additionalProperties"


def test_the_assumption_of_the_place_is_told(checking: ExchangeCheck) -> None:
    [one] = checking.findings(exchange(keys({**KEY, "key": "not a key"})))
    assert one.assumption == "A-46"


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/api/v0/organizations/x", "retrieveOrganization"),
        ("/s/box/api/v2/tss/x/tx/1/log", "retrieveTransactionLog"),
        ("/proxy/api/v2/tss/a%20b", "retrieveTss"),
    ],
)
def test_operations_are_found_below_any_prefix(path: str, operation: str) -> None:
    called = Routes(Contract.bundled(), Contract.sign_de()).find("GET", path)
    assert called is not None
    assert called.operation is not None
    assert called.operation.operation_id == operation


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/api/v0/organizations", ("listOrganizations", (), {})),
        ("GET", "/x/api/v0/organizations/a%2F", ("retrieveOrganization", (), {ID: "a/"})),
        ("PUT", "/api/v0/organizations", ("", ("GET", "POST"), {})),
        ("GET", "/api/v0/organizations/", ("", (), {})),
        ("GET", "/api/v0", ("", (), {})),
        ("GET", "/api/v2/tss/x/unknown", ("", (), {})),
        ("GET", "/api/v01", None),
        ("GET", "/organizations", None),
    ],
)  # fmt: skip
def test_what_was_called_is_told_from_what_nobody_offers(
    method: str, path: str, found: tuple[str, tuple[str, ...], dict[str, str]] | None
) -> None:
    called = Routes(Contract.bundled(), Contract.sign_de()).find(method, path)
    told = called and (
        called.operation.operation_id if called.operation else "",
        called.allowed,
        called.path_parameters,
    )
    assert told == found
    if called:
        assert called.contract.base_path == ("/api/v2" if "v2" in path else "/api/v0")


def test_the_command_of_a_call_has_what_it_sends_and_2000_characters_of_its_body() -> None:
    checking = ExchangeCheck(Contract.bundled())
    bare = HttpExchange("GET", KEYS)
    assert checking.curl(bare) == f"curl -X GET {KEYS}"
    for size, shown in ((1_990, 1_990), (5_000, 1_990)):
        body = json.dumps({"name": "x" * size}, separators=(",", ":"))
        sent = bare._replace(
            method="POST",
            request_headers=(("content-type", "application/json"), ("X-Other", "1")),
            request_body=body.encode(),
        )
        assert checking.curl(sent) == (
            f"curl -X POST {KEYS} -H 'Content-Type: application/json'"
            f" --data-raw '{body[: shown + 10]}'"
        )


def test_each_side_without_its_body_is_left_aside() -> None:
    checking = ExchangeCheck(Contract.bundled())
    wrong = exchange({}, f"{KEYS}?limit=0")
    for note, sides in (
        ("request: the recording has no body", [Side.RESPONSE]),
        ("answer: the recording has no body", [Side.REQUEST]),
        ("", [Side.REQUEST, Side.RESPONSE]),
    ):
        found = {one.side for one in checking.findings(wrong._replace(note=note), "entry 3")}
        assert found == {*sides}
    assert {one.side for one in checking.findings(wrong._replace(status=0))} == {Side.REQUEST}
    assert checking.notes.total() == 2
    assert checking.calls == {("listApiKeys", 200): 3, ("listApiKeys", 0): 1}
    assert (checking.exchanges, checking.ignored) == (4, 0)


@pytest.mark.parametrize("judge", ["jsonschema-rs", "openapi-core"])
def test_a_judge_that_refuses_alone_is_named(monkeypatch: pytest.MonkeyPatch, judge: Judge) -> None:
    checking = ExchangeCheck(Contract.bundled(), both_judges=True)
    warning = Violation(
        where=Where.BODY, pointer="", rule="x", expected="y", severity=Severity.WARNING
    )
    verdicts = {"jsonschema-rs": [warning], "openapi-core": [warning]}
    verdicts[judge] = [replace(warning, severity=Severity.ERROR)]

    def told(checker: Checker, data: object) -> list[Violation]:
        return verdicts["jsonschema-rs" if checker._compiles else "openapi-core"]

    monkeypatch.setattr(Checker, "response", told)
    *_, found = checking.findings(exchange(keys(KEY)))
    assert (found.rule, found.side) == ("judges-disagree", Side.RESPONSE)
    assert f"refused by {judge} alone" in found.message
    monkeypatch.setattr(Checker, "response", lambda *_: [warning])
    assert "judges-disagree" not in {one.rule for one in checking.findings(exchange(keys(KEY)))}


def test_the_assumptions_of_an_answer_are_those_of_the_nearest_place() -> None:
    row = {
        "properties": {"a": {"x-assumptions": ["A-09", "A-03"]}, "b": {}},
        "x-assumptions": ["A-02"],
    }
    schema = {"properties": {"data": {"items": row}, "count": {}}}
    answer = {
        "description": "x",
        "x-assumptions": ["A-01"],
        "content": {"application/json": {"schema": schema}},
    }
    document = {
        "openapi": "3.0.3",
        "info": {"version": "1"},
        "paths": {"/x": {"get": {"operationId": "get", "responses": {"200": answer}}}},
    }
    contract = Contract.from_document(document)
    called = Called(contract, contract.operations["get"])
    body = Violation(where=Where.BODY, pointer="", rule="type", expected="x")
    told = {
        pointer: assumptions_at(called, 200, replace(body, pointer=pointer))
        for pointer in ("", "/count", "/data", "/data/0", "/data/7/a", "/data/0/b", "/data/0/c/d")
    }
    assert told == {
        "": "A-01",
        "/count": "A-01",
        "/data": "A-01",
        "/data/0": "A-02",
        "/data/7/a": "A-03 A-09",
        "/data/0/b": "A-02",
        "/data/0/c/d": "A-02",
    }
    assert assumptions_at(called, 200, replace(body, where=Where.HEADER, pointer="/a")) == "A-01"
    assert assumptions_at(called, 404, body) == ""
    assert assumptions_at(Called(contract, None), 200, body) == ""


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ([{"a": 1, "b": {"c": 1, "d": 2}}], []),
        ([{"b": {"d": 2, "c": 1}, "a": 1}], ["/0", "/0/b"]),
        ([{"a": 1}, {"b": {"d": 2, "c": 1}}], ["/1/b"]),
        ([{"b": {"d": 2, "c": 1, "x": 1}}], []),
    ],
)
def test_each_object_out_of_the_recorded_order_is_a_warning(
    value: Any, pointers: list[str]
) -> None:
    inner: Any = {"properties": {"c": {}, "d": {}}}
    schema = {"type": "array", "items": {"properties": {"a": {}, "b": inner}}}
    answer = {"description": "x", "content": {"application/json": {"schema": schema}}}
    document = {
        "openapi": "3.0.3",
        "info": {"version": "1"},
        "servers": [{"url": "/api/v9"}],
        "paths": {"/x": {"get": {"operationId": "get", "responses": {"200": answer}}}},
    }
    checking = ExchangeCheck(Contract.from_document(document))
    found = checking.findings(exchange(value, "http://x/api/v9/x"))
    assert [(one.pointer, one.rule, one.severity.value) for one in found] == [
        (pointer, "field-order", "warning") for pointer in pointers
    ]


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("", ()),
        ("?a=&b=1&b=&c=%C3%BC+d&e", (("a", ""), ("b", "1"), ("b", ""), ("c", "ü d"), ("e", ""))),
        ("??a=1", (("a", "1"),)),
        ("?a=%FF", (("a", "\ufffd"),)),
    ],
)
def test_a_query_is_read_with_what_is_empty_in_it(
    query: str, pairs: tuple[tuple[str, str], ...]
) -> None:
    sent = HttpExchange("GET", f"http://x/a%20b{query}")
    assert (sent.path, sent.query) == ("/a%20b", pairs)


def test_of_a_header_that_comes_twice_the_first_counts() -> None:
    twice = (("X-A", "1"), ("X-A", "2"), ("Content-Type", "text/html"), ("content-type", "x"))
    called = Called(Contract.bundled(), Contract.bundled().operations["listApiKeys"])
    seen = HttpExchange("GET", KEYS, twice, b"", 200, twice)
    for data in (request_data(seen, called), response_data(seen, called)):
        assert data.content_type == "text/html"
        assert data.headers is not None
        assert data.headers["X-A"] == "1"
        assert data.operation_id == "listApiKeys"
