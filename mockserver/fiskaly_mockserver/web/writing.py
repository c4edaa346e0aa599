"""From what handlers show to bytes, of which it is known whether the contract accepts them.

A row is written once and checked once for each operation that shows it; the bytes are kept
as long as there is room. Rows are never changed, so the object itself tells a row's version.
"""

from collections import OrderedDict
from dataclasses import dataclass

from fiskaly_contracts import Checker

from fiskaly_mockserver.web.answers import to_bytes
from fiskaly_mockserver.web.redacted_values import ITEMS_KEPT
from fiskaly_mockserver.web.responses import JsonResponse
from fiskaly_mockserver.web.shown import JsonObject, Presenter, Shown, ShownRow, ShownRows

ROOM = 8 * 1024 * 1024
"""Bytes of written rows that are kept: about ten thousand usual ones."""


@dataclass(slots=True)
class _Written:
    """A row as it was written, and the operations that may answer with it."""

    present: Presenter
    row: object
    raw: bytes
    accepted_by: tuple[str, ...] = ()


class Writer:
    """Writes the answers of one server's operations, all of them with status 200."""

    def __init__(self, checker: Checker, *, room: int = ROOM) -> None:
        self._checker = checker
        self._room = room
        self._taken = 0
        # By identity, which is sound as long as the row is held; oldest first
        self._written: OrderedDict[int, _Written] = OrderedDict()

    def response(self, operation_id: str, shown: Shown) -> JsonResponse:
        """Return the response that shows what a handler answered with."""
        match shown:
            case ShownRow():
                return self._of_row(operation_id, shown)
            case ShownRows():
                return self._of_rows(operation_id, shown)
            case _:
                return JsonResponse(to_bytes(shown), shown)

    def _of_row(self, operation_id: str, shown: ShownRow) -> JsonResponse:
        present, row = shown.present, shown.row
        written = self._written.get(id(row))
        value = None
        if written is None or written.present is not present:
            value = present(row)
            written = self._keep(present, row, value)
        if operation_id not in written.accepted_by:
            plan = self._checker.answer_plan(operation_id, 200)
            value = present(row) if value is None else value
            if plan is None or not plan.accepts(value):
                return JsonResponse(written.raw, value)
            written.accepted_by += (operation_id,)
        return JsonResponse(written.raw, None)

    def _of_rows(self, operation_id: str, shown: ShownRows) -> JsonResponse:
        present, kept = shown.present, self._written
        rows, doubtful = [], False
        for row in shown.rows:
            written = kept.get(id(row))
            if written is None or written.present is not present:
                written = self._keep(present, row, present(row))
            if operation_id not in written.accepted_by:
                doubtful = not self._accepts_row(operation_id, written) or doubtful
            rows.append(written.raw)
        envelope = shown.envelope
        head, _, tail = to_bytes(envelope).partition(b"[]")
        excerpt = b"%b[%b]%b" % (head, b",".join(rows[: ITEMS_KEPT + 1]), tail)
        many = len(rows) > ITEMS_KEPT + 1
        raw = b"%b[%b]%b" % (head, b",".join(rows), tail) if many else excerpt
        plan = self._checker.answer_plan(operation_id, 200)
        if doubtful or plan is None or not plan.accepts_envelope(envelope):
            value = {**envelope, "data": [present(row) for row in shown.rows]}
            return JsonResponse(raw, value, excerpt=excerpt)
        return JsonResponse(raw, None, excerpt=excerpt)

    def _keep(self, present: Presenter, row: object, value: JsonObject) -> _Written:
        """Write a row, and let go of the oldest where there is no room."""
        before = self._written.pop(id(row), None)
        written = self._written[id(row)] = _Written(present, row, to_bytes(value))
        self._taken += len(written.raw) - (len(before.raw) if before else 0)
        while self._taken > self._room:
            _, oldest = self._written.popitem(last=False)
            self._taken -= len(oldest.raw)
        return written

    def _accepts_row(self, operation_id: str, written: _Written) -> bool:
        plan = self._checker.answer_plan(operation_id, 200)
        if plan is None or not plan.accepts_row(written.present(written.row)):
            return False
        written.accepted_by += (operation_id,)
        return True
