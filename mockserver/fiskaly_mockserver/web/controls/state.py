"""What is in the account: sign-up, clearance, reset, seeding, export and import."""

from collections.abc import Mapping
from typing import Any, cast

from fiskaly_contracts import JsonValue
from fiskaly_fixtures import TreeError, generate

from fiskaly_mockserver.domain.model import ApiKey, OrganizationId
from fiskaly_mockserver.domain.organizations import Profile
from fiskaly_mockserver.web.controls.call import DONE, ControlCall, ControlError, ControlHandler
from fiskaly_mockserver.world.seeded import Seeded
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.states import StateError, export_world, import_world

FILLED_IN: Profile = {
    "address_line1": "-",
    "zip": "-",
    "town": "-",
    "country_code": "DEU",
}
"""What a sign-up may leave out of its organisation."""


def sign_up(call: ControlCall) -> JsonValue:
    """Sign a person up, as the Dashboard does."""
    person = {
        "email": call.text("email"),
        "password": call.text("password"),
        "first_name": call.text("first_name"),
        "last_name": call.text("last_name"),
    }
    sign_ups = call.world.sign_ups
    if "organization" not in call.body:
        registered = sign_ups.accept_invitation(**person)
        return {
            "user_id": registered.user.id,
            "accepted_invitations": [*registered.accepted],
        }
    profile = cast("Profile", {**FILLED_IN, **call.part("organization")})
    country = profile["country_code"]
    if country not in _countries(call):
        raise ControlError(
            400, f"{country!r} is no ISO 3166-1 alpha-3 code", field="organization.country_code"
        )
    made = sign_ups.sign_up(**person, organization=profile)
    return {
        "user_id": made.user.id,
        "organization_id": made.organization.id,
        "api_key": _credentials(made.api_key, made.secret),
        "accepted_invitations": [*made.accepted],
    }


def clear_for_live(call: ControlCall) -> JsonValue:
    """Clear a main organisation for LIVE, and hand out its first LIVE key."""
    organization, key, secret = call.world.environments.clear(
        OrganizationId(call.text("organization_id"))
    )
    return {"organization_id": organization.id, "api_key": _credentials(key, secret)}


def reset(call: ControlCall) -> JsonValue:
    """Return to the seeded tree."""
    call.world.reset()
    return dict(DONE)


def seed(call: ControlCall) -> JsonValue:
    """Start over with another tree."""
    asked = {"preset": call.world.preset, **call.body}
    try:
        tree = generate(**cast("dict[str, Any]", asked))
    except TreeError as error:
        raise ControlError(400, str(error), field=error.key or "") from error
    call.world.reseed(baseline_of(tree, started_at=call.world.seams.clock.now()))
    return get_tree(call)


def get_tree(call: ControlCall) -> JsonValue:
    """Show the seeded organisations with their keys, secrets and users."""
    baseline = call.world.baseline
    return {"preset": baseline.preset, "seed": baseline.seed, **Seeded(baseline).as_json()}


def export_state(call: ControlCall) -> JsonValue:
    """Export the whole world."""
    return export_world(call.world)


def import_state(call: ControlCall) -> JsonValue:
    """Replace the world by an exported one."""
    try:
        import_world(call.world, call.body)
    except StateError as error:
        raise ControlError(400, str(error)) from error
    return dict(DONE)


def _countries(call: ControlCall) -> list[str]:
    document = cast(
        "dict[str, dict[str, dict[str, dict[str, list[str]]]]]", call.service.contract.document
    )
    return document["components"]["schemas"]["CountryCode"]["enum"]


def _credentials(key: ApiKey, secret: str) -> JsonValue:
    return {"env": key.env.value, "key": key.key, "secret": secret}


HANDLERS: Mapping[str, ControlHandler] = {
    "signUp": sign_up,
    "clearForLive": clear_for_live,
    "reset": reset,
    "seed": seed,
    "getTree": get_tree,
    "exportState": export_state,
    "importState": import_state,
}
