"""Random calls of anybody, to bring a world into a state that nobody thought of."""

from collections.abc import Callable
from contextlib import suppress
from random import Random

from builders.accounts import LIVE, profile
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    BillingOptions,
    KeyStatus,
    ManagedConfiguration,
    Organization,
    OrganizationId,
    PrincipalKind,
)
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.world.world import World

EMAILS = ("ada@example.com", "Grace@example.com", "ÄÖÜ@example.com")
WORDS = ("", "a", "Bäckerei", "日本", '"quoted"', "line\u2028end", "0")


class Driver:
    """Makes one call after another; what the domain refuses is just not done."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = Random(seed)

    def run(self, steps: int) -> None:
        """Make so many calls."""
        for _ in range(steps):
            self.step()

    def step(self) -> Callable[["Driver"], None]:
        """Make one call, and tell which."""
        call = self.random.choice(CALLS)
        with suppress(DomainError):
            call(self)
        return call

    @property
    def word(self) -> str:
        return self.random.choice(WORDS)

    @property
    def organization(self) -> Organization | None:
        rows = list(self.world.rows.organizations)
        return self.random.choice(rows) if rows else None

    @property
    def caller(self) -> Principal | None:
        """Return somebody's key, as a call of its own would see it."""
        keys = list(self.world.rows.api_keys)
        return self.behind(self.random.choice(keys)) if keys else None

    @property
    def administered(self) -> tuple[Principal, OrganizationId] | None:
        """Return the admin of an organization, and its id (R4)."""
        keys = {key.principal_id: key for key in self.world.rows.api_keys}
        rows = [row for row in self.world.rows.organizations if row.created_by_user in keys]
        if not rows:
            return None
        target = self.random.choice(rows)
        return self.behind(keys[target.created_by_user]), target.id

    def behind(self, key: ApiKey) -> Principal:
        """Return the principal of a key."""
        home = self.world.tables.organizations.get(key.organization_id)
        assert home is not None
        return Principal(
            id=key.principal_id,
            kind=PrincipalKind.API_KEY,
            env=key.env,
            home=home,
            memberships=(home,),
        )


def _create(driver: Driver) -> None:
    caller, manager = driver.caller, driver.organization
    if caller and manager:
        options = driver.random.choice(
            [
                None,
                BillingOptions(),
                BillingOptions(gln=driver.word),
                BillingOptions(bill_to_organization=manager.id, withhold_billing=True),
            ]
        )
        driver.world.organizations.create(
            caller,
            profile(name=driver.word, billing_options=options, metadata={driver.word: "x"}),
            managed_by=driver.random.choice([None, manager.id]),
        )


def _update(driver: Driver) -> None:
    if administered := driver.administered:
        driver.world.organizations.update(
            *administered,
            {
                "display_name": driver.word,
                "metadata": {"z": driver.word, "a": driver.word},
                "managed_configuration": ManagedConfiguration(withhold_billing=False),
            },
        )


def _delete(driver: Driver) -> None:
    if administered := driver.administered:
        driver.world.organizations.delete(*administered)


def _enable(driver: Driver) -> None:
    caller, target = driver.caller, driver.organization
    if caller and target:
        driver.world.environments.enable(caller, target.id, LIVE)


def _clear(driver: Driver) -> None:
    if target := driver.organization:
        driver.world.environments.clear(target.id)


def _key(driver: Driver) -> None:
    caller, target = driver.caller, driver.organization
    if caller and target:
        key, secret = driver.world.api_keys.create(
            caller, target.id, name=driver.word, status=driver.random.choice([*KeyStatus])
        )
        driver.world.sessions.open_with_key(key.key, secret)


def _disable(driver: Driver) -> None:
    if caller := driver.caller:
        for key in list(driver.world.rows.api_keys)[:3]:
            with suppress(DomainError):
                driver.world.api_keys.update(
                    caller, key.organization_id, key.id, status=KeyStatus.DISABLED
                )


def _drop_key(driver: Driver) -> None:
    keys = list(driver.world.rows.api_keys)
    if len(keys) > 1 and (caller := driver.caller):
        key = driver.random.choice(keys)
        driver.world.api_keys.delete(caller, key.organization_id, key.id)


def _invite(driver: Driver) -> None:
    caller, target = driver.caller, driver.organization
    if caller and target:
        email = driver.random.choice(EMAILS)
        driver.world.users.invite(caller, target.id, email=email, first_name=driver.word)


def _remove(driver: Driver) -> None:
    caller, users = driver.caller, list(driver.world.rows.memberships)
    if caller and users:
        membership = driver.random.choice(users)
        driver.world.users.remove(caller, membership.organization_id, membership.user_id)


def _address(driver: Driver) -> None:
    if caller := driver.caller:
        made = driver.world.billing_addresses.create(
            caller,
            {
                "recipient": driver.word,
                "address_line1": "Ring 1",
                "zip": "1010",
                "town": "Wien",
                "country_code": "AUT",
            },
        )
        if target := driver.organization:
            with suppress(DomainError):
                driver.world.organizations.update(
                    caller, target.id, {"billing_address_id": made.id}
                )


def _sign_up(driver: Driver) -> None:
    driver.world.sign_ups.sign_up(
        email=driver.random.choice(EMAILS), password=driver.word, organization=profile()
    )


def _accept(driver: Driver) -> None:
    invited = [user.email for user in driver.world.rows.users if not user.registered]
    if invited:
        driver.world.sign_ups.accept_invitation(
            email=driver.random.choice(invited), password=driver.word
        )


def _time(driver: Driver) -> None:
    clock, seconds = driver.world.clock, driver.random.uniform(0, 100_000)
    match driver.random.randrange(4):
        case 0:
            clock.freeze()
        case 1:
            clock.resume()
        case 2:
            clock.advance(seconds)
        case _:
            clock.scale(driver.random.choice([0.5, 1, 60]))


CALLS: tuple[Callable[[Driver], None], ...] = (
    _create,
    _create,
    _update,
    _delete,
    _enable,
    _clear,
    _key,
    _disable,
    _drop_key,
    _invite,
    _remove,
    _address,
    _sign_up,
    _accept,
    _time,
)
