"""What is in the account: sign-up, clearance, tills, reset, seeding, export and import."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from fiskaly_contracts import JsonValue, explain
from fiskaly_fixtures import COUNTRIES, PRESETS, TreeArguments, TreeError, generate_from

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    Environment,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
)
from fiskaly_mockserver.domain.account.organizations import Profile
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.domain.signing.model import Export, ExportState, Tss, TssId, TssState
from fiskaly_mockserver.web.api import JsonObject
from fiskaly_mockserver.web.control.call import (
    DONE,
    MANY,
    UNSERVED,
    ControlCall,
    ControlError,
    ControlHandler,
)
from fiskaly_mockserver.web.service import Service
from fiskaly_mockserver.world.export.export import StateError, export_world, import_world
from fiskaly_mockserver.world.garbage import collector_at_rest
from fiskaly_mockserver.world.names import SIGN_DE, shown
from fiskaly_mockserver.world.seeding import Seeded, baseline_of
from fiskaly_mockserver.world.store.tables import Baseline
from fiskaly_mockserver.world.world import World


def demand_presentable(world: World, service: Service) -> None:
    """Demand that every row can be presented as each API's contract has it.

    Raises:
        StateError: One cannot; the message names row, field and rule.
    """
    for served in service.apis:
        for place, schema, row in served.api.rows(world):
            violations = served.checker.value(schema, row)
            if violations:
                raise StateError(f"{place}: {explain(violations)}")


def import_checked(world: World, state: JsonObject, service: Service) -> None:
    """Import an exported world into another one that nobody else uses.

    Raises:
        StateError: It is none, or holds what an API cannot present.
    """
    with collector_at_rest():
        import_world(world, state)
        demand_presentable(world, service)


MOST_CLIENTS, MOST_RECEIPTS = 2_000, 20_000
"""Of a tree that is seeded by a call: what takes longer to grow is for the server's start."""
FILLED_IN: Profile = {
    "address_line1": "-",
    "zip": "-",
    "town": "-",
    "country_code": "DEU",
}
"""What a sign-up may leave out of its organization."""


def sign_up(call: ControlCall) -> JsonValue:
    """Sign a person up, as the Dashboard does."""
    person = {
        "email": call.text("email"),
        "password": call.text("password"),
        "first_name": call.text("first_name"),
        "last_name": call.text("last_name"),
    }
    call.service.secrets.add(person["password"])
    sign_ups = call.world.sign_ups
    if "organization" not in call.body:
        with _refused(call, "email", person["email"]):
            registered = sign_ups.accept_invitation(**person)
        return {
            "user_id": registered.user.id,
            "accepted_invitations": [*registered.accepted],
        }
    profile = cast("Profile", {**FILLED_IN, **call.part("organization")})
    country = profile["country_code"]
    countries = _countries(call)
    if country not in countries:
        raise ControlError(
            404,
            f"{shown(country)} is no ISO 3166-1 alpha-3 code",
            field="organization.country_code",
            allowed=tuple(countries),
        )
    with _refused(call, "email", person["email"]):
        made = sign_ups.sign_up(**person, organization=profile)
    return {
        "user_id": made.user.id,
        "organization_id": made.organization.id,
        "api_key": _credentials(call, made.api_key, made.secret),
        "accepted_invitations": [*made.accepted],
    }


def clear_for_live(call: ControlCall) -> JsonValue:
    """Clear a main organization for LIVE, and hand out its first LIVE key."""
    asked = call.text("organization_id")
    with _refused(call, "organization_id", asked, partial(_clearable, call)):
        organization, key, secret = call.world.environments.clear(asked.lower())
    return {"organization_id": organization.id, "api_key": _credentials(call, key, secret)}


def set_up_tss(call: ControlCall) -> JsonValue:
    """Bring a new TSS with its clients to work, as an onboarding does it, without a request."""
    organization_id = OrganizationId(call.text("organization_id").lower())  # as the API reads it
    organization = call.world.rows.organizations.get(organization_id)
    env = Environment(str(call.body.get("env", Environment.TEST)))
    if organization is None:
        raise ControlError(
            404,
            f"organization_id is {shown(call.text('organization_id'))}, but there is no such one",
            field="organization_id",
        )
    if env not in organization.envs:
        raise ControlError(409, f"env is {env}, for which it is not enabled", field="env")
    if not any(served.name == SIGN_DE for served in call.service.apis):
        raise ControlError(409, UNSERVED)
    signing, seams = call.world.signing, call.world.seams
    admin = Principal(
        id=PrincipalId(seams.ids.uuid()),
        kind=PrincipalKind.API_KEY,
        env=env,
        home=organization,
        memberships=(organization,),
    )
    pin = f"{int(seams.secrets.key_part(), 36) % 10**6:06}"
    tss = signing.tss.create(admin, seams.ids.uuid())
    call.service.secrets.add(tss.admin_puk)
    signing.tss.change_state(admin, tss.id, TssState.UNINITIALIZED)
    signing.tss.change_pin(admin, tss.id, puk=tss.admin_puk, pin=pin)
    signing.tss.log_in(admin, tss.id, pin=pin)
    signing.tss.change_state(admin, tss.id, TssState.INITIALIZED)
    clients: list[JsonValue] = []
    for number in range(1, cast("int", call.body.get("clients", 1)) + 1):
        client = signing.clients.create(
            admin, tss.id, seams.ids.uuid(), serial_number=f"KASSE-{number:02}"
        )
        clients.append({"id": client.id, "serial_number": client.serial_number})
    signing.tss.log_out(admin, tss.id)
    return {
        "id": tss.id,
        "env": env.value,
        "state": TssState.INITIALIZED.value,
        "admin_puk": tss.admin_puk,
        "admin_pin": pin,
        "clients": clients,
    }


def take_tss_away(call: ControlCall) -> JsonValue:
    """Put a TSS into a state that only the vendor brings it to."""
    tss_id, state = call.text("tss_id"), TssState(call.text("state"))
    with _refused(call, "tss_id", tss_id), _impossible("state", state):
        tss = call.world.signing.tss.take_away(tss_id, state)
    return _state_of(tss)


def _state_of(tss: Tss) -> JsonObject:
    return {"id": tss.id, "env": tss.env.value, "state": tss.state.value}


def get_tss_states(call: ControlCall) -> JsonValue:
    """List all TSS with their states, whatever organization they belong to."""
    return {"tss": [_state_of(tss) for tss in call.world.rows.tss]}


def get_export_states(call: ControlCall) -> JsonValue:
    """List all exports with their states; that completes none of them."""
    return {"exports": [_export_state_of(export) for export in call.world.rows.exports]}


def _export_state_of(export: Export) -> JsonObject:
    return {"id": export.id, "tss_id": export.tss_id, "state": export.state.value}


def hold_export(call: ControlCall) -> JsonValue:
    """Keep an export at work, end it in ERROR, or let it be completed."""
    tss_id, export_id = call.text("tss_id"), call.text("export_id")
    state = ExportState(call.text("state"))
    if call.world.rows.tss.get(TssId(tss_id.lower())) is None:
        raise ControlError(
            404, f"tss_id is {shown(tss_id)}, but there is no such TSS", field="tss_id"
        )
    with _refused(call, "export_id", export_id), _impossible("state", state):
        export = call.world.signing.exports.hold(tss_id, export_id, state)
    return _export_state_of(export)


def wipe_test_tss(call: ControlCall) -> JsonValue:
    """Delete the TEST TSS that the vendor's wipe on Sundays takes, of every organization."""
    wiped = call.world.signing.tss.wipe(call.world.rows.tss)
    return {"tss_ids": [tss.id for tss in wiped]}


def reset(call: ControlCall) -> JsonValue:
    """Return to the seeded tree."""
    call.world.reset()
    return dict(DONE)


async def seed(call: ControlCall) -> JsonValue:
    """Start over with another tree; until it is grown, the present one is served.

    What somebody put in its place meanwhile was asked for later, so it stays.
    """
    present, generation = call.world.preset, call.world.generation
    asked = {**({} if present is None else {"preset": present}), **call.body}
    try:
        arguments = TreeArguments(**cast("dict[str, Any]", asked))
        arguments.demand_at_most(MOST_CLIENTS, MOST_RECEIPTS)
    except TreeError as error:
        raise _unknown_tree(error) from error
    started_at = call.world.seams.clock.now()

    def generated() -> tuple[Baseline, JsonValue]:
        baseline = baseline_of(generate_from(arguments), started_at=started_at)
        return baseline, _tree_of(baseline)

    # A large tree takes seconds, in which the other callers are not left waiting
    baseline, tree = await asyncio.to_thread(generated)
    _demand_undisturbed(call, generation)
    call.world.reseed(baseline)
    return tree


async def get_tree(call: ControlCall) -> JsonValue:
    """Show the seeded organizations with their keys, secrets and users."""
    baseline = call.world.baseline
    if len(baseline.organizations.order) <= MANY:
        return _tree_of(baseline)
    return await asyncio.to_thread(_tree_of, baseline)


def _tree_of(baseline: Baseline) -> JsonValue:
    return {
        "preset": baseline.preset,
        "seed": baseline.seed,
        "tills": baseline.tills,
        "receipts": baseline.receipts,
        **Seeded(baseline).as_json(),
    }


async def export_state(call: ControlCall) -> JsonValue:
    """Export the whole world."""
    if len(call.world.rows.organizations) <= MANY:
        return export_world(call.world)
    return await asyncio.to_thread(export_world, call.world.fork())


async def import_state(call: ControlCall) -> JsonValue:
    """Replace the world by an exported one."""
    generation = call.world.generation
    try:
        # Tried out beside the world, so that a wrong row changes nothing; and beside the loop,
        # as a large one takes seconds
        trial = call.world.sibling()
        await asyncio.to_thread(import_checked, trial, call.body, call.service)
    except StateError as error:
        raise ControlError(409, str(error)) from error
    _demand_undisturbed(call, generation)
    call.world.become(call.world.state()._replace(rows=trial.rows, clock=trial.clock))
    return dict(DONE)


def _demand_undisturbed(call: ControlCall, generation: int) -> None:
    """Refuse to undo what was asked for later, while this call did its work elsewhere."""
    if call.world.generation != generation or not call.service.worlds.has(call.world):
        raise ControlError(
            409,
            "meanwhile the world was reset, seeded, restored, imported or dropped, which"
            " stays: ask again if this is still wanted",
        )


@contextmanager
def _impossible(field: str, value: str) -> Iterator[None]:
    """Name field and value in what the present state of a row does not allow."""
    try:
        yield
    except ValueError as error:
        raise ControlError(409, f"{field} is {value}, but {error}", field=field) from error


@contextmanager
def _refused(
    call: ControlCall, field: str, value: str, allowed: Callable[[], tuple[str, ...]] = tuple
) -> Iterator[None]:
    """Name field and value in what the domain refuses, and what would have been right."""
    try:
        yield
    except DomainError as error:
        refused = call.refused(error, field=field, value=value)
        refused.allowed = allowed()
        raise refused from error


def _unknown_tree(error: TreeError) -> ControlError:
    allowed = {"preset": tuple(PRESETS), "country": COUNTRIES}.get(error.argument or "")
    if allowed is None:
        return ControlError(409, str(error), field=error.argument or "")
    return ControlError(404, str(error), field=error.argument or "", allowed=allowed)


def _clearable(call: ControlCall) -> tuple[str, ...]:
    return tuple(
        row.id
        for row in call.world.rows.organizations
        if row.is_main and Environment.LIVE not in row.envs
    )


def _countries(call: ControlCall) -> list[str]:
    document = cast(
        "dict[str, dict[str, dict[str, dict[str, list[str]]]]]", call.service.contract.document
    )
    return document["components"]["schemas"]["CountryCode"]["enum"]


def _credentials(call: ControlCall, key: ApiKey, secret: str) -> JsonValue:
    call.service.secrets.add(secret)
    return {"env": key.env.value, "key": key.key, "secret": secret}


HANDLERS: Mapping[str, ControlHandler] = {
    "signUp": sign_up,
    "clearForLive": clear_for_live,
    "setUpTss": set_up_tss,
    "getTssStates": get_tss_states,
    "takeTssAway": take_tss_away,
    "getExportStates": get_export_states,
    "holdExport": hold_export,
    "wipeTestTss": wipe_test_tss,
    "reset": reset,
    "seed": seed,
    "getTree": get_tree,
    "exportState": export_state,
    "importState": import_state,
}
