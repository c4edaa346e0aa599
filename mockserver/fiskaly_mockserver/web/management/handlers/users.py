"""Users of an organization."""

from collections.abc import Mapping

from fiskaly_mockserver.web.api import Call, Handler, JsonObject
from fiskaly_mockserver.web.management.presenters import SUCCESS, listing, user


def list_users(call: Call) -> JsonObject:
    """List an organization's members and open invitations."""
    organization, page = call.world.users.list(call.principal, call.organization_id, call.paging)
    rows = (user(row, organization.envs) for row in page.rows)
    return listing("USER_LIST", rows, page.count)


def invite_user(call: Call) -> JsonObject:
    """Add a known user, or invite an unknown one."""
    organization, row = call.world.users.invite(
        call.principal,
        call.organization_id,
        email=call.text("email"),
        first_name=call.text("first_name"),
        last_name=call.text("last_name"),
    )
    return user(row, organization.envs)


def remove_user(call: Call) -> JsonObject:
    """Take a user out of an organization."""
    call.world.users.remove(call.principal, call.organization_id, call.path["user_id"])
    return dict(SUCCESS)


HANDLERS: Mapping[str, Handler] = {
    "listUsers": list_users,
    "inviteUser": invite_user,
    "removeUser": remove_user,
}
