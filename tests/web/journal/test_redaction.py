"""What is no secret gets past the journal's door, in bounds and with its shape."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fiskaly_contracts import Checker, Contract, JsonValue, Violation, Where
from fiskaly_mockserver.web.journal.redaction import (
    HEADER_KEPT,
    ITEMS_KEPT,
    LARGEST_BODY,
    NAME_KEPT,
    PAIRS_KEPT,
    SEGMENTS_KEPT,
    Redactor,
)
from fiskaly_mockserver.world.journal.containment import OMITTED, REDACTED, TEXT_KEPT, UNDECLARED
from web.journal.recorded import API_SECRET, ORGANIZATION, Message, recorded, wire


def sent(redactor: Redactor, body: object, operation: str = "createOrganization") -> Any:
    value, note = redactor.request_body(operation, wire(body))
    assert note == ""
    return value


def test_a_traceback_is_kept_without_credentials(redactor: Redactor, checker: Checker) -> None:
    exchange = recorded(redactor, checker, Message())
    assert redactor.text(f"KeyError: '{API_SECRET}'") == f"KeyError: '{REDACTED}'"
    assert exchange.crash == ""


def test_what_is_no_secret_is_kept(redactor: Redactor, checker: Checker) -> None:
    body = {**ORGANIZATION, "metadata": {"customer": "K-1"}, "vat_id": "", "color": "red"}
    exchange = recorded(
        redactor,
        checker,
        Message(
            path="/api/v0/organizations?limit=2&env=TEST&color=red&limit=3",
            operation_id="listOrganizations",
            headers=(("User-Agent", "till/1.0"), ("Authorization", "bearer x")),
            answer_headers=(("X-Request-Id", "0" * 32),),
        ),
    )
    assert exchange.path == "/api/v0/organizations"
    assert exchange.query == (
        ("limit", "2"),
        ("env", "TEST"),
        ("color", UNDECLARED),
        ("limit", "3"),
    )
    assert ("User-Agent", "till/1.0") in exchange.request_headers
    assert ("Authorization", f"bearer {REDACTED}") in exchange.request_headers
    assert ("X-Request-Id", "0" * 32) in exchange.response_headers
    assert sent(redactor, body) == {**body, "color": UNDECLARED}


@pytest.mark.parametrize(
    ("operation", "body", "kept"),
    [
        (
            "authenticate",
            {"api_key": "test_0_till", "api_secret": "x"},
            {"api_key": "test_0_till", "api_secret": REDACTED},
        ),
        ("authenticate", {"email": "a@b.example"}, {"email": "a@b.example"}),
        ("enableEnvironment", {"env": 1}, {"env": 1}),
        ("enableEnvironment", {"env": None}, {"env": None}),
        ("enableEnvironment", {"env": True}, {"env": True}),
        ("enableEnvironment", {"env": 1 << 64}, {"env": OMITTED}),
        (
            "createOrganization",
            {"billing_options": {"gln": "1"}},
            {"billing_options": {"gln": "1"}},
        ),
        ("createOrganization", {"name": {}}, {"name": UNDECLARED}),
        ("createOrganization", {"metadata": "x"}, {"metadata": UNDECLARED}),
        ("createOrganization", [], UNDECLARED),
        ("listOrganizations", {"a": 1}, UNDECLARED),
        ("", {"a": 1}, UNDECLARED),
    ],
)
def test_what_a_request_body_becomes(
    redactor: Redactor, operation: str, body: JsonValue, kept: JsonValue
) -> None:
    assert sent(redactor, body, operation) == kept


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (b"", "empty"),
        (b"null", "null"),
        (b"not JSON", "8 bytes that are not JSON (json)"),
        (b'{"a":NaN}', "9 bytes that are not JSON (nan)"),
        (b"[" * 1000, "1000 bytes that are not JSON (depth)"),
    ],
)
def test_a_body_that_is_no_json_is_only_described(
    redactor: Redactor, body: bytes, note: str
) -> None:
    assert redactor.request_body("createOrganization", body) == (None, note)


def test_a_body_too_large_is_hidden_and_described(redactor: Redactor) -> None:
    body = wire({"name": "x" * LARGEST_BODY})
    kept = (OMITTED, f"{len(body)} bytes, too many to keep")
    assert redactor.request_body("createOrganization", body) == kept
    assert redactor.response_body("createOrganization", 200, body) == kept


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff"])
def test_an_unreadable_answer_is_only_described(redactor: Redactor, body: bytes) -> None:
    value, note = redactor.response_body("authenticate", 200, body)
    assert (value, note) == (None, f"{len(body)} bytes that are not JSON")


@pytest.mark.parametrize(
    ("operation", "status"),
    [("authenticate", 401), ("createOrganization", 503), ("", 400), ("listOrganizations", 599)],
)
def test_an_error_is_kept_in_each_of_its_shapes(
    redactor: Redactor, operation: str, status: int
) -> None:
    error: dict[str, JsonValue] = {"status_code": status, "error": "No", "message": "not so"}
    assert redactor.response_body(operation, status, wire(error)) == (error, "")


def test_numbers_that_json_cannot_write_are_left_out_of_answers(redactor: Redactor) -> None:
    raw = b'{"status_code": 1e999, "message": NaN}'
    kept, _ = redactor.response_body("authenticate", 401, raw)
    assert kept == {"status_code": OMITTED, "message": OMITTED}


def test_what_is_kept_is_bounded(redactor: Redactor) -> None:
    names = {f"n{number}": "v" for number in range(PAIRS_KEPT + 5)}
    body = {**names, "metadata": names, "name": "x" * 5000, "y" * 500: 1}
    kept = sent(redactor, body)
    assert kept["name"] == "x" * TEXT_KEPT + "…[5000 characters]"
    assert len(kept) == PAIRS_KEPT + 3
    assert kept[OMITTED] == "6 more"
    assert len(kept["metadata"]) == PAIRS_KEPT + 1
    assert sent(redactor, {"y" * 500: 1}) == {"y" * NAME_KEPT + "…[500 characters]": UNDECLARED}
    rows = wire({"data": [ORGANIZATION] * (ITEMS_KEPT + 1), "count": 21})
    page, _ = redactor.response_body("listOrganizations", 200, rows)
    assert isinstance(page, dict)
    assert page["data"] == [*[ORGANIZATION] * ITEMS_KEPT, OMITTED]
    assert len(redactor.headers([("A", "b")] * 500)) == PAIRS_KEPT
    assert redactor.headers([("A", "b" * 900)]) == (("A", "b" * HEADER_KEPT + "…[900 characters]"),)
    assert len(redactor.query("", [("A", "b")] * 500)) == PAIRS_KEPT
    assert redactor.path("/a" * 500).count("/") == SEGMENTS_KEPT
    assert len(redactor.path("/" + "a" * 500)) < NAME_KEPT + 30


def test_what_is_just_within_the_bounds_is_kept_whole(redactor: Redactor) -> None:
    names: JsonValue = {f"n{number}": "v" for number in range(PAIRS_KEPT)}
    whole: dict[str, JsonValue] = {"metadata": names, "name": "x" * TEXT_KEPT}
    assert sent(redactor, whole) == whole
    page = {"data": [ORGANIZATION] * ITEMS_KEPT, "count": 20}
    assert redactor.response_body("listOrganizations", 200, wire(page)) == (page, "")
    path = "/a" * (SEGMENTS_KEPT - 1)
    assert redactor.path(path) == path
    assert redactor.path(f"{path}/b") == f"{path}/{OMITTED}"
    raw = b'{"name": "x"}'.ljust(LARGEST_BODY)
    assert redactor.request_body("createOrganization", raw) == ({"name": "x"}, "")
    assert redactor.response_body("createOrganization", 200, raw) == ({"name": "x"}, "")
    assert redactor.request_body("createOrganization", raw + b" ")[0] == OMITTED
    assert redactor.response_body("createOrganization", 200, raw + b" ")[0] == OMITTED


@pytest.mark.parametrize("number", [(1 << 63) - 1, 1 - (1 << 63)])
def test_the_largest_numbers_that_every_reader_takes_are_kept(
    redactor: Redactor, number: int
) -> None:
    assert sent(redactor, {"env": number}, "enableEnvironment") == {"env": number}
    further = number + (1 if number > 0 else -1)
    assert sent(redactor, {"env": further}, "enableEnvironment") == {"env": OMITTED}


def test_violations_without_credentials_stay_as_they_are(redactor: Redactor) -> None:
    plain = Violation(where=Where.BODY, pointer="/a", rule="r", expected="e", got="DE")
    secret = replace(plain, got=API_SECRET, got_text=f'"{API_SECRET}"', pointer=f"/{API_SECRET}")
    nested = replace(plain, branches=(("A", (secret,)),))
    first, second = redactor.violations([plain, nested])
    assert first == plain
    cleaned = second.branches[0][1][0]
    assert (cleaned.got, cleaned.pointer) == (REDACTED, f"/{REDACTED}")


def test_every_field_that_the_contract_marks_secret_is_redacted(
    contract: Contract, redactor: Redactor
) -> None:
    fields = ("api_secret", "password", "refresh_token")
    for field in fields:
        assert sent(redactor, {field: "x"}, "authenticate") == {field: REDACTED}
    for operation in contract.operations:
        kept, _ = redactor.response_body(operation, 200, wire({"secret": "x", "access_token": "x"}))
        assert "x" not in json.dumps(kept)


def test_a_contract_that_leads_back_to_itself_is_compiled() -> None:
    node = {
        "type": "object",
        "properties": {
            "pin": {"type": "string", "x-secret": True},
            "name": {"type": "string"},
            "next": {"$ref": "#/components/schemas/Node"},
        },
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}
    document = {
        "info": {"version": "1"},
        "paths": {"/n": {"post": {"operationId": "add", "requestBody": body, "responses": {}}}},
        "components": {"schemas": {"Node": node}},
    }
    kept = sent(
        Redactor(Contract.from_document(document)),
        {"next": {"next": {"pin": "x", "name": "n", "y": 1}}},
        "add",
    )
    assert kept == {"next": {"next": {"pin": REDACTED, "name": "n", "y": UNDECLARED}}}
