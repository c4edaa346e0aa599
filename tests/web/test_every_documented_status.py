"""Every pair of operation and status that the contract documents is really produced."""

from dataclasses import dataclass
from typing import Any

import pytest
from builders.accounts import (
    ABROAD,
    ADMIN,
    CAFE,
    CLERK,
    GUEST,
    NOWHERE,
    OFFICE,
    PARTNER,
    SHOP,
    SPARE,
    STRANGER,
    VENDOR,
    key_id,
    profile,
    secret_of,
)
from fiskaly_contracts import Contract
from fiskaly_mockserver.web.endpoint import MAX_BODY
from fiskaly_mockserver.web.service import Service
from web.api import JSON, Api

LOGIN = {"api_key": f"test_{'0' * 25}_vendor-test", "api_secret": secret_of("vendor_test")}
BAKERY = {**profile(), "managed_by_organization_id": VENDOR}
TILL = {"name": "till-1", "status": "enabled"}
ADDRESS = {
    "recipient": "Accounting",
    "address_line1": "Ring 1",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
}
SHOP_KEYS, SHOP_USERS = f"/organizations/{SHOP}/api-keys", f"/organizations/{SHOP}/users"
UNSEEN = f"/organizations/{STRANGER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request that makes an operation answer with a status."""

    operation_id: str
    status: int
    path: str
    by: str | None = "vendor_test"
    body: object = None
    data: bytes | None = None
    content_type: str = JSON

    def __str__(self) -> str:
        return f"{self.operation_id}-{self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation with a call that succeeds, one whose form is bad, and the refused ones.

    `refused` maps a status to path, body and caller.
    """

    operation_id: str
    path: str
    body: object = None
    bad_path: str = ""
    refused: dict[int, tuple[str, object, str]]
    open_to_all: bool = False

    def cases(self) -> list[Case]:
        """Return one case for each status."""
        name, path, body = self.operation_id, self.path, self.body
        found = [Case(operation_id=name, status=200, path=path, body=body)]
        if body is None:
            found.append(Case(operation_id=name, status=400, path=self.bad_path))
        else:
            large = b"[" + b" " * MAX_BODY
            found += [
                Case(operation_id=name, status=400, path=path, body={"no such field": 1}),
                Case(operation_id=name, status=413, path=path, data=large),
                Case(operation_id=name, status=415, path=path, data=b"{}", content_type="text/xml"),
            ]
        if not self.open_to_all:
            found.append(Case(operation_id=name, status=401, path=path, body=body, by=None))
        for status, (refused_path, refused_body, by) in self.refused.items():
            case = Case(
                operation_id=name, status=status, path=refused_path, body=refused_body, by=by
            )
            found.append(case)
        return found


ME, MANAGED = "vendor_test", "shop_test"
OPERATIONS = [
    Operation(
        operation_id="authenticate",
        path="/auth",
        body=LOGIN,
        open_to_all=True,
        refused={401: ("/auth", {**LOGIN, "api_secret": "wrong"}, ME)},
    ),
    Operation(
        operation_id="listOrganizations",
        path="/organizations",
        bad_path="/organizations?limit=0",
        refused={},
    ),
    Operation(
        operation_id="createOrganization",
        path="/organizations",
        body=BAKERY,
        refused={
            403: ("/organizations", BAKERY, MANAGED),
            404: ("/organizations", {**BAKERY, "managed_by_organization_id": NOWHERE}, ME),
            409: ("/organizations", {**BAKERY, "managed_by_organization_id": SHOP}, ME),
        },
    ),
    Operation(
        operation_id="retrieveOrganization",
        path=f"/organizations/{SHOP}",
        bad_path="/organizations/shop",
        refused={404: (UNSEEN, None, ME)},
    ),
    Operation(
        operation_id="updateOrganization",
        path=f"/organizations/{SHOP}",
        body={"name": "Changed"},
        refused={
            403: (f"/organizations/{SHOP}", {"name": "Changed"}, MANAGED),
            404: (UNSEEN, {"name": "Changed"}, ME),
            409: (f"/organizations/{SHOP}", {"managed_by_organization_id": PARTNER}, ME),
        },
    ),
    Operation(
        operation_id="deleteOrganization",
        path=f"/organizations/{CAFE}",
        bad_path="/organizations/cafe",
        refused={
            403: (f"/organizations/{SHOP}", None, MANAGED),
            404: (UNSEEN, None, ME),
            409: (f"/organizations/{SHOP}", None, ME),
        },
    ),
    Operation(
        operation_id="enableEnvironment",
        path=f"/organizations/{CAFE}/enable-env",
        body={"env": "LIVE"},
        refused={
            403: (f"/organizations/{CAFE}/enable-env", {"env": "LIVE"}, "cafe_test"),
            404: (f"{UNSEEN}/enable-env", {"env": "LIVE"}, ME),
            409: (f"/organizations/{SHOP}/enable-env", {"env": "LIVE"}, ME),
        },
    ),
    Operation(
        operation_id="listApiKeys",
        path=SHOP_KEYS,
        bad_path=f"{SHOP_KEYS}?status=gone",
        refused={404: (f"{UNSEEN}/api-keys", None, ME)},
    ),
    Operation(
        operation_id="createApiKey",
        path=SHOP_KEYS,
        body=TILL,
        refused={
            404: (f"{UNSEEN}/api-keys", TILL, ME),
            409: (SHOP_KEYS, {**TILL, "name": "shop-test"}, ME),
        },
    ),
    Operation(
        operation_id="retrieveApiKey",
        path=f"{SHOP_KEYS}/{key_id('shop_test')}",
        bad_path=f"{SHOP_KEYS}/till-1",
        refused={404: (f"{SHOP_KEYS}/{NOWHERE}", None, ME)},
    ),
    Operation(
        operation_id="updateApiKey",
        path=f"{SHOP_KEYS}/{key_id('shop_test')}",
        body={"status": "disabled"},
        refused={404: (f"{SHOP_KEYS}/{NOWHERE}", {"status": "disabled"}, ME)},
    ),
    Operation(
        operation_id="deleteApiKey",
        path=f"{SHOP_KEYS}/{key_id('shop_test')}",
        bad_path=f"{SHOP_KEYS}/till-1",
        refused={404: (f"{SHOP_KEYS}/{NOWHERE}", None, ME)},
    ),
    Operation(
        operation_id="listUsers",
        path=SHOP_USERS,
        bad_path=f"{SHOP_USERS}?order=up",
        refused={404: (f"{UNSEEN}/users", None, ME)},
    ),
    Operation(
        operation_id="inviteUser",
        path=SHOP_USERS,
        body={"email": "ada@example.com"},
        refused={
            403: (SHOP_USERS, {"email": "ada@example.com"}, MANAGED),
            404: (f"{UNSEEN}/users", {"email": "ada@example.com"}, ME),
            409: (SHOP_USERS, {"email": "clerk@example.com"}, ME),
        },
    ),
    Operation(
        operation_id="removeUser",
        path=f"/organizations/{VENDOR}/users/{GUEST}",
        bad_path=f"{SHOP_USERS}/clerk",
        refused={
            403: (f"{SHOP_USERS}/{CLERK}", None, MANAGED),
            404: (f"{SHOP_USERS}/{NOWHERE}", None, ME),
            409: (f"/organizations/{VENDOR}/users/{ADMIN}", None, ME),
        },
    ),
    Operation(
        operation_id="listBillingAddresses",
        path="/billing-addresses",
        bad_path="/billing-addresses?offset=-1",
        refused={},
    ),
    Operation(
        operation_id="createBillingAddress", path="/billing-addresses", body=ADDRESS, refused={}
    ),
    Operation(
        operation_id="retrieveBillingAddress",
        path=f"/billing-addresses/{OFFICE}",
        bad_path="/billing-addresses/office",
        refused={404: (f"/billing-addresses/{ABROAD}", None, ME)},
    ),
    Operation(
        operation_id="updateBillingAddress",
        path=f"/billing-addresses/{OFFICE}",
        body={"town": "Graz"},
        refused={404: (f"/billing-addresses/{ABROAD}", {"town": "Graz"}, ME)},
    ),
    Operation(
        operation_id="deleteBillingAddress",
        path=f"/billing-addresses/{SPARE}",
        bad_path="/billing-addresses/spare",
        refused={
            404: (f"/billing-addresses/{ABROAD}", None, ME),
            409: (f"/billing-addresses/{OFFICE}", None, ME),
        },
    ),
]
CASES = [case for operation in OPERATIONS for case in operation.cases()]


def produced(contract: Contract) -> set[tuple[str, int]]:
    """Return the documented pairs, but for those that the contract marks as not produced."""
    document: Any = contract.document
    pairs = set()
    for operation in contract.operations.values():
        responses = document["paths"][operation.path][operation.method.lower()]["responses"]
        for status in operation.statuses:
            response = responses[str(status)]
            if "$ref" in response:
                name = response["$ref"].rpartition("/")[2]
                response = document["components"]["responses"][name]
            if "x-mock-not-produced" not in response:
                pairs.add((operation.operation_id, status))
    return pairs


def test_the_table_covers_exactly_the_pairs_that_the_contract_documents() -> None:
    pairs = [(case.operation_id, case.status) for case in CASES]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == produced(Contract.bundled())


def test_only_429_is_marked_as_not_produced() -> None:
    contract = Contract.bundled()
    documented = {
        (operation.operation_id, status)
        for operation in contract.operations.values()
        for status in operation.statuses
    }
    marked = documented - produced(contract)
    assert marked == {(operation_id, 429) for operation_id in contract.operations}


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_the_operation_answers_with_the_status(
    api: Api, service: Service, case: Case
) -> None:
    method = service.contract.operations[case.operation_id].method
    answer = await api.call(
        method,
        case.path,
        by=case.by,
        body=case.body,
        data=case.data,
        content_type=case.content_type,
    )
    assert answer.status == case.status
    (exchange,) = service.world.journal
    assert (exchange.operation_id, exchange.status) == (case.operation_id, case.status)
    assert exchange.response_violations == ()
    if answer.status != 200:
        assert answer.body["status_code"] == answer.status
