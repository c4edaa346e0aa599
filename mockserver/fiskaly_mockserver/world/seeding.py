"""From an organization tree to the rows that a world starts with, and to their credentials."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from fiskaly_fixtures import (
    BillingOptionsSpec,
    OrganizationSpec,
    OrganizationTree,
    admin_pin_of,
    password_of,
    secret_of,
)
from fiskaly_fixtures.presets import PLANS

from fiskaly_mockserver.domain.account.access import viewers_of
from fiskaly_mockserver.domain.account.model import (
    EMPTY_METADATA,
    ApiKey,
    ApiKeyId,
    BillingAddress,
    BillingAddressId,
    BillingOptions,
    Environment,
    KeyStatus,
    ManagedConfiguration,
    Membership,
    Organization,
    OrganizationId,
    OrganizationType,
    PrincipalId,
    User,
    UserId,
    hash_secret,
)
from fiskaly_mockserver.domain.account.users import INVITATION_LIFETIME
from fiskaly_mockserver.world.garbage import collector_at_rest
from fiskaly_mockserver.world.store.table import OverlayTable
from fiskaly_mockserver.world.store.tables import Baseline

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.signing.model import Tss

T = TypeVar("T", bound=Hashable)


def baseline_of(tree: OrganizationTree, *, started_at: float) -> Baseline:
    """Return the rows of a tree; secrets and passwords are derived from its seed.

    `started_at` (unix seconds) is the start of the world: the ages of pending
    invitations count back from it, everything else in a tree is absolute.
    """
    with collector_at_rest():
        organizations = _organizations(tree, Shared())
        return Baseline(
            preset=tree.preset,
            seed=tree.seed,
            tills=tree.tills,
            receipts=tree.receipts,
            pinned_secrets={
                key.id: key.secret
                for row in tree.organizations
                for key in row.api_keys
                if key.secret is not None
            },
            organizations=organizations,
            api_keys=_api_keys(tree),
            users=_users(tree),
            memberships=_memberships(tree, started_at),
            billing_addresses=_billing_addresses(tree),
            **_signing(tree, organizations, started_at),
        )


class Shared:
    """Equal parts of many rows as one object: rows never change, so sharing is safe."""

    def __init__(self) -> None:
        self._values: dict[Hashable, Any] = {}

    def envs(self, names: tuple[str, ...]) -> tuple[Environment, ...]:
        """Return environments by their names."""
        return self._one(tuple(Environment(name) for name in names))

    def billing(self, spec: BillingOptionsSpec | None) -> BillingOptions | None:
        """Return billing options as a row has them."""
        if spec is None:
            return None
        payer = OrganizationId(spec.bill_to_organization) if spec.bill_to_organization else None
        return self._one(
            BillingOptions(
                gln=spec.gln, withhold_billing=spec.withhold_billing, bill_to_organization=payer
            )
        )

    def _one(self, value: T) -> T:
        found: T = self._values.setdefault(value, value)
        return found


def _organizations(tree: OrganizationTree, shared: Shared) -> list[Organization]:
    rows: dict[str, Organization] = {}
    for spec in tree.organizations:
        rows[spec.id] = _organization(spec, rows, shared)
    return list(rows.values())


def _organization(
    spec: OrganizationSpec, known: dict[str, Organization], shared: Shared
) -> Organization:
    manager = known[spec.managed_by_organization_id] if spec.managed_by_organization_id else None
    new_id = OrganizationId(spec.id)
    creator_home = (
        OrganizationId(spec.created_by_organization_id) if spec.created_by_organization_id else None
    )
    configuration = spec.managed_configuration
    return Organization(
        id=new_id,
        type=OrganizationType(spec.type),
        envs=shared.envs(spec.envs),
        name=spec.name,
        address_line1=spec.address_line1,
        zip=spec.zip,
        town=spec.town,
        country_code=spec.country_code,
        display_name=spec.display_name or "",
        vat_id=spec.vat_id or "",
        contact_person_id=spec.contact_person_id or "",
        address_line2=spec.address_line2 or "",
        state=spec.state or "",
        tax_number=spec.tax_number or "",
        economy_id=spec.economy_id or "",
        billing_options=shared.billing(spec.billing_options),
        billing_address_id=spec.billing_address_id or "",
        metadata=spec.metadata or EMPTY_METADATA,
        managed_configuration=None
        if configuration is None
        else ManagedConfiguration(withhold_billing=configuration.withhold_billing),
        managed_by_organization_id=manager.id if manager else None,
        created_by_user=PrincipalId(spec.created_by_user),
        created_by_organization_id=creator_home,
        viewers=viewers_of(new_id, manager=manager, creator_home=creator_home),
    )


def _api_keys(tree: OrganizationTree) -> list[ApiKey]:
    return [
        ApiKey(
            id=ApiKeyId(spec.id),
            principal_id=PrincipalId(spec.principal_id),
            organization_id=OrganizationId(organization.id),
            env=Environment(spec.env),
            key=spec.key,
            secret_hash=hash_secret(spec.secret or secret_of(tree.seed, spec.id)),
            created_at=spec.created_at,
            created_by_user=PrincipalId(spec.created_by_user),
            name=spec.name,
            status=KeyStatus(spec.status),
            metadata=spec.metadata or EMPTY_METADATA,
            managed_by_organization_id=OrganizationId(spec.managed_by_organization_id)
            if spec.managed_by_organization_id
            else None,
        )
        for organization in tree.organizations
        for spec in organization.api_keys
    ]


def _users(tree: OrganizationTree) -> list[User]:
    return [
        User(
            id=UserId(spec.id),
            email=spec.email,
            first_name=spec.first_name or "",
            last_name=spec.last_name or "",
            registered=spec.registered,
            password_hash=hash_secret(password_of(tree.seed, spec.id)) if spec.registered else None,
        )
        for spec in tree.users
    ]


def _memberships(tree: OrganizationTree, started_at: float) -> list[Membership]:
    return [
        Membership(
            organization_id=OrganizationId(spec.organization_id),
            user_id=UserId(user.id),
            pending_until=None
            if spec.invited_seconds_ago is None
            else started_at - spec.invited_seconds_ago + INVITATION_LIFETIME,
        )
        for user in tree.users
        for spec in user.memberships
    ]


def _billing_addresses(tree: OrganizationTree) -> list[BillingAddress]:
    return [
        BillingAddress(
            id=BillingAddressId(spec.id),
            organization_id=OrganizationId(organization.id),
            recipient=spec.recipient,
            address_line1=spec.address_line1,
            zip=spec.zip,
            town=spec.town,
            country_code=spec.country_code,
            address_line2=spec.address_line2 or "",
            display_name=spec.display_name or "",
            vat_id=spec.vat_id or "",
        )
        for organization in tree.organizations
        for spec in organization.billing_addresses
    ]


def _signing(
    tree: OrganizationTree, organizations: list[Organization], started_at: float
) -> Mapping[str, list[Any]]:
    plan = PLANS.get(tree.preset)
    everything = plan is not None and plan.everything
    if not tree.tills and not everything:
        return {}
    from fiskaly_mockserver.world.tills import signing_rows  # noqa: PLC0415 - few trees have any

    rows: dict[str, Organization] = {row.id: row for row in organizations}
    return signing_rows(tree, rows, started_at=started_at, everything=everything)


class ApiCredentials(NamedTuple):
    """What a client needs to authenticate as an organization in one environment."""

    env: str
    key: str
    secret: str

    def __repr__(self) -> str:
        return f"ApiCredentials(env={self.env!r}, key={self.key!r})"


class ClientOfTss(NamedTuple):
    """A till that a TSS began with."""

    id: str
    serial_number: str


class TssCredentials(NamedTuple):
    """A TSS that an organization began with, and what its admin needs.

    The PIN is None where none was set.
    """

    id: str
    env: str
    state: str
    admin_puk: str
    admin_pin: str | None
    clients: tuple[ClientOfTss, ...]

    def __repr__(self) -> str:
        shown = f"id={self.id!r}, env={self.env!r}, state={self.state!r}, clients={self.clients!r}"
        return f"TssCredentials({shown})"


class OrganizationCredentials(NamedTuple):
    """An organization, its enabled API keys, a TEST key first, and its TSS."""

    id: str
    type: str
    name: str
    envs: tuple[str, ...]
    managed_by_organization_id: str | None
    api_keys: tuple[ApiCredentials, ...]
    tss: tuple[TssCredentials, ...]


class UserCredentials(NamedTuple):
    """A registered user, with its password and where it belongs."""

    id: str
    email: str
    password: str
    organization_ids: tuple[str, ...]

    def __repr__(self) -> str:
        shown = f"id={self.id!r}, email={self.email!r}, organization_ids={self.organization_ids!r}"
        return f"UserCredentials({shown})"


def _plain(value: Any) -> Any:
    """Return credentials as JSON has them."""
    if not isinstance(value, tuple):
        return value
    plain = [_plain(one) for one in value]
    names = getattr(value, "_fields", None)
    return plain if names is None else dict(zip(names, plain, strict=True))


class JsonRows:
    """Credentials as JSON has them, made anew whenever somebody goes through them."""

    def __init__(self, credentials: Callable[[], Iterator[Any]]) -> None:
        self._credentials = credentials

    def __iter__(self) -> Iterator[Any]:
        return map(_plain, self._credentials())


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
        return {name: list(rows) for name, rows in self.as_json_on_demand().items()}

    def as_json_on_demand(self) -> dict[str, "JsonRows"]:
        """Return the same, but each row is made when it is asked for."""
        return {"organizations": JsonRows(self.organizations), "users": JsonRows(self.users)}

    def _of(self, row: Organization) -> OrganizationCredentials:
        keys = [
            key
            for key in self._rows("api_keys", "organization", row.id)
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
                ApiCredentials(key.env.value, key.key, self._secret(key.id)) for key in keys
            ),
            tss=tuple(map(self._tss, self._rows("tss", "organization", row.id))),
        )

    def _secret(self, key_id: str) -> str:
        return self._baseline.pinned_secrets.get(key_id) or secret_of(self._seed, key_id)

    def _tss(self, row: "Tss") -> TssCredentials:
        pin = None if row.pin_hash is None else admin_pin_of(self._seed, row.id)
        return TssCredentials(
            id=row.id,
            env=row.env.value,
            state=row.state.value,
            admin_puk=row.admin_puk,
            admin_pin=pin,
            clients=tuple(
                ClientOfTss(client.id, client.serial_number)
                for client in self._rows("clients", "tss", row.id)
            ),
        )

    def _rows(self, table: str, index: str, value: str) -> Iterable[Any]:
        return OverlayTable(getattr(self._baseline, table)).select(index, value)
