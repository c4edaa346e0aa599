"""Transactions: revisions, repetitions, and what is out of turn (S5, S6)."""

from base64 import b64decode
from typing import Any

import pytest
from builders.receipts import receipt
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.model import TransactionState, TssState
from fiskaly_mockserver.domain.signing.qr_code import qr_code_text, read_qr_code
from fiskaly_mockserver.domain.store import Paging, StateFilter
from fiskaly_mockserver.world.signing import verifies
from signing.till import CLIENT_ID, START, TSS_ID, TX_ID, Signing, uid

ACTIVE, FINISHED, CANCELLED = (
    TransactionState.ACTIVE,
    TransactionState.FINISHED,
    TransactionState.CANCELLED,
)
ORDER: dict[str, Any] = {"standard_v1": {"order": {"line_items": []}}}


@pytest.fixture(autouse=True)
def _till(signing: Signing) -> None:
    signing.till()


def test_s5_a_receipt_from_start_to_finish(signing: Signing) -> None:
    counter = signing.row().signature_counter
    signing.sign(1)
    signing.clock.advance(3)
    signing.sign(2, schema=receipt("5.00"))
    signing.clock.advance(2)
    row, repeated = signing.sign(3, FINISHED, receipt())
    assert not repeated
    assert (row.number, row.state, row.time_start, row.time_end) == (1, FINISHED, START, START + 5)
    assert [one.operation for one in row.revisions] == ["Start", "Update", "Finish"]
    assert [one.counter for one in row.revisions] == [counter + 1, counter + 2, counter + 3]
    assert signing.row().signature_counter == counter + 3
    assert signing.row().transaction_counter == 1
    assert row.revisions[0].process_type == " "
    assert row.revisions[0].schema == {}


def test_s6_signature_log_and_qr_code_are_the_same_bytes(signing: Signing) -> None:
    signing.sign(1)
    row, _ = signing.sign(2, FINISHED, receipt())
    tss = signing.row()
    log = signing.tables.logs.get((tss.id, row.latest.counter))
    assert log is not None
    assert log.data[-64:] == b64decode(row.latest.signature)
    code = read_qr_code(qr_code_text(row, row.latest))
    assert code.signed_bytes == log.data[4:-66] or code.signed_bytes == log.data[3:-66]
    assert verifies(code.public_key, code.signed_bytes, code.signature)
    assert log.name == (
        f"Unixt_{START}_Sig-{row.latest.counter}_Log-Tra_No-1_Finish_Client-KASSE-01.log"
    )


def test_s5_the_latest_revision_may_be_repeated(signing: Signing) -> None:
    first, _ = signing.sign(1)
    counter = signing.row().signature_counter
    again, repeated = signing.sign(1)
    assert repeated
    assert again == first
    done, _ = signing.sign(2, FINISHED, receipt())
    assert signing.sign(2, FINISHED, receipt()) == (done, True)
    signing.deregister()
    assert signing.sign(2, FINISHED, receipt()) == (done, True)
    assert signing.row().signature_counter == counter + 2


def test_s5_a_first_call_may_carry_a_schema(signing: Signing) -> None:
    row, _ = signing.sign(1, schema=receipt())
    assert row.latest.process_type == "Kassenbeleg-V1"


@pytest.mark.parametrize(
    ("revision", "state", "schema", "error"),
    [
        pytest.param(2, ACTIVE, None, errors.WrongRevision, id="first revision is not 1"),
        pytest.param(1, FINISHED, receipt(), errors.WrongRevision, id="begins finished"),
        pytest.param(1, FINISHED, None, errors.NoProcessType, id="begins finished, no schema"),
    ],
)
def test_s5_how_no_transaction_begins(
    signing: Signing,
    revision: int,
    state: TransactionState,
    schema: dict[str, Any] | None,
    error: type[Exception],
) -> None:
    before = signing.row()
    with pytest.raises(error):
        signing.sign(revision, state, schema)
    assert signing.row() == before
    assert not len(signing.tables.transactions.select("tss", TSS_ID))


@pytest.mark.parametrize(
    ("revision", "state", "schema", "error"),
    [
        pytest.param(1, ACTIVE, receipt(), errors.WrongRevision, id="other body for revision 1"),
        pytest.param(3, ACTIVE, None, errors.WrongRevision, id="gap"),
        pytest.param(2, FINISHED, None, errors.NoProcessType, id="finish without schema"),
        pytest.param(2, CANCELLED, None, errors.NoProcessType, id="cancel without schema"),
    ],
)
def test_s5_what_is_out_of_turn_while_active(
    signing: Signing,
    revision: int,
    state: TransactionState,
    schema: dict[str, Any] | None,
    error: type[Exception],
) -> None:
    signing.sign(1)
    before = signing.row()
    with pytest.raises(error):
        signing.sign(revision, state, schema)
    assert signing.row() == before


@pytest.mark.parametrize("end", [FINISHED, CANCELLED])
def test_s5_nothing_goes_on_when_it_is_closed(signing: Signing, end: TransactionState) -> None:
    signing.sign(1)
    signing.sign(2, end, receipt())
    with pytest.raises(errors.WrongRevision) as refused:
        signing.sign(3, FINISHED, receipt())
    assert end in refused.value.reason
    with pytest.raises(errors.NoProcessType):
        signing.sign(1)


def test_s5_the_process_type_stays(signing: Signing) -> None:
    signing.sign(1)
    signing.sign(2, schema=receipt())
    with pytest.raises(errors.ProcessTypeChanged):
        signing.sign(3, FINISHED, ORDER)
    signing.sign(3)  # which gives no type, and takes none away
    with pytest.raises(errors.ProcessTypeChanged):
        signing.sign(4, FINISHED, ORDER)
    signing.sign(4, FINISHED, receipt())


def test_s5_who_may_not_sign(signing: Signing) -> None:
    with pytest.raises(errors.UnknownClientNamed):
        signing.sign(1, client=uid(9))
    signing.deregister()
    with pytest.raises(errors.ClientDeregistered):
        signing.sign(1)
    other = uid(0x52)
    signing.tss_in(TssState.UNINITIALIZED, other)
    signing.clients.create(signing.shop, other, uid(2), serial_number="K2")
    signing.tss.change_state(signing.shop, TSS_ID, TssState.DISABLED)
    with pytest.raises(errors.TssDisabled):
        signing.sign(1)


def test_s5_numbers_count_per_tss_and_find(signing: Signing) -> None:
    signing.sign(1)
    signing.sign(1, tx=uid(2))
    found = signing.transactions.find(signing.shop, TSS_ID, "2")
    assert found.id == uid(2)
    assert signing.sign(2, FINISHED, receipt(), tx="2")[0].id == uid(2)
    with pytest.raises(errors.TransactionNotFound):
        signing.transactions.find(signing.shop, TSS_ID, "3")
    with pytest.raises(errors.TransactionNotFound):
        signing.sign(1, tx="3")


def test_s5_revisions_are_kept(signing: Signing) -> None:
    signing.sign(1)
    signing.sign(2, FINISHED, receipt())
    _, first = signing.transactions.revision(signing.shop, TSS_ID, TX_ID, 1)
    _, latest = signing.transactions.revision(signing.shop, TSS_ID, TX_ID, None)
    assert (first.revision, latest.revision) == (1, 2)
    with pytest.raises(errors.RevisionNotFound):
        signing.transactions.revision(signing.shop, TSS_ID, TX_ID, 3)


def test_s5_another_client_of_the_tss_may_go_on(signing: Signing) -> None:
    signing.clients.create(signing.shop, TSS_ID, uid(2), serial_number="KASSE-02")
    signing.sign(1)
    row, _ = signing.sign(2, FINISHED, receipt(), client=uid(2))
    assert [one.client_serial_number for one in row.revisions] == ["KASSE-01", "KASSE-02"]

    def of(client: str) -> list[str]:
        page = signing.transactions.list_of_client(
            signing.shop, TSS_ID, client, StateFilter(), Paging()
        )
        return [one.id for one in page.rows]

    assert of(CLIENT_ID) == []
    assert of(uid(2)) == [TX_ID]


def test_lists_are_narrowed_and_ordered(signing: Signing) -> None:
    for number in range(3):
        signing.sign(1, tx=uid(number))
    signing.sign(2, FINISHED, receipt(), tx=uid(1))

    def ids(narrowed: StateFilter, paging: Paging) -> list[str]:
        return [
            row.id for row in signing.transactions.list(signing.shop, TSS_ID, narrowed, paging).rows
        ]

    assert ids(StateFilter({FINISHED}), Paging()) == [uid(1)]
    assert ids(StateFilter({ACTIVE, FINISHED}), Paging(descending=True, limit=2)) == [
        uid(2),
        uid(1),
    ]
    assert ids(StateFilter(), Paging(order_by="time_end")) == [uid(1), uid(0), uid(2)]


def test_metadata_is_merged_and_not_signed(signing: Signing) -> None:
    signing.sign(1)
    before = signing.row()
    row = signing.transactions.change_metadata(signing.shop, TSS_ID, TX_ID, {"a": "1"})
    assert row.metadata == {"a": "1"}
    assert signing.row() == before
