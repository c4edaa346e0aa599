"""The typed control interface; a transport carries its calls."""

from collections.abc import Mapping
from typing import Any, Protocol, Self, cast

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.control.shapes import (
    AllViolations,
    Cleared,
    ClockState,
    ExplainedQrCode,
    Fault,
    FaultRecipe,
    FaultRule,
    Health,
    Journal,
    JournalQuery,
    ListedReceipt,
    SandboxList,
    SignedUp,
    Tree,
    TreeTss,
    Waited,
)

Body = Mapping[str, Any]
MOST_RECEIPTS = "100000"
"""As many as the control contract lets a list have."""
__tracebackhide__ = True
"""For pytest: a test that is refused is shown, not how the refusal came about in here."""


class ControlRefused(Exception):
    """A control call that was refused; nothing was changed.

    Attributes:
        status: The HTTP status, also in process.
        field: The field that is wrong, `""` where it is none.
        allowed: The values that would have been right, if they can be listed.
    """

    def __init__(
        self, status: int, message: str, field: str = "", allowed: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.field = field
        self.allowed = allowed


class Transport(Protocol):
    """Carries a control call to a server and its answer back."""

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: Body | None,
        sandbox: str | None,
    ) -> JsonValue:
        """Return the JSON of a 200.

        Raises:
            ControlRefused: The server answered anything else.
        """
        ...


class Control:
    """What a test suite can ask of a running server.

    Every call speaks of the default world, or of a sandbox: `control.sandbox("a")`.
    Each method raises `ControlRefused` with the reason, and then changed nothing.
    """

    def __init__(self, transport: Transport, sandbox: str | None = None) -> None:
        self._transport = transport
        self._sandbox = sandbox

    def sandbox(self, name: str) -> Self:
        """Return the control of an isolated world, which is made on first use."""
        return type(self)(self._transport, name)

    def health(self) -> Health:
        """Tell that the server is up, and what it serves."""
        return cast("Health", self._call("getHealth"))

    def contract(self) -> dict[str, JsonValue]:
        """Return the OpenAPI document of the Management API."""
        return cast("dict[str, JsonValue]", self._call("getContract"))

    def sign_de_contract(self) -> dict[str, JsonValue]:
        """Return the OpenAPI document of SIGN DE, if that is served."""
        return cast("dict[str, JsonValue]", self._call("getSignDeContract"))

    def sign_up(
        self,
        email: str,
        password: str,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        organization: Mapping[str, str] | None = None,
    ) -> SignedUp:
        """Sign a person up as the Dashboard does, with a first main organization or without."""
        body = _sent(
            email=email,
            password=password,
            first_name=first_name,
            last_name=last_name,
            organization=organization,
        )
        return cast("SignedUp", self._call("signUp", body=body))

    def clear_for_live(self, organization_id: str) -> Cleared:
        """Make a main organization LIVE, as the vendor does after a contract is signed."""
        body = {"organization_id": organization_id}
        return cast("Cleared", self._call("clearForLive", body=body))

    def set_up_tss(
        self, organization_id: str, *, env: str | None = None, clients: int | None = None
    ) -> TreeTss:
        """Bring a new TSS with registered clients to work; TEST and one client unless told."""
        body = _sent(organization_id=organization_id, env=env, clients=clients)
        return cast("TreeTss", self._call("setUpTss", body=body))

    def take_tss_away(self, tss_id: str, state: str) -> None:
        """Put a TSS into DEFECTIVE, DELETED or EVICTED, where only the vendor brings it."""
        self._call("takeTssAway", body={"tss_id": tss_id, "state": state})

    def tss_states(self) -> dict[str, str]:
        """Return the states of all TSS of the world, by their ids."""
        found = cast("dict[str, list[dict[str, str]]]", self._call("getTssStates"))
        return {one["id"]: one["state"] for one in found["tss"]}

    def export_states(self) -> dict[tuple[str, str], str]:
        """Return the states of all exports of the world, by the ids of TSS and export."""
        found = cast("dict[str, list[dict[str, str]]]", self._call("getExportStates"))
        return {(one["tss_id"], one["id"]): one["state"] for one in found["exports"]}

    def hold_export(self, tss_id: str, export_id: str, state: str) -> str:
        """Keep a running export in WORKING, end it in ERROR, or let it be COMPLETED.

        Returns:
            The state that it has now: one without data ends in ERROR, not in COMPLETED.
        """
        body = {"tss_id": tss_id, "export_id": export_id, "state": state}
        held = self._call("holdExport", body=body)
        return cast("dict[str, str]", held)["state"]

    def wipe_test_tss(self) -> list[str]:
        """Delete the TEST TSS that are DISABLED or 14 days inactive, and return their ids."""
        return cast("dict[str, list[str]]", self._call("wipeTestTss"))["tss_ids"]

    def receipts(self, tss_id: str) -> list[ListedReceipt]:
        """Return the finished transactions of a TSS with their QR codes, each verified."""
        found = self._call("listReceipts", path={"tss_id": tss_id}, query={"limit": MOST_RECEIPTS})
        return cast("dict[str, list[ListedReceipt]]", found)["receipts"]

    def reset(self) -> None:
        """Return to the seeded tree and real time; forget faults and journal."""
        self._call("reset")

    def seed(
        self,
        preset: str | None = None,
        *,
        seed: int | None = None,
        size: int | None = None,
        country: str | None = None,
        tills: int | None = None,
        receipts: int | None = None,
    ) -> Tree:
        """Start over with another tree, which `reset` then returns to."""
        body = _sent(
            preset=preset, seed=seed, size=size, country=country, tills=tills, receipts=receipts
        )
        return cast("Tree", self._call("seed", body=body))

    def tree(self) -> Tree:
        """Return the seeded organizations with their keys, secrets and users."""
        return cast("Tree", self._call("getTree"))

    def export_state(self) -> dict[str, JsonValue]:
        """Return the whole world, secrets as hashes only, without sessions."""
        return cast("dict[str, JsonValue]", self._call("exportState"))

    def import_state(self, state: Mapping[str, JsonValue]) -> None:
        """Replace the world by an exported one."""
        self._call("importState", body=state)

    def save_snapshot(self, name: str) -> None:
        """Keep the present state under a name, in place of an older one of that name."""
        self._call("saveSnapshot", body={"name": name})

    def snapshots(self) -> list[str]:
        """Return the names of the snapshots, oldest first."""
        return cast("dict[str, list[str]]", self._call("listSnapshots"))["snapshots"]

    def restore_snapshot(self, name: str) -> None:
        """Return to a snapshot."""
        self._call("restoreSnapshot", path={"name": name})

    def drop_snapshot(self, name: str) -> None:
        """Forget a snapshot."""
        self._call("dropSnapshot", path={"name": name})

    def clock(self) -> ClockState:
        """Tell the world's time."""
        return cast("ClockState", self._call("getClock"))

    def freeze_clock(self, at: str | None = None) -> ClockState:
        """Stop the time, now or at an instant such as `2027-01-31T23:59:58Z`."""
        return self._set_clock(freeze=True if at is None else at)

    def set_clock(self, to: str) -> ClockState:
        """Set the time to a later instant."""
        return self._set_clock(set=to)

    def advance_clock(self, by: str | float) -> ClockState:
        """Move the time forward by seconds or text such as `25h`."""
        return self._set_clock(advance=by)

    def resume_clock(self) -> ClockState:
        """Let a frozen or scaled time run as real time does."""
        return self._set_clock(resume=True)

    def scale_clock(self, factor: float) -> ClockState:
        """Let the time run `factor` times as fast."""
        return self._set_clock(scale=factor)

    def arm_fault(self, rule: FaultRule) -> Fault:
        """Arm a fault."""
        return cast("Fault", self._call("armFault", body=rule))

    def faults(self) -> list[Fault]:
        """Return the armed faults and how often each has struck."""
        return cast("dict[str, list[Fault]]", self._call("listFaults"))["faults"]

    def fault_recipes(self) -> list[FaultRecipe]:
        """Return the named outages that can be armed."""
        found = self._call("listFaultRecipes")
        return cast("dict[str, list[FaultRecipe]]", found)["recipes"]

    def arm_recipe(self, name: str) -> list[Fault]:
        """Arm the faults of a named outage, such as `sign-de-down`."""
        armed = self._call("armFaultRecipe", path={"name": name})
        return cast("dict[str, list[Fault]]", armed)["faults"]

    def clear_faults(self, fault_id: str | None = None) -> None:
        """Disarm one fault, or all."""
        if fault_id is None:
            self._call("clearFaults")
        else:
            self._call("clearFault", path={"fault_id": fault_id})

    def journal(self, query: JournalQuery | None = None) -> Journal:
        """Return the exchanges that match, oldest first, secrets redacted."""
        return cast("Journal", self._call("findInJournal", body=query or {}))

    def count(self, query: JournalQuery | None = None) -> int:
        """Count exchanges; refused with 409 if the journal overflowed."""
        return cast("dict[str, int]", self._call("countInJournal", body=query or {}))["count"]

    def wait(
        self, times: int = 1, query: JournalQuery | None = None, timeout: str | float = 5.0
    ) -> Waited:
        """Wait in real time until so many exchanges match."""
        body = {"query": query or {}, "times": times, "timeout": timeout}
        return cast("Waited", self._call("waitInJournal", body=body))

    def violations(self) -> Journal:
        """Return the exchanges in which the client broke the contract."""
        return cast("Journal", self._call("listViolations"))

    def all_violations(self) -> AllViolations:
        """Return what broke a contract since the server started, in whatever world.

        Unlike `violations` it forgets nothing: no reset, overflow or dropped sandbox.
        """
        return cast("AllViolations", self._call("listAllViolations"))

    def coverage(self) -> dict[str, JsonValue]:
        """Return what clients made of each contract since the server started, in whatever world.

        `fiskaly_contracts.coverage.report.from_json` reads it.
        """
        return cast("dict[str, JsonValue]", self._call("getCoverage"))

    def clear_journal(self) -> None:
        """Forget every exchange."""
        self._call("clearJournal")

    def explain(self, request_id: str) -> dict[str, JsonValue]:
        """Say which rule refused a request, on what state, and what would have passed."""
        path = {"request_id": request_id}
        return cast("dict[str, JsonValue]", self._call("explain", path=path))

    def explain_qr_code(self, qr_code_data: str) -> ExplainedQrCode:
        """Name the fields of a receipt's QR code, verify it, and look for its transaction."""
        body = {"qr_code_data": qr_code_data}
        return cast("ExplainedQrCode", self._call("explainQrCode", body=body))

    def har(self) -> dict[str, JsonValue]:
        """Return the journal as an HTTP archive."""
        return cast("dict[str, JsonValue]", self._call("exportHar"))

    def sandboxes(self) -> SandboxList:
        """Return the sandboxes of the server."""
        return cast("SandboxList", self._call("listSandboxes"))

    def drop_sandbox(self, name: str) -> None:
        """Drop a sandbox with everything in it."""
        self._call("dropSandbox", path={"name": name})

    def _set_clock(self, **change: str | float | bool) -> ClockState:
        return cast("ClockState", self._call("setClock", body=change))

    def _call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> JsonValue:
        return self._transport.call(
            operation_id, path=path or {}, query=query or {}, body=body, sandbox=self._sandbox
        )


def _sent(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
