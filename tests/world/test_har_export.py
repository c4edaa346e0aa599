"""The HTTP archive is valid HAR 1.2 and shows what the journal shows."""

import json
from datetime import datetime
from typing import Any

import pytest
from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.journal.har import har_of

FULL = Exchange(
    request_id="a" * 32,
    at=1_760_000_000.25,
    method="POST",
    path="/api/v0/organizations",
    query=(("limit", "1"), ("color", "[undeclared]")),
    operation_id="createOrganization",
    request_headers=(("Content-Type", "application/json"), ("Authorization", "Bearer [redacted]")),
    request_body={"name": "Café"},
    status=200,
    response_headers=(("Content-Type", "application/json; charset=utf-8"),),
    response_body={"_id": "1"},
    duration=0.0125,
)
BARE = Exchange(request_id="b" * 32, at=0.0, method="BREW", path="/nowhere", status=299)
UNREAD = Exchange(
    request_id="c" * 32,
    at=0.0,
    method="POST",
    path="/api/v0/auth",
    request_body_note="12 bytes that are not JSON (json)",
    response_body_note="3 bytes that are not JSON",
    status=400,
)

TEXT, NUMBER, LIST, OBJECT = str, (int, float), list, dict
PAIR = {"name": TEXT, "value": TEXT}
ENTRY = {
    "startedDateTime": TEXT,
    "time": NUMBER,
    "request": OBJECT,
    "response": OBJECT,
    "cache": OBJECT,
    "timings": OBJECT,
}
REQUEST = {
    "method": TEXT,
    "url": TEXT,
    "httpVersion": TEXT,
    "cookies": LIST,
    "headers": LIST,
    "queryString": LIST,
    "headersSize": int,
    "bodySize": int,
}
RESPONSE = {
    "status": int,
    "statusText": TEXT,
    "httpVersion": TEXT,
    "cookies": LIST,
    "headers": LIST,
    "content": OBJECT,
    "redirectURL": TEXT,
    "headersSize": int,
    "bodySize": int,
}
OPTIONAL = {"comment", "postData"}


def entry_of(exchange: Exchange) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(har_of([exchange.as_json()])))
    (entry,) = document["log"]["entries"]
    assert isinstance(entry, dict)
    return entry


def demand(value: dict[str, Any], shape: dict[str, Any]) -> None:
    assert set(shape) <= set(value) <= set(shape) | OPTIONAL
    for name, kind in shape.items():
        assert isinstance(value[name], kind), name


@pytest.mark.parametrize("exchange", [FULL, BARE, UNREAD], ids=["full", "bare", "unread"])
def test_an_entry_has_all_that_the_format_demands(exchange: Exchange) -> None:
    entry = entry_of(exchange)
    demand(entry, ENTRY)
    demand(entry["request"], REQUEST)
    demand(entry["response"], RESPONSE)
    demand(entry["timings"], {"send": NUMBER, "wait": NUMBER, "receive": NUMBER})
    demand(entry["response"]["content"], {"size": int, "mimeType": TEXT, "text": TEXT})
    for pair in (*entry["request"]["headers"], *entry["request"]["queryString"]):
        demand(pair, PAIR)
    assert datetime.fromisoformat(entry["startedDateTime"]).timestamp() == exchange.at
    assert entry["time"] == sum(entry["timings"].values())


def test_the_log_names_its_version_and_maker() -> None:
    log: Any = har_of([FULL.as_json(), BARE.as_json()])["log"]
    assert log["version"] == "1.2"
    assert log["creator"]["name"] == "fiskaly-mockserver"
    assert log["creator"]["version"][0].isdigit()
    assert [entry["request"]["method"] for entry in log["entries"]] == ["POST", "BREW"]
    assert har_of([])["log"]["entries"] == []  # type: ignore[index,call-overload]


def test_an_entry_shows_what_the_journal_shows() -> None:
    document: Any = har_of([FULL.as_json()], origin="http://127.0.0.1:8722")
    entry = document["log"]["entries"][0]
    url = "http://127.0.0.1:8722/api/v0/organizations?limit=1&color=%5Bundeclared%5D"
    assert entry["request"]["url"] == url
    assert {"name": "Authorization", "value": "Bearer [redacted]"} in entry["request"]["headers"]
    assert entry["request"]["postData"] == {
        "mimeType": "application/json",
        "params": [],
        "text": '{"name":"Café"}',
    }
    content = entry["response"]["content"]
    assert content["mimeType"] == "application/json; charset=utf-8"
    assert (content["text"], content["size"]) == ('{"_id":"1"}', 11)
    assert (entry["response"]["status"], entry["response"]["statusText"]) == (200, "OK")
    assert entry["time"] == 12.5
    assert entry["comment"] == f"createOrganization {'a' * 32}"


def test_a_body_that_was_not_kept_is_described_in_a_comment() -> None:
    entry = entry_of(UNREAD)
    assert "postData" not in entry["request"]
    assert entry["request"]["comment"] == "body: 12 bytes that are not JSON (json)"
    assert entry["response"]["content"]["comment"] == "body: 3 bytes that are not JSON"
    assert entry["response"]["content"]["text"] == ""


def test_a_status_without_a_name_has_no_text() -> None:
    assert entry_of(BARE)["response"]["statusText"] == ""
    assert entry_of(BARE)["comment"] == f"no operation {'b' * 32}"
