"""TSS: their life, admin PIN and PUK, admin sessions (S1 to S3, S6)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hmac import compare_digest
from typing import Any

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import (
    EMPTY_METADATA,
    Environment,
    hash_secret,
    matches,
)
from fiskaly_mockserver.domain.backend import SecretSource
from fiskaly_mockserver.domain.signing import errors, log_messages
from fiskaly_mockserver.domain.signing.backend import (
    DAY,
    SigningBackend,
    demand_api_key,
    demand_not_taken_away,
    demand_ready,
    merged,
)
from fiskaly_mockserver.domain.signing.model import (
    ACTIVE_STATES,
    MAX_ACTIVE_TEST_TSS,
    MAX_PIN_TRIES,
    MAX_TSS_PER_DAY,
    AdminSession,
    ClientState,
    Tss,
    TssId,
    TssState,
)
from fiskaly_mockserver.domain.store import (
    Page,
    Paging,
    Row,
    Selection,
    SortKey,
    StateFilter,
    Table,
    paged,
)

SHORTEST_PIN = 6
TAKEN_AWAY = (TssState.DEFECTIVE, TssState.DELETED, TssState.EVICTED)
"""States that only the server brings a TSS to, and that nothing leads out of (S2)."""
INACTIVE_FOR = 14 * DAY
"""Seconds without a signed log after which the wipe takes a TEST TSS. Source: documented."""
UPDATES_BEFORE_DEPLOYMENT = 19
"""Daily `updateTime` logs of a TSS that waited for its customer: with the six logs of the
deployment the counter is 25. Source: recorded."""

_WAYS = {
    (TssState.CREATED, TssState.UNINITIALIZED),
    (TssState.UNINITIALIZED, TssState.INITIALIZED),
    (TssState.UNINITIALIZED, TssState.DISABLED),
    (TssState.INITIALIZED, TssState.DISABLED),
}

SORT_KEYS: Mapping[str, SortKey[Tss]] = {
    "time_creation": lambda row: row.time_creation,
    "time_init": lambda row: row.time_init or "",
    "time_disable": lambda row: row.time_disable or "",
    "state": lambda row: row.state,
}


class TssService:
    """The operations on TSS and on who administers them."""

    def __init__(self, backend: SigningBackend) -> None:
        self._backend = backend
        self._tables = backend.tables

    def find(self, principal: Principal, tss_id: str) -> Tss:
        """Return a TSS of the caller's organization and environment (S1).

        Raises:
            NotSigningPrincipal: A person calls.
            TssNotFound: There is none that the caller sees.
        """
        demand_api_key(principal)
        tss = self._tables.tss.get(TssId(tss_id.lower()))
        if tss is None or (tss.organization_id, tss.env) != (principal.home.id, principal.env):
            raise errors.TssNotFound(
                **principal.facts, tss=tss_id, exists="no" if tss is None else "yes"
            )
        return self._backend.on_time(tss)

    def rows(
        self,
        principal: Principal,
        tss_id: str | None,
        table: Table[Any, Row],
        *,
        show_deleted: bool = True,
    ) -> Selection[Row]:
        """Select what belongs to a TSS, or to all TSS of the caller where `tss_id` is None.

        Without `show_deleted` there is nothing of TSS that the service deleted (S10).

        Raises:
            NotSigningPrincipal, TssNotFound: As `find`.
        """
        place = (principal.home.id, principal.env)
        if tss_id is not None:
            found: Iterable[Tss] = (self.find(principal, tss_id),)
        else:
            demand_api_key(principal)
            if show_deleted:
                return table.select("place", place)
            found = self._tables.tss.select("place", place)
        shown = [row.id for row in found if show_deleted or row.state is not TssState.DELETED]
        return table.select("tss", *shown)

    def list(self, principal: Principal, narrowed: StateFilter, paging: Paging) -> Page[Tss]:
        """List the TSS of the caller's organization and environment.

        Raises:
            NotSigningPrincipal: A person calls.
        """
        demand_api_key(principal)
        rows = self._tables.tss.select("place", (principal.home.id, principal.env))
        if self._backend.options.daily_time:
            for tss in [*rows]:
                self._backend.on_time(tss)
        return paged(rows, paging, SORT_KEYS, narrowed.narrowing)

    def create(
        self, principal: Principal, tss_id: str, metadata: Mapping[str, str] | None = None
    ) -> Tss:
        """Create a TSS, or return it again with its PUK while it is CREATED (S2).

        Raises:
            NotSigningPrincipal: A person calls.
            MainOrganizationRefused: A main organization's key calls, which is switched off.
            TssConflict: The id is in use.
            TssLimitReached: Five TSS of TEST are active already.
            TssLimitPerDayReached: 500 were created within 24 hours.
        """
        demand_api_key(principal)
        if principal.home.is_main and not self._backend.options.main_keys:
            raise errors.MainOrganizationRefused(**principal.facts)
        tss_id = tss_id.lower()
        place = (principal.home.id, principal.env)
        present = self._tables.tss.get(TssId(tss_id))
        if present is not None:
            same = (present.organization_id, present.env) == place
            if not same or present.state is not TssState.CREATED:
                raise errors.TssConflict(tss=tss_id, **({"state": present.state} if same else {}))
            changed = replace(present, metadata=merged(present.metadata, metadata))
            self._tables.tss.put(changed)
            return changed
        now = self._backend.now()
        self._demand_room(principal, now)
        key = self._backend.keys.of(tss_id, created=now)
        tss = Tss(
            id=TssId(tss_id),
            organization_id=principal.home.id,
            env=principal.env,
            state=TssState.CREATED,
            serial_number=key.serial_number,
            public_key=key.public_key,
            certificate=key.certificate,
            admin_puk=_digits(self._backend.secrets),
            metadata=merged(EMPTY_METADATA, metadata),
            time_creation=now,
        )
        self._tables.tss.put(tss)
        return tss

    def change_state(
        self,
        principal: Principal,
        tss_id: str,
        wanted: TssState,
        *,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> tuple[Tss, bool]:
        """Take a TSS to its next state; the same state again changes its metadata alone (S2).

        Returns:
            The TSS, and whether its state changed.

        Raises:
            NotSigningPrincipal, TssNotFound: As `find`.
            TssDeleted, TssDefective, TssEvicted, TssDisabled: Nothing leads out of its state.
            IllegalStateChange: No way leads to the state from the present one.
            AdminNotAuthenticated: INITIALIZED and DISABLED take an admin session (S3).
        """
        tss = self.find(principal, tss_id)
        demand_not_taken_away(tss)
        if tss.state is TssState.DISABLED:
            raise errors.TssDisabled(tss=tss.id, state=tss.state)
        if tss.state is wanted:
            tss = replace(tss, metadata=merged(tss.metadata, metadata))
            self._tables.tss.put(tss)
            return tss, False
        if (tss.state, wanted) not in _WAYS:
            raise errors.IllegalStateChange(state=tss.state, wanted=wanted)
        if wanted is not TssState.UNINITIALIZED:
            self.demand_admin(principal, tss)
        tss = replace(tss, metadata=merged(tss.metadata, metadata))
        match wanted:
            case TssState.UNINITIALIZED:
                tss = self._deployed(tss)
            case TssState.INITIALIZED:
                tss = self._initialized(tss, description)
            case _:
                tss = self._disabled(tss)
        self._tables.tss.put(tss)
        return tss, True

    def change_metadata(
        self, principal: Principal, tss_id: str, metadata: Mapping[str, str]
    ) -> Tss:
        """Merge metadata.

        Raises:
            NotSigningPrincipal, TssNotFound: As `find`.
        """
        tss = self.find(principal, tss_id)
        tss = replace(tss, metadata=merged(tss.metadata, metadata))
        self._tables.tss.put(tss)
        return tss

    # ------------------------------------------------------------------ PIN, PUK and sessions

    def change_pin(self, principal: Principal, tss_id: str, *, puk: str, pin: str) -> None:
        """Set the admin PIN by the PUK, which also unblocks it (S3).

        Raises:
            NotSigningPrincipal, TssNotFound: As `find`.
            TssStillCreated, TssDisabled, TssDeleted, TssDefective, TssEvicted: As `demand_ready`.
            PinTooShort: The PIN has less than six characters.
            WrongPuk: The PUK is not that of the TSS.
        """
        tss = self.find(principal, tss_id)
        demand_ready(tss)
        if not compare_digest(puk.encode("utf-8", "replace"), tss.admin_puk.encode()):
            raise errors.WrongPuk(tss=tss.id)
        if len(pin) < SHORTEST_PIN:
            raise errors.PinTooShort(tss=tss.id)
        tss = replace(tss, pin_hash=hash_secret(pin), pin_tries=0)
        self._append(tss, log_messages.unblock_user())

    def log_in(self, principal: Principal, tss_id: str, *, pin: str) -> None:
        """Open an admin session of this API key on this TSS (S3).

        Raises:
            NotSigningPrincipal, TssNotFound: As `find`.
            TssStillCreated, TssDisabled, TssDeleted, TssDefective, TssEvicted: As `demand_ready`.
            AdminPinBlocked: No PIN was set yet, or five wrong ones blocked it.
            AdminLoginFailed: The PIN is wrong; that counts.
        """
        tss = self.find(principal, tss_id)
        demand_ready(tss)
        if tss.pin_hash is None or tss.pin_tries >= MAX_PIN_TRIES:
            raise errors.AdminPinBlocked(tss=tss.id, tries=str(tss.pin_tries))
        if not matches(pin, tss.pin_hash):
            self._tables.tss.put(replace(tss, pin_tries=tss.pin_tries + 1))
            raise errors.AdminLoginFailed(tss=tss.id, tries=str(tss.pin_tries + 1))
        self._append(replace(tss, pin_tries=0), log_messages.authenticate_user())
        self._tables.admin_sessions.put(
            AdminSession(
                tss_id=tss.id,
                principal_id=principal.id,
                expires_at=self._backend.session_end(principal),
            )
        )

    def log_out(self, principal: Principal, tss_id: str) -> None:
        """End the admin session; without one nothing happens (S3).

        Raises:
            NotSigningPrincipal, TssNotFound: As `find`.
            TssDeleted, TssDefective, TssEvicted: The server took the TSS away.
        """
        tss = self.find(principal, tss_id)
        demand_not_taken_away(tss)
        if self._admin(principal, tss) is None:
            return
        self._tables.admin_sessions.remove((tss.id, principal.id))
        self._append(tss, log_messages.log_out())

    def demand_admin(self, principal: Principal, tss: Tss) -> None:
        """Demand an admin session of this API key on the TSS (S3).

        Raises:
            AdminNotAuthenticated: There is none, or its time is over.
        """
        if self._admin(principal, tss) is None:
            raise errors.AdminNotAuthenticated(**principal.facts, tss=tss.id)

    def _admin(self, principal: Principal, tss: Tss) -> AdminSession | None:
        session = self._tables.admin_sessions.get((tss.id, principal.id))
        if session is None or session.expires_at <= self._backend.clock.now():
            return None
        return session

    # ----------------------------------------------------------------- what the server does itself

    def take_away(self, tss_id: str, state: TssState) -> Tss:
        """Bring a TSS to one of the states `TAKEN_AWAY`, which no client can ask for.

        Raises:
            TssNotFound: There is no such TSS.
            ValueError: It does not come to this state: a LIVE TSS is never DELETED, only one that
                is CREATED is EVICTED, and one that was taken away stays as it is (documented).
        """
        tss = self._tables.tss.get(TssId(tss_id.lower()))
        if tss is None:
            raise errors.TssNotFound(tss=tss_id)
        if tss.state in TAKEN_AWAY:
            raise ValueError(f"the TSS is {tss.state}, which is for good")
        if state is TssState.DELETED and tss.env is Environment.LIVE:
            raise ValueError("a LIVE TSS is never DELETED")
        if state is TssState.EVICTED and tss.state is not TssState.CREATED:
            raise ValueError(f"only a TSS that is CREATED is EVICTED, and it is {tss.state}")
        defective = self._backend.now() if state is TssState.DEFECTIVE else 0
        tss = replace(tss, state=state, time_defective=defective)
        self._tables.tss.put(tss)
        return tss

    def wipe(self, rows: Iterable[Tss]) -> tuple[Tss, ...]:
        """Delete of some TSS those that the Sunday wipe of TEST takes, and return them.

        It takes what is DISABLED or was inactive for more than 14 days. Source: documented.
        """
        before = self._backend.now() - INACTIVE_FOR
        return tuple(
            self.take_away(tss.id, TssState.DELETED)
            for tss in tuple(rows)
            if tss.env is Environment.TEST
            and tss.state not in TAKEN_AWAY
            and (tss.state is TssState.DISABLED or self._last_active(tss) < before)
        )

    def _last_active(self, tss: Tss) -> int:
        newest = self._tables.logs.get((tss.id, tss.signature_counter))
        return tss.time_creation if newest is None else newest.time

    # ------------------------------------------------------------------------- the steps of life

    def _demand_room(self, principal: Principal, now: int) -> None:
        place = (principal.home.id, principal.env)
        if principal.env is Environment.TEST:
            states = [(*place, state) for state in ACTIVE_STATES]
            active = len(self._tables.tss.select("state", *states))
            if active >= MAX_ACTIVE_TEST_TSS:
                raise errors.TssLimitReached(**principal.facts, active=str(active))
        page = self._tables.tss.select("place", place).page(MAX_TSS_PER_DAY - 1, 1, descending=True)
        if page.rows and page.rows[0].time_creation > now - DAY:
            raise errors.TssLimitPerDayReached(**principal.facts)

    def _append(self, tss: Tss, message: log_messages.SystemMessage) -> Tss:
        """Sign and store one system log, and the TSS with its new counter."""
        tss = self._backend.ledger.system(tss, message, self._backend.now())
        self._tables.tss.put(tss)
        return tss

    def _deployed(self, tss: Tss) -> Tss:
        """Write what a waiting TSS wrote, one log a day, and the logs of the set-up (S6)."""
        now, ledger = self._backend.now(), self._backend.ledger
        for day in range(UPDATES_BEFORE_DEPLOYMENT, 0, -1):
            # A frozen clock may begin at 0, and log times are never negative
            after = max(tss.time_creation - day * DAY + 1, 0)
            tss = ledger.system(tss, log_messages.update_time(max(after - 1, 0), after), after)
        for message in log_messages.deployment(now):
            tss = ledger.system(tss, message, now)
        return replace(tss, state=TssState.UNINITIALIZED, time_uninit=now)

    def _initialized(self, tss: Tss, description: str | None) -> Tss:
        now = self._backend.now()
        text = description or f"fiskaly sign cloud-TSE ({tss.id})"
        tss = self._backend.ledger.system(tss, log_messages.initialize(text), now)
        return replace(tss, state=TssState.INITIALIZED, description=text, time_init=now)

    def _disabled(self, tss: Tss) -> Tss:
        """Disable for good: its clients are deregistered (S4), and nobody is logged in (S3)."""
        now = self._backend.now()
        tss = self._backend.ledger.system(tss, log_messages.disable_secure_element(now), now)
        for client in [*self._tables.clients.select("tss", tss.id)]:
            if client.state is ClientState.REGISTERED:
                self._tables.clients.put(
                    replace(client, state=ClientState.DEREGISTERED, time_update=now)
                )
        self._tables.end_sessions_of(tss.id)
        return replace(tss, state=TssState.DISABLED, registered_clients=0, time_disable=now)


def _digits(secrets: SecretSource) -> str:
    """Return ten digits, as the PUKs recorded have. Source: recorded."""
    return str(int(secrets.key_part(), 36))[-10:]
