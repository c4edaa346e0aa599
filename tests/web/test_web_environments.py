"""POST …/enable-env on the wire."""

import pytest
from builders.accounts import BRANCH, CAFE, PARTNER, SHOP, STRANGER
from builders.snapshots import listed
from fiskaly_mockserver.web.service import Service
from web.api import Api, wire


def refusal(status: int, error: str, code: str, message: str) -> bytes:
    return wire({"status_code": status, "error": error, "code": code, "message": message})


ENABLED = refusal(
    409, "Conflict", "E_ENV_ALREADY_ENABLED", "Conflict. Environment is already enabled."
)
NO_CLEARANCE = refusal(
    403,
    "Forbidden",
    "E_ACCESS_DENIED",
    "Access denied. LIVE needs a LIVE main organization that manages or pays.",
)
MANAGED = refusal(
    403,
    "Forbidden",
    "E_ACCESS_DENIED",
    "Access denied. A managed organization may not change users or environments.",
)


async def test_enabling_live_answers_with_the_success_flag_and_adds_it(api: Api) -> None:
    answer = await api.post(f"/organizations/{CAFE}/enable-env", {"env": "LIVE"})
    assert (answer.status, answer.raw) == (200, b'{"_success":true}')
    shown = await api.get(f"/organizations/{CAFE}")
    assert shown.body["_envs"] == ["TEST", "LIVE"]
    assert (await api.get(f"/organizations/{CAFE}", by="vendor_live")).status == 200


@pytest.mark.parametrize("env", ["TEST", "LIVE"])
async def test_an_environment_is_enabled_once(api: Api, env: str) -> None:
    answer = await api.post(f"/organizations/{SHOP}/enable-env", {"env": env})
    assert (answer.status, answer.raw) == (409, ENABLED)


async def test_clearance_comes_down_from_the_payer(api: Api) -> None:
    answer = await api.post(f"/organizations/{PARTNER}/enable-env", {"env": "LIVE"})
    assert answer.status == 200


async def test_without_clearance_live_is_denied(api: Api, service: Service) -> None:
    unpaid = (await api.patch(f"/organizations/{PARTNER}", {"billing_options": {}})).status
    before = listed(service.world)
    answer = await api.post(f"/organizations/{BRANCH}/enable-env", {"env": "LIVE"})
    assert unpaid == 200
    assert (answer.status, answer.raw) == (403, NO_CLEARANCE)
    assert listed(service.world) == before


async def test_a_managed_key_enables_nothing(api: Api, service: Service) -> None:
    before = listed(service.world)
    answer = await api.post(f"/organizations/{CAFE}/enable-env", {"env": "LIVE"}, by="cafe_test")
    assert (answer.status, answer.raw) == (403, MANAGED)
    assert listed(service.world) == before


async def test_an_invisible_organization_is_not_found(api: Api) -> None:
    answer = await api.post(f"/organizations/{STRANGER}/enable-env", {"env": "LIVE"})
    assert (answer.status, answer.code) == (404, "E_ORGANIZATION_NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"env": "PROD"}, {"env": "live"}, {"env": ["LIVE"]}, "LIVE"])
async def test_only_the_two_environments_can_be_named(api: Api, body: object) -> None:
    answer = await api.post(f"/organizations/{CAFE}/enable-env", body)
    assert (answer.status, answer.code) == (400, "E_FAILED_SCHEMA_VALIDATION")


async def test_the_environment_is_not_taken_from_the_query(api: Api) -> None:
    answer = await api.call("POST", f"/organizations/{CAFE}/enable-env?env=LIVE", data=b"[]")
    assert answer.status == 400
