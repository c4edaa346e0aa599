"""Both accounts as a state machine has them in hand: the world, who is there, the oracle."""

from random import Random
from typing import TYPE_CHECKING

from builders.accounts import (
    GUEST,
    HOMES,
    NOWHERE,
    TEST,
    USER_IDS,
    Account,
    principal_id,
    secret_of,
)
from builders.bearers import Bearer
from builders.oracle import Oracle, organizations_of
from builders.snapshots import Snapshot, listed, snapshot
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    Environment,
    KeyStatus,
    PrincipalId,
)
from fiskaly_mockserver.domain.account.sessions import OpenSession
from hypothesis.stateful import RuleBasedStateMachine

if TYPE_CHECKING:
    from fiskaly_mockserver.world.world import World


class AccountState(RuleBasedStateMachine):
    """The world, who is there, and what should be so by the oracle."""

    def __init__(self) -> None:
        super().__init__()
        account = Account.build()
        self.clock = account.clock
        self.world: World = account.world
        self.start = listed(self.world)
        self.steps = 0
        self.left_behind: list[tuple[World, object]] = []
        self.oracle = Oracle()
        self.rows: Snapshot = snapshot(self.world)
        self.ever_keys: dict[str, ApiKey] = {}
        self.ever: dict[str, None] = {NOWHERE: None}
        self.bearers = [
            *(
                Bearer(principal_id(name), env, account.key(name).key, secret_of(name))
                for name, (_, env) in HOMES.items()
            ),
            *(
                Bearer(
                    PrincipalId(user), TEST, f"{name}@example.com", secret_of(name), is_user=True
                )
                for name, user in USER_IDS.items()
                if user != GUEST
            ),
        ]
        self.learn()
        for bearer in self.bearers:
            self.log_in(bearer)
        self.acting = self.bearers[0]

    def learn(self) -> None:
        """Take in what the world holds now."""
        self.rows = snapshot(self.world)
        self.oracle.learn_keys(self.rows)
        self.oracle.learn_organizations(self.rows)
        self.ever |= dict.fromkeys(organizations_of(self.rows))
        self.ever_keys |= {key.id: key for key in self.rows["api_keys"].values()}

    def may_log_in(self, bearer: Bearer) -> bool:
        if bearer.is_user:
            return bool(self.oracle.belongs(self.rows, bearer.id))
        keys = self.rows["api_keys"].values()
        return any(
            key.principal_id == bearer.id and key.status is KeyStatus.ENABLED for key in keys
        )

    def lives(self, bearer: Bearer) -> bool:
        return self.clock.now() < bearer.expires_at and bool(
            self.oracle.belongs(self.rows, bearer.id)
        )

    def sight(self, bearer: Bearer) -> list[str]:
        return self.oracle.sight(self.rows, bearer.id, bearer.env)

    def home(self, bearer: Bearer) -> str:
        assert bearer.opened is not None
        homes = self.oracle.belongs(self.rows, bearer.id)
        named = bearer.opened.session.organization_id
        return named if named in homes else homes[0]

    def log_in(self, bearer: Bearer) -> OpenSession:
        sessions = self.world.sessions
        opens = sessions.open_with_password if bearer.is_user else sessions.open_with_key
        return self.hand_out(bearer, opens(bearer.name, bearer.secret))

    def hand_out(self, bearer: Bearer, opened: OpenSession) -> OpenSession:
        """Check a session that was handed out against the one before, and keep it."""
        session, before, now = opened.session, bearer.opened, self.clock.now()
        assert (session.principal_id, session.env) == (bearer.id, bearer.env)
        assert session.refresh_expires_at - session.access_expires_at == 86_400
        assert opened.access_expires_in == int(session.access_expires_at - now) >= 60
        if before and before.session.organization_id == session.organization_id:
            goes_on = before.session.access_expires_at - now >= 60
            assert (before.session == session) == goes_on
        bearer.opened = opened
        self.rows = snapshot(self.world)
        return opened

    def caller(self, die: Random) -> Bearer:
        """Choose someone whose token lives, mostly one who sees more than itself.

        If there is nobody, all log in who may.
        """
        living = [bearer for bearer in self.bearers if self.lives(bearer)]
        if not living:
            living = [bearer for bearer in self.bearers if self.may_log_in(bearer)]
            for bearer in living:
                self.log_in(bearer)
        busy = [bearer for bearer in living if len(self.sight(bearer)) > 1]
        self.acting = die.choice(busy if die.randrange(4) and busy else living)
        return self.acting

    def anybody(self, die: Random) -> Bearer:
        """Choose someone, mostly one that may log in no more if there is any."""
        shut_out = [bearer for bearer in self.bearers if not self.may_log_in(bearer)]
        return die.choice(shut_out if die.randrange(3) and shut_out else self.bearers)

    def roll(self, seed: int) -> Random:
        """Return what chooses in this step; an unlucky seed does not do the same each time."""
        self.steps += 1
        return Random(f"{seed}/{self.steps}")

    def target(self, bearer: Bearer, die: Random, *, own: bool = False, main: bool = False) -> str:
        """Choose an organization: mostly a seen one, or any there ever was.

        Of the seen ones those that the caller made (`own`) or that are main ones are
        preferred.
        """
        known = organizations_of(self.rows)
        seen = self.sight(bearer)
        if own:
            seen = [at for at in seen if known[at].created_by_user == bearer.id] or seen
        if main:
            seen = [at for at in seen if known[at].is_main] or seen
        return die.choice(seen if die.randrange(6) and seen else list(self.ever))

    def unneeded(self, die: Random) -> tuple[Bearer, str] | None:
        """Choose an organization that nothing depends on, and the caller that made it."""
        known = organizations_of(self.rows)
        needed = {
            needy
            for row in known.values()
            for needy in (row.managed_by_organization_id, row.payer_id)
        }
        for _ in range(10):
            bearer = self.caller(die)
            made = [
                at
                for at in self.sight(bearer)
                if known[at].created_by_user == bearer.id
                and at not in needed
                and Environment.LIVE not in known[at].envs
            ]
            if made:
                return bearer, die.choice(made)
        return None

    def has_main_home(self, bearer: Bearer) -> bool:
        known = organizations_of(self.rows)
        return any(known[home].is_main for home in self.oracle.belongs(self.rows, bearer.id))
