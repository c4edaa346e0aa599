"""The keys and passwords of seeded rows, as they are shown to whoever runs the server.

They derive from the seed; nothing that was created later is here, for its secret was
shown once and is stored as a hash.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from fiskaly_fixtures import password_of, secret_of

from fiskaly_mockserver.domain.account.model import Environment, KeyStatus, Organization
from fiskaly_mockserver.world.store.overlay_table import OverlayTable
from fiskaly_mockserver.world.store.tables import Baseline


@dataclass(frozen=True, slots=True)
class ApiCredentials:
    """What a client needs to authenticate as an organization in one environment."""

    env: str
    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OrganizationCredentials:
    """An organization and its enabled API keys, a TEST key first."""

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


class Seeded:
    """The credentials of a baseline that comes from a tree."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._seed = baseline.seed or 0

    def organizations(self) -> Iterator[OrganizationCredentials]:
        """Yield every organization in the order of the tree, main ones before their managed."""
        for row in self._baseline.organizations.order:
            yield self._of(row)

    def tops(self) -> Iterator[OrganizationCredentials]:
        """Yield the main organizations that nobody else pays for."""
        for row in self._baseline.organizations.order:
            if row.is_main and row.payer_id is None:
                yield self._of(row)

    def users(self) -> Iterator[UserCredentials]:
        """Yield every user that can log in."""
        memberships = OverlayTable(self._baseline.memberships)
        for user in self._baseline.users.order:
            if user.registered:
                yield UserCredentials(
                    id=user.id,
                    email=user.email,
                    password=password_of(self._seed, user.id),
                    organization_ids=tuple(
                        membership.organization_id
                        for membership in memberships.select("user", user.id)
                        if membership.pending_until is None
                    ),
                )

    def as_json(self) -> dict[str, Any]:
        """Return `{"organizations": […], "users": […]}` as `serve --json` prints them."""
        return {
            "organizations": [asdict(found) for found in self.organizations()],
            "users": [asdict(found) for found in self.users()],
        }

    def _of(self, row: Organization) -> OrganizationCredentials:
        keys = [
            key
            for key in OverlayTable(self._baseline.api_keys).select("organization", row.id)
            if key.status is KeyStatus.ENABLED
        ]
        keys.sort(key=lambda key: key.env is not Environment.TEST)
        return OrganizationCredentials(
            id=row.id,
            type=row.type.value,
            name=row.name,
            envs=tuple(env.value for env in row.envs),
            managed_by_organization_id=row.managed_by_organization_id,
            api_keys=tuple(
                ApiCredentials(key.env.value, key.key, secret_of(self._seed, key.id))
                for key in keys
            ),
        )
