"""Whatever is wrong with a control call is named, and then nothing has changed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from builders.signed_receipt import ask, log_in
from fiskaly_contracts import Checker, Contract, ResponseData
from fiskaly_mockserver import MockServer
from web.control.wire import Reply, Wire

OPERATIONS = Contract.control().operations
WITH_BODY = [name for name, operation in OPERATIONS.items() if operation.has_body]
WITH_NAME = [name for name, operation in OPERATIONS.items() if "{" in operation.path]
EXPORT = "e5f6a7b8-c9d0-4e1f-9a2b-3c4d5e6f7a8b"
GOOD: Mapping[str, Any] = {
    "signUp": {"email": "ada@example.com", "password": "p", "organization": {"name": "Kasse"}},
    "clearForLive": {"organization_id": "of-the-tree"},
    "seed": {"preset": "single", "seed": 3},
    "setUpTss": {"organization_id": "of-the-tree"},
    "takeTssAway": {"tss_id": "of-a-tss", "state": "DEFECTIVE"},
    "holdExport": {"tss_id": "of-a-tss", "export_id": EXPORT, "state": "WORKING"},
    "explainQrCode": {"qr_code_data": "V0"},
    "importState": None,
    "saveSnapshot": {"name": "kept"},
    "setClock": {"advance": "1h"},
    "armFault": {"effect": {"kind": "status", "status": 503}},
    "findInJournal": {"operation": "createApiKey"},
    "countInJournal": {"operation": "createApiKey"},
    "waitInJournal": {"times": 1, "timeout": 0},
}
"""For each operation with a body one that it takes."""
SPOILT_TEXTS = [
    (b"", "present"),
    (b"{", "JSON"),
    (b"\xff{}", "UTF-8"),
    (b'{"a": NaN}', "NaN"),
    (b'{"a": 1, "a": 2}', "'a'"),
    (b'{"a": "\\ud800"}', "surrogate"),
    (b"[" * 100_000, "deep"),
    (b"[]", "should be object"),
    (b'"text"', "should be object"),
    (b"7", "should be object"),
    (b"null", "should be object"),
]
NOT_TAKEN = [
    ("signUp", {"email": 1}, "email"),
    ("signUp", {"email": "no-at-sign"}, "email"),
    ("signUp", {"email": "a@" + "b" * 254}, "email"),
    ("signUp", {"password": ""}, "password"),
    ("signUp", {"password": None}, "password"),
    ("signUp", {"organization": {}}, "organization.name"),
    ("signUp", {"organization": {"name": "ab"}}, "organization.name"),
    ("signUp", {"organization": {"name": "abc", "country_code": "DE"}},
     "organization.country_code"),
    ("signUp", {"organization": {"name": "abc", "country_code": "QQQ"}},
     "organization.country_code"),
    ("signUp", {"organization": {"name": "abc", "vat": "x"}}, "organization.vat"),
    ("clearForLive", {"organization_id": 7}, "organization_id"),
    ("clearForLive", {"organization_id": "nobody"}, "organization_id"),
    ("seed", {"preset": "singel"}, "preset"),
    ("seed", {"country": "XX"}, "country"),
    ("seed", {"size": 1.5}, "size"),
    ("seed", {"size": 10_001}, "size"),
    ("seed", {"seed": -1}, "seed"),
    ("seed", {"seed": "1"}, "seed"),
    ("importState", {"schema": 2}, "schema"),
    ("importState", {"schema": True}, "schema"),
    ("importState", {"seed": -1}, "seed"),
    ("importState", {"users": {}}, "users"),
    ("importState", {"users": [1]}, "users.0"),
    ("importState", {"users": [{}]}, "/users/0"),
    ("importState", {"organizations": []}, "/api_keys/0"),
    ("importState", {"clock": {"frozen": True, "scale": 1}}, "/clock/now"),
    ("importState", {"clock": {"frozen": False, "scale": 0, "offset": 0}}, "clock.scale"),
    ("saveSnapshot", {"name": ""}, "name"),
    ("saveSnapshot", {"name": "a b"}, "name"),
    ("saveSnapshot", {"name": 1}, "name"),
    ("setClock", {"advance": -1}, "advance"),
    ("setClock", {"advance": "1 hour"}, "advance"),
    ("setClock", {"advance": True}, "advance"),
    ("setClock", {"advance": 1e300}, "advance"),
    ("setClock", {"advance": "9" * 60 + "d"}, "advance"),
    ("setClock", {"set": "2027-02-29T00:00:00Z"}, "set"),
    ("setClock", {"set": "1970-01-01T00:00:00Z"}, "set"),
    ("setClock", {"set": 1}, "set"),
    ("setClock", {"freeze": False}, "freeze"),
    ("setClock", {"freeze": "tomorrow"}, "freeze"),
    ("setClock", {"resume": False}, "resume"),
    ("setClock", {"scale": 0}, "scale"),
    ("setClock", {"scale": 1_000_001}, "scale"),
    ("setClock", {"freeze": True, "scale": 2}, ""),
    ("setClock", {}, ""),
    ("armFault", {"effect": {"kind": "explode"}}, "effect.kind"),
    ("armFault", {"operation": "createApiKye"}, "operation"),
    ("armFault", {"effect": {"kind": "delay", "seconds": 1e9}}, "effect.seconds"),
    ("findInJournal", {"operation": "createApiKye"}, "operation"),
    ("findInJournal", {"status": 99}, "status"),
    ("findInJournal", {"since": "x"}, "since"),
    ("countInJournal", {"operation": 1}, "operation"),
    ("countInJournal", {"status": "200"}, "status"),
    ("waitInJournal", {"times": 0}, "times"),
    ("waitInJournal", {"times": 100_001}, "times"),
    ("waitInJournal", {"timeout": 61}, "timeout"),
    ("waitInJournal", {"query": {"operation": "createApiKye"}}, "query.operation"),
    ("waitInJournal", {"query": {"since": "0" * 32}}, "query.since"),
    ("waitInJournal", {"query": []}, "query"),
]  # fmt: skip


@pytest.fixture
def untouched(server: MockServer, wire: Wire) -> Iterator[Wire]:
    """A server that has to be afterwards what it was before."""
    server.control.freeze_clock()
    wire.ask("GET", "/api/v0/organizations")

    def everything() -> object:
        control = server.control
        return (
            control.export_state(),
            control.tree(),
            control.snapshots(),
            control.faults(),
            control.journal(),
            control.sandboxes(),
            control.clock()["now"],
        )

    before = everything()
    yield wire
    assert everything() == before


def demand_error(reply: Reply, operation_id: str, checker: Checker) -> Mapping[str, Any]:
    """Demand a documented refusal in the control API's own shape, and return it."""
    body: dict[str, Any] = reply.body
    assert 400 <= reply.status < 500, body
    assert set(body) <= {"error", "message", "field", "allowed"}
    assert body["message"]
    assert len(body["message"]) < 1500
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    response = ResponseData(
        operation_id=operation_id,
        status=reply.status,
        content_type=reply.headers["content-type"],
        body=reply.raw,
    )
    assert checker.response(response) == []
    return body


def send(wire: Wire, operation_id: str, data: bytes, content_type: str = "") -> Reply:
    operation = OPERATIONS[operation_id]
    return wire.ask(
        operation.method,
        "/_mock" + operation.path,
        data=data,
        headers={"Content-Type": content_type or "application/json"},
    )


def good(server: MockServer, operation_id: str) -> dict[str, Any]:
    if operation_id == "importState":
        return server.control.export_state()
    if operation_id in {"clearForLive", "setUpTss"}:
        return {"organization_id": server.control.tree()["organizations"][0]["id"]}
    return {**GOOD[operation_id]}


def taken(server: MockServer, operation_id: str) -> dict[str, Any]:
    """Return a good body, and make what it names."""
    body = good(server, operation_id)
    if "tss_id" in body:
        tss_id = server.control.set_up_tss(server.tree.main.organization_id)["id"]
        ask(server, "PUT", f"/tss/{tss_id}/export/{EXPORT}", {}, log_in(server))
        body["tss_id"] = tss_id
    return body


def test_the_table_knows_every_operation_with_a_body() -> None:
    assert sorted(GOOD) == sorted(WITH_BODY)


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_the_good_bodies_are_good(server: MockServer, wire: Wire, operation_id: str) -> None:
    """Else nothing below could tell what was wrong."""
    body = taken(server, operation_id)
    reply = send(wire, operation_id, json.dumps(body).encode())
    assert reply.status == 200, reply.raw


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_a_body_that_is_no_json_object_is_refused(
    untouched: Wire, control_checker: Checker, operation_id: str
) -> None:
    for data, said in SPOILT_TEXTS:
        reply = send(untouched, operation_id, data)
        body = demand_error(reply, operation_id, control_checker)
        assert reply.status == 400
        assert said in body["message"], (data[:20], body)


@pytest.mark.parametrize("operation_id", WITH_BODY)
@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=latin-1", "x"])
def test_another_media_type_is_refused(
    untouched: Wire,
    server: MockServer,
    control_checker: Checker,
    operation_id: str,
    content_type: str,
) -> None:
    data = json.dumps(good(server, operation_id)).encode()
    reply = send(untouched, operation_id, data, content_type)
    assert demand_error(reply, operation_id, control_checker)["field"] == "Content-Type"
    assert reply.status == 415


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_an_unknown_field_is_refused(
    untouched: Wire, server: MockServer, control_checker: Checker, operation_id: str
) -> None:
    body = {**good(server, operation_id), "surprise": 1}
    if operation_id == "setClock":
        body = {"surprise": 1}
    reply = send(untouched, operation_id, json.dumps(body).encode())
    said = demand_error(reply, operation_id, control_checker)
    assert (reply.status, said["field"]) == (400, "surprise")
    assert "'surprise'" in said["message"]


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_a_missing_field_is_refused(
    untouched: Wire, server: MockServer, control_checker: Checker, operation_id: str
) -> None:
    for name in OPERATIONS[operation_id].body_schema.get("required", ()):
        body = good(server, operation_id)
        del body[name]
        reply = send(untouched, operation_id, json.dumps(body).encode())
        said = demand_error(reply, operation_id, control_checker)
        assert (reply.status, said["field"]) == (400, name)


@pytest.mark.parametrize(
    ("operation_id", "changes", "field"),
    NOT_TAKEN,
    ids=[f"{number}-{one[0]}-{json.dumps(one[1])[:40]}" for number, one in enumerate(NOT_TAKEN)],
)
def test_a_wrong_value_is_named(
    untouched: Wire,
    server: MockServer,
    control_checker: Checker,
    *,
    operation_id: str,
    changes: Mapping[str, Any],
    field: str,
) -> None:
    body = {**changes} if operation_id == "setClock" else {**good(server, operation_id), **changes}
    reply = send(untouched, operation_id, json.dumps(body).encode())
    said = demand_error(reply, operation_id, control_checker)
    if field.startswith("/"):
        assert field in said["message"]
    else:
        assert said.get("field", "") == field, said


@pytest.mark.parametrize("operation_id", WITH_NAME)
@pytest.mark.parametrize("name", ["a%20b", "a%2Fb", "..", "%C3%A4", "x" * 65, "%00", "a%0A"])
def test_a_bad_name_in_a_path_is_refused(
    untouched: Wire, control_checker: Checker, operation_id: str, name: str
) -> None:
    operation = OPERATIONS[operation_id]
    path = "/_mock" + "".join(
        name if part.startswith("{") else part
        for part in operation.path.replace("{", "|{").replace("}", "}|").split("|")
    )
    reply = untouched.ask(operation.method, path)
    said = demand_error(reply, operation_id, control_checker)
    assert (reply.status, said["field"]) == (400, operation.parameters[0].name)


@pytest.mark.parametrize("operation_id", WITH_NAME)
def test_an_unknown_name_in_a_path_is_not_found(
    untouched: Wire, control_checker: Checker, operation_id: str
) -> None:
    operation = OPERATIONS[operation_id]
    name = "f" * 32
    path = "/_mock" + operation.path.replace("{" + operation.parameters[0].name + "}", name)
    reply = untouched.ask(operation.method, path)
    said = demand_error(reply, operation_id, control_checker)
    assert (reply.status, said["field"]) == (404, operation.parameters[0].name)
    assert name in said["message"]


@pytest.mark.parametrize(
    "operation_id", [name for name in OPERATIONS if name not in {*WITH_NAME, *WITH_BODY}]
)
def test_an_unknown_query_parameter_is_refused(
    untouched: Wire, control_checker: Checker, operation_id: str
) -> None:
    operation = OPERATIONS[operation_id]
    reply = untouched.ask(operation.method, f"/_mock{operation.path}?surprise=1")
    said = demand_error(reply, operation_id, control_checker)
    assert (reply.status, said["field"]) == (400, "surprise")
    assert f"surprise is no parameter of {operation_id}, which takes " in said["message"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=100001", "limit"),
        ("status=9", "status"),
        ("operation=createApiKye", "operation"),
    ],
)
def test_a_bad_query_is_refused(
    untouched: Wire, control_checker: Checker, query: str, field: str
) -> None:
    reply = untouched.ask("GET", f"/_mock/journal?{query}")
    assert demand_error(reply, "listJournal", control_checker)["field"] == field


def test_a_body_beyond_the_limit_is_refused(
    untouched: Wire, control_checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fiskaly_mockserver.web.control.dispatch.MAX_CONTROL_BODY", 2_000_000)
    reply = send(untouched, "saveSnapshot", b" " * 2_000_001)
    demand_error(reply, "saveSnapshot", control_checker)
    assert reply.status == 413


def test_a_body_larger_than_the_apis_is_taken(untouched: Wire, control_checker: Checker) -> None:
    reply = send(untouched, "findInJournal", b" " * 2_000_000 + b"{}")
    assert reply.status == 200


def test_a_country_in_another_spelling_is_told_the_code(wire: Wire) -> None:
    body = {"organization": {"name": "abc", "country_code": "GERMANY"}}
    answer = wire.ask("POST", "/_mock/sign-up", body)
    assert answer.status == 400
    assert "ISO 3166-1 alpha-3 code, such as DEU, did you mean DEU?" in answer.body["message"]
