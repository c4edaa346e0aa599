"""Recordings without secrets, wherever a client has put them."""

import json
import random
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from string import ascii_letters, digits
from typing import Any
from urllib.parse import quote

import pytest
from fiskaly_contracts import Contract
from fiskaly_contracts.conformance.checks import ExchangeCheck
from fiskaly_contracts.conformance.exchanges import HttpExchange
from fiskaly_contracts.recordings import redaction
from fiskaly_contracts.recordings.har import HarError, entry_of, read_har, writing_har
from fiskaly_contracts.recordings.redaction import Redaction, redact_har

CONTRACTS = (Contract.bundled(), Contract.sign_de())
ORGANIZATION = "5f0c1a52-3b7e-4c19-9d26-0a8b1c2d3e4f"
JSON = ("Content-Type", "application/json")
TSS = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0001"


def api_secret(random: random.Random) -> str:
    return "".join(random.choices(ascii_letters + digits, k=random.choice((42, 43))))


def json_web_token(random: random.Random) -> str:
    parts = [
        urlsafe_b64encode(json.dumps({"alg": random.random()}).encode()).decode().rstrip("=")
        for _ in range(3)
    ]
    return ".".join(parts)


def password(random: random.Random) -> str:
    return "".join(random.choices(ascii_letters + digits + "!$%&/()=?+#'\"<>ä", k=14))


def log_in(secret: str, answer: Any = None) -> HttpExchange:
    sent = {"api_key": "test_000000000000000000000000a_x", "api_secret": secret}
    return post("/api/v0/auth", sent, answer or {})


def post(path: str, sent: Any, answer: Any = None, **more: Any) -> HttpExchange:
    settings: dict[str, Any] = {"request_headers": (JSON,), "status": 200, **more}
    return HttpExchange(
        "POST",
        f"http://host.example{path}",
        request_body=json.dumps(sent).encode(),
        response_headers=(JSON,),
        response_body=json.dumps(answer).encode(),
        **settings,
    )


def get(path: str, **more: Any) -> HttpExchange:
    return post(path, None, None, **more)._replace(method="GET", request_body=b"")


PLACES: dict[str, Callable[[str], HttpExchange]] = {
    "its own field": log_in,
    "bearer": lambda s: get(
        "/api/v0/organizations", request_headers=(("Authorization", f"Bearer {s}"),)
    ),
    "basic": lambda s: get(
        "/api/v0/organizations",
        request_headers=(("authorization", f"Basic {b64encode(f'key:{s}'.encode()).decode()}"),),
    ),
    "cookie": lambda s: get("/api/v0/organizations", request_headers=(("Cookie", f"a={s}"),)),
    "any header": lambda s: get("/api/v0/organizations", request_headers=(("X-Trace", s),)),
    "kept header": lambda s: get(
        "/api/v0/organizations", request_headers=(("User-Agent", f"a/{s}"),)
    ),
    "header's name": lambda s: get("/api/v0/organizations", request_headers=((s, "1"),)),
    "query": lambda s: get(f"/api/v0/organizations?api_secret={quote(s, safe='')}"),
    "query's name": lambda s: get(f"/api/v0/organizations?{quote(s, safe='')}=1"),
    "declared query": lambda s: get(f"/api/v0/organizations?order_by={quote(s, safe='')}"),
    "path": lambda s: get(f"/api/v0/organizations/{quote(s, safe='')}"),
    "user information": lambda s: get("")._replace(
        url=f"http://me:{quote(s, safe='')}@host.example/api/v0/organizations"
    ),
    "fragment": lambda s: get(f"/api/v0/organizations#{quote(s, safe='')}"),
    "wrong field": lambda s: post("/api/v0/organizations", {"name": s}),
    "inside a text": lambda s: post("/api/v0/organizations", {"name": f"key {s}, ok"}),
    "undeclared": lambda s: post("/api/v0/organizations", {"hidden": {"deep": [s]}}),
    "below a secret name": lambda s: post("/api/v0/organizations", {"auth": {"x": [s], "y": None}}),
    "property": lambda s: post("/api/v0/organizations", {s: 1, "metadata": {s: "a"}}),
    "metadata": lambda s: post("/api/v0/organizations", {"metadata": {"till_password": s}}),
    "base64": lambda s: post("/api/v0/organizations", {"name": b64encode(s.encode()).decode()}),
    "base64 of more": lambda s: post(
        "/api/v0/organizations", {"name": b64encode(f"user:{s}:more".encode()).decode()}
    ),
    "hexadecimal": lambda s: post("/api/v0/organizations", {"name": s.encode().hex()}),
    "percent": lambda s: post("/api/v0/organizations", {"name": quote(s, safe="")}),
    "json in json": lambda s: post("/api/v0/organizations", {"name": json.dumps({"a": s})}),
    "error text": lambda s: post(
        "/api/v0/organizations", {}, {"message": f"could not parse jwt: '{s}'"}, status=401
    ),
    "undocumented answer": lambda s: post("/api/v0/organizations", {}, {"trace": s}, status=500),
    "no JSON": lambda s: post("/api/v0/auth", {})._replace(request_body=f"a={s}".encode()),
    "answer's page": lambda s: get("/api/v0/organizations")._replace(
        response_body=f"<p>{s}</p>".encode(), status=502
    ),
    "another service": lambda s: post("/oauth/token", {"client": {"assertion": s}}, {"a": s}),
    "pin": lambda s: post(f"/api/v2/tss/{TSS}/admin/auth", {"admin_pin": s}),
}


def forms(secret: str) -> list[str]:
    raw = secret.encode()
    coded = [b64encode(b"\0" * n + raw).decode()[n and 4 : -4] for n in range(3)]
    return [secret, quote(secret, safe=""), json.dumps(secret)[1:-1], raw.hex(), *coded]


def exchanges_with_secrets(count: int) -> tuple[list[HttpExchange], list[str]]:
    chance = random.Random(13)
    makers = (api_secret, json_web_token, password)
    found, secrets = [], []
    for number in range(count):
        secret = makers[number % 3](chance)
        name = [*PLACES][number % len(PLACES)]
        # A password has no form of its own: it is known from where it belongs
        found += [PLACES[name](secret), log_in(secret)]
        secrets.append(secret)
    return found, secrets


def archive(path: Path, exchanges: list[HttpExchange]) -> Path:
    with writing_har(path) as har:
        for one in exchanges:
            har.add(entry_of(one))
    return path


def test_no_secret_of_500_exchanges_is_in_the_copy(tmp_path: Path) -> None:
    exchanges, secrets = exchanges_with_secrets(500)
    source, target = archive(tmp_path / "in.har", exchanges), tmp_path / "out.har"
    count, known = redact_har(source, target, CONTRACTS)
    assert count == len(exchanges)
    assert known >= len(secrets)
    written = target.read_text()
    # As it stands in the file, and as a reader decodes it
    texts = written + json.dumps(json.loads(written), ensure_ascii=False)
    left = [secret for secret in secrets if any(form in texts for form in forms(secret))]
    assert left == []


# Hexadecimal digits show no form: there a secret is found where it is known
@pytest.mark.parametrize("place", [one for one in PLACES if one != "hexadecimal"])
@pytest.mark.parametrize("make", [api_secret, json_web_token])
def test_what_has_the_form_of_a_secret_is_found_at_every_place_by_itself(
    place: str, make: Callable[[random.Random], str]
) -> None:
    secret = make(random.Random(7))
    kept = json.dumps(entry_of(Redaction(*CONTRACTS).redacted(PLACES[place](secret))))
    assert not any(form in kept for form in forms(secret))


def test_the_contract_sees_in_the_copy_what_it_saw_in_the_recording(tmp_path: Path) -> None:
    exchanges, _ = exchanges_with_secrets(100)
    source, target = archive(tmp_path / "in.har", exchanges), tmp_path / "out.har"
    redact_har(source, target, CONTRACTS)

    def places(file: Path) -> list[list[tuple[str, str, str]]]:
        checking = ExchangeCheck(*CONTRACTS)
        return [
            sorted((one.side, one.part, one.rule) for one in checking.findings(exchange))
            for exchange in read_har(file)
        ]

    assert places(target) == places(source)


def test_the_same_secret_has_the_same_placeholder_of_the_same_form() -> None:
    session = {"access_token": json_web_token(random.Random(1)), "refresh_token": "a.b.c"}
    redaction = Redaction(*CONTRACTS)
    first = redaction.redacted(log_in("x" * 43, session))
    later = redaction.redacted(
        get(
            "/api/v0/organizations",
            request_headers=(("Authorization", f"Bearer {session['access_token']}"),),
        )
    )
    kept = json.loads(first.response_body)["access_token"]
    assert later.request_headers == (("Authorization", f"Bearer {kept}"),)
    assert kept.count(".") == 2
    assert len(json.loads(first.request_body)["api_secret"]) == 43


def test_what_is_no_secret_stays() -> None:
    sent = {"name": "Café Example", "zip": "1010", "metadata": {"till": "7"}}
    kept = Redaction(*CONTRACTS).redacted(
        post("/api/v0/organizations?x=1", sent, {"count": 3}, status=200)
    )
    assert json.loads(kept.request_body) == sent
    assert kept.url == "http://host.example/api/v0/organizations?x=%5Bundeclared%5D"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("User-Agent", "a till", "a till"),
        ("X-Request-Id", "0" * 32, "0" * 32),
        ("X-Other", "a till", "[undeclared]"),
        ("Authorization", "Bearer a-token", "Bearer redacted-1"),
        ("authorization", "TOKEN a-token", "TOKEN redacted-1"),
        ("Authorization", "a-token", "redacted-1"),
        ("Authorization", "Other a-token", "redacted-0001"),
        ("Set-Cookie", "a=b; Path=/", "redacted-01"),
        ("Authorization", "Basic dXNlcjphLXdvcmQ=", "Basic redacted-0000002"),  # user:a-word
        ("Authorization", "Bearer dXNlcjphLXdvcmQ=", "Bearer redacted-0000001"),
        ("Authorization", "Basic *", "Basic redacted-1"),
    ],
)
def test_what_is_kept_of_a_header(name: str, value: str, kept: str) -> None:
    redaction = Redaction(*CONTRACTS)
    [(left, text)] = redaction.redacted(get("/x", request_headers=((name, value),))).request_headers
    assert (left, text) == (name, kept)
    assert ("a-word" in redaction.secrets) is value.startswith("Basic d")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/organizations?limit=7&offset=1", "/organizations?limit=7&offset=1"),
        ("/organizations?order_by=a%20b", "/organizations?order_by=a+b"),
        ("/organizations?limits=7", "/organizations?limits=%5Bundeclared%5D"),
        ("/organizations?limit[]=7&limit[0]=8", "/organizations?limit%5B%5D=7&limit%5B0%5D=8"),
        ("/organizations?api_key=seven", "/organizations?api_key=redacted-1"),
        ("/organizations#here", "/organizations"),
        ("/organizations/a%2Fb/users", "/organizations/a%2Fb/users"),
        ("/organizations/seven%2Fb?pin=seven", "/organizations/redacted-1%2Fb?pin=redacted-1"),
        ("/unknown?limit=7", "/unknown?limit=%5Bundeclared%5D"),
    ],
)
def test_what_is_kept_of_an_address(path: str, kept: str) -> None:
    recorded = get("")._replace(url=f"https://me:word@host.example:8/api/v0{path}")
    url = Redaction(*CONTRACTS).redacted(recorded).url
    assert url == f"https://host.example:8/api/v0{kept}"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/api/v0/organizations/7?page=2", "/api/v0/organizations/7?page=%5Bundeclared%5D"),
        ("https://me:word@x/in?session=seven#token=seven", "https://x/%5Bundeclared%5D?session=redacted-1"),
        ("https://x", "https://x"),
        ("http://[::1", "[undeclared]"),
    ],
)  # fmt: skip
def test_what_is_kept_of_where_an_answer_leads(address: str, kept: str) -> None:
    moved = get("/x")._replace(status=302, response_headers=(("Location", address),))
    assert Redaction(*CONTRACTS).redacted(moved).response_headers == (("Location", kept),)


def test_of_another_service_the_host_alone_is_kept() -> None:
    other = get("")._replace(url="https://hooks.example/services/T0/seven?b=1")
    url = Redaction(*CONTRACTS).redacted(other).url
    assert url == "https://hooks.example/%5Bundeclared%5D?b=%5Bundeclared%5D"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"", b""),
        (b"seven=7", b"[undeclared] 7 bytes that are not JSON"),
        (b'{"name":"x","other":"y"}', b'{"name":"x","other":"[undeclared]"}'),
        (b'{"metadata":{"a":"b"}}', b'{"metadata":{"a":"b"}}'),
        (b'{"metadata":{"a_pin":"b"}}', b'{"metadata":{"a_pin":"redacted-1"}}'),
        (b'[1,"x"]', b'["[undeclared]","[undeclared]"]'),
        ('{"name":"Café"}'.encode(), '{"name":"Café"}'.encode()),
    ],
)
def test_what_is_kept_of_a_body(raw: bytes, kept: bytes) -> None:
    recorded = post("/api/v0/organizations", {})._replace(request_body=raw)
    assert Redaction(*CONTRACTS).redacted(recorded).request_body == kept


def test_what_a_secret_place_holds_keeps_its_form() -> None:
    redaction = Redaction(*CONTRACTS)
    sent = {"api_secret": {"a": ["S3cret-one", "", None, True]}, "session": [{"S3cret-one": 12345}]}
    kept = json.loads(redaction.redacted(post("/api/v0/auth", sent)).request_body)
    [one, number] = redaction.secrets
    assert (one, number) == ("S3cret-one", "12345")
    assert kept == {
        "api_secret": {"a": [redaction.secrets.add(one), "", None, True]},
        "session": [{redaction.secrets.add(one): redaction.secrets.add(number)}],
    }


def test_redacting_a_copy_again_changes_nothing(tmp_path: Path) -> None:
    exchanges, _ = exchanges_with_secrets(30)
    source = archive(tmp_path / "in.har", exchanges)
    once, twice = tmp_path / "once.har", tmp_path / "twice.har"
    redact_har(source, once, CONTRACTS)
    redact_har(once, twice, CONTRACTS)
    assert len([*read_har(once)]) == len([*read_har(twice)])
    checking = ExchangeCheck(*CONTRACTS)
    assert [[one.rule for one in checking.findings(exchange)] for exchange in read_har(once)] == [
        [one.rule for one in checking.findings(exchange)] for exchange in read_har(twice)
    ]


def test_a_copy_that_would_hold_a_secret_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = archive(tmp_path / "in.har", [log_in("S3cretS3cretS3cret"), get("/x")])
    monkeypatch.setattr(redaction.Redaction, "redacted", lambda _, exchange: exchange)
    with pytest.raises(HarError, match="entry 0 still holds a secret"):
        redact_har(source, tmp_path / "out.har", CONTRACTS)
    assert not (tmp_path / "out.har").exists()


def test_a_binary_answer_of_the_contract_stays_and_is_searched(tmp_path: Path) -> None:
    path = f"/api/v2/tss/{TSS}/export/{TSS}/file"
    tar = get(path)._replace(
        response_headers=(("Content-Type", "application/x-tar"),), response_body=b"\xffTAR"
    )
    source, target = archive(tmp_path / "in.har", [tar]), tmp_path / "out.har"
    redact_har(source, target, CONTRACTS)
    assert [one.response_body for one in read_har(target)] == [b"\xffTAR"]
    leaking = tar._replace(response_body=b"\xffS3cretS3cretS3cret")
    archive(source, [log_in("S3cretS3cretS3cret"), leaking])
    target.unlink()
    with pytest.raises(HarError, match="entry 1 still holds a secret"):
        redact_har(source, target, CONTRACTS)
    assert not target.exists()


@pytest.mark.parametrize("odd", ["\ud800", "\x00", "\u2028", "😀", "%", "\\", '"'])
def test_a_secret_of_any_characters_is_replaced(odd: str, tmp_path: Path) -> None:
    secret = f"{odd}S3cret-{odd}-S3cret{odd}"
    source = archive(
        tmp_path / "in.har",
        [log_in(secret), post("/api/v0/organizations", {"name": f"x {secret} y", secret: 1})],
    )
    redact_har(source, tmp_path / "out.har", CONTRACTS)
    kept = json.dumps(json.loads((tmp_path / "out.har").read_text()), ensure_ascii=False)
    assert "S3cret" not in kept
