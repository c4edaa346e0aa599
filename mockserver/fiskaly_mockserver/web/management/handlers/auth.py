"""POST /auth: three ways to a session."""

from collections.abc import Mapping

from fiskaly_mockserver.web.api import Call, Handler, JsonObject
from fiskaly_mockserver.web.management.presenters import session


def authenticate(call: Call) -> JsonObject:
    """Open or continue a session by key, by refresh token, or by e-mail and password."""
    sessions = call.world.sessions
    if "api_key" in call.body:
        return session(sessions.open_with_key(call.text("api_key"), call.text("api_secret")))
    if "refresh_token" in call.body:
        return session(sessions.refresh(call.text("refresh_token")))
    return session(sessions.open_with_password(call.text("email"), call.text("password")))


HANDLERS: Mapping[str, Handler] = {"authenticate": authenticate}
