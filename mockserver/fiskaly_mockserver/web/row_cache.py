"""The cache of written rows: each is presented, written and checked once, and kept as bytes.

Rows are never changed, so the object itself tells a row's version. What the contract says is
kept with the bytes, for each operation that shows the row.
"""

from collections import OrderedDict
from collections.abc import Callable

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


_Written = tuple[Presenter, object, bytes, tuple[AnswerPlan, ...]]
"""How a row is presented, the row, its bytes, and the checks of answers that may show it."""


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
        written = self._written.get(id(row))
        if written is not None and written[0] is present and plan in written[3]:
            return JsonResponse(written[2], None, accepted_by=plan)
        value = present(row)
        if plan is None or not plan.accepts(value):
            return JsonResponse(to_bytes(value), value)
        return JsonResponse(self._keep(plan, present, row, value), None, accepted_by=plan)

    def _of_rows(self, plan: AnswerPlan | None, presented: PresentedRows) -> JsonResponse:
        envelope, present, wanted = presented
        rows: list[bytes] = []
        new: list[tuple[int, object]] = []
        data: list[JsonObject] = []
        for row in wanted:
            written = self._written.get(id(row))
            if written is not None and written[0] is present and plan in written[3]:
                rows.append(written[2])
            else:
                new.append((len(rows), row))
                data.append(present(row))
                rows.append(b"")
        value: JsonValue = None
        if plan is not None and plan.rows_apart and plan.accepts({**envelope, "data": [*data]}):
            for (at, row), shown in zip(new, data, strict=True):
                rows[at] = self._keep(plan, present, row, shown)
        else:
            data = [*map(present, wanted)]
            plan, value, rows = None, {**envelope, "data": [*data]}, [*map(to_bytes, data)]
        head, _, tail = to_bytes(envelope).partition(b"[]")
        excerpt = Pieces(head, rows[: ITEMS_KEPT + 1], tail)
        raw = bytes(Pieces(head, rows, tail))
        return JsonResponse(raw, value, accepted_by=plan, excerpt=excerpt)

    def _keep(self, plan: AnswerPlan, present: Presenter, row: object, value: JsonObject) -> bytes:
        """Write a row that is right, and let go of the oldest where there is no room."""
        raw = accepted_to_bytes(value)
        accepted_by: tuple[AnswerPlan, ...] = (plan,)
        before = self._written.pop(id(row), None)
        if before is not None:
            self._taken -= len(before[2])
            if before[0] is present:
                accepted_by += before[3]
        if len(raw) <= self._room:
            self._written[id(row)] = present, row, raw, accepted_by
            self._taken += len(raw)
            while self._taken > self._room:
                _, oldest = self._written.popitem(last=False)
                self._taken -= len(oldest[2])
        return raw
