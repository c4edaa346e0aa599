"""What a server issued or was told is kept nowhere, wherever it stands."""

import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace

import pytest
from builders.accounts import SHOP
from fiskaly_fixtures import generate
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.web.journal.secrets import (
    MOST_OTHERS,
    MOST_SECRETS,
    SHORTEST,
    KnownSecrets,
    without_credentials,
)
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.journal.containment import REDACTED
from fiskaly_mockserver.world.seeding import Seeded
from server.raw_http import request, talk
from web.api import Api

SECRET = "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0000"
SHORTER = SECRET[:42]
ID = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"


def known(*secrets: object) -> KnownSecrets:
    made = KnownSecrets()
    for secret in secrets:
        made.add(secret)
    return made


@pytest.mark.parametrize(
    "secret", [SECRET, SHORTER, "hunter2hunter2", "p\u00e4ssw\u00f6rt", "tok-en_1"]
)
@pytest.mark.parametrize("around", ["@", "x@", "@y", "0@0", "a-@-b", "@@", "key:@", "/s/@/x"])
def test_a_known_secret_is_found_wherever_it_stands(secret: str, around: str) -> None:
    assert secret not in known(secret).clean(around.replace("@", secret))


@pytest.mark.parametrize("secret", [SECRET, SHORTER, "hunter2hunter2"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False])
def test_a_known_secret_is_found_in_base64(secret: str, encode: object, *, padded: bool) -> None:
    for key in ("test_0_till", "k", "test_00_till?>"):
        coded = encode(f"{key}:{secret}".encode()).decode()  # type: ignore[operator]
        coded = coded if padded else coded.rstrip("=")
        cleaned = known(secret).clean(f"auth {coded};")
        assert cleaned.replace("=", "") == f"auth {REDACTED};"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 5_000,
        "x" * 44,
        f"{ID} {ID.replace('-', '')}",
        b64encode(b"nothing that anybody hides in here").decode(),
        "GET /api/v0/organizations",
        "",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert known(SECRET, "hunter2hunter2").clean(text) == text


def test_the_shortest_code_that_has_room_for_a_secret_is_read() -> None:
    coded = b64encode(b"abc:hunter22").decode()
    assert len(coded) == 16
    assert known("hunter22").clean(coded) == REDACTED
    assert known("hunter23").clean(coded) == coded
    codes_nothing = "organizations-and-others"
    assert known("hunter22").clean(f"{codes_nothing} {coded}") == f"{codes_nothing} {REDACTED}"


def test_what_is_too_short_or_no_text_is_not_looked_for() -> None:
    secrets = known("x" * (SHORTEST - 1), None, 7, ["x" * 20])
    assert secrets.clean("x" * 30) == "x" * 30


def test_no_more_secrets_are_known_than_there_is_room_for() -> None:
    passwords = [f"password-{number}" for number in range(MOST_OTHERS + 1)]
    secrets = known(*passwords)
    assert secrets.clean(passwords[0]) == passwords[0]
    assert secrets.clean(passwords[-1]) == REDACTED
    made = [f"{number:043}" for number in range(MOST_SECRETS + 1)]
    secrets = known(*made)
    assert secrets.clean(f"x{made[0]}") == f"x{made[0]}"
    assert secrets.clean(f"x{made[-1]}") == f"x{REDACTED}"


def test_the_shape_alone_finds_a_secret_that_stands_alone() -> None:
    assert without_credentials(f"a {SECRET}, b") == f"a {REDACTED}, b"
    assert without_credentials(f"a{SECRET}") == f"a{SECRET}"


async def test_what_an_answer_issued_is_known(api: Api, service: Service) -> None:
    body = {"name": "till", "status": "enabled"}
    made = (await api.post(f"/organizations/{SHOP}/api-keys", body)).body
    secret = made["secret"]
    coded = b64encode(f"{made['key']}:{secret}".encode()).decode()
    headers = {"X-Note": f"a{secret}b", "X-Basic": coded}
    await api.call("GET", f"/organizations/x{secret}?order_by=x{secret}", headers=headers)
    kept = json.dumps([one.as_json() for one in service.world.journal])
    assert secret not in kept
    assert coded not in kept


async def test_the_shortest_secret_is_known_as_a_part_of_a_path(api: Api, service: Service) -> None:
    secret = "7" * SHORTEST
    await api.auth(email="a@b.example", password=secret)
    for segment in (secret, secret[1:]):
        await api.call("GET", f"/organizations/{segment}")
    shown = [one.path.rpartition("/")[2] for one in service.world.journal]
    assert shown[-2:] == [REDACTED, secret[1:]]


async def test_what_a_body_told_is_known_also_if_it_was_refused(api: Api, service: Service) -> None:
    await api.auth(email="a@b.example", password="correct horse battery")
    await api.auth(api_key="k", api_secret="not-the-right-one", x="y")
    headers = {"X-Note": "xcorrect horse batteryx not-the-right-one."}
    await api.call("GET", "/organizations", headers=headers)
    kept = json.dumps([one.as_json() for one in service.world.journal])
    assert "battery" not in kept
    assert "not-the-right-one" not in kept


def test_seeded_secrets_and_the_control_token_are_known() -> None:
    token = "EXAMPLE-control-token"
    with MockServer(ServerConfig(port=0, control_token=token)) as server:
        secret = server.credentials.secret
        for path in (f"/x{secret}", f"/{token}", f"/a{token}b"):
            talk(server.port, request("GET", path, f"X-Note: 0{secret}0"))
        organization = {"name": "Teehaus"}
        server.control.sign_up("a@b.example", "long password", organization=organization)
        talk(server.port, request("GET", "/along%20password", "X-Note: a long passwords"))
        kept = json.dumps([exchange.as_json() for exchange in server.journal])
    assert secret not in kept
    assert token not in kept
    assert "long%20password" not in kept
    assert "long password" not in kept


def test_seeded_puks_are_known_before_anybody_tells_them() -> None:
    with MockServer(port=0, tills=1) as server:
        puks = [tss.admin_puk for tss in server._service.world.rows.tss]
        for puk in puks:
            talk(server.port, request("GET", f"/api/v2/a{puk}", f"X-Note: 7{puk}x"))
        kept = json.dumps([exchange.as_json() for exchange in server.journal])
    assert puks
    assert not [puk for puk in puks if puk in kept]


def test_seeded_passwords_are_known_before_anybody_tells_them() -> None:
    with MockServer(port=0) as server:
        seeded = Seeded(server._service.world.baseline)
        passwords = [user.password for user in seeded.users()]
        for password in passwords:
            talk(server.port, request("GET", f"/api/v0/a{password}b", f"X-Note: 7{password}x"))
        kept = json.dumps([exchange.as_json() for exchange in server.journal])
    assert passwords
    assert not [password for password in passwords if password in kept]


def test_a_pinned_secret_is_known_before_anybody_tells_it() -> None:
    tree = generate("single")
    vendor = tree.organizations[0]
    key = replace(vendor.api_keys[0], secret="hard-coded-in-a-suite")
    pinned = replace(tree, organizations=(replace(vendor, api_keys=(key,)),))
    with MockServer(port=0, tree=pinned) as server:
        talk(server.port, request("GET", "/api/v0/nowhere", "X-Note: a-hard-coded-in-a-suite-b"))
        kept = json.dumps([exchange.as_json() for exchange in server.journal])
    assert "hard-coded-in-a-suite" not in kept
