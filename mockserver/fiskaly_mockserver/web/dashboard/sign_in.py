"""The pages before all others: registering, signing in and out, and what is looked at."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, cast
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fiskaly_mockserver.domain.account.access import sees
from fiskaly_mockserver.domain.account.errors import InvalidCredentials
from fiskaly_mockserver.domain.account.model import (
    Environment,
    Organization,
    OrganizationId,
    User,
    UserId,
)
from fiskaly_mockserver.domain.errors import DomainError
from fiskaly_mockserver.web.api import JsonObject
from fiskaly_mockserver.web.dashboard.account import sent_in
from fiskaly_mockserver.web.dashboard.frame import (
    FIRST_ORGANIZATION,
    LANGUAGES,
    SIGN_IN,
    Missing,
    Page,
    Redirect,
    Visit,
)
from fiskaly_mockserver.web.dashboard.organizations import OPTIONAL, REQUIRED, profile_in
from fiskaly_mockserver.world.seeding import Seeded
from fiskaly_mockserver.world.worlds import BadSandboxName

if TYPE_CHECKING:
    from fiskaly_mockserver.domain.account.organizations import Profile

SEEDED_SHOWN = 8
"""Seeded people that the sign-in offers by one click."""
EMPTY_PASSWORD = "password should not be empty"  # noqa: S105 - what is told of it
NO_ID = "00000000-0000-4000-8000-000000000000"
"""For a check of a body alone, whose operation has an id in its path."""
NOTHING: Mapping[str, object] = {}


def show_sign_in(visit: Visit) -> Mapping[str, object]:
    """Offer e-mail and password, and where control is free seeded people by one click."""
    people: tuple[tuple[User | None, Organization | None], ...] = ()
    if visit.may_control:
        tables = visit.world.tables
        people = tuple(
            (tables.users.get(UserId(one.id)), tables.organizations.get(OrganizationId(home)))
            for one in islice(Seeded(visit.world.baseline).users(), SEEDED_SHOWN)
            for home in one.organization_ids[:1]
        )
    return {"people": [(user, home) for user, home in people if user and home]}


def sign_in(visit: Visit) -> Mapping[str, object]:
    """Sign a person in: by e-mail and password, or a seeded one by one click."""
    email = visit.form.get("email", "")
    chosen = visit.form.get("user_id", "")
    if chosen:
        seeded = Seeded(visit.world.baseline).users() if visit.may_control else ()
        if not any(one.id == chosen for one in seeded):
            raise Missing
        user_id = UserId(chosen)
    else:
        try:
            user_id = visit.world.sessions.person(email, visit.form.get("password", "")).id
        except InvalidCredentials as error:
            visit.refused(error)
            return show_sign_in(visit)
    wanted = visit.session.wanted
    _enter(visit, user_id)
    raise Redirect(wanted or ("/choose" if len(visit.memberships) > 1 else "/overview"))


def _enter(visit: Visit, user_id: UserId) -> None:
    """Begin a new session, in which that person is signed in."""
    visit.session = visit.session.renewed()
    visit.session.user_id = user_id
    visit.session.signed_in_to = (visit.world.name, visit.world.generation)


def sign_out(visit: Visit) -> Mapping[str, object]:
    """End the session."""
    visit.session = visit.session.renewed()
    raise Redirect("/sign-in")


def sign_up(visit: Visit) -> Mapping[str, object]:
    """Register a person: with a first main organization (R2), invited, or without any yet (R9)."""
    form = visit.form
    person = {name: form.get(name, "") for name in ("email", "first_name", "last_name")}
    visit.checked("inviteUser", sent_in(person), {"organization_id": NO_ID})
    password = form.get("password", "")
    if not password:
        visit.errors.setdefault("password", EMPTY_PASSWORD)
    profile = profile_in({name: form[name] for name in (*REQUIRED, *OPTIONAL) if name in form})
    if profile:
        visit.checked("createOrganization", profile, {})
    if visit.errors:
        visit.status = 400
        return NOTHING
    visit.service.secrets.add(password)
    try:
        user = visit.world.sign_ups.register(password=password, **person).user
    except DomainError as error:
        visit.refused(error)
        return NOTHING
    _enter(visit, user.id)
    if profile:
        _create_first(visit, user, profile)
    raise Redirect("/overview")


def show_first_organization(visit: Visit) -> Mapping[str, object]:
    """Offer the form for the first main organization to somebody who belongs to none.

    Raises:
        Redirect: Nobody is signed in, or the person belongs to one.
    """
    if visit.user is None:
        raise Redirect(SIGN_IN)
    if visit.memberships:
        raise Redirect("/overview")
    return NOTHING


def create_first_organization(visit: Visit) -> Mapping[str, object]:
    """Create it (R2)."""
    show_first_organization(visit)
    profile: JsonObject = {name: visit.form.get(name, "").strip() for name in REQUIRED}
    if visit.user is None or visit.checked("createOrganization", profile, {}) is None:
        return NOTHING
    _create_first(visit, visit.user, profile)
    raise Redirect("/overview")


def _create_first(visit: Visit, user: User, profile: JsonObject) -> None:
    """Create it with its first key and, unless that is to be blank, its billing address."""
    made = visit.world.sign_ups.first_organization(user, cast("Profile", profile))
    visit.service.secrets.add(made.secret)
    visit.session.shown_once = {
        "name": made.api_key.name,
        "key": made.api_key.key,
        "secret": made.secret,
    }
    if "billing_blank" in visit.form:
        return
    visit.session.organization_id = made.organization.id
    address = {name: profile[name] for name in REQUIRED if name != "name"}
    billed = visit.perform("createBillingAddress", {"recipient": profile["name"], **address})
    if billed is not None:
        row = {"billing_address_id": billed["_id"]}
        visit.perform("updateOrganization", row, {"organization_id": made.organization.id})


def choose(visit: Visit) -> Mapping[str, object]:
    """Change what is looked at, the organization, TEST or LIVE, or how: language and time zone."""
    form, session = visit.form, visit.session
    if "language" in form:
        session.language = form["language"] if form["language"] in LANGUAGES else LANGUAGES[0]
    if "zone" in form:
        try:
            session.zone = ZoneInfo(form["zone"].strip()).key
        except (ValueError, OSError, LookupError):
            session.notice = "zone_unknown"
    if "language" in form or "zone" in form:
        back = form.get("back", "")
        raise Redirect(quote(back, safe="/?&=%+") if back.startswith("/") else "/overview")
    principal = visit.principal
    env = Environment(form["env"]) if form.get("env") in set(Environment) else principal.env
    chosen = form.get("organization_id") or session.organization_id or principal.home.id
    row = visit.world.tables.organizations.get(OrganizationId(chosen))
    if row is None or not sees(principal._replace(env=env), row):
        raise Missing
    session.env, session.organization_id = env, row.id
    raise Redirect("/overview")


def look_into_sandbox(visit: Visit) -> Mapping[str, object]:
    """Show a sandbox's pages from now on; it begins with its first use, as by a client.

    Raises:
        Missing: There can be none of that name.
    """
    try:
        world = visit.service.worlds.get(visit.path["sandbox"])
    except BadSandboxName as error:
        raise Missing from error
    if visit.session.sandbox != world.name:
        visit.session = visit.session.renewed()
        visit.session.sandbox = world.name
    raise Redirect("/overview")


def lead(_: Visit) -> Mapping[str, object]:
    """Lead to the first page."""
    raise Redirect("/overview")


def nothing(_: Visit) -> Mapping[str, object]:
    """Show a form that needs nothing."""
    return NOTHING


PAGES = (
    Page("GET", "/", lead),
    Page("GET", "/sign-in", show_sign_in, "sign_in.html", public=True),
    Page("POST", "/sign-in", sign_in, "sign_in.html", public=True),
    Page("GET", "/sign-up", nothing, "sign_up.html", public=True),
    Page("POST", "/sign-up", sign_up, "sign_up.html", public=True),
    Page(
        "GET",
        FIRST_ORGANIZATION,
        show_first_organization,
        "first_organization.html",
        public=True,
    ),
    Page(
        "POST",
        FIRST_ORGANIZATION,
        create_first_organization,
        "first_organization.html",
        public=True,
    ),
    Page("POST", "/sign-out", sign_out, public=True),
    Page("GET", "/sandbox/{sandbox}", look_into_sandbox, public=True),
    Page("GET", "/choose", nothing, "choose.html"),
    Page("POST", "/choose", choose, public=True),
)
