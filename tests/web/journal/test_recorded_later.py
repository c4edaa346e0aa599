"""What an exchange shows is redacted when it is first read, and is never anything else."""

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from fiskaly_contracts import Checker
from fiskaly_mockserver.domain.account.errors import OrganizationNotFound
from fiskaly_mockserver.web.journal.recorder import LARGEST_UNREAD, Recorded
from fiskaly_mockserver.web.journal.redaction import LARGEST_BODY, Redactor
from fiskaly_mockserver.web.responses import JsonResponse, Pieces, to_bytes
from fiskaly_mockserver.world.journal.containment import OMITTED, REDACTED
from fiskaly_mockserver.world.journal.exchange import Exchange
from web.journal.recorded import API_SECRET, ORGANIZATION, Message, recorded, wire

SIGN_IN = Message(
    operation_id="authenticate",
    path=f"/api/v0/{API_SECRET}?token={API_SECRET}",
    headers=(("Authorization", f"Bearer {API_SECRET}"),),
    body=wire({"api_key": "test_0_till", "api_secret": API_SECRET}),
    answer=wire({"access_token": API_SECRET}),
    answer_headers=(("X-Api-Token", API_SECRET),),
)


@pytest.fixture
def untouched(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> Redactor:
    """Return a redactor that nobody may ask for anything yet."""

    def refuse(*_: object) -> None:
        raise AssertionError("redacted too early")

    for name in ("path", "query", "headers", "request_body", "response_body", "violations"):
        monkeypatch.setattr(Redactor, name, refuse)
    return redactor


def test_nothing_is_redacted_before_somebody_reads(untouched: Redactor, checker: Checker) -> None:
    exchange = recorded(untouched, checker, SIGN_IN)
    assert (exchange.method, exchange.status) == ("POST", 200)
    with pytest.raises(AssertionError, match="too early"):
        exchange.as_json()


def test_a_part_is_redacted_once(
    redactor: Redactor, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = recorded(redactor, checker, SIGN_IN)
    first = exchange.as_json()
    monkeypatch.setattr(Recorded, "fill", None)
    assert exchange.as_json() == first


def test_reading_the_note_before_the_body_is_the_same(redactor: Redactor, checker: Checker) -> None:
    message = Message(body=b"null", answer=b"not JSON")
    exchange = recorded(redactor, checker, message)
    assert (exchange.request_body_note, exchange.request_body) == ("null", None)
    assert exchange.response_body_note == "8 bytes that are not JSON"
    assert exchange.response_body is None


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_is_a_plain_exchange_without_secrets(
    redactor: Redactor, checker: Checker, copied: Callable[[Exchange], Exchange]
) -> None:
    exchange = recorded(redactor, checker, SIGN_IN)
    plain = copied(exchange)
    assert type(plain) is Exchange
    assert plain.as_json() == exchange.as_json()
    assert API_SECRET.encode() not in pickle.dumps(exchange)
    assert API_SECRET not in repr(exchange)
    assert plain.request_body == {"api_key": "test_0_till", "api_secret": REDACTED}


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_refused_exchange_is_copied_with_its_reasons(
    redactor: Redactor, checker: Checker, copied: Callable[[Exchange], Exchange]
) -> None:
    exchange = recorded(redactor, checker, SIGN_IN)
    exchange.refused(OrganizationNotFound(organization="gone", exists="no"))
    plain = copied(exchange)
    assert plain.error == exchange.error
    assert asdict(plain) == asdict(exchange)
    assert plain.error is not None
    assert plain.error.facts == {"organization": "gone", "exists": "no"}


def test_large_bodies_do_not_wait_for_a_reader(
    redactor: Redactor, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = wire({"name": "x" * LARGEST_UNREAD})
    exchange = recorded(redactor, checker, Message(body=large, answer=large))
    monkeypatch.setattr(Recorded, "fill", None)
    shown = {"name": "x" * 2_000 + f"…[{LARGEST_UNREAD} characters]"}
    assert (exchange.request_body, exchange.response_body) == (shown, shown)
    assert not any(isinstance(one, bytes) and one for one in vars(exchange).values())


def test_headers_that_are_large_together_are_not_held_as_they_came(
    redactor: Redactor, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = tuple((f"X-Part-{at}", "x" * 8_000) for at in range(5))
    exchange = recorded(redactor, checker, Message(headers=headers))
    monkeypatch.setattr(Recorded, "fill", None)
    assert sum(len(value) for _, value in exchange.request_headers) < LARGEST_UNREAD
    assert not exchange._headers


@pytest.mark.parametrize(("size", "kept"), [(LARGEST_BODY, True), (LARGEST_BODY + 1, False)])
def test_of_a_long_list_the_excerpt_is_kept_unless_the_list_is_too_large(
    redactor: Redactor, size: int, *, kept: bool
) -> None:
    excerpt = wire({"data": [ORGANIZATION] * 21, "count": 300, "_type": "ORGANIZATION_LIST"})
    exchange = Recorded(make_mocked_request("GET", "/"), redactor, "0" * 32, 0.0)
    exchange.operation_id = "listOrganizations"
    exchange.finish(JsonResponse(b"[" * size, None, excerpt=excerpt), 0.0)
    if kept:
        assert isinstance(exchange.response_body, dict)
        assert json.dumps(exchange.response_body["data"]).count("Cafe") == 20
    else:
        assert exchange.response_body == OMITTED
        assert exchange.response_body_note == f"{size} bytes, too many to keep"


NAMED = wire({"name": "x" * (LARGEST_UNREAD + 1)})
SHOWN = to_bytes({"name": "x" * 2_000 + f"…[{LARGEST_UNREAD + 1} characters]"})
FEW = Pieces(b"{", (b"1", b"2"), b"}")


@pytest.mark.parametrize(
    ("body", "answer", "size"),
    [
        (b"{}", web.StreamResponse(), 2),
        (b"{}", web.Response(body=b"file"), 2 + 4),
        (b"{}", JsonResponse(b"[1]", None), 2 + 3),
        (b" " * LARGEST_UNREAD, JsonResponse(b"[1]", None), LARGEST_UNREAD + 3),
        (NAMED, JsonResponse(b"[1]", None), len(SHOWN) + 3),
        (b"{}", JsonResponse(NAMED, None), 2 + len(SHOWN)),
        (b"{}", JsonResponse(b" " * LARGEST_UNREAD, None, excerpt=FEW), 2 + LARGEST_UNREAD),
        (b"{}", JsonResponse(b" " * (LARGEST_UNREAD + 1), None, excerpt=FEW), 2 + 4),
    ],
    ids=[
        "no body",
        "file",
        "small",
        "as large as may be",
        "large body",
        "large answer",
        "list",
        "large list",
    ],
)
def test_an_exchange_takes_the_room_of_what_it_keeps(
    redactor: Redactor, body: bytes, answer: web.StreamResponse, size: int
) -> None:
    request = make_mocked_request("POST", "/", headers={"X-Note": "a note"})
    exchange = Recorded(request, redactor, "0" * 32, 0.0)
    exchange.operation_id = "createOrganization"
    exchange.sent(body)
    exchange.finish(answer, 0.0)
    assert exchange.size == len("a note") + size


def test_headers_that_are_added_while_sending_are_recorded(redactor: Redactor) -> None:
    response = web.Response(headers={"A": "b"})
    exchange = Recorded(make_mocked_request("GET", "/"), redactor, "0" * 32, 0.0)
    exchange.finish(response, 0.0)
    response.headers["Content-Length"] = "0"
    assert exchange.response_headers == (("A", "b"), ("Content-Length", "0"))
