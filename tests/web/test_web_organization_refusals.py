"""What is refused of organizations: unknown references, forbidden by state, or of bad form."""

from dataclasses import dataclass

import pytest
from builders.accounts import (
    ABROAD,
    BRANCH,
    NOWHERE,
    PARTNER,
    SHOP,
    STRANGER,
    VENDOR,
    profile,
)
from builders.snapshots import listed
from fiskaly_mockserver.web.service import Service
from web.api import Api, wire

UNCODED = wire({"status_code": 404, "error": "Not Found", "message": "Not Found"})
BAKERY = {**profile(), "managed_by_organization_id": VENDOR}


@pytest.mark.parametrize("parent", [NOWHERE, STRANGER, "a1aa111a-1111-11a1-1111-a11a1aa111a1"])
async def test_an_unknown_parent_is_404_without_a_code(
    api: Api, service: Service, parent: str
) -> None:
    before = listed(service.world)
    answer = await api.post("/organizations", {**BAKERY, "managed_by_organization_id": parent})
    assert (answer.status, answer.raw) == (404, UNCODED)
    assert listed(service.world) == before


@pytest.mark.parametrize(
    "reference",
    [
        {"billing_options": {"bill_to_organization": NOWHERE}},
        {"billing_options": {"bill_to_organization": STRANGER}},
        {"contact_person_id": NOWHERE},
        {"billing_address_id": NOWHERE},
        {"billing_address_id": ABROAD},
    ],
)
async def test_any_other_unknown_reference_is_404_without_a_code(
    api: Api, service: Service, reference: dict[str, object]
) -> None:
    before = listed(service.world)
    for answer in (
        await api.post("/organizations", {**BAKERY, **reference}),
        await api.patch(f"/organizations/{SHOP}", reference),
    ):
        assert (answer.status, answer.raw) == (404, UNCODED)
    assert listed(service.world) == before


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that the state forbids, and the answer."""

    request: str
    by: str
    body: object
    status: int
    code: str
    message: str


NOT_THE_ADMIN = "Access denied. Only the admin of the organization (created_by_user) may do this."
REFUSED = {
    "a managed key creates": Refused(
        "POST /organizations",
        "shop_test",
        BAKERY,
        403,
        "E_ACCESS_DENIED",
        "Access denied. A managed organization may not create organizations.",
    ),
    "the parent is managed": Refused(
        "POST /organizations",
        "vendor_test",
        {**BAKERY, "managed_by_organization_id": SHOP},
        409,
        "E_ORGANIZATION_NOT_MAIN",
        "Conflict. managed_by_organization_id names a managed organization.",
    ),
    "the payer is managed": Refused(
        "POST /organizations",
        "vendor_test",
        {**BAKERY, "billing_options": {"bill_to_organization": SHOP}},
        409,
        "E_ORGANIZATION_NOT_MAIN",
        "Conflict. billing_options.bill_to_organization names a managed organization.",
    ),
    "a LIVE main one has no payer": Refused(
        "POST /organizations",
        "vendor_live",
        profile(),
        403,
        "E_ACCESS_DENIED",
        "Access denied. A main organization is created LIVE only if"
        " billing_options.bill_to_organization names a LIVE one.",
    ),
    "another than the admin updates": Refused(
        f"PATCH /organizations/{BRANCH}",
        "vendor_test",
        {"name": "Mine"},
        403,
        "E_ACCESS_DENIED",
        NOT_THE_ADMIN,
    ),
    "a managed key updates its own": Refused(
        f"PATCH /organizations/{SHOP}",
        "shop_test",
        {"name": "Mine"},
        403,
        "E_ACCESS_DENIED",
        NOT_THE_ADMIN,
    ),
    "the manager changes": Refused(
        f"PATCH /organizations/{SHOP}",
        "vendor_test",
        {"managed_by_organization_id": PARTNER},
        409,
        "E_ORGANIZATION_CONFLICT",
        "Conflict. managed_by_organization_id cannot be changed.",
    ),
    "it would pay for itself": Refused(
        f"PATCH /organizations/{PARTNER}",
        "vendor_test",
        {"billing_options": {"bill_to_organization": PARTNER}},
        409,
        "E_ORGANIZATION_CONFLICT",
        "Conflict. billing_options.bill_to_organization would make the organization pay"
        " for itself.",
    ),
    "another than the admin deletes": Refused(
        f"DELETE /organizations/{BRANCH}",
        "vendor_test",
        None,
        403,
        "E_ACCESS_DENIED",
        NOT_THE_ADMIN,
    ),
    "one deletes one's own": Refused(
        f"DELETE /organizations/{VENDOR}",
        "admin",
        None,
        409,
        "E_ORGANIZATION_CONFLICT",
        "Conflict. The caller belongs to the organization.",
    ),
    "it still manages": Refused(
        f"DELETE /organizations/{PARTNER}",
        "vendor_test",
        None,
        409,
        "E_ORGANIZATION_CONFLICT",
        "Conflict. Organization still manages other organizations.",
    ),
    "it is LIVE": Refused(
        f"DELETE /organizations/{SHOP}",
        "vendor_test",
        None,
        409,
        "E_ORGANIZATION_CONFLICT",
        "Conflict. Organization is LIVE.",
    ),
}


@pytest.mark.parametrize("refused", list(REFUSED.values()), ids=list(REFUSED))
async def test_what_the_state_forbids_is_told_with_a_code_and_changes_nothing(
    api: Api, service: Service, refused: Refused
) -> None:
    before = listed(service.world)
    method, path = refused.request.split()
    answer = await api.call(method, path, by=refused.by, body=refused.body)
    assert answer.status == refused.status
    assert answer.raw == wire(
        {
            "status_code": refused.status,
            "error": {403: "Forbidden", 409: "Conflict"}[refused.status],
            "code": refused.code,
            "message": refused.message,
        }
    )
    assert listed(service.world) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "ab"}, "body.name should match pattern"),
        ({"country_code": "DE"}, "body.country_code should be equal to one of the allowed values"),
        ({"zip": 1010}, "body.zip should be string (got 1010)"),
        ({"zip": None}, "body.zip should be string"),
        ({"town": ""}, "body.town should NOT be shorter than 1 character"),
        ({"color": "red"}, "body should NOT have additional property 'color'"),
        ({"_id": NOWHERE}, "body should NOT have additional property '_id'"),
        ({"metadata": {"k" * 41: "v"}}, "body.metadata"),
        ({"metadata": {"k": "v" * 501}}, "body.metadata.k should NOT be longer than 500"),
        ({"metadata": {str(i): "" for i in range(21)}}, "body.metadata should NOT have more than"),
        ({"billing_options": {"gln": "1"}}, "body.billing_options.gln should match pattern"),
        (
            {"billing_options": {"withhold_billing": True}},
            "body.billing_options should name bill_to_organization where withhold_billing is true",
        ),
    ],
)
async def test_a_body_that_breaks_the_contract_is_told_field_and_rule(
    api: Api, service: Service, change: dict[str, object], said: str
) -> None:
    before = listed(service.world)
    for answer in (
        await api.post("/organizations", {**BAKERY, **change}),
        await api.patch(f"/organizations/{SHOP}", change),
    ):
        assert answer.status == 400
        assert list(answer.body) == ["status_code", "error", "code", "message"]
        assert (answer.body["error"], answer.code) == ("Bad Request", "E_FAILED_SCHEMA_VALIDATION")
        assert said in answer.message
    assert listed(service.world) == before


async def test_every_failing_field_is_named_at_once(api: Api) -> None:
    answer = await api.patch(f"/organizations/{SHOP}", {"name": "", "zip": 1, "town": 2})
    assert [part.split(" ")[0] for part in answer.message.split(", body")] == [
        "body.name",
        ".zip",
        ".town",
    ]
