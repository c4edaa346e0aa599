"""Worlds with one vendor and many customers, and who calls there."""

from fiskaly_fixtures import generate
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    Environment,
    Organization,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
    User,
)
from fiskaly_mockserver.domain.account.organizations import Profile
from fiskaly_mockserver.world.seams import Seams, SeededSource
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.world import World

NEW: Profile = {
    "name": "Bakery",
    "address_line1": "Ring 1",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
}


def world_of(size: int, preset: str = "individual-customers") -> World:
    """Return a world with as many managed organizations, whose ids are the same in every run."""
    source = SeededSource("scale")
    tree = generate(preset, size=size)
    return World.on(baseline_of(tree, started_at=0), Seams(ids=source, secrets=source))


def organization_of(world: World, organization_id: str) -> Organization:
    """Return an organization that is there."""
    row = world.tables.organizations.get(OrganizationId(organization_id))
    assert row is not None
    return row


def caller_with(world: World, key: ApiKey) -> Principal:
    """Return who calls with a key."""
    home = organization_of(world, key.organization_id)
    return Principal(
        id=key.principal_id,
        kind=PrincipalKind.API_KEY,
        env=key.env,
        home=home,
        memberships=(home,),
    )


def vendor_of(world: World) -> Principal:
    """Return the vendor's first key as a caller."""
    return caller_with(world, next(iter(world.rows.api_keys)))


def person_in(world: World, user: User, env: Environment, *ids: str) -> Principal:
    """Return a user who belongs to those organizations."""
    members = tuple(organization_of(world, one) for one in ids)
    return Principal(
        id=PrincipalId(user.id),
        kind=PrincipalKind.USER,
        env=env,
        home=members[0],
        memberships=members,
    )
