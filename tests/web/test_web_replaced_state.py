"""A request belongs to the state it began in: what replaces the state ends its work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from builders.accounts import SHOP, VENDOR, Account, profile
from builders.snapshots import listed
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.export.export import export_world, import_world
from fiskaly_mockserver.world.faults.rules import FaultRule
from fiskaly_mockserver.world.world import World
from web.api import BASE, Answer, Api, answer_of, know_operations, wire

BODY = profile() | {"managed_by_organization_id": VENDOR}
KEEPS_JOURNAL = ("restore", "import")


def reset(world: World) -> None:
    world.reset()


def reseed(world: World) -> None:
    world.reseed(world.baseline)


def restore(world: World) -> None:
    world.restore("before")


def imported(world: World) -> None:
    trial = world.sibling()
    import_world(trial, export_world(world))
    world.become(world.state()._replace(rows=trial.rows, clock=trial.clock))


REPLACED: dict[str, Callable[[World], None]] = {
    "reset": reset,
    "reseed": reseed,
    "restore": restore,
    "import": imported,
}


@pytest.fixture(autouse=True)
def faults_strike(service: Service) -> None:
    """Let the world know the operations that faults are about."""
    know_operations(service)


@pytest.fixture(params=list(REPLACED))
def replaced(request: pytest.FixtureRequest, account: Account) -> tuple[str, Callable[[], None]]:
    """What replaces the state of the account's world, and its name."""
    account.world.snapshot("before")
    return request.param, lambda: REPLACED[request.param](account.world)


async def under_way(world: World) -> None:
    """Wait until a fault has struck."""
    while not any(one.hits for one in world.faults.armed()):  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.001)


def demand_told(answer: Answer) -> None:
    assert (answer.status, answer.headers["Retry-After"]) == (503, "0")
    assert list(answer.body) == ["status_code", "error", "message"]
    assert "send it again" in answer.message


def demand_journaled_as_such(service: Service, name: str) -> None:
    """Demand that the new state's journal knows nothing of the work, or what became of it."""
    kept = [(one.status, one.refusal) for one in service.world.journal]
    assert kept == ([(503, "StateReplaced")] if name in KEEPS_JOURNAL else [])


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_work_that_a_fault_delays_changes_nothing(
    api: Api, service: Service, phase: str, replaced: tuple[str, Callable[[], None]]
) -> None:
    name, replace_state = replaced
    world = service.world
    rule = {"effect": {"kind": "delay", "seconds": 0.3}, "phase": phase}
    world.faults.arm(FaultRule.from_json(rule))
    asked = asyncio.create_task(api.post("/organizations", BODY))
    await under_way(service.world)
    replace_state()
    before = listed(world)
    demand_told(await asked)
    assert listed(world) == before
    demand_journaled_as_such(service, name)


async def test_a_body_that_comes_late_changes_nothing(
    api: Api, service: Service, replaced: tuple[str, Callable[[], None]]
) -> None:
    name, replace_state = replaced
    raw = wire(BODY)
    arrived = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield raw[:20]
        await asyncio.sleep(0.05)
        replace_state()
        arrived.set()
        yield raw[20:]

    headers = {"Authorization": f"Bearer {api.account.token('vendor_test')}"}
    headers["Content-Type"] = "application/json"
    count = len(service.world.rows.organizations)
    answer = await answer_of(
        await api.client.post(f"{BASE}/organizations", data=pieces(), headers=headers)
    )
    demand_told(answer)
    assert len(service.world.rows.organizations) == count
    demand_journaled_as_such(service, name)


async def test_a_wrong_body_that_comes_late_breaks_no_contract_of_the_new_state(
    api: Api, service: Service
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(0.05)
        service.world.snapshot("now")
        service.world.restore("now")
        yield b"no JSON"

    headers = {"Authorization": f"Bearer {api.account.token('vendor_test')}"}
    demand_told(
        await answer_of(
            await api.client.post(f"{BASE}/organizations", data=pieces(), headers=headers)
        )
    )
    (exchange,) = service.world.journal
    assert exchange.violations == ()


async def test_a_token_is_not_ended_in_a_state_that_came_later(api: Api, service: Service) -> None:
    for effect in ({"kind": "delay", "seconds": 0.2}, {"kind": "expired_token"}):
        service.world.faults.arm(FaultRule.from_json({"effect": effect}))
    asked = asyncio.create_task(api.get(f"/organizations/{SHOP}"))
    await under_way(service.world)
    service.world.reset()
    demand_told(await asked)
    assert len(service.world.rows.ended_tokens) == 0


async def test_who_may_no_more_after_the_delay_of_a_fault_is_refused(
    api: Api, service: Service
) -> None:
    effect = {"kind": "delay", "seconds": 0.2}
    service.world.faults.arm(FaultRule.from_json({"effect": effect}))
    asked = asyncio.create_task(api.post("/organizations", BODY))
    await under_way(service.world)
    service.world.sessions.expire(api.account.token("vendor_test"))
    assert (await asked).status == 401
    assert BODY["name"] not in [row.name for row in service.world.rows.organizations]


async def test_a_dropped_sandbox_takes_its_work_along(api: Api, service: Service) -> None:
    sandbox = service.worlds.get("mine")
    sandbox.faults.arm(FaultRule.from_json({"effect": {"kind": "delay", "seconds": 0.3}}))

    async def post() -> Any:
        headers = {"X-Mock-Sandbox": "mine"}
        return await api.call("POST", "/organizations", body=BODY, headers=headers)

    asked = asyncio.create_task(post())
    await under_way(sandbox)
    service.worlds.drop("mine")
    demand_told(await asked)
    assert [one.name for one in sandbox.rows.organizations].count(BODY["name"]) == 0


async def test_what_did_not_wait_is_answered(api: Api, service: Service) -> None:
    service.world.reset()
    assert (await api.post("/organizations", BODY)).status == 200
