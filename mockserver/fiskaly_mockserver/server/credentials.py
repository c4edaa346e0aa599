"""The keys and passwords of a tree, as they are told to whoever starts the server."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fiskaly_fixtures import OrganizationSpec, OrganizationTree, password_of, secret_of


@dataclass(frozen=True, slots=True)
class ApiCredentials:
    """What a client needs to authenticate as an organisation in one environment."""

    env: str
    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OrganizationCredentials:
    """An organisation and its enabled API keys, a TEST key first."""

    id: str
    type: str
    name: str
    envs: tuple[str, ...]
    managed_by_organization_id: str | None
    api_keys: tuple[ApiCredentials, ...]


@dataclass(frozen=True, slots=True)
class UserCredentials:
    """A registered user, with its password and where it belongs."""

    id: str
    email: str
    password: str = field(repr=False)
    organization_ids: tuple[str, ...]


def organization_credentials(tree: OrganizationTree) -> Iterator[OrganizationCredentials]:
    """Yield every organisation of the tree in its order, main ones before their managed."""
    for spec in tree.organizations:
        yield OrganizationCredentials(
            id=spec.id,
            type=spec.type,
            name=spec.name,
            envs=tuple(spec.envs),
            managed_by_organization_id=spec.managed_by_organization_id,
            api_keys=_keys(tree, spec),
        )


def top_credentials(tree: OrganizationTree) -> Iterator[OrganizationCredentials]:
    """Yield the main organisations of the tree that nobody else pays for."""
    payers = {
        spec.id: spec.billing_options.bill_to_organization if spec.billing_options else None
        for spec in tree.organizations
    }
    for found in organization_credentials(tree):
        if found.managed_by_organization_id is None and payers[found.id] is None:
            yield found


def user_credentials(tree: OrganizationTree) -> Iterator[UserCredentials]:
    """Yield every user that can log in."""
    for user in tree.users:
        if user.registered:
            yield UserCredentials(
                id=user.id,
                email=user.email,
                password=password_of(tree.seed, user.id),
                organization_ids=tuple(
                    membership.organization_id
                    for membership in user.memberships
                    if membership.invited_seconds_ago is None
                ),
            )


def _keys(tree: OrganizationTree, spec: OrganizationSpec) -> tuple[ApiCredentials, ...]:
    enabled = [key for key in spec.api_keys if key.status == "enabled"]
    enabled.sort(key=lambda key: key.env != "TEST")
    return tuple(ApiCredentials(key.env, key.key, secret_of(tree.seed, key.id)) for key in enabled)
