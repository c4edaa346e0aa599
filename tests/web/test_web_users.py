"""Users on the wire."""

import pytest
from builders.accounts import ADMIN, BOSS, CAFE, CLERK, GUEST, NOWHERE, SHOP, VENDOR
from builders.snapshots import listed
from fiskaly_mockserver.domain.account.users import INVITATION_LIFETIME
from fiskaly_mockserver.web.service import Service
from web.api import Api, wire

MANAGED = wire(
    {
        "status_code": 403,
        "error": "Forbidden",
        "code": "E_ACCESS_DENIED",
        "message": "Access denied. A managed organization may not change users or environments.",
    }
)


def conflict(message: str) -> bytes:
    return wire(
        {"status_code": 409, "error": "Conflict", "code": "E_USER_CONFLICT", "message": message}
    )


def user(user_id: str, envs: list[str], email: str, **names: str) -> dict[str, object]:
    return {"_id": user_id, "_type": "USER", "_envs": envs, "email": email, **names}


async def test_the_list_has_the_envelope_of_all_lists(api: Api) -> None:
    answer = await api.get(f"/organizations/{VENDOR}/users")
    envs = ["TEST", "LIVE"]
    rows = [
        user(ADMIN, envs, "admin@example.com", first_name="Admin", last_name="Example"),
        user(GUEST, envs, "guest@example.com", first_name="Guest", last_name="Example"),
    ]
    assert answer.status == 200
    assert answer.raw == wire({"data": rows, "count": 2, "_type": "USER_LIST"})


async def test_an_unknown_e_mail_is_invited_and_shown_with_the_names_that_were_sent(
    api: Api,
) -> None:
    for sent in ({}, {"first_name": "Ada"}, {"last_name": "Łoś", "first_name": ""}):
        email = f"ada{len(sent)}@example.com"
        answer = await api.post(f"/organizations/{CAFE}/users", {**sent, "email": email})
        names = {name: value for name, value in sent.items() if value}
        assert answer.status == 200
        assert answer.raw == wire(user(answer.body["_id"], ["TEST"], email, **names))


async def test_a_known_e_mail_keeps_its_own_names(api: Api) -> None:
    body = {"email": "CLERK@example.com", "first_name": "Somebody", "last_name": "Else"}
    answer = await api.post(f"/organizations/{VENDOR}/users", body)
    names = {"first_name": "Clerk", "last_name": "Example"}
    expected = user(CLERK, ["TEST", "LIVE"], "clerk@example.com", **names)
    assert (answer.status, answer.raw) == (200, wire(expected))


async def test_a_lapsed_invitation_is_gone_and_may_be_sent_again(api: Api) -> None:
    path = f"/organizations/{CAFE}/users"
    body = {"email": "ada@example.com"}
    first = (await api.post(path, body)).body
    api.account.clock.advance(INVITATION_LIFETIME - 1)
    assert (await api.get(path)).body["count"] == 1
    api.account.clock.advance(1)
    assert (await api.get(path)).raw == b'{"data":[],"count":0,"_type":"USER_LIST"}'
    again = await api.post(path, body)
    assert (again.status, again.body) == (200, first)


@pytest.mark.parametrize("email", ["clerk@example.com", "Clerk@Example.com"])
async def test_a_member_is_not_invited_again(api: Api, service: Service, email: str) -> None:
    before = listed(service.world)
    answer = await api.post(f"/organizations/{SHOP}/users", {"email": email})
    assert answer.status == 409
    assert answer.raw == conflict("Conflict. User is already a member or invited.")
    assert listed(service.world) == before


async def test_an_open_invitation_is_not_repeated(api: Api) -> None:
    answer = await api.post(f"/organizations/{VENDOR}/users", {"email": "guest@example.com"})
    assert (answer.status, answer.code) == (409, "E_USER_CONFLICT")


async def test_removing_answers_with_the_success_flag_and_is_final(api: Api) -> None:
    path = f"/organizations/{VENDOR}/users/{GUEST}"
    answer = await api.delete(path)
    assert (answer.status, answer.raw) == (200, b'{"_success":true}')
    again = await api.delete(path)
    assert again.status == 404
    assert again.raw == wire(
        {
            "status_code": 404,
            "error": "Not Found",
            "code": "E_USER_NOT_FOUND",
            "message": "User not found.",
        }
    )


@pytest.mark.parametrize("user_id", [BOSS, CLERK, NOWHERE])
async def test_only_users_of_the_organization_can_be_removed(api: Api, user_id: str) -> None:
    answer = await api.delete(f"/organizations/{VENDOR}/users/{user_id}")
    assert (answer.status, answer.code) == (404, "E_USER_NOT_FOUND")


async def test_the_admin_stays(api: Api, service: Service) -> None:
    before = listed(service.world)
    answer = await api.delete(f"/organizations/{VENDOR}/users/{ADMIN}")
    assert answer.status == 409
    assert answer.raw == conflict("Conflict. The admin cannot be removed.")
    assert listed(service.world) == before


async def test_a_managed_key_reads_its_users_and_changes_none(api: Api, service: Service) -> None:
    before = listed(service.world)
    path = f"/organizations/{SHOP}/users"
    read = await api.get(path, by="shop_test")
    assert (read.status, read.body["count"]) == (200, 1)
    for answer in (
        await api.post(path, {"email": "ada@example.com"}, by="shop_test"),
        await api.delete(f"{path}/{CLERK}", by="shop_test"),
    ):
        assert (answer.status, answer.raw) == (403, MANAGED)
    assert listed(service.world) == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "body should have required property 'email'"),
        ({"email": "ada"}, "body.email should match pattern"),
        ({"email": "a@b@c"}, "body.email should match pattern"),
        ({"email": "a b@example.com"}, "body.email should match pattern"),
        ({"email": f"{'a' * 243}@example.com"}, "body.email should NOT be longer than 254"),
        ({"email": "a@b", "first_name": None}, "body.first_name should be string"),
        ({"email": "a@b", "role": "admin"}, "body should NOT have additional property 'role'"),
    ],
)
async def test_a_body_that_breaks_the_contract_is_told_field_and_rule(
    api: Api, service: Service, body: object, said: str
) -> None:
    before = listed(service.world)
    answer = await api.post(f"/organizations/{CAFE}/users", body)
    assert (answer.status, answer.code) == (400, "E_FAILED_SCHEMA_VALIDATION")
    assert said in answer.message
    assert listed(service.world) == before
