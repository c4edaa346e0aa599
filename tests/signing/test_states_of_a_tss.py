"""Which operation a TSS takes in which of its states (S2 to S5, S9)."""

from collections.abc import Callable, Mapping

import pytest
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.model import ClientState, ExportFilter, TssState
from signing.till import CLIENT_ID, EXPORT_ID, PIN, TSS_ID, TX_ID, Signing, uid

Refusals = Mapping[TssState, type[errors.SigningError]]

TAKEN_AWAY: Refusals = {
    TssState.DELETED: errors.TssDeleted,
    TssState.DEFECTIVE: errors.TssDefective,
    TssState.EVICTED: errors.TssEvicted,
}
FINAL: Refusals = {**TAKEN_AWAY, TssState.DISABLED: errors.TssDisabled}
NOT_READY: Refusals = {**FINAL, TssState.CREATED: errors.TssStillCreated}
ILLEGAL = errors.IllegalStateChange


def _to(state: TssState) -> Callable[[Signing], object]:
    return lambda one: one.tss.change_state(one.shop, TSS_ID, state)


OPERATIONS: Mapping[str, tuple[Callable[[Signing], object], Refusals]] = {
    "retrieve": (lambda one: one.row(), {}),
    "change its metadata": (lambda one: one.tss.change_metadata(one.shop, TSS_ID, {"a": "1"}), {}),
    "deploy": (
        _to(TssState.UNINITIALIZED),
        {**FINAL, TssState.INITIALIZED: ILLEGAL},
    ),
    "initialize": (_to(TssState.INITIALIZED), {**FINAL, TssState.CREATED: ILLEGAL}),
    "disable": (_to(TssState.DISABLED), {**FINAL, TssState.CREATED: ILLEGAL}),
    "change the PIN": (
        lambda one: one.tss.change_pin(one.shop, TSS_ID, puk=one.row().admin_puk, pin=PIN),
        NOT_READY,
    ),
    "log in": (lambda one: one.tss.log_in(one.shop, TSS_ID, pin=PIN), NOT_READY),
    "log out": (lambda one: one.tss.log_out(one.shop, TSS_ID), TAKEN_AWAY),
    "create a client": (
        lambda one: one.clients.create(one.shop, TSS_ID, uid(2), serial_number="KASSE-02"),
        NOT_READY,
    ),
    "deregister a client": (lambda one: one.deregister(), NOT_READY),
    "register a client": (
        lambda one: one.clients.update(one.shop, TSS_ID, CLIENT_ID, state=ClientState.REGISTERED),
        NOT_READY,
    ),
    "retrieve a client": (lambda one: one.clients.find(one.shop, TSS_ID, CLIENT_ID), {}),
    "sign": (
        lambda one: one.sign(2),
        {
            **FINAL,
            TssState.CREATED: errors.TssNotInitialized,
            TssState.UNINITIALIZED: errors.TssNotInitialized,
        },
    ),
    "retrieve a transaction": (lambda one: one.transactions.find(one.shop, TSS_ID, TX_ID), {}),
    "trigger an export": (
        lambda one: one.exports.trigger(one.shop, TSS_ID, uid(3), ExportFilter(start_date=1)),
        {
            **TAKEN_AWAY,
            TssState.CREATED: errors.NothingToExport,
            TssState.UNINITIALIZED: errors.NothingToExport,
        },
    ),
    "cancel an export": (
        lambda one: one.exports.cancel(one.shop, TSS_ID, EXPORT_ID),
        {**TAKEN_AWAY, TssState.CREATED: errors.TssStillCreated},
    ),
    "retrieve an export": (lambda one: one.exports.find(one.shop, TSS_ID, EXPORT_ID), {}),
}


@pytest.mark.parametrize("state", TssState)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_taken_or_refused_by_the_state(
    signing: Signing, operation: str, state: TssState
) -> None:
    signing.till()
    signing.sign(1)
    signing.exports.trigger(signing.shop, TSS_ID, EXPORT_ID, ExportFilter())
    before = signing.replaced(signing.row(), state=state)
    signing.tables.tss.put(before)
    call, refusals = OPERATIONS[operation]
    if state not in refusals:
        call(signing)
        return
    with pytest.raises(errors.SigningError) as caught:
        call(signing)
    assert caught.type is refusals[state]
    assert caught.value.facts["state"] == state
    assert signing.row() == before
