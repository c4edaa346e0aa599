"""What is told first: the route, the token, the form of the body, the state; and what is hidden."""

from dataclasses import dataclass

import pytest
from builders.accounts import (
    ABROAD,
    BOSS,
    CAFE,
    CLERK,
    NOWHERE,
    OUTPOST,
    SHOP,
    STRANGER,
    VENDOR,
    key_id,
    profile,
)
from builders.snapshots import listed
from fiskaly_mockserver.web.endpoint import MAX_BODY
from fiskaly_mockserver.web.service import Service
from web.api import Answer, Api, wire

VOLATILE = {"X-Request-Id", "X-Response-Time", "Response-Time"}
KEY = {"name": "till-1", "status": "enabled"}
PLACE = {key: value for key, value in profile().items() if key != "name"}


@dataclass(frozen=True, slots=True)
class Target:
    """An operation with a good body, on something that the caller may not know of."""

    method: str
    path: str
    body: object = None

    def on(self, target_id: str) -> str:
        return self.path.replace("{}", target_id)


ON_ORGANIZATIONS = [
    Target("GET", "/organizations/{}"),
    Target("PATCH", "/organizations/{}", {"name": "Changed"}),
    Target("DELETE", "/organizations/{}"),
    Target("POST", "/organizations/{}/enable-env", {"env": "LIVE"}),
    Target("GET", "/organizations/{}/api-keys"),
    Target("POST", "/organizations/{}/api-keys", KEY),
    Target("GET", f"/organizations/{{}}/api-keys/{NOWHERE}"),
    Target("PATCH", f"/organizations/{{}}/api-keys/{NOWHERE}", {"status": "disabled"}),
    Target("DELETE", f"/organizations/{{}}/api-keys/{NOWHERE}"),
    Target("GET", "/organizations/{}/users"),
    Target("POST", "/organizations/{}/users", {"email": "ada@example.com"}),
    Target("DELETE", f"/organizations/{{}}/users/{BOSS}"),
]
ON_BILLING_ADDRESSES = [
    Target("GET", "/billing-addresses/{}"),
    Target("PATCH", "/billing-addresses/{}", {"town": "Graz"}),
    Target("DELETE", "/billing-addresses/{}"),
]
WITH_BODY = [one for one in ON_ORGANIZATIONS + ON_BILLING_ADDRESSES if one.body is not None]


def told(answer: Answer) -> tuple[object, ...]:
    """Return everything about an answer that a caller could tell it apart by."""
    headers = [(key, value) for key, value in answer.headers.items()]
    kept = [one for one in headers if one[0].title() not in VOLATILE]
    return answer.status, answer.raw, sorted(kept)


@pytest.mark.parametrize("target", ON_ORGANIZATIONS + ON_BILLING_ADDRESSES, ids=str)
async def test_a_missing_token_is_told_before_anything_of_the_request(
    api: Api, service: Service, target: Target
) -> None:
    before = listed(service.world)
    answer = await api.call(
        target.method,
        target.on("not-an-id") + "?limit=0",
        by=None,
        data=b"\xff" * 10,
        content_type="text/plain",
    )
    assert answer.status == 401
    assert listed(service.world) == before


@pytest.mark.parametrize("target", WITH_BODY, ids=str)
async def test_then_the_bodys_size_its_type_its_form_and_the_state_last(
    api: Api, service: Service, target: Target
) -> None:
    before = listed(service.world)
    method, malformed, invisible = target.method, target.on("not-an-id"), target.on(STRANGER)
    too_large = await api.call(
        method, malformed, data=b"[" * (MAX_BODY + 1), content_type="text/plain"
    )
    wrong_type = await api.call(method, malformed, data=b"{", content_type="text/plain")
    no_json = await api.call(method, malformed, data=b"{")
    bad_id = await api.call(method, malformed, body=target.body)
    bad_body = await api.call(method, invisible, body={"no such field": 1})
    unseen = await api.call(method, invisible, body=target.body)
    answers = (too_large, wrong_type, no_json, bad_id, bad_body, unseen)
    assert [one.status for one in answers] == [413, 415, 400, 400, 400, 404]
    assert [one.code.split("_")[1] for one in answers] == [
        *("PAYLOAD", "UNSUPPORTED", "FAILED", "FAILED", "FAILED"),
        unseen.code.split("_")[1],
    ]
    assert all(list(one.body) == ["status_code", "error", "code", "message"] for one in answers)
    assert listed(service.world) == before


@pytest.mark.parametrize("target", WITH_BODY, ids=str)
async def test_a_bad_id_and_a_bad_body_are_told_together(api: Api, target: Target) -> None:
    answer = await api.call(target.method, target.on("not-an-id"), body={"no such field": 1})
    assert "params." in answer.message
    assert "body" in answer.message


async def test_the_wrong_route_is_told_before_the_missing_token(api: Api) -> None:
    assert (await api.call("PUT", f"/organizations/{SHOP}", by=None)).status == 405
    assert (await api.call("GET", "/nowhere", by=None)).status == 404


async def test_the_largest_body_is_a_mebibyte(api: Api) -> None:
    filler = {**PLACE, "name": "Bakery", "display_name": ""}
    room = MAX_BODY - len(wire(filler))
    for extra, status in ((0, 200), (1, 413)):
        body = {**filler, "display_name": "x" * (room + extra)}
        assert (await api.post("/organizations", body)).status == status


@pytest.mark.parametrize(
    ("by", "hidden"),
    [
        ("vendor_test", STRANGER),
        ("vendor_test", OUTPOST),
        ("vendor_live", CAFE),
        ("shop_test", VENDOR),
        ("shop_test", CAFE),
        ("clerk", VENDOR),
        ("partner_test", VENDOR),
    ],
)
@pytest.mark.parametrize("target", ON_ORGANIZATIONS, ids=str)
async def test_an_organization_out_of_sight_looks_like_a_missing_one(
    api: Api, service: Service, target: Target, by: str, hidden: str
) -> None:
    before = listed(service.world)
    real = await api.call(target.method, target.on(hidden), by=by, body=target.body)
    missing = await api.call(target.method, target.on(NOWHERE), by=by, body=target.body)
    assert real.status == 404
    assert told(real) == told(missing)
    assert listed(service.world) == before


@pytest.mark.parametrize("target", ON_BILLING_ADDRESSES, ids=str)
async def test_a_billing_address_of_others_looks_like_a_missing_one(
    api: Api, target: Target
) -> None:
    real = await api.call(target.method, target.on(ABROAD), body=target.body)
    missing = await api.call(target.method, target.on(NOWHERE), body=target.body)
    assert real.status == 404
    assert told(real) == told(missing)


@pytest.mark.parametrize(
    ("method", "path", "real"),
    [
        ("GET", f"/organizations/{SHOP}/api-keys/{{}}", key_id("outpost_test")),
        ("GET", f"/organizations/{SHOP}/api-keys/{{}}", key_id("shop_live")),
        ("DELETE", f"/organizations/{SHOP}/api-keys/{{}}", key_id("vendor_test")),
        ("DELETE", f"/organizations/{VENDOR}/users/{{}}", CLERK),
        ("DELETE", f"/organizations/{VENDOR}/users/{{}}", BOSS),
    ],
)
async def test_what_stands_elsewhere_looks_like_a_missing_thing(
    api: Api, method: str, path: str, real: str
) -> None:
    found = await api.call(method, path.replace("{}", real))
    missing = await api.call(method, path.replace("{}", NOWHERE))
    assert found.status == 404
    assert told(found) == told(missing)


@pytest.mark.parametrize(
    ("field", "real"),
    [
        ("managed_by_organization_id", STRANGER),
        ("managed_by_organization_id", OUTPOST),
        ("contact_person_id", BOSS),
        ("billing_address_id", ABROAD),
        ("billing_options", STRANGER),
        ("billing_options", OUTPOST),
    ],
)
async def test_a_reference_out_of_sight_looks_like_a_missing_one(
    api: Api, field: str, real: str
) -> None:
    def named(target_id: str) -> object:
        payer = {"bill_to_organization": target_id}
        return {**profile(), field: payer if field == "billing_options" else target_id}

    found = await api.post("/organizations", named(real))
    missing = await api.post("/organizations", named(NOWHERE))
    assert (found.status, list(found.body)) == (404, ["status_code", "error", "message"])
    assert told(found) == told(missing)
