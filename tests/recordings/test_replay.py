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
