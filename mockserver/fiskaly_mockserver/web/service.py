"""What every request needs at hand: the APIs as one server serves them, and the worlds."""

import logging
import re
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import cast
from urllib.parse import unquote

from aiohttp import web
from fiskaly_contracts import AnswerPlan, Checker, Contract, JsonValue
from fiskaly_contracts.checker import Judge
from multidict import istr

from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.web.api import (
    Api,
    ApiSource,
    JsonObject,
    Presented,
    PresentedRow,
    PresentedRows,
    Presenter,
)
from fiskaly_mockserver.web.journal.lifetime import LifetimeCoverage, LifetimeViolations
from fiskaly_mockserver.web.journal.redaction import ITEMS_KEPT, Redactor
from fiskaly_mockserver.web.journal.secrets import KnownSecrets
from fiskaly_mockserver.web.management.api import management_api
from fiskaly_mockserver.web.responses import (
    JsonResponse,
    Pieces,
    ResponseHeaders,
    accepted_to_bytes,
    to_bytes,
)
from fiskaly_mockserver.web.safety import Safety
from fiskaly_mockserver.world import names
from fiskaly_mockserver.world.journal.exchange import Exchange, unheard
from fiskaly_mockserver.world.names import BASE_PATH, MANAGEMENT, SIGN_DE, SIGN_DE_PATH
from fiskaly_mockserver.world.world import World
from fiskaly_mockserver.world.worlds import Worlds

SANDBOX_HEADER = istr(names.SANDBOX_HEADER)
SANDBOX_PREFIX = "/s/{sandbox}"
_PREFIX = re.compile(r"/s/([^/]+)")
PlanOf = Callable[[str, int], AnswerPlan | None]
"""Returns the compiled check of an operation's answers with a status, as `Checker.answer_plan`."""
OK = 200
ROOM = 512 * 1024
"""Bytes of written rows that are kept: some hundred usual ones, and with them the rows, which take
ten times as much room and may be of states that are gone."""
_Kept = dict[int, bytes]
"""What rows were written as, by their identity, which is sound as long as they are held."""


def sandbox_of(request: web.Request) -> str | None:
    """Return the sandbox that a request names, `None` where it names none.

    The path's prefix goes before the header.
    """
    # as the router reads it: `/%73/` is `/s/`
    named = _PREFIX.match(request.rel_url.path_safe)
    return unquote(named[1]) if named is not None else request.headers.get(SANDBOX_HEADER)


def sandbox_in_path(request: web.Request) -> str:
    """Return the same for a request that came by a route under `SANDBOX_PREFIX`."""
    return request.match_info["sandbox"]


def without_sandbox(path: str) -> str:
    """Return a path without the prefix that names a sandbox.

    >>> without_sandbox("/s/mine/api/v0/auth")
    '/api/v0/auth'
    """
    named = _PREFIX.match(path)
    return path[named.end() :] if named is not None else path


MOST_DEFECTS = 1_000
_LOG = logging.getLogger("fiskaly_mockserver.exchanges")


class RowCache:
    """Writes what handlers answer with, all of it with status 200, and keeps the written rows.

    Each operation presents, checks and writes a row once, to bytes. Rows are never changed, so
    the object itself tells a row's version.
    """

    def __init__(self, plan_of: PlanOf, *, room: int = ROOM) -> None:
        """Begin with nothing written; `room` is in bytes of JSON."""
        self._plan_of = plan_of
        self._room = room
        self._taken = 0
        self._kept: dict[tuple[Presenter, AnswerPlan | None], _Kept] = defaultdict(dict)
        self._held: list[object] = []

    def response(self, operation_id: str, presented: Presented) -> JsonResponse:
        """Return the response that shows what a handler answered with."""
        plan = self._plan_of(operation_id, OK)
        match presented:
            case PresentedRow():
                return self._of_row(plan, presented)
            case PresentedRows():
                return self._of_rows(plan, presented)
            case _:
                raw = to_bytes(presented)
                if plan is not None and plan.accepts_written(presented, raw):
                    return JsonResponse(raw, None, accepted_by=plan)
                return JsonResponse(raw, presented)

    def _of_row(self, plan: AnswerPlan | None, presented: PresentedRow) -> JsonResponse:
        present, row = presented
        kept = self._kept[present, plan]
        raw = kept.get(id(row))
        if raw is not None:
            return JsonResponse(raw, None, accepted_by=plan)
        value = present(row)
        if plan is None or not plan.accepts(value):
            return JsonResponse(to_bytes(value), value)
        return JsonResponse(self._keep(kept, row, value), None, accepted_by=plan)

    def _of_rows(self, plan: AnswerPlan | None, presented: PresentedRows) -> JsonResponse:
        envelope, present, wanted = presented
        kept = self._kept[present, plan]
        rows = [*map(kept.get, map(id, wanted))]
        new = [] if all(rows) else [at for at, raw in enumerate(rows) if raw is None]
        data = [present(wanted[at]) for at in new]
        value: JsonValue = None
        if plan is not None and plan.rows_apart and plan.accepts({**envelope, "data": [*data]}):
            for at, shown in zip(new, data, strict=True):
                rows[at] = self._keep(kept, wanted[at], shown)
        else:
            data = [*map(present, wanted)]
            plan, value, rows = None, {**envelope, "data": [*data]}, [*map(to_bytes, data)]
        written = cast("list[bytes]", rows)
        head, _, tail = to_bytes(envelope).partition(b"[]")
        excerpt = Pieces(head, written[: ITEMS_KEPT + 1], tail)
        whole = bytes(Pieces(head, written, tail))
        return JsonResponse(whole, value, accepted_by=plan, excerpt=excerpt)

    def _keep(self, kept: _Kept, row: object, value: JsonObject) -> bytes:
        """Write a row that is right, and keep it; where there is no room, begin anew."""
        raw = accepted_to_bytes(value)
        if len(raw) <= self._room:
            self._taken += len(raw)
            if self._taken > self._room:
                for others in self._kept.values():
                    others.clear()
                self._held.clear()
                self._taken = len(raw)
            self._held.append(row)
            kept[id(row)] = raw
        return raw


class ServedApi(ApiSource):
    """An API, and what one server serves it with, each part made when it is first needed."""

    def __init__(
        self,
        source: ApiSource,
        checker: Callable[[Contract], Checker],
        secrets: KnownSecrets | None = None,
    ) -> None:
        """Take an API and what makes its checker; `secrets` are kept nowhere."""
        super().__init__(source.name, source.base_path, lambda: source.api)
        self._new_checker = checker
        self._secrets = secrets

    @cached_property
    def checker(self) -> Checker:
        """What checks its messages."""
        return self._new_checker(self.api.contract)

    @cached_property
    def redactor(self) -> Redactor:
        """What takes the secrets out of what is kept of its exchanges."""
        return Redactor(self.api.contract, self._secrets)

    @cached_property
    def headers(self) -> ResponseHeaders:
        """What writes the headers of its answers."""
        return self.api.headers()

    @cached_property
    def rows(self) -> RowCache:
        """Rows as they were written and checked before."""
        return RowCache(self.checker.answer_plan)

    @cached_property
    def coverage(self) -> LifetimeCoverage:
        """What clients made of it since the server was made."""
        return LifetimeCoverage(self.api.contract)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Service:
    """One server's parts, free of any socket.

    Attributes:
        apis: At least one. What lies under no base path is answered as the first would.
        safety: Who may make control calls.
        on_exchange: Called with each finished exchange of an API.
        defects: The exchanges of any world in which the fake itself was wrong; no clearing
            of a journal hides them.
        lifetime: What broke a contract since the server was made, counted.
        interception: How clients of this machine are led here, if they are.
        dashboard: Whether there are pages for people.
    """

    apis: tuple[ServedApi, ...]
    worlds: Worlds
    safety: Safety = field(default_factory=Safety)
    on_exchange: Callable[[Exchange], None] = unheard
    defects: deque[Exchange] = field(default_factory=lambda: deque(maxlen=MOST_DEFECTS))
    lifetime: LifetimeViolations = field(default_factory=LifetimeViolations)
    interception: dict[str, JsonValue] = field(default_factory=dict)
    dashboard: bool = False

    @property
    def world(self) -> World:
        """The default world."""
        return self.worlds.default

    @property
    def secrets(self) -> KnownSecrets:
        """What the server issued or was told, which is kept nowhere."""
        return self.apis[0].redactor.secrets

    @property
    def contract(self) -> Contract:
        """The contract of the first API."""
        return self.apis[0].api.contract

    @property
    def about(self) -> dict[str, str | None]:
        """What `GET /_mock/health` tells of the server: its version and those of the contracts."""
        sign_de = self.contract_of(SIGN_DE)
        return {
            "version": VERSION,
            "contract": self.contract.version,
            "sign_de": None if sign_de is None else sign_de.version,
        }

    def contract_of(self, name: str) -> Contract | None:
        """Return the contract of an API by its name, or None where it is not served."""
        return next((one.api.contract for one in self.apis if one.name == name), None)

    def tell(self, exchange: Exchange, *, broken: bool) -> None:
        """Tell who listens of an exchange that is finished.

        One that broke a contract is counted before, and kept if the fake was wrong.
        """
        if broken:
            self.lifetime.add(exchange)
            if exchange.is_our_fault:
                self.defects.append(exchange)
        try:
            self.on_exchange(exchange)
        except Exception:  # noqa: BLE001 - see below
            # The change stands and its answer is due, whatever a listener makes of it.
            _LOG.exception("a listener to exchanges failed")

    def served_under(self, path: str) -> ServedApi:
        """Return the API whose base path a path lies under; the first one if under none."""
        return next((one for one in self.apis if one.owns(path)), self.apis[0])


def apis(
    *, sign_de: bool = True, backend: bool = False, limits: bool = False
) -> tuple[ApiSource, ...]:
    """Return every API that a server has; SIGN DE if it is wanted, as `sign_de_api` has it.

    What lies under no base path is answered as the first would.
    """

    def load_sign_de() -> Api:
        # Many servers are never asked to sign anything, and start without it
        from fiskaly_mockserver.web.sign_de.api import sign_de_api  # noqa: PLC0415

        return sign_de_api(backend=backend, limits=limits)

    management = ApiSource(MANAGEMENT, BASE_PATH, management_api)
    return (management, ApiSource(SIGN_DE, SIGN_DE_PATH, load_sign_de))[: 1 + sign_de]


def served(
    apis: tuple[ApiSource, ...], secrets: KnownSecrets, *, judge: Judge, loose: bool
) -> tuple[ServedApi, ...]:
    """Return APIs as one server serves them.

    Args:
        apis: The APIs.
        secrets: What the server knows to be secret.
        judge: Who decides whether a message keeps its contract.
        loose: Drop body properties that a contract does not know instead of refusing.
    """
    checker = partial(Checker, judge=judge, loose=loose)
    return tuple(ServedApi(api, checker, secrets) for api in apis)
