"""What the refusals of SIGN DE read, as their explanations tell it; states have their own file."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from builders.accounts import Account, caller_facts
from builders.receipts import receipt
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.errors import SigningError
from fiskaly_mockserver.domain.signing.model import (
    ClientId,
    ClientState,
    ExportFilter,
    TransactionState,
)
from signing.till import CLIENT_ID, EXPORT_ID, TSS_ID, TX_ID, Signing, uid

Call = Callable[[Signing], object]
FINISHED, CANCELLED = TransactionState.FINISHED, TransactionState.CANCELLED
MIXED = "filters by"
ORDER: dict[str, Any] = {"standard_v1": {"order": {"line_items": []}}}


def _wrong_pin(times: int) -> Call:
    def call(one: Signing) -> None:
        for _ in range(times - 1):
            with pytest.raises(errors.AdminLoginFailed):
                one.tss.log_in(one.shop, TSS_ID, pin="wrong-pin")
        one.tss.log_in(one.shop, TSS_ID, pin="wrong-pin")

    return call


def _with_tss(changes: Mapping[str, int], then: Call) -> Call:
    def call(one: Signing) -> object:
        one.tables.tss.put(one.replaced(one.row(), **changes))
        return then(one)

    return call


def _five_tss(one: Signing) -> object:
    return [one.tss.create(one.shop, uid(number)) for number in range(1, 6)]


def _without_session(one: Signing) -> object:
    one.tss.log_out(one.shop, TSS_ID)
    return one.clients.create(one.shop, TSS_ID, uid(2), serial_number="KASSE-02")


def _deregistered(one: Signing) -> object:
    one.deregister()
    return one.sign(1)


def _signed(*steps: Call) -> Call:
    def call(one: Signing) -> object:
        one.sign(1)
        return [step(one) for step in steps]

    return call


def _trigger(number: int = 0xE1, **filters: object) -> Call:
    wanted = ExportFilter(**filters)  # type: ignore[arg-type]
    return lambda one: one.exports.trigger(one.shop, TSS_ID, uid(number), wanted)


def _done_export(one: Signing) -> object:
    _trigger()(one)
    one.exports.find(one.shop, TSS_ID, EXPORT_ID)
    return one.exports.cancel(one.shop, TSS_ID, EXPORT_ID)


def _eleven_exports(one: Signing) -> object:
    return [_trigger(0xE1 + number, start_date=number)(one) for number in range(11)]


def _file_of_pending(one: Signing) -> object:
    _trigger()(one)
    return one.exports.file(one.shop, TSS_ID, EXPORT_ID)


def _client(client: str, serial: str) -> Call:
    return lambda one: one.clients.create(one.shop, TSS_ID, client, serial_number=serial)


def _register_again(one: Signing) -> object:
    one.deregister()
    one.tables.tss.put(one.replaced(one.row(), registered_clients=199))
    return one.clients.update(one.shop, TSS_ID, CLIENT_ID, state=ClientState.REGISTERED)


REFUSALS: Mapping[str, tuple[Call, type[SigningError], Mapping[str, str]]] = {
    "no such TSS": (
        lambda one: one.tss.find(one.shop, uid(9)),
        errors.TssNotFound,
        caller_facts("shop_test", tss=uid(9), exists="no"),
    ),
    "another's TSS": (
        lambda one: one.tss.find(one.vendor, TSS_ID),
        errors.TssNotFound,
        caller_facts("vendor_test", tss=TSS_ID, exists="yes"),
    ),
    "an id that another's TSS has": (
        lambda one: one.tss.create(one.vendor, TSS_ID),
        errors.TssConflict,
        {"tss": TSS_ID},
    ),
    "an id that a deployed TSS has": (
        lambda one: one.tss.create(one.shop, TSS_ID),
        errors.TssConflict,
        {"tss": TSS_ID, "state": "INITIALIZED"},
    ),
    "five TSS": (_five_tss, errors.TssLimitReached, caller_facts("shop_test", active="5")),
    "the second wrong PIN": (
        _wrong_pin(2),
        errors.AdminLoginFailed,
        {"tss": TSS_ID, "tries": "2"},
    ),
    "the sixth wrong PIN": (_wrong_pin(6), errors.AdminPinBlocked, {"tss": TSS_ID, "tries": "5"}),
    "no admin session": (
        _without_session,
        errors.AdminNotAuthenticated,
        caller_facts("shop_test", tss=TSS_ID),
    ),
    "no such client": (
        lambda one: one.clients.find(one.shop, TSS_ID, uid(9)),
        errors.ClientNotFound,
        caller_facts("shop_test", tss=TSS_ID, client=uid(9)),
    ),
    "a client's id in use": (
        _client(CLIENT_ID.upper(), "KASSE-02"),
        errors.ClientConflict,
        {"client": CLIENT_ID},
    ),
    "a serial number in use": (
        _client(uid(2), "KASSE-01"),
        errors.ClientSerialTaken,
        {"tss": TSS_ID, "serial_number": "KASSE-01"},
    ),
    "199 clients": (
        _with_tss({"registered_clients": 199}, _client(uid(2), "KASSE-02")),
        errors.ClientLimitReached,
        {"tss": TSS_ID, "registered": "199"},
    ),
    "199 clients beside one that comes back": (
        _register_again,
        errors.ClientLimitReached,
        {"tss": TSS_ID, "registered": "199"},
    ),
    "a transaction of an unknown client": (
        lambda one: one.sign(1, client=uid(9)),
        errors.UnknownClientNamed,
        {"tss": TSS_ID, "client": uid(9)},
    ),
    "a transaction of a client that is out": (
        _deregistered,
        errors.ClientDeregistered,
        {"tss": TSS_ID, "client": CLIENT_ID},
    ),
    "no such transaction": (
        lambda one: one.transactions.find(one.shop, TSS_ID, "7"),
        errors.TransactionNotFound,
        {"tss": TSS_ID, "transaction": "7"},
    ),
    "no transaction of that number to go on with": (
        lambda one: one.sign(2, tx="7"),
        errors.TransactionNotFound,
        {"tss": TSS_ID, "transaction": "7"},
    ),
    "2000 open transactions": (
        _with_tss({"active_transactions": 2_000}, lambda one: one.sign(1)),
        errors.TransactionLimitReached,
        {"tss": TSS_ID, "active": "2000"},
    ),
    "an end without process data": (
        _signed(lambda one: one.sign(2, FINISHED)),
        errors.NoProcessType,
        {"transaction": TX_ID, "state": "ACTIVE", "wanted": "FINISHED"},
    ),
    "a beginning that is an end": (
        lambda one: one.sign(1, CANCELLED),
        errors.NoProcessType,
        {"transaction": TX_ID, "state": "", "wanted": "CANCELLED"},
    ),
    "another process type": (
        _signed(lambda one: one.sign(2, schema=receipt()), lambda one: one.sign(3, schema=ORDER)),
        errors.ProcessTypeChanged,
        {"transaction": TX_ID, "process_type": "Kassenbeleg-V1", "wanted": "Bestellung-V1"},
    ),
    "a revision too far": (
        _signed(lambda one: one.sign(3)),
        errors.WrongRevision,
        {"transaction": TX_ID},
    ),
    "no such revision": (
        _signed(lambda one: one.transactions.revision(one.shop, TSS_ID, TX_ID, 2)),
        errors.RevisionNotFound,
        {"transaction": TX_ID, "revision": "2"},
    ),
    "revision zero": (
        _signed(lambda one: one.transactions.revision(one.shop, TSS_ID, TX_ID, 0)),
        errors.RevisionNotFound,
        {"transaction": TX_ID, "revision": "0"},
    ),
    "no such export": (
        lambda one: one.exports.find(one.shop, TSS_ID, uid(9)),
        errors.ExportNotFound,
        {"tss": TSS_ID, "export": uid(9)},
    ),
    "an export's id in use": (
        lambda one: [_trigger(0xE1)(one), _trigger(0xE1, start_date=1)(one)],
        errors.DuplicateExport,
        {"tss": TSS_ID, "export": EXPORT_ID},
    ),
    "the same export": (
        lambda one: [_trigger(0xE1)(one), _trigger(0xE2)(one)],
        errors.SameExportRuns,
        {"tss": TSS_ID},
    ),
    "ten exports": (_eleven_exports, errors.TooManyExports, {"tss": TSS_ID, "running": "10"}),
    "an export of an unknown client": (
        _trigger(client_id=ClientId(uid(9))),
        errors.UnknownClientNamed,
        {"tss": TSS_ID, "client": uid(9)},
    ),
    "an export from an unknown transaction on": (
        _trigger(start_transaction_number=7),
        errors.UnknownTransactionNamed,
        {"tss": TSS_ID, "transaction": "7"},
    ),
    "an export up to an unknown transaction": (
        _signed(_trigger(start_transaction_number=1, end_transaction_number=8)),
        errors.UnknownTransactionNamed,
        {"tss": TSS_ID, "transaction": "8"},
    ),
    "filters of two kinds": (
        _trigger(start_date=1, end_signature_counter=2),
        errors.ParameterMismatch,
        {"reason": f"{MIXED} start_date and by end_signature_counter exclude each other"},
    ),
    "one transaction and a range": (
        _signed(_trigger(transaction_number=1, end_transaction_number=1)),
        errors.ParameterMismatch,
        {"reason": f"{MIXED} transaction_number and by end_transaction_number exclude each other"},
    ),
    "a range that ends before it begins": (
        _trigger(start_signature_counter=3, end_signature_counter=2),
        errors.ParameterMismatch,
        {"reason": "start_signature_counter is after end_signature_counter"},
    ),
    "a completed export": (
        _done_export,
        errors.ExportNotCancellable,
        {"export": EXPORT_ID, "state": "COMPLETED"},
    ),
    "no file yet": (
        _file_of_pending,
        errors.ExportNotCompleted,
        {"export": EXPORT_ID, "state": "PENDING"},
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_tells_what_it_read(signing: Signing, case: str) -> None:
    call, error, facts = REFUSALS[case]
    signing.till()
    with pytest.raises(SigningError) as caught:
        call(signing)
    assert caught.type is error
    assert caught.value.facts == facts


def test_a_person_is_told_who_they_are(signing: Signing, account: Account) -> None:
    with pytest.raises(errors.NotSigningPrincipal) as caught:
        signing.tss.create(account.by("admin"), TSS_ID)
    assert caught.value.facts == caller_facts("admin")


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (
            lambda one: one.sign(2, tx=uid(2)),
            "a transaction starts with tx_revision 1 and state ACTIVE, not with 2 and ACTIVE",
        ),
        (
            lambda one: one.sign(1, FINISHED, receipt(), tx=uid(2)),
            "a transaction starts with tx_revision 1 and state ACTIVE, not with 1 and FINISHED",
        ),
        (
            lambda one: one.sign(3),
            "the latest revision is 1, so that the next one is 2, not 3",
        ),
        (
            lambda one: [one.sign(2, FINISHED, receipt()), one.sign(3, CANCELLED, receipt())],
            "the transaction is FINISHED in revision 2",
        ),
    ],
)
def test_a_wrong_revision_is_explained(signing: Signing, step: Call, reason: str) -> None:
    signing.till()
    signing.sign(1)
    with pytest.raises(errors.WrongRevision) as caught:
        step(signing)
    assert caught.value.reason == reason
