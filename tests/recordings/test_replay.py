"""Recordings sent again: the recorded facts against the fake, and what a changed server shows."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.broken_answers import (
    Broken,
    BrokenSender,
    backwards,
    body,
    headers,
    put,
    status,
    without,
)
from fiskaly_contracts import Contract
from fiskaly_contracts.conformance.exchanges import HttpExchange, HttpSender, Pairs, Sender
from fiskaly_contracts.conformance.findings import Finding, read_baseline
from fiskaly_contracts.conformance.verify import Settings, verify
from fiskaly_contracts.recordings.har import entry_of, read_har, writing_har
from fiskaly_contracts.recordings.redaction import redact_har
from fiskaly_contracts.recordings.replay import Replay
from fiskaly_mockserver.server.mock_server import MockServer

FOLDER = Path(__file__).parent
ARCHIVES = [FOLDER / "management.har", FOLDER / "sign-de.har"]
KNOWN = {one.id for one in read_baseline(FOLDER / "known.json")}


@pytest.fixture(scope="module")
def one_server() -> Iterator[MockServer]:
    with MockServer(port=0, preset="single") as running:
        yield running


@pytest.fixture
def server(one_server: MockServer) -> MockServer:
    one_server.reset()
    return one_server


@pytest.fixture
def http() -> Iterator[HttpSender]:
    sender = HttpSender()
    yield sender
    sender.close()


def replayed(
    server: MockServer, send: Sender, archives: list[Path], *, fresh_ids: bool = False
) -> Replay:
    key = server.credentials
    running = Replay(
        {"/api/v0": server.base_url, "/api/v2": server.sign_de_url or ""},
        send,
        (key.key, key.secret),
        fresh_ids=fresh_ids,
    )
    for archive in archives:
        running.run(read_har(archive), archive.name)
    return running


def test_the_fake_answers_as_the_real_service_was_recorded(
    server: MockServer, http: HttpSender
) -> None:
    running = replayed(server, http, ARCHIVES)
    assert {one.id for one in running.findings} == KNOWN
    assert running.skipped == []
    assert running.check.exchanges == 36


def test_a_server_that_has_seen_it_gets_ids_of_its_own(
    server: MockServer, http: HttpSender
) -> None:
    for _ in range(2):
        running = replayed(server, http, ARCHIVES, fresh_ids=True)
        assert {one.id for one in running.findings} == KNOWN


def test_what_verify_did_replays_from_its_redacted_recording(
    server: MockServer, http: HttpSender, tmp_path: Path
) -> None:
    key = server.credentials
    settings = Settings(
        management=server.base_url,
        sign_de=server.sign_de_url,
        key=key.key,
        secret=key.secret,
        writes=True,
    )
    recorded, redacted = tmp_path / "recorded.har", tmp_path / "redacted.har"
    with writing_har(recorded) as har:

        def send(method: str, url: str, sent: Pairs, raw: bytes) -> HttpExchange:
            exchange = http(method, url, sent, raw)
            har.add(entry_of(exchange))
            return exchange

        verify(settings, send, both_judges=False)
    count, secrets = redact_har(recorded, redacted, (Contract.bundled(), Contract.sign_de()))
    assert count > 140
    assert secrets > 5
    assert key.secret not in redacted.read_text()
    server.reset()
    running = replayed(server, http, [redacted])
    assert [one.message for one in running.findings] == []
    assert running.check.exchanges == count


CHANGED: dict[str, tuple[str, Callable[[HttpExchange], HttpExchange], int, str, str]] = {
    "status": ("createOrganization", status(201), 200, "", "replay-status"),
    "code": (
        "createApiKey",
        put(code="E_NOT_FOUND"),
        404,
        "/code",
        "replay-code",
    ),
    "missing": ("retrieveTss", without("description"), 200, "/description", "replay-missing"),
    "additional": ("listApiKeys", put(_envs=["TEST"]), 200, "/_envs", "replay-additional"),
    "type": ("listApiKeys", put(count="1"), 200, "/count", "replay-type"),
    "type below a list": (
        "listApiKeys",
        body(lambda value: value["data"][0].update(created_at="now")),
        200,
        "/data/0/created_at",
        "replay-type",
    ),
    "order": ("updateTss", backwards, 200, "", "replay-order"),
    "state": ("createTss", put(state="UNINITIALIZED"), 200, "/state", "replay-value"),
    "media type": (
        "retrieveExportFile",
        headers({"content-type": "application/octet-stream"}),
        200,
        "",
        "replay-media-type",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_what_differs_is_told_at_its_place(server: MockServer, http: HttpSender, name: str) -> None:
    operation, change, number, pointer, rule = CHANGED[name]
    broken = Broken(operation=operation, change=change, status=number, found=("", "", ""))
    found = [*replayed(server, BrokenSender(broken, http), ARCHIVES).findings]
    places = {(one.operation, one.pointer, one.rule) for one in found}
    assert (operation, pointer, rule) in places


def test_texts_times_and_ids_may_differ(server: MockServer, http: HttpSender) -> None:
    for change in (
        Broken(operation="createClient", change=put(time_creation=1), found=("", "", "")),
        Broken(
            operation="createClient",
            change=put(message="other words", error="As Well"),
            status=409,
            found=("", "", ""),
        ),
        Broken(
            operation="createApiKey",
            change=put(created_by_user="00000000-0000-4000-8000-000000000001"),
            found=("", "", ""),
        ),
    ):
        server.reset()
        sender = BrokenSender(change, http)
        running = replayed(server, sender, ARCHIVES)
        assert sender.struck
        assert {one.id for one in running.findings} == KNOWN


def test_no_secret_of_the_target_is_told(server: MockServer, http: HttpSender) -> None:
    broken = Broken(operation="authenticate", change=put(extra=1), found=("", "", ""))
    found: list[Finding] = [*replayed(server, BrokenSender(broken, http), ARCHIVES).findings]
    assert any(one.operation == "authenticate" for one in found)
    assert server.credentials.secret not in repr(found)


def test_what_cannot_be_sent_is_listed(
    server: MockServer, http: HttpSender, tmp_path: Path
) -> None:
    file = tmp_path / "x.har"
    entries: list[Any] = [
        {"request": {"method": "GET", "url": "https://elsewhere.example/"}, "response": {}},
        {"request": {"method": "GET", "url": "https://x/api/v0/organizations"}, "response": {}},
    ]
    file.write_text(json.dumps({"log": {"entries": entries}}))
    assert replayed(server, http, [file]).skipped == [
        ("entry 0 of x.har", "it calls no API that is replayed"),
        ("entry 1 of x.har", "no answer was recorded"),
    ]


ID, OTHER = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5", "5f0c1a52-3b7e-4c19-9d26-0a8b1c2d3e4f"
AS_JSON = (("Content-Type", "application/json; charset=utf-8"),)
LIST = "http://recorded/api/v0/organizations"


def recorded(answer: Any, url: str = LIST, sent: Any = None, **more: Any) -> HttpExchange:
    settings: dict[str, Any] = {"method": "POST" if sent else "GET", "status": 200, **more}
    return HttpExchange(
        url=url,
        request_body=json.dumps(sent).encode() if sent else b"",
        response_headers=settings.pop("response_headers", AS_JSON),
        response_body=json.dumps(answer).encode(),
        **settings,
    )


def alone(
    exchanges: list[tuple[HttpExchange, Any]], *, fresh_ids: bool = False
) -> tuple[Replay, list[HttpExchange]]:
    """Replay exchanges against answers that are given beside each; return what was sent, too."""
    answers = iter(exchanges)
    sent: list[HttpExchange] = []

    def send(method: str, url: str, pairs: Pairs, raw: bytes) -> HttpExchange:
        original, answer = next(answers)
        sent.append(original._replace(method=method, url=url, request_headers=pairs))
        sent[-1] = sent[-1]._replace(request_body=raw)
        return sent[-1]._replace(response_body=json.dumps(answer).encode())

    running = Replay({"/api/v0": "http://t/api/v0"}, send, ("own", "word"), fresh_ids=fresh_ids)
    running.run([one for one, _ in exchanges], "x.har")
    return running, sent


def test_what_the_server_hands_out_takes_the_place_of_what_was_recorded() -> None:
    made = {"_id": ID, "key": "k1", "secret": "s1", "name": "k1", "data": [{"_id": OTHER}, "s1"]}
    ids = ID.replace("8c", "9d"), OTHER.replace("5f", "6e")
    new = {**made, "_id": ids[0], "key": "k2", "secret": "s2", "data": [{"_id": ids[1]}, "s3"]}
    again = {"a": [{"b": ID, "c": f"x {OTHER} y"}, "k1", "Bearer s1", "n k1 x"], "n": 1}
    _, sent = alone(
        [
            (recorded(made, sent={"name": "n"}), new),
            (recorded({}, f"{LIST}/{ID}/k1/a%2Fb?x={OTHER}&y=k1", again), {}),
        ]
    )
    assert sent[1].url == (f"http://t/api/v0/organizations/{ids[0]}/k2/a%2Fb?x={ids[1]}&y=k1")
    assert json.loads(sent[1].request_body) == {
        "a": [{"b": ids[0], "c": f"x {ids[1]} y"}, "k2", "Bearer s2", "n k1 x"],
        "n": 1,
    }


def test_a_session_is_one_of_this_server() -> None:
    login = {"api_key": "recorded", "api_secret": "hidden"}
    url = "http://recorded/api/v0/auth"

    def bearing(token: str, **more: Any) -> HttpExchange:
        pairs = (("authorization", f"Bearer {token}"), *AS_JSON)
        return recorded({}, request_headers=pairs, **more)

    _, sent = alone(
        [
            (bearing("before"), {}),
            (recorded({}, url, login, status=401), {}),
            (recorded({"access_token": "old"}, url, login), {"access_token": "new"}),
            (bearing("old"), {}),
            (bearing("elsewhere"), {}),
            (bearing("wrong", status=401), {}),
            (recorded({}, url, {"api_key": "another"}, status=400), {}),
            (recorded({}, sent={"api_key": "recorded", "a": "hidden"}), {}),
        ]
    )
    assert [dict(one.request_headers).get("Authorization") for one in sent] == [
        *("Bearer before", None, None, "Bearer new", "Bearer new", "Bearer wrong", None, None)
    ]
    assert [json.loads(one.request_body) for one in sent if one.request_body] == [
        login,
        {"api_key": "own", "api_secret": "word"},
        {"api_key": "another"},
        {"api_key": "own", "a": "word"},
    ]


def test_half_a_log_in_is_sent_as_it_is() -> None:
    half = {"api_secret": "hidden"}
    _, sent = alone([(recorded({}, "http://recorded/api/v0/auth", half), {})])
    assert json.loads(sent[0].request_body) == half


def test_of_the_headers_only_those_that_matter_are_sent() -> None:
    pairs = (("X-Other", "1"), ("content-type", "text/plain"))
    plain = recorded({}, request_headers=pairs, method="POST")
    _, sent = alone([(plain, {}), (plain._replace(request_body=b"a=1"), {})])
    assert [one.request_headers for one in sent] == [
        (("Accept", "application/json"),),
        (("Accept", "application/json"), ("Content-Type", "text/plain")),
    ]
    assert [one.request_body for one in sent] == [b"", b"a=1"]


@pytest.mark.parametrize(
    ("method", "status", "fresh_ids", "renewed"),
    [
        ("PUT", 200, True, True),
        ("PUT", 399, True, True),
        ("PUT", 400, True, False),
        ("GET", 200, True, False),
        ("PUT", 200, False, False),
    ],
)
def test_an_id_that_a_client_chose_is_new_where_that_is_asked_for(
    method: str,
    status: int,
    *,
    fresh_ids: bool,
    renewed: bool,
) -> None:
    chosen = recorded({}, f"{LIST}/{ID}", method=method, status=status)
    _, sent = alone([(chosen, {}), (chosen, {})], fresh_ids=fresh_ids)
    assert sent[0].url == sent[1].url
    assert (ID not in sent[0].url) is renewed


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": 1}, {"a": 2}, []),
        ({"a": 1}, {"a": "1"}, ["/a replay-type a string"]),
        ({"a": "ON"}, {"a": "OFF"}, ["/a replay-value OFF"]),
        ({"a": "ON_2"}, {"a": "off"}, ["/a replay-value a text"]),
        ({"a": "on"}, {"a": "OFF"}, []),
        ("ON", "OFF", [" replay-value OFF"]),
        ({"code": "E_A"}, {"code": "E_B"}, ["/code replay-code E_B"]),
        ({"key": "ON", "admin_puk": "A"}, {"key": "OFF", "admin_puk": "B"}, []),
        ({"metadata": {"a": "ON"}}, {"metadata": {"b": 1}}, []),
        ({"metadata": {"a": 1}}, {"metadata": []}, ["/metadata replay-type an array"]),
        ({"a": 1, "b": 2}, {"b": 2}, ["/a replay-missing missing"]),
        ({"a": 1}, {"a": 1, "b": 2}, ["/b replay-additional there"]),
        ({"a": 1, "b": 2, "c": 3}, {"d": 0, "b": 2, "a": 1}, [
            "/c replay-missing missing", "/d replay-additional there", " replay-order b, a",
        ]),
        ({"a": [{"b": 1}, 5]}, {"a": [{"b": "x"}]}, ["/a/0/b replay-type a string"]),
        ({"a": [1, 5]}, {"a": [1, "x"]}, []),
        ({"a": [1]}, {"a": []}, []),
        ({"a": []}, {"a": [1]}, []),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_compared_of_an_answer(old: Any, new: Any, told: list[str]) -> None:
    running, _ = alone([(recorded(old), new)])
    found = [f"{one.pointer} {one.rule} {one.got}" for one in running.findings]
    assert found == told
    assert {one.seen for one in running.findings} <= {"entry 0 of x.har"}
    page = recorded(old, response_headers=(("content-type", "text/html"),))
    assert [*alone([(page, new)])[0].findings] == []


def test_an_address_is_sent_as_http_wants_it() -> None:
    odd = recorded({}, f"{LIST}/\ud800?a=b c&d=%20\u00fc[]#e")
    _, sent = alone([(odd, {})])
    assert sent[0].url.partition("/api/v0/")[2] == ("organizations/%ED%A0%80?a=b%20c&d=%20%C3%BC[]")


def test_what_cannot_be_sent_is_listed_and_the_rest_is_sent(
    server: MockServer, http: HttpSender
) -> None:
    bad = recorded({}, request_headers=(("Authorization", "Bearer \u20ac"),), status=401)
    good = recorded({}, status=401)
    running = Replay({"/api/v0": server.base_url}, http, ("key", "secret"))
    running.run([bad, good], "x.har")
    assert running.skipped == [
        ("entry 0 of x.har", "its address or a header holds characters that cannot be sent")
    ]
    assert running.check.exchanges == 1


def test_what_others_build_on_is_sent_though_its_answer_was_not_recorded() -> None:
    gone = recorded(None, note="answer: gone", method="PUT")
    running, sent = alone([(gone, {"other": 1})])
    assert [one.method for one in sent] == ["PUT"]
    assert [*running.findings] == []
    assert running.skipped == [("entry 0 of x.har", "answer: gone")]
    unavailable = HttpExchange("PUT", LIST, status=503)
    failing = Replay({"/api/v0": "http://t/api/v0"}, lambda *_: unavailable, ("key", "secret"))
    failing.run([gone], "x.har")
    assert [one.rule for one in failing.findings] == ["replay-status"]


def test_what_is_not_replayed_is_listed_but_for_questions_of_browsers() -> None:
    asked = (("access-control-request-method", "POST"),)
    running, sent = alone(
        [
            (recorded({}, method="OPTIONS", request_headers=asked), {}),
            (recorded({}, note="request: gone"), {}),
            (recorded({}, "http://recorded/api/v2/tss"), {}),
        ]
    )
    assert [why for _, why in running.skipped] == [
        "request: gone",
        "it calls no API that is replayed",
    ]
    assert sent == []
