"""Organizations on the wire: field order, absent fields, and what each operation answers."""

from builders.accounts import (
    ADMIN,
    CAFE,
    OFFICE,
    SHOP,
    VENDOR,
    principal_id,
    profile,
)
from builders.snapshots import listed
from fiskaly_mockserver.web.service import Service
from web.api import Api, wire

NOT_FOUND = wire(
    {
        "status_code": 404,
        "error": "Not Found",
        "code": "E_ORGANIZATION_NOT_FOUND",
        "message": "Organization not found.",
    }
)
BAKERY = {**profile(), "managed_by_organization_id": VENDOR}
EVERYTHING = {
    "managed_configuration": {"withhold_billing": False},
    "metadata": {"till": "7", "ort": "Köln"},
    "billing_address_id": OFFICE,
    "billing_options": {
        "withhold_billing": True,
        "gln": "4000000000006",
        "bill_to_organization": VENDOR,
    },
    "economy_id": "EJ-7",
    "tax_number": "12/345/67890",
    "country_code": "DEU",
    "state": "Nordrhein-Westfalen",
    "town": "Köln",
    "zip": "50667",
    "address_line2": "Hinterhof",
    "address_line1": "Straße 1",
    "contact_person_id": ADMIN,
    "vat_id": "DE000000000",
    "display_name": "Bäckerei ☕",
    "name": "Bäckerei Müller",
}


async def test_a_managed_organization_is_created_with_the_recorded_answer(api: Api) -> None:
    answer = await api.post("/organizations", BAKERY)
    assert answer.status == 200
    assert answer.raw == wire(
        {
            "_id": answer.body["_id"],
            "_type": "MANAGED_ORGANIZATION",
            "_envs": ["TEST"],
            "name": "Bakery",
            "address_line1": "Ring 1",
            "zip": "1010",
            "town": "Wien",
            "country_code": "AUT",
            "managed_by_organization_id": VENDOR,
            "created_by_user": principal_id("vendor_test"),
        }
    )


async def test_a_main_organization_has_no_manager_field(api: Api) -> None:
    answer = await api.post("/organizations", profile())
    assert answer.status == 200
    assert answer.body["_type"] == "ORGANIZATION"
    assert "managed_by_organization_id" not in answer.body


async def test_every_field_is_shown_in_the_contracts_order_whatever_the_order_sent(
    api: Api,
) -> None:
    answer = await api.post("/organizations", {**EVERYTHING, "managed_by_organization_id": VENDOR})
    assert answer.status == 200
    assert answer.raw == wire(
        {
            "_id": answer.body["_id"],
            "_type": "MANAGED_ORGANIZATION",
            "_envs": ["TEST"],
            "name": "Bäckerei Müller",
            "display_name": "Bäckerei ☕",
            "vat_id": "DE000000000",
            "contact_person_id": ADMIN,
            "address_line1": "Straße 1",
            "address_line2": "Hinterhof",
            "zip": "50667",
            "town": "Köln",
            "state": "Nordrhein-Westfalen",
            "country_code": "DEU",
            "tax_number": "12/345/67890",
            "economy_id": "EJ-7",
            "billing_options": {
                "gln": "4000000000006",
                "withhold_billing": True,
                "bill_to_organization": VENDOR,
            },
            "billing_address_id": OFFICE,
            "metadata": {"till": "7", "ort": "Köln"},
            "managed_configuration": {"withhold_billing": False},
            "managed_by_organization_id": VENDOR,
            "created_by_user": principal_id("vendor_test"),
        }
    )
    assert (await api.get(f"/organizations/{answer.body['_id']}")).raw == answer.raw


async def test_text_goes_out_as_utf_8_without_escapes(api: Api) -> None:
    answer = await api.post("/organizations", {**BAKERY, "name": 'Café \u007f 見本 😀 "\\/'})
    assert '"name":"Café \u007f 見本 😀 \\"\\\\/"'.encode() in answer.raw


async def test_what_is_set_to_nothing_is_absent(api: Api) -> None:
    nothing = {
        "display_name": "",
        "vat_id": "",
        "contact_person_id": "",
        "address_line2": "",
        "state": "",
        "tax_number": "",
        "economy_id": "",
        "billing_options": {},
        "billing_address_id": "",
        "metadata": {},
        "managed_configuration": {},
    }
    created = await api.post("/organizations", {**BAKERY, **nothing})
    assert created.body.keys() & nothing.keys() == set()
    path = f"/organizations/{created.body['_id']}"
    assert (await api.patch(path, EVERYTHING)).body.keys() >= nothing.keys()
    cleared = await api.patch(path, nothing)
    assert cleared.status == 200
    assert cleared.body.keys() & nothing.keys() == set()


async def test_false_and_metadata_of_empty_text_are_something(api: Api) -> None:
    sent = {"billing_options": {"withhold_billing": False}, "metadata": {"": ""}}
    answer = await api.post("/organizations", {**BAKERY, **sent})
    assert {name: answer.body[name] for name in sent} == sent


async def test_retrieving_shows_what_creating_showed(api: Api) -> None:
    created = await api.post("/organizations", BAKERY)
    retrieved = await api.get(f"/organizations/{created.body['_id']}")
    assert (retrieved.status, retrieved.raw) == (200, created.raw)


async def test_a_managed_key_reads_its_own_organization_with_the_managers_id(api: Api) -> None:
    answer = await api.get(f"/organizations/{SHOP}", by="shop_test")
    assert answer.status == 200
    assert answer.body["managed_by_organization_id"] == VENDOR


async def test_a_get_with_a_json_body_is_answered_as_without(api: Api) -> None:
    path = f"/organizations/{SHOP}"
    plain = await api.get(path)
    for data in (b"{}", b"[]", b"{not json", b"\xff"):
        answer = await api.call("GET", path, data=data)
        assert (answer.status, answer.raw) == (200, plain.raw)


async def test_a_get_with_a_body_of_another_type_is_answered_too(api: Api) -> None:
    answer = await api.call("GET", "/organizations", data=b"a=b", content_type="text/plain")
    assert answer.status == 200


async def test_updating_answers_with_the_whole_organization(api: Api) -> None:
    before = (await api.get(f"/organizations/{SHOP}")).body
    answer = await api.patch(f"/organizations/{SHOP}", {"name": "Shop & Söhne"})
    assert answer.status == 200
    assert answer.body == {**before, "name": "Shop & Söhne"}
    assert list(answer.body) == list(before)
    assert (await api.get(f"/organizations/{SHOP}")).raw == answer.raw


async def test_an_empty_update_changes_nothing(api: Api, service: Service) -> None:
    before = listed(service.world)
    answer = await api.patch(f"/organizations/{SHOP}", {})
    assert answer.status == 200
    assert listed(service.world) == before


async def test_objects_are_replaced_whole(api: Api) -> None:
    path = f"/organizations/{CAFE}"
    await api.patch(path, {"metadata": {"a": "1", "b": "2"}})
    assert (await api.patch(path, {"metadata": {"b": "3"}})).body["metadata"] == {"b": "3"}
    payer = {"bill_to_organization": VENDOR, "withhold_billing": True}
    await api.patch(path, {"billing_options": payer})
    changed = await api.patch(path, {"billing_options": {"gln": "4000000000006"}})
    assert changed.body["billing_options"] == {"gln": "4000000000006"}


async def test_the_unchanged_manager_may_be_sent_along(api: Api) -> None:
    answer = await api.patch(f"/organizations/{SHOP}", {"managed_by_organization_id": VENDOR})
    assert answer.status == 200


async def test_deleting_answers_with_the_success_flag_and_is_final(api: Api) -> None:
    path = f"/organizations/{CAFE}"
    answer = await api.delete(path)
    assert (answer.status, answer.raw) == (200, b'{"_success":true}')
    for again in (await api.delete(path), await api.get(path)):
        assert (again.status, again.raw) == (404, NOT_FOUND)


async def test_a_token_of_a_deleted_organization_is_void(api: Api) -> None:
    await api.delete(f"/organizations/{CAFE}")
    answer = await api.get("/organizations", by="cafe_test")
    assert answer.status == 401
    assert list(answer.body) == ["message", "status_code", "error"]
