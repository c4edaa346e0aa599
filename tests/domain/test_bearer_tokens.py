"""Recognizing who calls by an access token (R5; A-16, A-25)."""

import base64
import hmac
import json

import jwt
import pytest
from builders.accounts import (
    CAFE,
    CLERK,
    GUEST,
    LIVE,
    NOWHERE,
    SHOP,
    STRANGER,
    TEST,
    VENDOR,
    Account,
    principal_id,
    profile,
    secret_of,
)
from builders.snapshots import listed, refused
from fiskaly_mockserver.domain.account.model import KeyStatus, OrganizationId, PrincipalKind
from fiskaly_mockserver.domain.backend import TokenUse
from fiskaly_mockserver.domain.errors import (
    ExpiredToken,
    ForeignToken,
    RefreshTokenAsAccess,
    UnreadableToken,
)
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.world.tokens import JwtIssuer

KEY = b"EXAMPLE-key-EXAMPLE-key-EXAMPLE-key-0000"


def session_token(account: Account, name: str) -> str:
    opened = account.world.sessions.open_with_key(account.key(name).key, secret_of(name))
    return opened.session.access_token


@pytest.mark.parametrize("token", ["", "garbage", "one.dot", "one.dot.too.many", "...", "ö"])
def test_a_token_without_three_parts_is_unreadable_and_kept_for_the_answer(
    account: Account, token: str
) -> None:
    with refused(account.world, UnreadableToken) as caught:
        account.world.sessions.principal(token)
    assert caught.value.token == token


@pytest.mark.parametrize(
    "token", ["..", "a.b.c", "header.payload.signature", "ö.ö.ö", "\ud800.\ud800.\ud800", " . . "]
)
def test_three_parts_that_are_no_token_are_foreign(account: Account, token: str) -> None:
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(token)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_with_a_changed_part_is_foreign(account: Account, part: int) -> None:
    parts = session_token(account, "shop_test").split(".")
    other = session_token(account, "vendor_test").split(".")
    parts[part] = other[part] if part else parts[part][:-2]
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(".".join(parts))


def _claims_of(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_a_token_without_a_signature_is_foreign(account: Account) -> None:
    claims = _claims_of(session_token(account, "vendor_test"))
    unsigned = jwt.encode(claims, "", algorithm="none")
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(unsigned)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384"])
def test_a_token_signed_with_another_key_is_foreign(account: Account, algorithm: str) -> None:
    claims = _claims_of(session_token(account, "vendor_test"))
    forged = jwt.encode(claims, KEY + KEY, algorithm=algorithm)
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(forged)


def test_a_token_of_another_server_with_the_same_rows_is_foreign(account: Account) -> None:
    token = session_token(Account.build(), "vendor_test")
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(token)


def test_a_refresh_token_is_no_access_token(account: Account) -> None:
    opened = account.world.sessions.open_with_key(
        account.key("vendor_test").key, secret_of("vendor_test")
    )
    with refused(account.world, RefreshTokenAsAccess):
        account.world.sessions.principal(opened.session.refresh_token)


def test_an_expired_refresh_token_is_first_of_all_no_access_token(account: Account) -> None:
    token = account.token("vendor_test", use=TokenUse.REFRESH)
    account.clock.advance(100)
    with refused(account.world, RefreshTokenAsAccess):
        account.world.sessions.principal(token)


def test_a_token_expires_at_its_exact_second(account: Account) -> None:
    token = session_token(account, "vendor_test")
    account.clock.advance(86_399.5)
    assert account.world.sessions.principal(token).home.id == VENDOR
    account.clock.advance(0.5)
    with refused(account.world, ExpiredToken):
        account.world.sessions.principal(token)


def test_a_16_a_token_outlives_its_key(account: Account) -> None:
    token = session_token(account, "shop_test")
    caller = account.by("vendor_test")
    key = account.key("shop_test").id
    account.world.api_keys.update(caller, SHOP, key, status=KeyStatus.DISABLED)
    assert account.world.sessions.principal(token).id == principal_id("shop_test")
    account.world.api_keys.delete(caller, SHOP, key)
    assert account.world.sessions.principal(token).id == principal_id("shop_test")


def test_a_token_ends_with_its_organization(account: Account) -> None:
    token = session_token(account, "cafe_test")
    account.world.organizations.delete(account.by("vendor_test"), CAFE)
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(token)


def test_a_token_outlives_a_reset_if_its_organization_does(account: Account) -> None:
    world = account.world
    made = world.organizations.create(account.by("vendor_test"), profile(), managed_by=VENDOR)
    key, secret = world.api_keys.create(
        account.by("vendor_test"), made.id, name="new", status=KeyStatus.ENABLED
    )
    lost = world.sessions.open_with_key(key.key, secret).session.access_token
    kept = session_token(account, "vendor_test")
    world.reset()
    assert world.sessions.principal(kept).home.id == VENDOR
    with refused(world, ForeignToken):
        world.sessions.principal(lost)


def test_a_reset_brings_a_deleted_organizations_token_back(account: Account) -> None:
    token = session_token(account, "cafe_test")
    account.world.organizations.delete(account.by("vendor_test"), CAFE)
    account.world.reset()
    assert account.world.sessions.principal(token).home.id == CAFE


def test_r6_a_live_token_sees_nothing_after_a_reset_to_test_only(account: Account) -> None:
    account.world.environments.enable(account.by("vendor_test"), CAFE, LIVE)
    key, secret = account.world.api_keys.create(
        account.by("vendor_live"), CAFE, name="live", status=KeyStatus.ENABLED
    )
    token = account.world.sessions.open_with_key(key.key, secret).session.access_token
    account.world.reset()
    caller = account.world.sessions.principal(token)
    assert list(account.world.organizations.list(caller, Paging()).rows) == []


def test_a_principal_has_its_memberships_as_they_are_now(account: Account) -> None:
    token = account.token("clerk", organization_id=SHOP)
    assert account.world.sessions.principal(token).organization_ids == (SHOP,)
    account.join(CAFE, CLERK)
    caller = account.world.sessions.principal(token)
    assert (caller.kind, caller.env) == (PrincipalKind.USER, TEST)
    assert (caller.home.id, caller.organization_ids) == (SHOP, (SHOP, CAFE))


def test_a_user_removed_from_the_tokens_organization_calls_from_the_next_one(
    account: Account,
) -> None:
    token = account.token("clerk", organization_id=SHOP)
    account.join(CAFE, CLERK)
    account.world.users.remove(account.by("vendor_test"), SHOP, CLERK)
    caller = account.world.sessions.principal(token)
    assert (caller.home.id, caller.organization_ids) == (CAFE, (CAFE,))


def test_a_user_removed_from_every_organization_is_nobody(account: Account) -> None:
    token = account.token("clerk", organization_id=SHOP)
    account.world.users.remove(account.by("vendor_test"), SHOP, CLERK)
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(token)


def test_someone_whose_invitation_is_pending_is_nobody(account: Account) -> None:
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(account.token("guest", organization_id=VENDOR))
    assert account.world.tables.users.get(GUEST) is not None


@pytest.mark.parametrize("home", [STRANGER, OrganizationId(NOWHERE)])
def test_a_users_home_is_always_an_organization_it_belongs_to(
    account: Account, home: OrganizationId
) -> None:
    assert account.by("clerk", organization_id=home).home.id == SHOP
    assert account.by("boss").organization_ids == (STRANGER,)
    assert account.by("boss").id == principal_id("boss")


def test_a_token_that_is_ended_early_is_expired_and_its_session_over(account: Account) -> None:
    token, other = session_token(account, "vendor_test"), session_token(account, "shop_test")
    account.world.sessions.expire(token)
    with refused(account.world, ExpiredToken):
        account.world.sessions.principal(token)
    assert account.world.sessions.principal(other).home.id == SHOP
    renewed = session_token(account, "vendor_test")
    assert renewed != token
    assert account.world.sessions.principal(renewed).home.id == VENDOR


def test_ending_an_older_token_leaves_the_present_session_alone(account: Account) -> None:
    present = session_token(account, "vendor_test")
    account.world.sessions.expire(account.token("vendor_test"))
    assert session_token(account, "vendor_test") == present


def test_a_token_ended_in_a_fork_is_good_in_the_origin_and_after_a_reset(account: Account) -> None:
    token = session_token(account, "vendor_test")
    fork = account.world.fork()
    fork.sessions.expire(token)
    assert account.world.sessions.principal(token).home.id == VENDOR
    with refused(fork, ExpiredToken):
        fork.sessions.principal(token)
    fork.reset()
    assert fork.sessions.principal(token).home.id == VENDOR


@pytest.mark.parametrize("use", [TokenUse.REFRESH, None], ids=["refresh", "garbage"])
def test_only_an_access_token_of_ours_is_ended(account: Account, use: TokenUse | None) -> None:
    token = "header.payload.signature" if use is None else account.token("vendor_test", use=use)
    before = listed(account.world)
    account.world.sessions.expire(token)
    assert listed(account.world) == before


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"1",
        b"{}",
        b"\xff",
        b'{"alg":["HS256"]}',
        b'{"alg":"HS256","kid":7}',
        b'{"alg":"HS256","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b"9" * 5_000,
    ],
    ids=["list", "number", "empty", "bytes", "alg list", "kid number", "deep", "long number"],
)
def test_a_header_of_any_form_is_foreign_at_most(account: Account, header: bytes) -> None:
    token = f"{_segment(header)}.{_segment(json.dumps({'iss': 'x'}).encode())}.{_segment(b'0')}"
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(token)


def test_tokens_name_the_claims_of_the_official_sample(account: Account) -> None:
    claims = _claims_of(account.token("vendor_live"))
    assert list(claims) == [
        *("jti", "exp", "nbf", "iat", "iss", "sub", "typ", "azp", "auth_time"),
        *("session_state", "acr", "scope", "organization", "type", "env"),
    ]
    assert (claims["env"], claims["organization"], claims["type"], claims["typ"]) == (
        "LIVE",
        VENDOR,
        "API_KEY",
        "Bearer",
    )


def test_an_issuer_reads_what_one_of_the_same_key_wrote_and_nothing_else() -> None:
    account = Account.build()
    claims = account.world.seams.tokens.read(account.token("vendor_test"))
    assert claims is not None
    token = JwtIssuer(KEY).issue(claims)
    assert JwtIssuer(KEY).read(token) == claims
    assert JwtIssuer().read(token) is None
    other = jwt.encode({**_claims_of(token), "iss": "somebody-else"}, KEY, algorithm="HS256")
    assert JwtIssuer(KEY).read(other) is None


def test_pyjwt_writes_the_same_token_and_reads_ours(account: Account) -> None:
    claims = account.world.seams.tokens.read(account.token("vendor_test"))
    assert claims is not None
    token = JwtIssuer(KEY).issue(claims)
    payload = jwt.decode(
        token, KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert jwt.encode(payload, KEY, algorithm="HS256") == token


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.ü.ß", "\ud800.b.c", "a.b.c.d"])
def test_what_is_no_token_of_ours_is_read_as_nothing(token: str) -> None:
    assert JwtIssuer(KEY).read(token) is None


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS384"}, {"kid": "../../dev/null"}, {"crit": ["exp"]}]
)
def test_no_token_chooses_its_own_header(account: Account, header: dict[str, object]) -> None:
    claims = _claims_of(account.token("vendor_test"))
    signed = jwt.encode(claims, KEY, algorithm="HS256").rpartition(".")[0].partition(".")[2]
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT", **header}).encode())
    text = head.rstrip(b"=") + b"." + signed.encode()
    signature = base64.urlsafe_b64encode(hmac.digest(KEY, text, "sha256")).rstrip(b"=")
    assert JwtIssuer(KEY).read((text + b"." + signature).decode()) is None
