"""Exports: how they come to an end, and which logs they hold (S9)."""

import pytest
from builders.receipts import receipt
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.model import (
    ClientId,
    Export,
    ExportFilter,
    ExportState,
    TransactionState,
    TssState,
)
from fiskaly_mockserver.domain.store import Paging, StateFilter
from signing.till import CLIENT_ID, EXPORT_ID, START, TSS_ID, Signing, uid


def trigger(signing: Signing, number: int = 0xE1, **filters: object) -> Export:
    wanted = ExportFilter(**filters)  # type: ignore[arg-type]
    return signing.exports.trigger(signing.shop, TSS_ID, uid(number), wanted)


def look(signing: Signing, number: int = 0xE1) -> Export:
    return signing.exports.find(signing.shop, TSS_ID, uid(number))


def counters(signing: Signing, number: int = 0xE1) -> list[int]:
    file = signing.exports.file(signing.shop, TSS_ID, uid(number))
    return [log.counter for log in file.logs]


@pytest.fixture
def sold(signing: Signing) -> int:
    """Sign two receipts of two clients, an admin step between; return the counter before."""
    signing.till()
    signing.clients.create(signing.shop, TSS_ID, uid(2), serial_number="KASSE-02")
    before = signing.row().signature_counter
    signing.sign(1, tx=uid(0x71))
    signing.clock.advance(10)
    signing.deregister(uid(2))
    signing.clients.update(
        signing.shop,
        TSS_ID,
        uid(2),
        state=signing.clients.find(signing.shop, TSS_ID, CLIENT_ID).state,
    )
    signing.sign(1, tx=uid(0x72), client=uid(2))
    signing.clock.advance(10)
    signing.sign(2, TransactionState.FINISHED, receipt(), tx=uid(0x71))
    signing.sign(2, TransactionState.FINISHED, receipt(), tx=uid(0x72), client=uid(2))
    return before


def test_s9_an_export_is_done_at_the_next_look(signing: Signing, sold: int) -> None:
    assert trigger(signing).state is ExportState.PENDING
    with pytest.raises(errors.ExportNotCompleted):
        counters(signing)
    done = look(signing)
    assert done.state is ExportState.COMPLETED
    assert done.time_request == done.time_start == done.time_end == START + 20
    assert counters(signing) == [*range(1, sold + 7)]
    signing.sign(1, tx=uid(0x73))
    assert counters(signing) == [*range(1, sold + 7)]
    signing.clock.advance(7 * 86_400)
    with pytest.raises(errors.ExportNotCompleted):
        counters(signing)


def test_s9_a_list_is_a_look_too(signing: Signing, sold: int) -> None:
    trigger(signing)
    page = signing.exports.list(signing.shop, None, StateFilter({ExportState.COMPLETED}), Paging())
    assert [row.id for row in page.rows] == [EXPORT_ID]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param({"transaction_number": 1}, [1, 2, 3, 5], id="one transaction"),
        pytest.param({"start_transaction_number": 2}, [4, 5, 6], id="from one on"),
        pytest.param({"end_transaction_number": 1}, [1, 2, 3, 4, 5], id="up to one"),
        pytest.param({"start_date": START + 10, "end_date": START + 10}, [2, 3, 4], id="dates"),
        pytest.param({"start_date": START + 20}, [5, 6], id="from a date on"),
    ],
)
def test_s9_filters_select_logs(
    signing: Signing, sold: int, filters: dict[str, int], expected: list[int]
) -> None:
    trigger(signing, **filters)
    assert look(signing).state is ExportState.COMPLETED
    assert [counter - sold for counter in counters(signing)] == expected


@pytest.mark.parametrize("filters", [{"transaction_number": 1}, {"start_transaction_number": 1}])
def test_s9_what_goes_on_later_is_in_no_export_that_is_done(
    signing: Signing, filters: dict[str, int]
) -> None:
    signing.till()
    signing.sign(1)
    signing.tss.log_out(signing.shop, TSS_ID)
    trigger(signing, **filters)
    look(signing)
    held = counters(signing)
    assert held == [signing.row().signature_counter - 1]
    signing.sign(2, TransactionState.FINISHED, receipt())
    signing.sign(1, tx=uid(0x72))
    assert counters(signing) == held


def test_s9_counters_and_clients_select_logs(signing: Signing, sold: int) -> None:
    trigger(signing, start_signature_counter=sold + 2, end_signature_counter=sold + 3)
    look(signing)
    assert counters(signing) == [sold + 2, sold + 3]
    trigger(signing, 0xE2, client_id=ClientId(CLIENT_ID), start_date=START + 999)
    look(signing, 0xE2)
    kept = counters(signing, 0xE2)
    assert [one - sold for one in kept if one > sold] == [1, 2, 3, 5]


def test_s9_limits_and_nothing_end_in_an_error(signing: Signing, sold: int) -> None:
    trigger(signing, maximum_number_records=5)
    assert look(signing).exception == "E_TOO_MANY_RECORDS"
    trigger(signing, 0xE2, start_date=START + 999)
    done = look(signing, 0xE2)
    assert (done.state, done.exception) == (ExportState.ERROR, "E_NO_DATA_AVAILABLE")
    trigger(signing, 0xE3, maximum_number_records=0)
    assert look(signing, 0xE3).state is ExportState.COMPLETED


@pytest.mark.parametrize(
    "filters",
    [
        {"transaction_number": 1, "start_date": 1},
        {"start_date": 5, "end_date": 4},
        {"start_date": 5, "start_signature_counter": 4},
        {"start_transaction_number": 2, "end_transaction_number": 1},
    ],
)
def test_s9_filters_that_do_not_go_together(
    signing: Signing, sold: int, filters: dict[str, int]
) -> None:
    with pytest.raises(errors.ParameterMismatch):
        trigger(signing, **filters)
    with pytest.raises(errors.ExportNotFound):
        look(signing)


def test_s9_filters_that_name_nothing(signing: Signing, sold: int) -> None:
    with pytest.raises(errors.UnknownTransactionNamed):
        trigger(signing, transaction_number=9)
    with pytest.raises(errors.UnknownClientNamed):
        trigger(signing, client_id=ClientId(uid(9)))


def test_s9_what_stands_against_an_export(signing: Signing) -> None:
    signing.tss_in(TssState.UNINITIALIZED)
    with pytest.raises(errors.NothingToExport):
        trigger(signing)
    signing.tss.change_state(signing.shop, TSS_ID, TssState.INITIALIZED)
    trigger(signing)
    with pytest.raises(errors.DuplicateExport):
        trigger(signing)
    with pytest.raises(errors.SameExportRuns):
        trigger(signing, 0xE2)
    for number in range(9):
        trigger(signing, 0x100 + number, start_date=number)
    with pytest.raises(errors.TooManyExports):
        trigger(signing, 0x200, start_date=77)


def test_s9_a_disabled_tss_is_exported(signing: Signing, sold: int) -> None:
    signing.tss.change_state(signing.shop, TSS_ID, TssState.DISABLED)
    trigger(signing)
    assert look(signing).last_counter == signing.row().signature_counter


def test_s9_only_what_is_not_done_is_canceled(signing: Signing, sold: int) -> None:
    trigger(signing)
    assert signing.exports.cancel(signing.shop, TSS_ID, EXPORT_ID).state is ExportState.CANCELLED
    with pytest.raises(errors.ExportNotCancellable):
        signing.exports.cancel(signing.shop, TSS_ID, EXPORT_ID)
    with pytest.raises(errors.ExportNotCompleted):
        counters(signing)


def test_s9_exports_are_held_on_demand(signing: Signing, sold: int) -> None:
    held = signing.replaced(trigger(signing), held=ExportState.WORKING)
    signing.tables.exports.put(held)
    assert look(signing).state is ExportState.WORKING
    signing.tables.exports.put(signing.replaced(look(signing), held=ExportState.ERROR))
    failed = look(signing)
    assert (failed.state, failed.exception) == (ExportState.ERROR, "E_UNEXPECTED")


def test_s9_an_export_that_was_held_keeps_the_time_it_began(signing: Signing, sold: int) -> None:
    trigger(signing)
    working = signing.exports.hold(TSS_ID, EXPORT_ID, ExportState.WORKING)
    signing.clock.advance(5)
    done = signing.exports.hold(TSS_ID, EXPORT_ID, ExportState.COMPLETED)
    assert (done.time_start, done.time_end) == (working.time_start, working.time_start + 5)
