"""API keys on the wire: `{}` and "" where nothing is set, and a secret that is shown once."""

import re

import pytest
from builders.accounts import CAFE, NOWHERE, PARTNER, SHOP, START, VENDOR, key_id, principal_id
from builders.snapshots import listed
from fiskaly_mockserver.web.service import Service
from web.api import Api, wire

KEYS = f"/organizations/{CAFE}/api-keys"
TILL = {"name": "till-1", "status": "enabled"}


def refusal(status: int, error: str, code: str, message: str) -> bytes:
    return wire({"status_code": status, "error": error, "code": code, "message": message})


async def test_a_key_under_its_managers_name_is_created_with_the_recorded_answer(api: Api) -> None:
    answer = await api.post(KEYS, {**TILL, "managed_by_organization_id": VENDOR, "metadata": {}})
    assert answer.status == 200
    assert answer.raw == wire(
        {
            "_id": answer.body["_id"],
            "_type": "MANAGED_API_KEY",
            "_envs": ["TEST"],
            "key": answer.body["key"],
            "secret": answer.body["secret"],
            "created_at": int(START),
            "created_by_user": principal_id("vendor_test"),
            "name": "till-1",
            "status": "enabled",
            "metadata": {},
            "managed_by_organization_id": VENDOR,
        }
    )


async def test_a_key_without_the_managers_name_is_a_plain_one_even_of_a_managed_organization(
    api: Api,
) -> None:
    answer = await api.post(KEYS, {**TILL, "metadata": {"ort": "Köln"}})
    assert answer.status == 200
    assert answer.body["_type"] == "API_KEY"
    assert answer.body["metadata"] == {"ort": "Köln"}
    assert answer.body["managed_by_organization_id"] == ""


async def test_the_key_string_ends_with_the_name_as_it_is(api: Api) -> None:
    for by, env in (("vendor_test", "test"), ("vendor_live", "live")):
        answer = await api.post(
            f"/organizations/{SHOP}/api-keys", {"name": "a-b--c", "status": "disabled"}, by=by
        )
        assert re.fullmatch(rf"{env}_[0-9a-z]{{25}}_a-b--c", answer.body["key"])
        assert answer.body["_envs"] == [env.upper()]


async def test_the_secret_is_shown_only_once(api: Api) -> None:
    created = await api.post(KEYS, TILL)
    assert re.fullmatch("[0-9A-Za-z]{42,43}", created.body["secret"])
    path = f"{KEYS}/{created.body['_id']}"
    for answer in (
        await api.get(path),
        await api.get(KEYS),
        await api.patch(path, {"metadata": {"a": "b"}}),
    ):
        assert answer.status == 200
        assert created.body["secret"] not in answer.raw.decode()
        assert "secret" not in answer.raw.decode()


async def test_the_new_key_opens_a_session_of_its_organization_and_environment(api: Api) -> None:
    created = (await api.post(KEYS, TILL)).body
    session = await api.auth(api_key=created["key"], api_secret=created["secret"])
    assert session.body["access_token_claims"] == {"env": "TEST", "organization_id": CAFE}


async def test_retrieving_shows_what_creating_showed_without_the_secret(api: Api) -> None:
    created = (await api.post(KEYS, TILL)).body
    retrieved = await api.get(f"{KEYS}/{created['_id']}")
    del created["secret"]
    assert (retrieved.status, retrieved.raw) == (200, wire(created))


async def test_the_key_list_has_the_recorded_envelope_and_rows(api: Api) -> None:
    answer = await api.get(f"/organizations/{SHOP}/api-keys?status=enabled", by="shop_test")
    row = {
        "_id": key_id("shop_test"),
        "_type": "API_KEY",
        "_envs": ["TEST"],
        "key": f"test_{'0' * 25}_shop-test",
        "created_at": int(START) - 1_000,
        "created_by_user": principal_id("admin"),
        "name": "shop-test",
        "status": "enabled",
        "metadata": {},
        "managed_by_organization_id": "",
    }
    assert answer.status == 200
    assert answer.raw == wire({"data": [row], "count": 1, "_type": "API_KEY_LIST"})


async def test_updating_answers_with_the_whole_key(api: Api) -> None:
    created = (await api.post(KEYS, {**TILL, "metadata": {"a": "1", "b": "2"}})).body
    path = f"{KEYS}/{created['_id']}"
    changed = await api.patch(path, {"status": "disabled", "metadata": {"b": "3"}})
    del created["secret"]
    expected = {**created, "status": "disabled", "metadata": {"b": "3"}}
    assert (changed.status, changed.raw) == (200, wire(expected))
    emptied = await api.patch(path, {"metadata": {}})
    assert emptied.raw == wire({**expected, "metadata": {}})
    assert (await api.patch(path, {})).raw == emptied.raw


async def test_a_disabled_keys_token_lives_on_but_no_new_one_is_given(api: Api) -> None:
    created = (await api.post(KEYS, TILL)).body
    login = {"api_key": created["key"], "api_secret": created["secret"]}
    session = (await api.auth(**login)).body
    await api.patch(f"{KEYS}/{created['_id']}", {"status": "disabled"})
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    assert (await api.call("GET", KEYS, by=None, headers=bearer)).status == 200
    assert (await api.auth(**login)).status == 401
    assert (await api.auth(refresh_token=session["refresh_token"])).status == 401
    await api.patch(f"{KEYS}/{created['_id']}", {"status": "enabled"})
    assert (await api.auth(**login)).body == session


async def test_deleting_answers_with_the_success_flag_and_is_final(api: Api) -> None:
    path = f"{KEYS}/{key_id('cafe_test')}"
    answer = await api.delete(path)
    assert (answer.status, answer.raw) == (200, b'{"_success":true}')
    missing = refusal(404, "Not Found", "E_API_KEY_NOT_FOUND", "API key not found.")
    for again in (
        await api.delete(path),
        await api.get(path),
        await api.patch(path, {"status": "enabled"}),
    ):
        assert (again.status, again.raw) == (404, missing)


@pytest.mark.parametrize(
    ("organization", "key"),
    [(SHOP, "cafe_test"), (SHOP, "shop_live"), (VENDOR, "shop_test")],
)
async def test_a_key_is_found_in_its_organization_and_environment_only(
    api: Api, organization: str, key: str
) -> None:
    path = f"/organizations/{organization}/api-keys/{key_id(key)}"
    for answer in (await api.get(path), await api.patch(path, {}), await api.delete(path)):
        assert (answer.status, answer.code) == (404, "E_API_KEY_NOT_FOUND")


async def test_a_key_in_an_unknown_organization_is_404_as_recorded(
    api: Api, service: Service
) -> None:
    before = listed(service.world)
    unknown = "a2aa222a-2222-22a2-2222-a22a2aa222a2"
    answer = await api.post(f"/organizations/{unknown}/api-keys", TILL)
    assert answer.status == 404
    assert answer.raw == refusal(
        404, "Not Found", "E_ORGANIZATION_NOT_FOUND", "Organization not found."
    )
    assert listed(service.world) == before


@pytest.mark.parametrize(
    ("change", "status", "raw"),
    [
        (
            {"name": "cafe-test"},
            409,
            refusal(
                409, "Conflict", "E_API_KEY_CONFLICT", "Conflict. API key name already exists."
            ),
        ),
        (
            {"managed_by_organization_id": PARTNER},
            409,
            refusal(
                409,
                "Conflict",
                "E_API_KEY_CONFLICT",
                "Conflict. managed_by_organization_id does not manage the organization.",
            ),
        ),
        (
            {"managed_by_organization_id": NOWHERE},
            404,
            wire({"status_code": 404, "error": "Not Found", "message": "Not Found"}),
        ),
    ],
)
async def test_a_key_that_does_not_fit_is_refused(
    api: Api, service: Service, change: dict[str, str], status: int, raw: bytes
) -> None:
    before = listed(service.world)
    answer = await api.post(KEYS, {**TILL, **change})
    assert (answer.status, answer.raw) == (status, raw)
    assert listed(service.world) == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "till-1"}, "body should have required property 'status'"),
        ({"status": "enabled"}, "body should have required property 'name'"),
        ({**TILL, "name": "ab"}, "body.name should match pattern"),
        ({**TILL, "name": "Till"}, "body.name should match pattern"),
        ({**TILL, "name": "till_1"}, "body.name should match pattern"),
        ({**TILL, "name": "k" * 31}, "body.name should match pattern"),
        ({**TILL, "name": "till-1\n"}, "body.name should match pattern"),
        ({**TILL, "status": "ENABLED"}, "body.status should be equal to one of the allowed values"),
        ({**TILL, "metadata": []}, "body.metadata should be object"),
        ({**TILL, "key": "test_x_y"}, "body should NOT have additional property 'key'"),
        ({**TILL, "managed_by_organization_id": ""}, "body.managed_by_organization_id"),
    ],
)
async def test_a_body_that_breaks_the_contract_is_told_field_and_rule(
    api: Api, body: object, said: str
) -> None:
    answer = await api.post(KEYS, body)
    assert (answer.status, answer.code) == (400, "E_FAILED_SCHEMA_VALIDATION")
    assert said in answer.message


@pytest.mark.parametrize("field", ["name", "key", "secret", "created_at"])
async def test_nothing_but_status_and_metadata_of_a_key_can_be_changed(
    api: Api, field: str
) -> None:
    answer = await api.patch(f"{KEYS}/{key_id('cafe_test')}", {field: "changed"})
    assert answer.status == 400
    assert f"additional property '{field}'" in answer.message
