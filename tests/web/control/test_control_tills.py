"""A TSS that is brought to work by one control call, and what was signed on it."""

from base64 import b64encode
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from builders.receipts import receipt
from builders.signed_receipt import ask, log_in
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.handles import SignedReceipt, TssHandle

TX = "c1d2e3f4-a5b6-4c7d-8e9f-0a1b2c3d4e5f"


@pytest.fixture
def tss(control: Control, server: MockServer) -> TssHandle:
    """A TSS with two tills, of the organization whose key comes first."""
    return TssHandle.of(control.set_up_tss(server.tree.main.organization_id, clients=2))


def sign(server: MockServer, tss: TssHandle, state: str, schema: Any, tx: str = TX) -> Any:
    """Sign a transaction of two steps at the first till."""
    token, path = log_in(server), f"/tss/{tss.tss_id}/tx/{tx}?tx_revision="
    call = {"state": "ACTIVE", "client_id": tss.clients[0].client_id}
    ask(server, "PUT", f"{path}1", call, token)
    return ask(server, "PUT", f"{path}2", {**call, "state": state, "schema": schema}, token)


def test_it_is_as_if_it_had_been_onboarded(
    control: Control, server: MockServer, tss: TssHandle
) -> None:
    token = log_in(server)
    row = ask(server, "GET", f"/tss/{tss.tss_id}", token=token)
    assert (row["state"], row["_env"]) == (tss.state, tss.env) == ("INITIALIZED", "TEST")
    # 25 by deploying, then PIN, log-in, initialization, two clients, log-out
    assert (row["signature_counter"], row["number_registered_clients"]) == ("31", 2)
    rows = ask(server, "GET", f"/tss/{tss.tss_id}/client", token=token)["data"]
    assert [(one["_id"], one["serial_number"]) for one in rows] == [
        (one.client_id, one.serial_number) for one in tss.clients
    ]
    assert [one.serial_number for one in tss.clients] == ["KASSE-01", "KASSE-02"]
    assert control.count({"operation": "createTss"}) == 0


def test_its_pin_is_good_and_nobody_is_logged_in(server: MockServer, tss: TssHandle) -> None:
    token, path = log_in(server), f"/tss/{tss.tss_id}"
    with pytest.raises(AssertionError, match="E_ADMIN_NOT_AUTHENTICATED"):
        ask(server, "PATCH", path, {"state": "DISABLED"}, token)
    assert ask(server, "POST", f"{path}/admin/auth", {"admin_pin": tss.admin_pin}, token) == {}
    assert ask(server, "PATCH", path, {"state": "DISABLED"}, token)["state"] == "DISABLED"


def test_its_puk_sets_another_pin(server: MockServer, tss: TssHandle) -> None:
    change = {"admin_puk": tss.admin_puk, "new_admin_pin": "654321"}
    assert ask(server, "PATCH", f"/tss/{tss.tss_id}/admin", change, log_in(server)) == {}
    shown = repr(tss)
    assert tss.tss_id in shown
    assert tss.admin_puk not in shown


@pytest.mark.parametrize(
    ("settings", "status", "field"),
    [
        ({"organization_id": "99999999-9999-4999-8999-999999999999"}, 404, "organization_id"),
        ({"env": "LIVE"}, 409, "env"),
        ({"env": "PROD"}, 400, "env"),
        ({"clients": 200}, 400, "clients"),
    ],
)
def test_what_cannot_be_is_refused(
    control: Control, server: MockServer, settings: dict[str, Any], status: int, field: str
) -> None:
    asked = {"organization_id": server.tree.main.organization_id, **settings}
    with pytest.raises(ControlRefused) as refused:
        control.set_up_tss(**asked)
    assert (refused.value.status, refused.value.field) == (status, field)


def test_a_sixth_is_refused_as_the_api_would(control: Control, server: MockServer) -> None:
    organization_id = server.tree.main.organization_id
    for written in (organization_id.upper(), *[organization_id] * 4):
        control.set_up_tss(written, clients=0)
    with pytest.raises(ControlRefused, match="Limit of active TSS reached") as refused:
        control.set_up_tss(organization_id)
    assert refused.value.status == 403


def test_a_server_without_sign_de_refuses(serve: Any) -> None:
    server = serve(sign_de=False, tills=1, size=1)
    nobody, [tss_id, *_] = str(UUID(int=1)), server.control.tss_states()
    control, refused = server.control, "does not serve SIGN DE"
    with pytest.raises(ControlRefused, match=refused):
        control.set_up_tss(server.tree.main.organization_id)
    with pytest.raises(ControlRefused, match=refused):
        control.take_tss_away(nobody, "DEFECTIVE")
    with pytest.raises(ControlRefused, match=refused):
        control.hold_export(tss_id, nobody, "WORKING")


def test_finished_receipts_are_listed_verified(
    control: Control, server: MockServer, tss: TssHandle
) -> None:
    assert control.receipts(tss.tss_id) == []
    signed = sign(server, tss, "FINISHED", receipt("19.99"))
    sign(server, tss, "CANCELLED", receipt("1.00"), tx=TX.replace("c1", "c2", 1))
    raw = {"raw": {"process_type": "Kassenbeleg", "process_data": "eA=="}}
    sign(server, tss, "FINISHED", raw, tx=TX.replace("c1", "c3", 1))
    first, last = (SignedReceipt.of(row) for row in control.receipts(tss.tss_id.upper()))
    assert first.qr_code_data == signed["qr_code_data"]
    assert (first.transaction_id, first.tss_id, first.number) == (TX, tss.tss_id, 1)
    assert (first.client_id, first.client_serial_number) == (tss.clients[0].client_id, "KASSE-01")
    assert (first.process_type, first.kind, first.findings) == ("Kassenbeleg-V1", "Beleg", ())
    assert (first.total, first.amounts["NORMAL"]) == (Decimal("19.99"), Decimal("19.99"))
    assert first.payments == (("CASH", Decimal("19.99"), "EUR"),)
    assert (last.number, last.process_data, last.kind, last.total) == (3, "x", "", Decimal(0))
    assert "process_type should be one of Kassenbeleg-V1" in last.findings[0]


def test_an_unknown_tss_has_no_receipts(control: Control) -> None:
    with pytest.raises(ControlRefused, match="there is no such TSS") as refused:
        control.receipts("99999999-9999-4999-8999-999999999999")
    assert (refused.value.status, refused.value.field) == (404, "tss_id")


@pytest.mark.parametrize(
    ("process_type", "data", "told"),
    [
        ("Bestellung-V1", '1;"K\xe4se";2.00', "process data should be text in UTF-8"),
        ("Kassen;beleg", "x", "process type should hold no semicolon"),
    ],
)
def test_what_no_code_can_show_is_told(  # noqa: PLR0917 - all fixtures
    control: Control, server: MockServer, tss: TssHandle, process_type: str, data: str, told: str
) -> None:
    coded = b64encode(data.encode("latin-1")).decode()
    raw = {"raw": {"process_type": process_type, "process_data": coded}}
    code = sign(server, tss, "FINISHED", raw)["qr_code_data"]
    [row] = control.receipts(tss.tss_id)
    assert row["findings"][0].startswith(told)
    assert control.explain_qr_code(code)["findings"] == row["findings"]
    with pytest.raises(AssertionError, match=f"a receipt does not verify: {told}.*: V0;KASSE-01"):
        SignedReceipt.of(row)
