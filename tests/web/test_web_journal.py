"""What a server keeps of each exchange, its own defects included."""

from dataclasses import replace

from builders.accounts import SHOP, START, Account
from fiskaly_contracts import Checker
from fiskaly_mockserver.server.listening import create_app
from fiskaly_mockserver.web.api import ApiSource, Call, Handler, JsonObject
from fiskaly_mockserver.web.service import ServedApi, Service
from fiskaly_mockserver.world.journal.journal import Exchange
from pytest_aiohttp import AiohttpClient
from web.api import Api, wire

CRASH = wire(
    {
        "status_code": 500,
        "error": "Internal Server Error",
        "message": "Internal Server Error",
    }
)


async def test_an_exchange_tells_what_was_asked_and_what_became_of_it(
    api: Api, service: Service
) -> None:
    await api.get(f"/organizations/{SHOP}?color=red")
    api.account.clock.advance(1)
    await api.delete(f"/organizations/{SHOP}")
    read, refused = service.world.journal
    assert (read.operation_id, read.status, read.refusal) == ("retrieveOrganization", 200, "")
    assert (read.method, read.path, read.at) == ("GET", f"/api/v0/organizations/{SHOP}", START)
    assert [one.rule for one in read.violations] == ["unknown-parameter"]
    assert read.duration > 0
    assert (refused.operation_id, refused.status) == ("deleteOrganization", 409)
    assert (refused.refusal, refused.at) == ("LiveStays (R7)", START + 1)


async def test_whoever_listens_hears_of_each_exchange_when_it_is_finished(
    service: Service, account: Account, aiohttp_client: AiohttpClient
) -> None:
    heard: list[tuple[str, int]] = []

    def listen(exchange: Exchange) -> None:
        heard.append((exchange.operation_id, exchange.status))

    listening = replace(service, on_exchange=listen)
    api = Api(await aiohttp_client(create_app(listening)), account)
    await api.get("/organizations")
    await api.get("/organizations", by=None)
    await api.get("/nowhere")
    assert heard == [("listOrganizations", 200), ("listOrganizations", 401), ("", 404)]


async def broken(
    handler: Handler, service: Service, account: Account, aiohttp_client: AiohttpClient
) -> Api:
    """Serve with another handler for `listOrganizations`."""
    served = service.apis[0]
    handlers = {**served.api.handlers, "listOrganizations": handler}
    source = ApiSource(
        served.name, served.base_path, lambda: replace(served.api, handlers=handlers)
    )
    broken = ServedApi(source, Checker)
    return Api(await aiohttp_client(create_app(replace(service, apis=(broken,)))), account)


async def test_a_crash_is_answered_in_shape_and_kept_with_its_traceback(
    service: Service, account: Account, aiohttp_client: AiohttpClient
) -> None:
    def crash(_: Call) -> JsonObject:
        raise ZeroDivisionError("by design")

    api = await broken(crash, service, account, aiohttp_client)
    answer = await api.get("/organizations")
    assert (answer.status, answer.raw) == (500, CRASH)
    assert "by design" not in answer.raw.decode()
    (defect,) = service.defects
    assert "ZeroDivisionError: by design" in defect.crash
    assert defect.is_our_fault
    service.defects.clear()
    assert (await api.get(f"/organizations/{SHOP}")).status == 200


async def test_an_answer_that_breaks_the_contract_is_kept_as_a_defect(
    service: Service, account: Account, aiohttp_client: AiohttpClient
) -> None:
    def wrong(_: Call) -> JsonObject:
        return {"data": [], "count": "none", "_type": "ORGANIZATION_LIST"}

    api = await broken(wrong, service, account, aiohttp_client)
    answer = await api.get("/organizations")
    assert (answer.status, answer.body["count"]) == (200, "none")
    assert "X-Mock-Violations" not in answer.headers
    (defect,) = service.defects
    assert [one.pointer for one in defect.response_violations] == ["/count"]
    assert defect.violations == ()
    service.defects.clear()
