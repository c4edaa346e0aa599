"""Opening sessions and recognizing their tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import is_
from typing import NamedTuple

from fiskaly_mockserver.domain.account.access import Principal, said
from fiskaly_mockserver.domain.account.errors import InvalidCredentials
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    EndedToken,
    Environment,
    KeyStatus,
    Organization,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
    Session,
    User,
    UserId,
    matches,
)
from fiskaly_mockserver.domain.backend import Backend, Claims, TokenUse
from fiskaly_mockserver.domain.errors import (
    ExpiredToken,
    ForeignToken,
    RefreshTokenAsAccess,
    UnreadableToken,
)

TOKEN_PARTS = 3
LEAST_LEFT = 60
"""Seconds of access with which a session is still handed out again. Source: recorded, from 43."""
MOST_RECOGNISED = 1_000
"""Tokens that are recognized without verifying their signature again."""


class OpenSession(NamedTuple):
    """A session as it is handed out; `*_expires_in` are whole seconds left."""

    session: Session
    access_expires_in: int
    refresh_expires_in: int


@dataclass(slots=True, eq=False, repr=False)
class _Recognized:
    """What a verified token says, and who last called with it."""

    claims: Claims
    principal: Principal | None = None


class Sessions:
    """Authentication by key, by user and by refresh token, and of bearer tokens.

    A token's signature is verified once; whose it is, is looked up on every call,
    since time passes and rows change.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._recognized: dict[str, _Recognized] = {}

    def open_with_key(self, key: str, secret: str) -> OpenSession:
        """Open or continue the session of an API key. Source: recorded.

        Raises:
            InvalidCredentials: The key is unknown or disabled, or the secret is wrong.
        """
        row = next(iter(self.backend.tables.api_keys.select("key", key)), None)
        known = matches(secret, row.secret_hash if row else None)
        if row is None or not known or row.status is KeyStatus.DISABLED:
            raise InvalidCredentials(
                credential="api_key",
                exists=said(row is not None),
                secret_matches=said(known),
                api_key=row.id if row else "",
                status=row.status if row else "",
            )
        return self._hand_out(*_bearer(row))

    def open_with_password(self, email: str, password: str) -> OpenSession:
        """Open or continue the TEST session of a registered user.

        Its organization is the first the user joined. Source: assumption (A-23).

        Raises:
            InvalidCredentials: The e-mail is unknown or in no organization, or the
                password is wrong.
        """
        user = self.person(email, password)
        memberships = self._memberships(user.id)
        if not memberships:
            raise InvalidCredentials(
                credential="password",
                exists=said(answer=True),
                secret_matches=said(answer=True),
                user=user.id,
                organizations="0",
            )
        return self._hand_out(
            PrincipalId(user.id), PrincipalKind.USER, memberships[0].id, Environment.TEST
        )

    def person(self, email: str, password: str) -> User:
        """Return the registered user with that password, who may be in no organization (R9).

        Raises:
            InvalidCredentials: The e-mail is unknown, or the password is wrong.
        """
        user = next(iter(self.backend.tables.users.select("email", email.lower())), None)
        known = matches(password, user.password_hash if user else None)
        if user is None or not known:
            raise InvalidCredentials(
                credential="password",
                exists=said(user is not None),
                secret_matches=said(known),
                user=user.id if user else "",
            )
        return user

    def refresh(self, token: str) -> OpenSession:
        """Continue a session by its refresh token, or open the next one.

        The token itself stays good until it expires. Source: assumptions (A-16, A-21,
        A-22).

        Raises:
            InvalidCredentials: The token is no refresh token of ours, has expired, or
                its key or user may open no session any more.
        """
        claims = self._claims_of(token)
        if (
            claims is None
            or claims.use is not TokenUse.REFRESH
            or self.backend.clock.now() >= claims.expires_at
        ):
            raise InvalidCredentials(credential="refresh_token", **self._facts_of(claims))
        if claims.kind is PrincipalKind.API_KEY:
            key = self._key_of(claims.principal_id)
            if key is None or key.status is KeyStatus.DISABLED:
                raise InvalidCredentials(
                    credential="refresh_token",
                    **self._facts_of(claims),
                    api_key=key.id if key else "",
                    status=key.status if key else "deleted",
                )
            return self._hand_out(*_bearer(key))
        user = self._user_of(claims.principal_id)
        memberships = self._memberships(user.id) if user else ()
        if not memberships:
            raise InvalidCredentials(
                credential="refresh_token", **self._facts_of(claims), organizations="0"
            )
        return self._hand_out(
            claims.principal_id, PrincipalKind.USER, memberships[0].id, claims.env
        )

    def principal(self, token: str, at: float | None = None) -> Principal:
        """Return who calls with an access token, now or `at` a time (unix seconds).

        The token is good until it expires: its key may have been disabled or
        deleted since. Source: assumptions (A-16, A-25).

        Raises:
            UnreadableToken: It does not have three parts.
            ForeignToken: It was not issued here, or its organization is gone.
            ExpiredToken: Its time is over.
            RefreshTokenAsAccess: It is a refresh token.
        """
        known = self._recognized.get(token)
        if known is None:
            if token.count(".") != TOKEN_PARTS - 1:
                raise UnreadableToken(token)
            known = self._recognize(token)
            if known is None:
                raise ForeignToken(**self._facts_of(None))
        claims, before = known.claims, known.principal
        if claims.use is not TokenUse.ACCESS:
            raise RefreshTokenAsAccess(**self._facts_of(claims))
        tables = self.backend.tables
        if (
            self.backend.clock.now() if at is None else at
        ) >= claims.expires_at or tables.ended_tokens.get(claims.token_id) is not None:
            raise ExpiredToken(**self._facts_of(claims))
        if claims.kind is PrincipalKind.USER:
            memberships = self._memberships(UserId(claims.principal_id))
        else:
            home = tables.organizations.get(claims.organization_id)
            if before is not None and before.home is home:
                return before
            memberships = (home,) if home else ()
        if not memberships:
            raise ForeignToken(**self._facts_of(claims), organizations="0")
        if before is None or not _same(memberships, before.memberships):
            before = known.principal = _principal(claims, memberships)
        return before

    def issue(self, claims: Claims) -> str:
        """Return a signed token; nobody has to verify it when it comes back."""
        token = self.backend.tokens.issue(claims)
        self._remember(token, claims)
        return token

    def forget(self) -> None:
        """Verify every token anew from now on."""
        self._recognized.clear()

    def expire(self, token: str) -> None:
        """End an access token before its time, so that a client has to renew it.

        Its session is over too: the next authentication or refresh opens another. What
        is no access token of ours is left alone.
        """
        claims = self._claims_of(token)
        if claims is None or claims.use is not TokenUse.ACCESS:
            return
        tables = self.backend.tables
        tables.ended_tokens.put(EndedToken(claims.token_id))
        session = tables.sessions.get((claims.principal_id, claims.env))
        if session is not None and session.access_token == token:
            tables.sessions.remove((claims.principal_id, claims.env))

    def _recognize(self, token: str) -> _Recognized | None:
        """Return what a token of ours says, verified unless it was just issued or came before."""
        known = self._recognized.get(token)
        if known is None:
            claims = self.backend.tokens.read(token)
            known = None if claims is None else self._remember(token, claims)
        return known

    def _remember(self, token: str, claims: Claims) -> _Recognized:
        while len(self._recognized) >= MOST_RECOGNISED:
            del self._recognized[next(iter(self._recognized))]
        known = self._recognized[token] = _Recognized(claims)
        return known

    def _claims_of(self, token: str) -> Claims | None:
        known = self._recognize(token)
        return known.claims if known else None

    def _hand_out(
        self,
        principal_id: PrincipalId,
        kind: PrincipalKind,
        organization_id: OrganizationId,
        env: Environment,
    ) -> OpenSession:
        """Return the principal's session while enough of it is left (A-29)."""
        now = self.backend.clock.now()
        enough = min(LEAST_LEFT, max(1, self.backend.lifetimes.access // 2))
        session = self.backend.tables.sessions.get((principal_id, env))
        if (
            session is None
            or session.organization_id != organization_id
            or session.access_expires_at - now < enough
        ):
            session = self._start(principal_id, kind, organization_id, env, int(now))
            self.backend.tables.sessions.put(session)
        return OpenSession(
            session=session,
            access_expires_in=int(session.access_expires_at - now),
            refresh_expires_in=int(session.refresh_expires_at - now),
        )

    def _start(
        self,
        principal_id: PrincipalId,
        kind: PrincipalKind,
        organization_id: OrganizationId,
        env: Environment,
        now: int,
    ) -> Session:
        session_id = self.backend.ids.uuid()

        def token(use: TokenUse, expires_at: int) -> str:
            return self.issue(
                Claims(
                    use=use,
                    principal_id=principal_id,
                    kind=kind,
                    organization_id=organization_id,
                    env=env,
                    session_id=session_id,
                    token_id=self.backend.ids.uuid(),
                    issued_at=now,
                    expires_at=expires_at,
                )
            )

        access_expires_at = now + self.backend.lifetimes.access
        refresh_expires_at = now + self.backend.lifetimes.refresh
        return Session(
            principal_id=principal_id,
            organization_id=organization_id,
            env=env,
            access_token=token(TokenUse.ACCESS, access_expires_at),
            access_expires_at=access_expires_at,
            refresh_token=token(TokenUse.REFRESH, refresh_expires_at),
            refresh_expires_at=refresh_expires_at,
        )

    def _memberships(self, user_id: UserId) -> tuple[Organization, ...]:
        """Return the organizations a user belongs to, the first joined first."""
        rows = (
            self.backend.tables.organizations.get(membership.organization_id)
            for membership in self.backend.tables.memberships.select("user", user_id)
            if membership.pending_until is None
        )
        return tuple(row for row in rows if row is not None)

    def _facts_of(self, claims: Claims | None) -> Mapping[str, str]:
        """Return what a refused token says, without the token."""
        if claims is None:
            return {"issued_here": "no"}
        return {
            "issued_here": "yes",
            "use": claims.use.name.lower(),
            "caller": claims.principal_id,
            "caller_organization": claims.organization_id,
            "caller_environment": claims.env,
            "expires_at": str(claims.expires_at),
            "now": str(int(self.backend.clock.now())),
        }

    def _key_of(self, principal_id: PrincipalId) -> ApiKey | None:
        return next(iter(self.backend.tables.api_keys.select("principal", principal_id)), None)

    def _user_of(self, principal_id: PrincipalId) -> User | None:
        return self.backend.tables.users.get(UserId(principal_id))


def _bearer(
    key: ApiKey,
) -> tuple[PrincipalId, PrincipalKind, OrganizationId, Environment]:
    return key.principal_id, PrincipalKind.API_KEY, key.organization_id, key.env


def _principal(claims: Claims, memberships: tuple[Organization, ...]) -> Principal:
    home = next((row for row in memberships if row.id == claims.organization_id), memberships[0])
    return Principal(
        id=claims.principal_id,
        kind=claims.kind,
        env=claims.env,
        home=home,
        memberships=memberships,
    )


def _same(rows: tuple[Organization, ...], others: tuple[Organization, ...]) -> bool:
    """Tell whether they are the very same rows: a changed one is another object."""
    return len(rows) == len(others) and all(map(is_, rows, others))
