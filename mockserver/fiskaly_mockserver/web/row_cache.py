"""The cache of written rows: each operation presents, checks and writes a row once, to bytes.

Rows are never changed, so the object itself tells a row's version.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import cast

from fiskaly_contracts import AnswerPlan, JsonValue

from fiskaly_mockserver.web.api import (
    JsonObject,
    Presented,
    PresentedRow,
    PresentedRows,
    Presenter,
)
from fiskaly_mockserver.web.journal.redaction import ITEMS_KEPT
from fiskaly_mockserver.web.responses import JsonResponse, Pieces, accepted_to_bytes, to_bytes

PlanOf = Callable[[str, int], AnswerPlan | None]
"""Returns the compiled check of an operation's answers with a status, as `Checker.answer_plan`."""
OK = 200
ROOM = 512 * 1024
"""Bytes of written rows that are kept: some hundred usual ones, and with them the rows, which take
ten times as much room and may be of states that are gone."""
_Kept = dict[int, bytes]
"""What rows were written as, by their identity, which is sound as long as they are held."""


class RowCache:
    """Writes what handlers answer with, all of it with status 200."""

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
