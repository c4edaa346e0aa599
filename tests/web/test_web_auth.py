"""POST /auth: the recorded answers, the three ways in, and sessions that are re-used."""

import re

import pytest
from builders.accounts import START, VENDOR, Account, secret_of
from builders.snapshots import listed
from fiskaly_mockserver.web.service import Service
from web.api import Api, wire

DAY = 86_400
REFUSED = b'{"message":"Invalid credentials","status_code":401,"error":"Unauthorized"}'


def credentials(account: Account, name: str) -> dict[str, str]:
    return {"api_key": account.key(name).key, "api_secret": secret_of(name)}


async def test_a_key_opens_a_session_of_the_recorded_fields_in_order(api: Api) -> None:
    answer = await api.auth(**credentials(api.account, "vendor_test"))
    session = answer.body
    assert answer.status == 200
    assert answer.raw == wire(
        {
            "access_token": session["access_token"],
            "access_token_claims": {"env": "TEST", "organization_id": VENDOR},
            "access_token_expires_in": DAY,
            "access_token_expires_at": int(START) + DAY,
            "refresh_token": session["refresh_token"],
            "refresh_token_expires_in": 2 * DAY,
            "refresh_token_expires_at": int(START) + 2 * DAY,
        }
    )


async def test_tokens_have_three_parts_and_differ(api: Api) -> None:
    session = (await api.auth(**credentials(api.account, "vendor_test"))).body
    tokens = [session["access_token"], session["refresh_token"]]
    assert tokens[0] != tokens[1]
    for token in tokens:
        assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token)
        assert len(token) <= 4_096


async def test_a_live_key_opens_a_live_session(api: Api) -> None:
    answer = await api.auth(**credentials(api.account, "shop_live"))
    home = api.account.key("shop_live").organization_id
    assert answer.body["access_token_claims"] == {"env": "LIVE", "organization_id": home}


async def test_the_access_token_opens_the_other_operations(api: Api) -> None:
    token = (await api.auth(**credentials(api.account, "shop_test"))).body["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    answer = await api.call("GET", "/organizations", by=None, headers=bearer)
    assert (answer.status, answer.names) == (200, ["Shop"])


async def test_a_living_session_is_handed_out_again_with_less_time_left(api: Api) -> None:
    first = (await api.auth(**credentials(api.account, "vendor_test"))).body
    api.account.clock.advance(767)
    second = (await api.auth(**credentials(api.account, "vendor_test"))).body
    left = {"access_token_expires_in": DAY - 767, "refresh_token_expires_in": 2 * DAY - 767}
    assert second == {**first, **left}


async def test_the_seconds_left_are_floored(api: Api) -> None:
    await api.auth(**credentials(api.account, "vendor_test"))
    api.account.clock.advance(6.25)
    session = (await api.auth(**credentials(api.account, "vendor_test"))).body
    assert session["access_token_expires_in"] == DAY - 7
    assert session["refresh_token_expires_in"] == 2 * DAY - 7


async def test_a_session_is_re_used_to_its_last_minute(api: Api) -> None:
    first = (await api.auth(**credentials(api.account, "vendor_test"))).body
    api.account.clock.advance(DAY - 60)
    last = (await api.auth(**credentials(api.account, "vendor_test"))).body
    assert (last["access_token"], last["access_token_expires_in"]) == (first["access_token"], 60)
    api.account.clock.advance(0.5)
    following = (await api.auth(**credentials(api.account, "vendor_test"))).body
    assert following["access_token"] != first["access_token"]
    assert following["access_token_expires_in"] == DAY - 1


async def test_each_key_has_a_session_of_its_own(api: Api) -> None:
    names = ("vendor_test", "vendor_live", "shop_test")
    tokens = {(await api.auth(**credentials(api.account, name))).raw for name in names}
    assert len(tokens) == len(names)


@pytest.mark.parametrize(
    "authorization", ["", "Bearer ", "Bearer garbage", "Basic dTpw", "Bearer a.b.c", "nonsense"]
)
async def test_an_authorization_header_is_ignored(api: Api, authorization: str) -> None:
    answer = await api.call(
        "POST",
        "/auth",
        by=None,
        body=credentials(api.account, "vendor_test"),
        headers={"Authorization": authorization},
    )
    assert answer.status == 200


async def test_someone_elses_authorization_does_not_change_who_is_authenticated(api: Api) -> None:
    body = credentials(api.account, "vendor_test")
    answer = await api.call("POST", "/auth", by="stranger_test", body=body)
    assert answer.body["access_token_claims"]["organization_id"] == VENDOR


@pytest.mark.parametrize(
    "body",
    [
        {"api_key": "test_nobody_nobody", "api_secret": secret_of("vendor_test")},
        {"api_key": f"test_{'0' * 25}_vendor-test", "api_secret": secret_of("shop_test")},
        {"api_key": "", "api_secret": ""},
        {"api_key": f"TEST_{'0' * 25}_VENDOR-TEST", "api_secret": secret_of("vendor_test")},
        {"email": "nobody@example.com", "password": secret_of("admin")},
        {"email": "admin@example.com", "password": secret_of("clerk")},
        {"email": "guest@example.com", "password": ""},
        {"refresh_token": ""},
        {"refresh_token": "garbage"},
        {"refresh_token": "header.payload.signature"},
        {"refresh_token": "ä\u0000.ö.ü"},
    ],
)
async def test_wrong_credentials_are_all_refused_alike(
    api: Api, service: Service, body: dict[str, str]
) -> None:
    before = listed(service.world)
    answer = await api.auth(**body)
    assert (answer.status, answer.raw) == (401, REFUSED)
    assert answer.headers["Content-Length"] == "74"
    assert listed(service.world) == before


async def test_a_disabled_key_opens_no_session(api: Api) -> None:
    key = api.account.key("shop_test")
    path = f"/organizations/{key.organization_id}/api-keys/{key.id}"
    assert (await api.patch(path, {"status": "disabled"})).status == 200
    answer = await api.auth(**credentials(api.account, "shop_test"))
    assert (answer.status, answer.raw) == (401, REFUSED)


async def test_an_access_token_does_not_refresh(api: Api) -> None:
    session = (await api.auth(**credentials(api.account, "vendor_test"))).body
    answer = await api.auth(refresh_token=session["access_token"])
    assert (answer.status, answer.raw) == (401, REFUSED)


async def test_refreshing_a_living_session_returns_it(api: Api) -> None:
    first = (await api.auth(**credentials(api.account, "vendor_test"))).body
    assert (await api.auth(refresh_token=first["refresh_token"])).body == first


async def test_refreshing_after_the_access_token_expired_opens_the_next_session(api: Api) -> None:
    first = (await api.auth(**credentials(api.account, "vendor_test"))).body
    api.account.clock.advance(DAY)
    second = (await api.auth(refresh_token=first["refresh_token"])).body
    assert second["access_token"] != first["access_token"]
    assert second["access_token_expires_in"] == DAY
    assert (await api.auth(refresh_token=first["refresh_token"])).body == second


async def test_an_expired_refresh_token_is_refused(api: Api) -> None:
    first = (await api.auth(**credentials(api.account, "vendor_test"))).body
    api.account.clock.advance(2 * DAY)
    answer = await api.auth(refresh_token=first["refresh_token"])
    assert (answer.status, answer.raw) == (401, REFUSED)


async def test_a_user_logs_in_to_its_first_organization_in_test(api: Api) -> None:
    answer = await api.auth(email="ADMIN@example.com", password=secret_of("admin"))
    assert answer.status == 200
    assert answer.body["access_token_claims"] == {"env": "TEST", "organization_id": VENDOR}
    bearer = {"Authorization": f"Bearer {answer.body['access_token']}"}
    seen = await api.call("GET", "/organizations", by=None, headers=bearer)
    assert seen.names == ["Vendor", "Shop", "Cafe", "Partner", "Branch"]


NO_WAY = (
    "body should have 'api_key' and 'api_secret', or 'refresh_token', or 'email' and 'password'"
)
HALF_A_KEY = "body should have required property 'api_secret' (taken as ApiKeyAuthentication)"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, NO_WAY),
        ({"api_key": "some-key"}, HALF_A_KEY),
        ([], "body should be object (got an array of 0 items)"),
    ],
)
async def test_what_is_none_of_the_three_ways_is_told_why_each_failed(
    api: Api, service: Service, body: object, said: str
) -> None:
    answer = await api.call("POST", "/auth", by=None, body=body)
    assert answer.status == 400
    assert answer.raw == wire(
        {
            "status_code": 400,
            "error": "Bad Request",
            "code": "E_FAILED_SCHEMA_VALIDATION",
            "message": said,
        }
    )
    (exchange,) = service.world.journal
    assert exchange.breaches == exchange.violations != ()


async def test_two_ways_at_once_are_none(api: Api) -> None:
    both = {**credentials(api.account, "vendor_test"), "refresh_token": "header.payload.signature"}
    answer = await api.auth(**both)
    assert (answer.status, answer.code) == (400, "E_FAILED_SCHEMA_VALIDATION")


@pytest.mark.parametrize(
    "body",
    [
        {"api_key": "some-key", "api_secret": ["hunter2-hunter2"]},
        {"api_key": 1, "api_secret": "hunter2-hunter2"},
        {"api_secret": "hunter2-hunter2"},
        {"refresh_token": "hunter2-hunter2", "hunter2-is-no-key": 1, "x": "hunter2-hunter2"},
        {"email": "admin@example.com", "password": {"hunter2-hunter2": "hunter2-hunter2"}},
    ],
)
async def test_secrets_are_repeated_neither_in_answers_nor_in_the_journal(
    api: Api, service: Service, body: object
) -> None:
    answer = await api.call("POST", "/auth", by=None, body=body)
    assert answer.status == 400
    (exchange,) = service.world.journal
    said = answer.raw.decode() + repr([one.as_json() for one in exchange.violations])
    assert "hunter2-hunter2" not in said
