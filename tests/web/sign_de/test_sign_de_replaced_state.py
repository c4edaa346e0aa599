"""What SIGN DE was asked in a state that was replaced meanwhile is done in no other one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.faults.rules import FaultRule
from web.api import answer_of, know_operations, wire
from web.sign_de.till import CLIENT, SHOP, TSS, TX, Till


@pytest.fixture(autouse=True)
def faults_strike(service: Service) -> None:
    """Let the world know the operations that faults are about."""
    know_operations(service)


async def struck(service: Service) -> None:
    """Wait until a fault has struck."""
    while not any(one.hits for one in service.world.faults.armed()):  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_tss_is_created_in_no_later_state(till: Till, service: Service, phase: str) -> None:
    rule = {"operation": "createTss", "effect": {"kind": "delay", "seconds": 0.3}, "phase": phase}
    service.world.faults.arm(FaultRule.from_json(rule))
    asked = asyncio.create_task(till.put(f"/tss/{TSS}"))
    await struck(service)
    service.world.reset()
    answer = await asked
    assert (answer.status, "send it again" in answer.message) == (503, True)
    assert not [*service.world.rows.tss]
    assert not len(service.world.journal)


async def test_a_receipt_is_signed_in_no_later_state(till: Till, service: Service) -> None:
    await till.open()
    service.world.snapshot("open")
    rule = {"operation": "upsertTransaction", "effect": {"kind": "delay", "seconds": 0.3}}
    service.world.faults.arm(FaultRule.from_json(rule))
    before = next(iter(service.world.rows.tss)).signature_counter
    asked = asyncio.create_task(till.sign(1))
    await struck(service)
    service.world.restore("open")
    assert (await asked).status == 503
    assert next(iter(service.world.rows.tss)).signature_counter == before
    assert not [*service.world.rows.transactions]


async def test_a_body_that_comes_after_a_reset_signs_nothing(till: Till, service: Service) -> None:
    await till.open()
    body = wire({"state": "ACTIVE", "client_id": CLIENT})

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:10]
        service.world.reset()
        yield body[10:]

    api = till.api
    answer = await answer_of(
        await api.client.put(
            f"{api.base}/tss/{TSS}/tx/{TX}?tx_revision=1",
            data=pieces(),
            headers={
                "Authorization": f"Bearer {api.account.token(SHOP)}",
                "Content-Type": "application/json",
            },
        )
    )
    assert answer.status in (401, 404, 503)
    assert not [*service.world.rows.transactions]
