"""The cache of written rows: each is presented, written and checked once, and kept as bytes.

Rows are never changed, so the object itself tells a row's version. What the contract says is
kept with the bytes, for each operation that shows the row.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fiskaly_contracts import AnswerPlan

from fiskaly_mockserver.web.api import (
    JsonObject,
    Presented,
    PresentedRow,
    PresentedRows,
    Presenter,
)
from fiskaly_mockserver.web.journal.redaction import ITEMS_KEPT
from fiskaly_mockserver.web.responses import JsonResponse, Pieces, to_bytes

PlanOf = Callable[[str, int], AnswerPlan | None]
"""Returns the compiled check of an operation's answers with a status, as `Checker.answer_plan`."""
OK = 200
ROOM = 512 * 1024
"""Bytes of written rows that are kept: some hundred usual ones, and with them the rows, which take
ten times as much room and may be of states that are gone."""


@dataclass(slots=True, eq=False, repr=False)
class _Written:
    """A row as it was written, and the kinds of answers that may show it."""

    present: Presenter
    row: object
    raw: bytes
    accepted_by: tuple[AnswerPlan, ...] = ()


class RowCache:
    """Writes what handlers answer with, all of it with status 200."""

    def __init__(self, plan_of: PlanOf, *, room: int = ROOM) -> None:
        """Begin with nothing written; `room` is in bytes of JSON."""
        self._plan_of = plan_of
        self._room = room
        self._taken = 0
        # By identity, which is sound as long as the row is held; oldest first
        self._written: OrderedDict[int, _Written] = OrderedDict()

    def response(self, operation_id: str, presented: Presented) -> JsonResponse:
        """Return the response that shows what a handler answered with."""
        match presented:
            case PresentedRow():
                return self._of_row(operation_id, presented)
            case PresentedRows():
                return self._of_rows(operation_id, presented)
            case _:
                raw, plan = to_bytes(presented), self._plan_of(operation_id, OK)
                if plan is not None and plan.accepts_written(presented, raw):
                    return JsonResponse(raw, None, accepted_by=plan)
                return JsonResponse(raw, presented)

    def _of_row(self, operation_id: str, presented: PresentedRow) -> JsonResponse:
        present, row = presented
        plan = self._plan_of(operation_id, OK)
        value = None
        written = self._written.get(id(row))
        if written is None or written.present is not present:
            value = present(row)
            written = self._keep(present, row, value)
        if plan is not None and plan not in written.accepted_by:
            value = present(row) if value is None else value
            if plan.accepts(value):
                written.accepted_by += (plan,)
            else:
                plan = None
        if plan is None:
            return JsonResponse(written.raw, present(row) if value is None else value)
        return JsonResponse(written.raw, None, accepted_by=plan)

    def _of_rows(self, operation_id: str, presented: PresentedRows) -> JsonResponse:
        envelope, present, wanted = presented
        plan = self._plan_of(operation_id, OK)
        rows, accepted = [], plan is not None
        for row in wanted:
            value = None
            written = self._written.get(id(row))
            if written is None or written.present is not present:
                value = present(row)
                written = self._keep(present, row, value)
            if accepted and plan is not None and plan not in written.accepted_by:
                accepted = plan.accepts_row(present(row) if value is None else value)
                if accepted:
                    written.accepted_by += (plan,)
            rows.append(written.raw)
        head, _, tail = to_bytes(envelope).partition(b"[]")
        raw = bytes(Pieces(head, rows, tail))
        excerpt = Pieces(head, rows[: ITEMS_KEPT + 1], tail)
        if accepted and plan is not None and plan.accepts(envelope):
            return JsonResponse(raw, None, accepted_by=plan, excerpt=excerpt)
        whole: JsonObject = {**envelope, "data": [present(row) for row in wanted]}
        return JsonResponse(raw, whole, excerpt=excerpt)

    def _keep(self, present: Presenter, row: object, value: JsonObject) -> _Written:
        """Write a row, and let go of the oldest where there is no room."""
        before = self._written.pop(id(row), None)
        written = self._written[id(row)] = _Written(present, row, to_bytes(value))
        self._taken += len(written.raw) - (len(before.raw) if before else 0)
        while self._taken > self._room:
            _, oldest = self._written.popitem(last=False)
            self._taken -= len(oldest.raw)
        return written
