"""Clients: who may sign (S4)."""

import pytest
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.clients import ClientFilter
from fiskaly_mockserver.domain.signing.model import Client, ClientState, TssState
from fiskaly_mockserver.domain.store import Paging
from signing.till import CLIENT_ID, TSS_ID, Signing, uid


def create(signing: Signing, client: str = CLIENT_ID, serial: str = "KASSE-01") -> Client:
    return signing.clients.create(signing.shop, TSS_ID, client, serial_number=serial)


def test_s4_clients_are_made_before_and_after_initializing(signing: Signing) -> None:
    signing.tss_in(TssState.CREATED)
    with pytest.raises(errors.TssStillCreated):
        create(signing)
    signing.tss.change_state(signing.shop, TSS_ID, TssState.UNINITIALIZED)
    with pytest.raises(errors.AdminNotAuthenticated):
        create(signing)
    signing.log_in()
    assert create(signing).state is ClientState.REGISTERED
    signing.tss.change_state(signing.shop, TSS_ID, TssState.INITIALIZED)
    assert create(signing, uid(2), "KASSE-02").tss_id == TSS_ID
    signing.tss.change_state(signing.shop, TSS_ID, TssState.DISABLED)
    with pytest.raises(errors.TssDisabled):
        create(signing, uid(3), "KASSE-03")


def test_s4_the_same_again_is_no_conflict(signing: Signing) -> None:
    signing.till()
    counter = signing.row().signature_counter
    assert create(signing).time_creation
    assert signing.row().signature_counter == counter
    with pytest.raises(errors.ClientConflict):
        create(signing, serial="KASSE-02")
    with pytest.raises(errors.ClientSerialTaken):
        create(signing, uid(2))


def test_s4_ids_are_unique_in_the_whole_system(signing: Signing) -> None:
    signing.till()
    other = uid(0x52)
    signing.tss_in(TssState.INITIALIZED, other, signing.vendor)
    with pytest.raises(errors.ClientConflict):
        signing.clients.create(signing.vendor, other, CLIENT_ID, serial_number="KASSE-01")
    assert (
        signing.clients.create(signing.vendor, other, uid(2), serial_number="KASSE-01").tss_id
        == other
    )


def test_s4_clients_come_and_go(signing: Signing) -> None:
    signing.till()
    counter = signing.row().signature_counter
    signing.deregister()
    signing.deregister()
    assert signing.row().signature_counter == counter + 1
    client = signing.clients.update(
        signing.shop, TSS_ID, CLIENT_ID, state=ClientState.REGISTERED, metadata={"a": "b"}
    )
    assert client.metadata == {"a": "b"}
    assert signing.row().signature_counter == counter + 2
    with pytest.raises(errors.ClientNotFound):
        signing.clients.update(signing.shop, TSS_ID, uid(9), state=ClientState.REGISTERED)


def test_s4_a_tss_has_room_for_199(signing: Signing) -> None:
    signing.till()
    for number in range(198):
        create(signing, uid(0x1000 + number), f"K{number}")
    with pytest.raises(errors.ClientLimitReached):
        create(signing, uid(0x2000), "more")
    signing.deregister()
    assert create(signing, uid(0x2000), "more").state is ClientState.REGISTERED
    with pytest.raises(errors.ClientLimitReached):
        signing.clients.update(signing.shop, TSS_ID, CLIENT_ID, state=ClientState.REGISTERED)


def test_s4_a_disabled_tss_has_none_registered(signing: Signing) -> None:
    signing.till()
    signing.tss.change_state(signing.shop, TSS_ID, TssState.DISABLED)
    assert signing.clients.find(signing.shop, TSS_ID, CLIENT_ID).state is ClientState.DEREGISTERED


def test_lists_are_narrowed(signing: Signing) -> None:
    signing.till()
    create(signing, uid(2), "KASSE-02")
    signing.deregister()

    def ids(tss: str | None, narrowed: ClientFilter) -> list[str]:
        page = signing.clients.list(signing.shop, tss, narrowed, Paging(order_by="serial_number"))
        assert page.count == len(page.rows)
        return [row.id for row in page.rows]

    assert ids(None, ClientFilter()) == ids(TSS_ID, ClientFilter()) == [CLIENT_ID, uid(2)]
    assert ids(TSS_ID, ClientFilter(state=ClientState.REGISTERED)) == [uid(2)]
    assert ids(TSS_ID, ClientFilter(serial_number="KASSE-01")) == [CLIENT_ID]
    with pytest.raises(errors.TssNotFound):
        signing.clients.list(signing.vendor, TSS_ID, ClientFilter(), Paging())
