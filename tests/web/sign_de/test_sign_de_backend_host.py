"""The host of the backend: what only the middleware has is not there (A-91)."""

import pytest
from builders.accounts import Account
from fiskaly_contracts import Contract
from fiskaly_mockserver.web.sign_de.api import MIDDLEWARE_OPERATIONS
from web.sign_de.till import CLIENT, EXPORT, TSS, TX, Till

BACKEND = {"Host": "kassensichv.fiskaly.com"}
PLACES = {"tss_id": TSS, "client_id": CLIENT, "tx_id_or_number": TX, "export_id": EXPORT}


@pytest.mark.parametrize("host", ["kassensichv.fiskaly.com", "Kassensichv.fiskaly.com:443"])
@pytest.mark.parametrize("operation_id", sorted(MIDDLEWARE_OPERATIONS))
async def test_what_only_the_middleware_has_is_432_whoever_asks_whatever(
    till: Till, operation_id: str, host: str
) -> None:
    operation = Contract.sign_de().operations[operation_id]
    path = operation.path.format_map(PLACES)
    for by in ("shop_test", None):
        answer = await till.api.call(operation.method, path, by=by, headers={"Host": host})
        assert answer.status == 432
        assert list(answer.body) == ["code", "message", "status_code", "error"]
        assert answer.code == "E_USE_MIDDLEWARE"
        assert "Request-Id" in answer.headers


async def test_the_rest_of_it_is_there_and_all_of_it_at_the_middleware(till: Till) -> None:
    puk = await till.create()
    seen = await till.api.call("GET", f"/tss/{TSS}", by="shop_test", headers=BACKEND)
    assert seen.status == 200
    middleware = {"Host": "kassensichv-middleware.fiskaly.com"}
    body = {"state": "UNINITIALIZED"}
    refused = await till.api.call(
        "PATCH", f"/tss/{TSS}", by="shop_test", body=body, headers=BACKEND
    )
    assert refused.status == 432
    assert (await till.get(f"/tss/{TSS}")).body["state"] == "CREATED", "nothing was changed"
    moved = await till.api.call(
        "PATCH", f"/tss/{TSS}", by="shop_test", body=body, headers=middleware
    )
    assert moved.status == 200
    assert puk


async def test_it_is_journaled_as_the_operation_that_was_meant(
    till: Till, account: Account
) -> None:
    await till.api.call("PATCH", f"/tss/{TSS}", by="shop_test", body={}, headers=BACKEND)
    [exchange] = account.world.journal
    assert (exchange.operation_id, exchange.status) == ("updateTss", 432)
    assert not exchange.is_our_fault
