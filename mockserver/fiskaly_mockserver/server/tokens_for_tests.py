"""Access tokens made without a request: good ones, and those that a server must refuse."""

from enum import Enum, auto
from typing import TypeAlias
from uuid import UUID

from fiskaly_mockserver.control.handles import (
    ApiKeyHandle,
    NotInTheTree,
    OrganizationHandle,
    UserHandle,
)
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    Environment,
    KeyStatus,
    OrganizationId,
    PrincipalId,
    PrincipalKind,
    UserId,
)
from fiskaly_mockserver.domain.backend import Claims, IdSource, TokenUse
from fiskaly_mockserver.world.tokens import JwtIssuer
from fiskaly_mockserver.world.world import World

Holder: TypeAlias = ApiKeyHandle | OrganizationHandle | UserHandle | str
"""Whose token it is: a handle, the text of an API key, or an organization's id.

A text may also be that of a key or organization which a test created.
"""


class TokenFault(Enum):
    """What is wrong with a minted token."""

    NOTHING = auto()
    EXPIRED = auto()
    WRONG_ENVIRONMENT = auto()
    FORGED = auto()


def mint(
    world: World,
    ids: IdSource,
    holder: Holder,
    *,
    env: str | None = None,
    fault: TokenFault = TokenFault.NOTHING,
) -> str:
    """Return an access token; no session is opened and no exchange journaled.

    Args:
        world: The world in which the token is good, or would be.
        ids: Where the ids in the token come from.
        holder: Whose token it is.
        env: TEST or LIVE, for an organization that has keys of both.
        fault: What is to be wrong with it.

    Raises:
        NotInTheTree: There is no such key, organization or user in the world.
        TypeError: The holder is nothing of the sort.
        ValueError: The environment is none, or another than the key's.
    """
    if not isinstance(holder, Holder):
        raise TypeError(
            "whose token? That takes a key, organization or user of the tree, the text of an API"
            f" key, or the id of an organization, and no {type(holder).__name__}"
        )
    claims = _claims(world, ids, holder, None if env is None else _environment(env))
    issue = world.sessions.issue
    match fault:
        case TokenFault.NOTHING:
            return issue(claims)
        case TokenFault.EXPIRED:
            late = claims.expires_at - claims.issued_at + 1
            claims = claims._replace(
                issued_at=claims.issued_at - late, expires_at=claims.expires_at - late
            )
            return issue(claims)
        case TokenFault.WRONG_ENVIRONMENT:
            return issue(claims._replace(env=_other(claims.env)))
        case TokenFault.FORGED:
            return JwtIssuer().issue(claims)


def _claims(world: World, ids: IdSource, holder: Holder, env: Environment | None) -> Claims:
    principal_id, kind, organization_id, at_home = _principal(world, holder, env)
    if env not in {None, at_home}:
        raise ValueError(
            f"it is for {at_home}, so that it has no {env} token; a token of the wrong"
            " environment is made on purpose with wrong_env_token_for()"
        )
    now = int(world.clock.now())
    return Claims(
        use=TokenUse.ACCESS,
        principal_id=principal_id,
        kind=kind,
        organization_id=organization_id,
        env=at_home,
        session_id=ids.uuid(),
        token_id=ids.uuid(),
        issued_at=now,
        expires_at=now + world.seams.lifetimes.access,
    )


def _principal(
    world: World, holder: Holder, env: Environment | None
) -> tuple[PrincipalId, PrincipalKind, OrganizationId, Environment]:
    if isinstance(holder, UserHandle):
        return _user(world, holder)
    key = _key(world, holder, env)
    return key.principal_id, PrincipalKind.API_KEY, key.organization_id, key.env


def _user(
    world: World, holder: UserHandle
) -> tuple[PrincipalId, PrincipalKind, OrganizationId, Environment]:
    joined = [
        one.organization_id
        for one in world.tables.memberships.select("user", UserId(holder.user_id))
        if one.pending_until is None
    ]
    if not joined:
        raise NotInTheTree(f"the user {holder.email} belongs to no organization here and now")
    return PrincipalId(holder.user_id), PrincipalKind.USER, joined[0], Environment.TEST


def _key(world: World, holder: ApiKeyHandle | OrganizationHandle | str, env: str | None) -> ApiKey:
    keys = world.tables.api_keys
    text = holder.key if isinstance(holder, ApiKeyHandle) else holder
    if isinstance(text, str):
        for key in keys.select("key", text):
            return key
    if isinstance(holder, ApiKeyHandle):
        raise NotInTheTree("the API key is not there any more: it was deleted, or seeded elsewhere")
    organization_id = OrganizationId(holder if isinstance(holder, str) else holder.organization_id)
    of_it = [
        key
        for key in keys.select("organization", organization_id)
        if key.status is KeyStatus.ENABLED
    ]
    of_it.sort(key=lambda key: key.env is not Environment.TEST)
    for key in of_it:
        if env in {None, key.env}:
            return key
    if world.tables.organizations.get(organization_id) is None:
        raise NotInTheTree(f"no API key and no organization here is {_named(holder)}")
    kind = "" if env is None else f" {env}"
    raise NotInTheTree(
        f"the organization has no enabled{kind} API key: create one, or take its manager's"
    )


def _named(holder: OrganizationHandle | str) -> str:
    """Return how to call a holder; a text that is no id may be a secret, and is not shown."""
    if isinstance(holder, OrganizationHandle):
        return repr(holder.name)
    try:
        is_id = str(UUID(holder)) == holder.lower()
    except ValueError:
        is_id = False
    return holder if is_id else "the one given, which has not the form of an organization's id"


def _environment(env: str) -> Environment:
    try:
        return Environment(env)
    except ValueError:
        allowed = ", ".join(Environment)
        raise ValueError(f"env {env!r} is not one of {allowed}") from None


def _other(env: Environment) -> Environment:
    return Environment.LIVE if env is Environment.TEST else Environment.TEST
