"""Listing organizations: filters, orders and pages over what is in sight."""

import pytest
from builders.accounts import (
    BRANCH,
    CAFE,
    CLERK,
    LIVE,
    NOWHERE,
    PARTNER,
    SHOP,
    STRANGER,
    TEST,
    VENDOR,
    Account,
)
from fiskaly_mockserver.domain.account.model import OrganizationType
from fiskaly_mockserver.domain.account.organizations import SORT_KEYS, OrganizationFilter
from fiskaly_mockserver.domain.store import Paging


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        (OrganizationFilter(), (VENDOR, SHOP, CAFE, PARTNER, BRANCH)),
        (OrganizationFilter(env=TEST), (VENDOR, SHOP, CAFE, PARTNER, BRANCH)),
        (OrganizationFilter(env=LIVE), (VENDOR, SHOP)),
        (OrganizationFilter(type=OrganizationType.MAIN), (VENDOR, PARTNER)),
        (OrganizationFilter(type=OrganizationType.MANAGED), (SHOP, CAFE, BRANCH)),
        (OrganizationFilter(managed_by_organization_id=VENDOR), (SHOP, CAFE)),
        (OrganizationFilter(managed_by_organization_id=STRANGER), ()),
        (OrganizationFilter(managed_by_organization_id=NOWHERE), ()),
        (OrganizationFilter(env=LIVE, type=OrganizationType.MANAGED), (SHOP,)),
        (
            OrganizationFilter(type=OrganizationType.MAIN, managed_by_organization_id=VENDOR),
            (),
        ),
    ],
    ids=repr,
)
def test_a_filter_narrows_what_is_in_sight(
    account: Account, narrowed: OrganizationFilter, expected: tuple[str, ...]
) -> None:
    page = account.world.organizations.list(account.by("vendor_test"), Paging(), narrowed)
    assert tuple(row.id for row in page.rows) == expected
    assert page.count == len(expected)


def test_a_02_count_is_the_whole_whatever_the_page(account: Account) -> None:
    caller = account.by("vendor_test")
    page = account.world.organizations.list(caller, Paging(limit=2, offset=1))
    assert [row.id for row in page.rows] == [SHOP, CAFE]
    assert page.count == 5
    beyond = account.world.organizations.list(caller, Paging(offset=99))
    assert (list(beyond.rows), beyond.count) == ([], 5)


def test_r3_the_same_filter_finds_nothing_of_another_account(account: Account) -> None:
    page = account.world.organizations.list(
        account.by("stranger_test"), Paging(), OrganizationFilter(managed_by_organization_id=VENDOR)
    )
    assert (list(page.rows), page.count) == ([], 0)


@pytest.mark.parametrize("descending", [False, True], ids=["asc", "desc"])
@pytest.mark.parametrize("field", SORT_KEYS)
def test_every_sort_field_orders_by_its_own_values(
    account: Account, field: str, *, descending: bool
) -> None:
    caller = account.by("vendor_test")
    paging = Paging(order_by=field, descending=descending)
    if field != "id":
        for value, target in (("b", SHOP), ("a", CAFE), ("c", PARTNER)):
            row = account.organization(target)
            changed = type(row)(**{**_fields(row), field: value})  # type: ignore[arg-type]
            account.world.tables.organizations.put(changed)
    rows = account.world.organizations.list(caller, paging).rows
    values = [getattr(row, field) for row in rows]
    present = [value for value in values if value]
    assert present == sorted(present, reverse=descending)
    assert values == present + [""] * (len(values) - len(present))
    assert len(present) >= 3


def _fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in type(row).__slots__}  # type: ignore[attr-defined]


def test_a_member_of_several_organizations_gets_pages_over_all_of_them(account: Account) -> None:
    account.join(STRANGER, CLERK)
    caller = account.by("clerk")
    page = account.world.organizations.list(caller, Paging(limit=1, offset=1))
    assert [row.id for row in page.rows] == [STRANGER]
    assert page.count == 3
