"""The pages of what a client did: live requests, and one of them with all that is known of it."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from urllib.parse import urlencode

from aiohttp import hdrs, web
from fiskaly_contracts import Contract, JsonValue, meant
from fiskaly_contracts.conformance.checks import ExchangeCheck

from fiskaly_mockserver.domain.store import cut
from fiskaly_mockserver.web.dashboard.account import paged, paging
from fiskaly_mockserver.web.dashboard.frame import Missing, Page, Redirect, Visit
from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.journal.explain import explain_exchange
from fiskaly_mockserver.world.journal.har import http_exchange
from fiskaly_mockserver.world.journal.journal import UnknownRequest

BATCH = 0.25
"""Seconds until an open page is told again: what comes meanwhile is told together."""
ALIVE = 15
"""Seconds after which an open page is told that nothing came; who has gone is noticed then."""
FILTERS = ("operation", "status", "broke", "text")
STATUSES = ("2", "4", "5")


async def requests(visit: Visit) -> Mapping[str, object]:
    """List what came, the latest first."""
    demand_control(visit)
    journal, asked = visit.world.journal, visit.query
    wanted = {name: asked[name] for name in FILTERS if asked.get(name)}
    latest_first = [*journal][::-1]
    found = [] if wanted else latest_first
    for exchange in latest_first if wanted else ():
        if _wanted(exchange, wanted):
            found.append(exchange)
        if "text" in wanted:  # to read one takes its secrets out, and others are served meanwhile
            await asyncio.sleep(0)
    return {
        "rows": cut(found, paging(visit)).rows,
        **paged(visit, len(found)),
        "query": asked,
        "kept": urlencode(wanted),
        "dropped": journal.dropped,
        "capacity": journal.capacity,
        "operations": operations_of(visit),
    }


def show_request(visit: Visit) -> Mapping[str, object]:
    """Show one exchange: messages, violations, why it was refused, and the lines to do it again."""
    demand_control(visit)
    exchange = _named(visit)
    body, answer = exchange.request_body, exchange.response_body
    return {
        "one": exchange,
        "violations": [*meant(exchange.violations)],
        "query": urlencode(exchange.query),
        "sent": _pretty(body) if body is not None else exchange.request_body_note,
        "answered": _pretty(answer) if answer is not None else exchange.response_body_note,
        "explanation": explain_exchange(exchange).get("summary", ""),
        "curl": _curl(visit, exchange),
        "assertion": _assertion(exchange),
    }


def _named(visit: Visit) -> Exchange:
    """Return the exchange in the address, and look into the world that knows it.

    The log and the explanations name the page of a request, whatever world that came to.

    Raises:
        Missing: None knows it.
    """
    for world in (visit.world, *visit.service.worlds.all()):
        with suppress(UnknownRequest):
            found = world.journal.get(visit.path["request_id"])
            visit.session.sandbox = world.name
            return found
    raise Missing


async def clear(visit: Visit) -> Mapping[str, object]:
    """Forget every exchange."""
    await visit.command("clearJournal")
    raise Redirect("/requests")


async def stream(visit: Visit) -> web.StreamResponse:
    """Tell an open page, as server-sent events, how many requests came since the last event.

    The first one is told at once. The page then asks for what it shows, so that nothing is told
    to who may not see it.
    """
    if not visit.may_control and visit.user is None:
        raise Missing  # and never a page that a sign-in leads back to
    response = web.StreamResponse(
        headers={hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store"}
    )
    heard, came = asyncio.Event(), 0

    def hear(_: Exchange) -> None:
        nonlocal came
        came += 1
        heard.set()

    remove = visit.world.journal.add_listener(hear)
    stopped = asyncio.ensure_future(visit.control.stopped.wait())
    try:
        await response.prepare(visit.request)
        going_on = True
        while going_on:
            waiting = asyncio.ensure_future(heard.wait())
            await asyncio.wait(
                (waiting, stopped), timeout=ALIVE, return_when=asyncio.FIRST_COMPLETED
            )
            waiting.cancel()
            going_on = not stopped.done()
            told, came = came, 0
            heard.clear()
            await response.write(b"data: %d\n\n" % told if told else b": nothing came\n\n")
            if told and going_on:
                await asyncio.wait((stopped,), timeout=BATCH)
    except ConnectionError:
        pass  # the page was closed
    finally:
        remove()
        stopped.cancel()
    return response


def demand_control(visit: Visit) -> None:
    """Demand that whoever looks may control the server.

    Raises:
        Missing: They may not.
    """
    if not visit.may_control:
        raise Missing


def operations_of(visit: Visit) -> list[str]:
    """Return the operationIds of all APIs."""
    return [name for one in visit.service.apis for name in one.api.contract.operations]


def _wanted(exchange: Exchange, wanted: Mapping[str, str]) -> bool:
    if wanted.get("operation", exchange.operation_id) != exchange.operation_id:
        return False
    if not str(exchange.status).startswith(wanted.get("status", "")):
        return False
    if "broke" in wanted and not (exchange.violations or exchange.is_our_fault):
        return False
    text = wanted.get("text", "").lower()
    return not text or any(text in one.lower() for one in _texts(exchange))


def _texts(exchange: Exchange) -> Iterator[str]:
    yield from (exchange.request_id, exchange.path, urlencode(exchange.query), exchange.refusal)
    yield json.dumps(exchange.request_body, ensure_ascii=False)
    yield json.dumps(exchange.response_body, ensure_ascii=False)


def _pretty(value: JsonValue) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _curl(visit: Visit, exchange: Exchange) -> str:
    check = ExchangeCheck(Contract.bundled(), Contract.sign_de())
    return check.curl(http_exchange(exchange.as_json(), visit.origin))


def _assertion(exchange: Exchange) -> str:
    """Return what a test would demand of the client, for pytest."""
    if not exchange.operation_id:
        return ""
    body = exchange.request_body
    criteria = [repr(exchange.operation_id)]
    if isinstance(body, dict):
        shown = {name: value for name, value in body.items() if not isinstance(value, dict | list)}
        criteria.append(f"body={shown!r}")
    criteria.append(f"status={exchange.status}")
    return f"fiskaly_mock.journal.assert_called({', '.join(criteria)})"


PAGES = (
    Page("GET", "/stream", stream, public=True),
    Page("GET", "/requests", requests, "requests.html", public=True),
    Page("POST", "/requests/clear", clear, "requests.html", public=True),
    Page("GET", "/requests/{request_id}", show_request, "request.html", public=True),
)
"""Every page of requests."""
