"""How the contract's verdict is come by, and for how long it is kept."""

from collections import Counter

import pytest
from builders.accounts import CAFE, SHOP, VENDOR
from fiskaly_contracts import CheckedRequest, Checker, RequestData
from fiskaly_mockserver.web import endpoint
from fiskaly_mockserver.web.service import Service
from web.api import Api


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, service: Service) -> Counter[str]:
    """Count what the check is asked, by operation."""
    seen: Counter[str] = Counter()
    check = Checker.check

    def counting(self: Checker, data: RequestData) -> CheckedRequest:
        seen[data.operation_id] += 1
        return check(self, data)

    monkeypatch.setattr(Checker, "check", counting)
    return seen


async def test_a_target_is_checked_once(api: Api, asked: Counter[str]) -> None:
    for _ in range(3):
        assert (await api.get("/organizations?limit=1")).body["count"] == 5
        assert (await api.get(f"/organizations/{SHOP}")).body["_id"] == SHOP
    assert asked == {"listOrganizations": 1, "retrieveOrganization": 1}


async def test_each_target_has_its_own_verdict(api: Api) -> None:
    for _ in range(2):
        assert len((await api.get("/organizations?limit=1")).body["data"]) == 1
        assert len((await api.get("/organizations?limit=2")).body["data"]) == 2
        assert (await api.get("/organizations?limit=0")).status == 400
        assert (await api.get(f"/organizations/{CAFE}")).body["_id"] == CAFE
        assert (await api.get("/organizations/none")).status == 400


async def test_a_target_that_is_warned_of_is_warned_of_again(api: Api, service: Service) -> None:
    for _ in range(2):
        answer = await api.get(f"/organizations/{SHOP}?color=red")
        assert answer.headers["X-Mock-Violations"] == "1"
    assert [len(one.violations) for one in service.world.journal] == [1, 1]


async def test_a_body_is_checked_each_time(api: Api, asked: Counter[str]) -> None:
    for name in ("First", "Second"):
        assert (await api.patch(f"/organizations/{SHOP}", {"name": name})).body["name"] == name
    assert (await api.patch(f"/organizations/{SHOP}", {"name": 1})).status == 400
    assert asked["updateOrganization"] == 3


async def test_no_more_targets_are_remembered_than_there_is_room_for(
    api: Api, asked: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MOST_TARGETS", 2)
    for targets, checked in (((SHOP, CAFE, SHOP, CAFE), 2), ((VENDOR, SHOP), 4)):
        for organization_id in targets:
            assert (await api.get(f"/organizations/{organization_id}")).status == 200
        assert asked == {"retrieveOrganization": checked}


async def test_a_long_target_is_checked_each_time(api: Api, asked: Counter[str]) -> None:
    zeros = "0" * endpoint.LONGEST_TARGET
    for _ in range(2):
        assert (await api.get(f"/organizations?limit={zeros}1")).status == 200
    assert asked == {"listOrganizations": 2}


async def test_request_ids_never_repeat(api: Api) -> None:
    ids = [(await api.get("/nowhere")).headers["X-Request-Id"] for _ in range(600)]
    assert len(set(ids)) == 600
    assert all(len(one) == 32 and not set(one) - set("0123456789abcdef") for one in ids)


async def test_the_date_goes_with_the_worlds_clock(api: Api) -> None:
    dates = []
    for seconds in (0, 0, 1, 86_400):
        api.account.clock.advance(seconds)
        dates.append((await api.get("/nowhere")).headers["Date"])
    assert dates == [
        "Thu, 09 Oct 2025 08:53:20 GMT",
        "Thu, 09 Oct 2025 08:53:20 GMT",
        "Thu, 09 Oct 2025 08:53:21 GMT",
        "Fri, 10 Oct 2025 08:53:21 GMT",
    ]
