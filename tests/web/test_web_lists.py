"""Filtering, ordering and paging through query parameters."""

import pytest
from builders.accounts import CAFE, NOWHERE, OFFICE, PARTNER, SHOP, SPARE, STRANGER, VENDOR
from fiskaly_contracts import Severity
from fiskaly_mockserver.web.service import Service
from web.api import Api, wire

ALL = ["Vendor", "Shop", "Cafe", "Partner", "Branch"]
KEYS = f"/organizations/{CAFE}/api-keys"
USERS = f"/organizations/{VENDOR}/users"
LISTS = ["/organizations", KEYS, USERS, "/billing-addresses"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ALL),
        ("?order=asc", ALL),
        ("?order=desc", ALL[::-1]),
        ("?order_by=name", sorted(ALL)),
        ("?order_by=name&order=desc", sorted(ALL)[::-1]),
        ("?order_by=id&order=desc", ["Branch", "Partner", "Cafe", "Shop", "Vendor"]),
        ("?order_by=town&order=desc", ALL),
        ("?env=TEST", ALL),
        ("?env=LIVE", ["Vendor", "Shop"]),
        ("?type=ORGANIZATION", ["Vendor", "Partner"]),
        ("?type=MANAGED_ORGANIZATION", ["Shop", "Cafe", "Branch"]),
        (f"?managed_by_organization_id={VENDOR}", ["Shop", "Cafe"]),
        (f"?managed_by_organization_id={PARTNER}", ["Branch"]),
        (f"?managed_by_organization_id={STRANGER}", []),
        (f"?managed_by_organization_id={NOWHERE}", []),
        (f"?managed_by_organization_id={VENDOR}&env=LIVE&type=ORGANIZATION", []),
    ],
)
async def test_organizations_are_filtered_and_ordered(
    api: Api, query: str, names: list[str]
) -> None:
    answer = await api.get(f"/organizations{query}")
    assert (answer.status, answer.names, answer.body["count"]) == (200, names, len(names))
    assert list(answer.body) == ["data", "count", "_type"]
    assert answer.body["_type"] == "ORGANIZATION_LIST"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?limit=2", ALL[:2]),
        ("?limit=2&offset=1", ALL[1:3]),
        ("?offset=4", ALL[4:]),
        ("?offset=5", []),
        ("?offset=99999999999999999999", []),
        ("?limit=5000", ALL),
        ("?limit=1&offset=1&order_by=name", ["Cafe"]),
    ],
)
async def test_a_page_tells_the_count_of_the_whole(api: Api, query: str, names: list[str]) -> None:
    answer = await api.get(f"/organizations{query}")
    assert (answer.status, answer.names, answer.body["count"]) == (200, names, len(ALL))


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_is_of_100_rows_unless_more_is_asked_for(api: Api, path: str) -> None:
    bodies: dict[str, object] = {
        "/organizations": {
            "name": "Bakery",
            "address_line1": "-",
            "zip": "-",
            "town": "-",
            "country_code": "AUT",
        },
        "/billing-addresses": {
            "recipient": "R",
            "address_line1": "-",
            "zip": "-",
            "town": "-",
            "country_code": "AUT",
        },
    }
    for number in range(100):
        if path in bodies:
            body = bodies[path]
        elif path == KEYS:
            body = {"name": f"key-{number}", "status": "enabled"}
        else:
            body = {"email": f"user-{number}@example.com"}
        assert (await api.post(path, body)).status == 200
    answer = await api.get(path)
    assert len(answer.body["data"]) == 100
    assert answer.body["count"] > 100
    rest = await api.get(f"{path}?offset=100")
    assert len(rest.body["data"]) == answer.body["count"] - 100


async def test_a_tie_keeps_the_order_of_creation_and_missing_fields_come_last(api: Api) -> None:
    await api.patch(f"/organizations/{CAFE}", {"display_name": "b"})
    await api.patch(f"/organizations/{SHOP}", {"display_name": "a"})
    rest = ["Vendor", "Partner", "Branch"]
    ascending = await api.get("/organizations?order_by=display_name")
    assert ascending.names == ["Shop", "Cafe", *rest]
    descending = await api.get("/organizations?order_by=display_name&order=desc")
    assert descending.names == ["Cafe", "Shop", *rest]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["cafe-test", "till-b", "till-a"]),
        ("?status=enabled", ["cafe-test", "till-a"]),
        ("?status=disabled", ["till-b"]),
        ("?status=disabled&status=enabled", ["cafe-test", "till-b", "till-a"]),
        ("?kind=test", ["cafe-test", "till-b", "till-a"]),
        ("?kind=live", []),
        ("?kind=live&kind=test&status=disabled", ["till-b"]),
        ("?order_by=name", ["cafe-test", "till-a", "till-b"]),
        ("?order_by=name&order=desc", ["till-b", "till-a", "cafe-test"]),
        ("?order_by=status", ["till-b", "cafe-test", "till-a"]),
        ("?order_by=kind", ["cafe-test", "till-b", "till-a"]),
        ("?order_by=created_at&order=desc", ["till-a", "till-b", "cafe-test"]),
        ("?limit=1&offset=1", ["till-b"]),
    ],
)
async def test_api_keys_are_filtered_and_ordered(api: Api, query: str, names: list[str]) -> None:
    for name, status in (("till-b", "disabled"), ("till-a", "enabled")):
        api.account.clock.advance(1)
        await api.post(KEYS, {"name": name, "status": status})
    answer = await api.get(KEYS + query)
    assert (answer.status, answer.names) == (200, names)
    assert list(answer.body) == ["data", "count", "_type"]


@pytest.mark.parametrize(
    ("query", "first_names"),
    [
        ("", ["Admin", "Guest", "Zoë"]),
        ("?order_by=email", ["Zoë", "Admin", "Guest"]),
        ("?order_by=first_name&order=desc", ["Zoë", "Guest", "Admin"]),
        ("?order_by=last_name", ["Zoë", "Admin", "Guest"]),
        ("?limit=1&offset=2", ["Zoë"]),
    ],
)
async def test_users_are_ordered(api: Api, query: str, first_names: list[str]) -> None:
    zoe = {"email": "a@example.com", "first_name": "Zoë", "last_name": "Aa"}
    assert (await api.post(USERS, zoe)).status == 200
    answer = await api.get(USERS + query)
    assert [row["first_name"] for row in answer.body["data"]] == first_names
    assert answer.body["count"] == 3


@pytest.mark.parametrize("field", ["recipient", "town", "zip", "country_code"])
async def test_billing_addresses_are_ordered(api: Api, field: str) -> None:
    await api.patch(f"/billing-addresses/{OFFICE}", {field: "ZWE"})
    for order, ids in (("asc", [SPARE, OFFICE]), ("desc", [OFFICE, SPARE])):
        answer = await api.get(f"/billing-addresses?order_by={field}&order={order}")
        assert [row["_id"] for row in answer.body["data"]] == ids


@pytest.mark.parametrize(
    ("path", "said"),
    [
        *((f"{path}?limit=0", "query.limit should be >= 1 (got 0)") for path in LISTS),
        ("/organizations?limit=5001", "query.limit should be <= 5000 (got 5001)"),
        *((f"{path}?limit=101", "query.limit should be <= 100 (got 101)") for path in LISTS[1:]),
        *((f"{path}?limit=ten", "query.limit should be an integer") for path in LISTS),
        *((f"{path}?limit=", "query.limit should NOT be empty") for path in LISTS),
        *((f"{path}?offset=-1", "query.offset should be >= 0 (got -1)") for path in LISTS),
        *((f"{path}?order=up", "query.order should be equal to one of") for path in LISTS),
        *((f"{path}?order_by=color", "query.order_by should be equal to one") for path in LISTS),
        ("/organizations?env=PROD", "query.env should be equal to one of"),
        ("/organizations?type=MAIN", "query.type should be equal to one of"),
        ("/organizations?managed_by_organization_id=", "query.managed_by_organization_id should"),
        (f"{KEYS}?status=gone", "should be equal to one of the allowed values"),
        (f"{KEYS}?kind=TEST", "should be equal to one of the allowed values"),
        (f"{KEYS}?status=enabled&status=enabled", "query.status"),
    ],
)
async def test_a_bad_parameter_is_400_and_named(api: Api, path: str, said: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.code) == (400, "E_FAILED_SCHEMA_VALIDATION")
    assert said in answer.message


async def test_every_bad_parameter_is_named_at_once(api: Api) -> None:
    answer = await api.get("/organizations?limit=0&offset=-1&order=up")
    for name in ("limit", "offset", "order"):
        assert f"query.{name} should" in answer.message


@pytest.mark.parametrize("path", LISTS)
async def test_an_unknown_parameter_is_accepted_with_a_warning(
    api: Api, service: Service, path: str
) -> None:
    plain = await api.get(path)
    answer = await api.get(f"{path}?color=red")
    assert (answer.status, answer.raw) == (200, plain.raw)
    assert answer.headers["X-Mock-Violations"] == "1"
    *_, exchange = service.world.journal
    assert [one.severity for one in exchange.violations] == [Severity.WARNING]
    assert exchange.breaches == ()


async def test_an_empty_list_is_an_answer(api: Api) -> None:
    answer = await api.get(f"/organizations/{CAFE}/users")
    assert answer.raw == wire({"data": [], "count": 0, "_type": "USER_LIST"})


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("vendor_test", ALL),
        ("vendor_live", ["Vendor", "Shop"]),
        ("admin", ALL),
        ("shop_test", ["Shop"]),
        ("clerk", ["Shop"]),
        ("partner_test", ["Partner", "Branch"]),
        ("branch_test", ["Branch"]),
        ("stranger_test", ["Stranger", "Outpost"]),
    ],
)
async def test_everybody_lists_what_is_in_sight_each_once(
    api: Api, by: str, names: list[str]
) -> None:
    answer = await api.get("/organizations", by=by)
    assert answer.names == names
