"""Billing addresses on the wire: those of the token's own organization."""

import pytest
from builders.accounts import ABROAD, OFFICE, SHOP, SPARE
from builders.snapshots import listed
from fiskaly_mockserver.web.service import Service
from web.api import Api, wire

ACCOUNTING = {
    "recipient": "Buchhaltung",
    "address_line1": "Straße 2",
    "zip": "50667",
    "town": "Köln",
    "country_code": "DEU",
}
MORE = {"address_line2": "3. Stock", "display_name": "Büro", "vat_id": "DE000000000"}
NOT_FOUND = wire(
    {
        "status_code": 404,
        "error": "Not Found",
        "code": "E_BILLING_ADDRESS_NOT_FOUND",
        "message": "Billing address not found.",
    }
)


def office(address_id: str) -> dict[str, object]:
    return {
        "_id": address_id,
        "_type": "BILLING_ADDRESS",
        "_envs": ["TEST", "LIVE"],
        "recipient": "Accounting",
        "address_line1": "Ring 1",
        "zip": "1010",
        "town": "Wien",
        "country_code": "AUT",
    }


async def test_the_list_has_the_envelope_of_all_lists(api: Api) -> None:
    answer = await api.get("/billing-addresses")
    rows = [office(OFFICE), office(SPARE)]
    assert answer.status == 200
    assert answer.raw == wire({"data": rows, "count": 2, "_type": "BILLING_ADDRESS_LIST"})


async def test_creating_shows_the_least_and_no_more(api: Api) -> None:
    answer = await api.post("/billing-addresses", ACCOUNTING, by="cafe_test")
    head = {"_id": answer.body["_id"], "_type": "BILLING_ADDRESS", "_envs": ["TEST"]}
    assert (answer.status, answer.raw) == (200, wire({**head, **ACCOUNTING}))


async def test_every_field_is_shown_in_the_contracts_order_whatever_the_order_sent(
    api: Api,
) -> None:
    answer = await api.post("/billing-addresses", {**MORE, **ACCOUNTING}, by="cafe_test")
    assert answer.status == 200
    assert answer.raw == wire(
        {
            "_id": answer.body["_id"],
            "_type": "BILLING_ADDRESS",
            "_envs": ["TEST"],
            "recipient": "Buchhaltung",
            "address_line1": "Straße 2",
            "address_line2": "3. Stock",
            "zip": "50667",
            "town": "Köln",
            "country_code": "DEU",
            "display_name": "Büro",
            "vat_id": "DE000000000",
            "vat_id_valid": True,
        }
    )
    read = await api.get(f"/billing-addresses/{answer.body['_id']}", by="cafe_test")
    assert (read.status, read.raw) == (200, answer.raw)


async def test_a_vat_id_without_form_is_kept_and_told_invalid(api: Api) -> None:
    answer = await api.post("/billing-addresses", {**ACCOUNTING, "vat_id": "none yet"})
    assert answer.status == 200
    assert (answer.body["vat_id"], answer.body["vat_id_valid"]) == ("none yet", False)


async def test_updating_answers_with_the_whole_address_and_clears_what_is_empty(api: Api) -> None:
    path = f"/billing-addresses/{OFFICE}"
    full = await api.patch(path, MORE)
    assert full.body == {**office(OFFICE), **MORE, "vat_id_valid": True}
    cleared = await api.patch(path, dict.fromkeys(MORE, ""))
    assert (cleared.status, cleared.raw) == (200, wire(office(OFFICE)))
    assert (await api.patch(path, {})).raw == cleared.raw


async def test_deleting_answers_with_the_success_flag_and_is_final(api: Api) -> None:
    path = f"/billing-addresses/{SPARE}"
    answer = await api.delete(path)
    assert (answer.status, answer.raw) == (200, b'{"_success":true}')
    for again in (await api.get(path), await api.patch(path, {}), await api.delete(path)):
        assert (again.status, again.raw) == (404, NOT_FOUND)


async def test_an_address_in_use_stays_until_it_is_no_longer_used(
    api: Api, service: Service
) -> None:
    before = listed(service.world)
    path = f"/billing-addresses/{OFFICE}"
    refused = await api.delete(path)
    assert refused.status == 409
    assert refused.raw == wire(
        {
            "status_code": 409,
            "error": "Conflict",
            "code": "E_BILLING_ADDRESS_CONFLICT",
            "message": "Conflict. Billing address is in use.",
        }
    )
    assert listed(service.world) == before
    await api.patch(f"/organizations/{SHOP}", {"billing_address_id": SPARE})
    assert (await api.delete(path)).status == 200


@pytest.mark.parametrize("address_id", [OFFICE, SPARE, ABROAD])
async def test_addresses_of_another_organization_are_not_found(
    api: Api, service: Service, address_id: str
) -> None:
    before = listed(service.world)
    path = f"/billing-addresses/{address_id}"
    for answer in (
        await api.get(path, by="shop_test"),
        await api.patch(path, {"town": "Graz"}, by="shop_test"),
        await api.delete(path, by="shop_test"),
    ):
        assert (answer.status, answer.raw) == (404, NOT_FOUND)
    assert listed(service.world) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipient": 5}, "body.recipient should be string (got 5)"),
        ({"country_code": "AT"}, "body.country_code should be equal to one of the allowed values"),
        ({"vat_id": None}, "body.vat_id should be string"),
        ({"vat_id_valid": True}, "body should NOT have additional property 'vat_id_valid'"),
    ],
)
async def test_a_body_that_breaks_the_contract_is_told_field_and_rule(
    api: Api, service: Service, change: dict[str, object], said: str
) -> None:
    before = listed(service.world)
    for answer in (
        await api.post("/billing-addresses", {**ACCOUNTING, **change}),
        await api.patch(f"/billing-addresses/{OFFICE}", change),
    ):
        assert (answer.status, answer.code) == (400, "E_FAILED_SCHEMA_VALIDATION")
        assert said in answer.message
    assert listed(service.world) == before


@pytest.mark.parametrize("missing", list(ACCOUNTING))
async def test_the_required_fields_are_required(api: Api, missing: str) -> None:
    body = {name: value for name, value in ACCOUNTING.items() if name != missing}
    answer = await api.post("/billing-addresses", body)
    assert answer.status == 400
    assert answer.message == f"body should have required property '{missing}'"
