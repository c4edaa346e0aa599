"""The Authorization header of protected operations, and the 401 of each kind."""

import pytest
from builders.accounts import Account, secret_of
from builders.snapshots import listed
from fiskaly_mockserver.domain.backend import TokenUse
from fiskaly_mockserver.web.service import Service
from web.api import Answer, Api, wire


def refusal(message: str) -> bytes:
    return wire({"message": message, "status_code": 401, "error": "Unauthorized"})


async def with_header(api: Api, authorization: str, path: str = "/organizations") -> Answer:
    return await api.call("GET", path, by=None, headers={"Authorization": authorization})


async def test_without_the_header_the_token_is_missing(api: Api) -> None:
    answer = await api.get("/organizations", by=None)
    assert (answer.status, answer.raw) == (401, refusal("missing bearer token"))


@pytest.mark.parametrize("scheme", ["Basic", "Token", "JWT", "", "Bear er"])
async def test_another_scheme_is_no_token(api: Api, scheme: str) -> None:
    token = api.account.token("vendor_test")
    answer = await with_header(api, f"{scheme} {token}")
    assert (answer.status, answer.raw) == (401, refusal("missing bearer token"))


@pytest.mark.parametrize(
    "token", ["garbage", "a.b", "a.b.c.d", 'it\'s "quoted" \\', "", "two words", "ümläut"]
)
@pytest.mark.parametrize("path", ["/organizations", "/organizations/some_organization_id"])
async def test_what_is_no_token_at_all_is_echoed_as_recorded(
    api: Api, token: str, path: str
) -> None:
    answer = await with_header(api, f"Bearer {token}", path)
    assert answer.status == 401
    assert answer.raw == refusal(f"could not parse jwt: '{token}'")


@pytest.mark.parametrize("authorization", ["bearer {}", "BEARER {}", "Bearer   {}  "])
async def test_the_schemes_case_and_spaces_do_not_matter(api: Api, authorization: str) -> None:
    token = api.account.token("vendor_test")
    assert (await with_header(api, authorization.format(token))).status == 200


async def test_a_token_of_another_server_is_refused_without_its_echo(api: Api) -> None:
    for token in (Account.build().token("vendor_test"), "header.payload.signature", ".."):
        answer = await with_header(api, f"Bearer {token}")
        assert answer.status == 401
        assert answer.raw == refusal("the token was not issued by this server, or is void")


async def test_a_token_whose_claims_were_changed_is_refused(api: Api) -> None:
    head, _, signature = api.account.token("shop_test").split(".")
    payload = api.account.token("vendor_test").split(".")[1]
    answer = await with_header(api, f"Bearer {head}.{payload}.{signature}")
    assert answer.raw == refusal("the token was not issued by this server, or is void")


async def test_an_expired_token_is_refused_from_its_last_second_on(api: Api) -> None:
    bearer = f"Bearer {api.account.token('vendor_test')}"
    api.account.clock.advance(59.999)
    assert (await with_header(api, bearer)).status == 200
    api.account.clock.advance(0.001)
    answer = await with_header(api, bearer)
    assert (answer.status, answer.raw) == (401, refusal("the token has expired"))


async def test_a_refresh_token_is_no_access_token(api: Api) -> None:
    token = api.account.token("vendor_test", use=TokenUse.REFRESH)
    answer = await with_header(api, f"Bearer {token}")
    assert (answer.status, answer.raw) == (401, refusal("a refresh token is not an access token"))


async def test_tokens_stay_out_of_the_journal(api: Api, service: Service) -> None:
    await with_header(api, "Bearer hunter2-hunter2")
    (exchange,) = service.world.journal
    assert "hunter2" not in repr(exchange)
    assert exchange.refusal.startswith("UnreadableToken")


async def test_an_unauthenticated_call_changes_nothing(api: Api, service: Service) -> None:
    before = listed(service.world)
    body = {"name": "till-1", "status": "enabled"}
    home = api.account.key("shop_test").organization_id
    for authorization in ("", "Bearer x", "Bearer a.b.c"):
        answer = await api.call(
            "POST",
            f"/organizations/{home}/api-keys",
            by=None,
            body=body,
            headers={"Authorization": authorization},
        )
        assert answer.status == 401
    assert listed(service.world) == before


async def test_a_users_token_works_like_a_keys(api: Api) -> None:
    session = await api.auth(email="clerk@example.com", password=secret_of("clerk"))
    answer = await with_header(api, f"Bearer {session.body['access_token']}")
    assert (answer.status, answer.names) == (200, ["Shop"])
