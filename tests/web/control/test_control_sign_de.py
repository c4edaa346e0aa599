"""What only the vendor does to TSS and exports, over both transports of the control API."""

from typing import Any

import pytest
from builders.signed_receipt import log_in
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from web.control.wire import Reply, Wire

FRESH = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0001"
EXPORT = "e5f6a7b8-c9d0-4e1f-9a2b-3c4d5e6f7a8b"
NOWHERE = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def working(control: Control, server: MockServer) -> Any:
    """A TSS that signs, of the organization whose key comes first."""
    return control.set_up_tss(server.tree.main.organization_id)["id"]


def ask(server: MockServer, method: str, path: str, body: object = None) -> Reply:
    headers = {"Authorization": f"Bearer {log_in(server)}"}
    return Wire(server.port).ask(method, "/api/v2" + path, body, headers=headers)


@pytest.mark.parametrize(
    ("state", "code"), [("DEFECTIVE", "E_TSS_DEFECTIVE"), ("DELETED", "E_TSS_DELETED")]
)
def test_a_tss_that_was_taken_away_is_shown_and_423(
    control: Control, server: MockServer, working: str, state: str, code: str
) -> None:
    control.take_tss_away(working.upper(), state)
    shown = ask(server, "GET", f"/tss/{working}")
    assert (shown.status, shown.body["state"]) == (200, state)
    assert ("time_defective" in shown.body) == (state == "DEFECTIVE")
    for path, method, body in (
        (f"/tss/{working}", "PATCH", {"state": "DISABLED"}),
        (f"/tss/{working}/export/{EXPORT}", "PUT", {}),
    ):
        refused = ask(server, method, path, body)
        assert (refused.status, refused.body["code"]) == (423, code)


def test_a_tss_that_was_never_deployed_is_evicted(control: Control, server: MockServer) -> None:
    ask(server, "PUT", f"/tss/{FRESH}", {})
    control.take_tss_away(FRESH, "EVICTED")
    shown = ask(server, "GET", f"/tss/{FRESH}").body
    assert shown["state"] == "EVICTED"
    assert "admin_puk" not in shown
    refused = ask(server, "PATCH", f"/tss/{FRESH}", {"state": "UNINITIALIZED"})
    assert (refused.status, refused.body["code"]) == (423, "E_TSS_EVICTED")


@pytest.mark.parametrize(
    ("tss_id", "state", "status", "field"),
    [
        (NOWHERE, "DELETED", 404, "tss_id"),
        ("", "EVICTED", 409, "state"),
        ("", "DISABLED", 400, "state"),
    ],
)
def test_where_a_tss_does_not_come_to_is_refused(  # noqa: PLR0917 - all fixtures
    control: Control,
    server: MockServer,
    working: str,
    tss_id: str,
    state: str,
    status: int,
    field: str,
) -> None:
    with pytest.raises(ControlRefused) as refused:
        control.take_tss_away(tss_id or working, state)
    assert (refused.value.status, field in refused.value.field) == (status, True)
    assert ask(server, "GET", f"/tss/{working}").body["state"] == "INITIALIZED"


def test_what_was_taken_away_stays_so(control: Control, working: str) -> None:
    control.take_tss_away(working, "DEFECTIVE")
    with pytest.raises(ControlRefused, match="for good") as refused:
        control.take_tss_away(working, "DELETED")
    assert refused.value.status == 409


def test_an_export_is_held_and_let_go(control: Control, server: MockServer, working: str) -> None:
    path = f"/tss/{working}/export/{EXPORT}"
    assert ask(server, "PUT", path, {}).body["state"] == "PENDING"
    assert control.hold_export(working, EXPORT, "WORKING") == "WORKING"
    assert [ask(server, "GET", path).body["state"] for _ in range(2)] == ["WORKING"] * 2
    early = ask(server, "GET", f"{path}/file")
    assert (early.status, early.body["code"]) == (404, "E_EXPORT_NOT_COMPLETED")
    assert control.hold_export(working, EXPORT, "COMPLETED") == "COMPLETED"
    assert ask(server, "GET", f"{path}/file").status == 200
    with pytest.raises(ControlRefused, match="the export is COMPLETED") as refused:
        control.hold_export(working, EXPORT, "ERROR")
    assert refused.value.status == 409


def test_an_export_ends_in_an_error(control: Control, server: MockServer, working: str) -> None:
    path = f"/tss/{working}/export/{EXPORT}"
    ask(server, "PUT", path, {})
    assert control.hold_export(working, EXPORT, "ERROR") == "ERROR"
    shown = ask(server, "GET", path).body
    assert (shown["state"], shown["exception"]) == ("ERROR", "E_UNEXPECTED")
    for tss_id, export_id, field in ((working, NOWHERE, "export_id"), (NOWHERE, EXPORT, "tss_id")):
        with pytest.raises(ControlRefused, match=NOWHERE) as refused:
            control.hold_export(tss_id, export_id, "WORKING")
        assert (refused.value.status, refused.value.field) == (404, field)


def test_the_wipe_takes_what_is_disabled_or_idle(
    control: Control, server: MockServer, working: str
) -> None:
    assert control.wipe_test_tss() == []
    main = server.tree.main.organization_id
    disabled = control.set_up_tss(main)
    for method, path, body in (
        ("POST", "/admin/auth", {"admin_pin": disabled["admin_pin"]}),
        ("PATCH", "", {"state": "DISABLED"}),
    ):
        assert ask(server, method, f"/tss/{disabled['id']}{path}", body).status == 200
    assert control.wipe_test_tss() == [disabled["id"]]
    control.advance_clock("13d")
    fresh = control.set_up_tss(main)["id"]
    control.advance_clock("25h")
    assert control.wipe_test_tss() == [working]
    assert [ask(server, "GET", f"/tss/{one}").body["state"] for one in (working, fresh)] == [
        "DELETED",
        "INITIALIZED",
    ]


def test_states_are_listed_and_that_completes_no_export(
    control: Control, server: MockServer, working: str
) -> None:
    ask(server, "PUT", f"/tss/{FRESH}", {})
    ask(server, "PUT", f"/tss/{working}/export/{EXPORT}", {})
    for _ in range(2):
        states = control.tss_states()
        assert (states[working], states[FRESH]) == ("INITIALIZED", "CREATED")
        assert control.export_states()[working, EXPORT] == "PENDING"
    ask(server, "GET", f"/tss/{working}/export/{EXPORT}")
    assert control.export_states()[working, EXPORT] == "COMPLETED"
