"""The pages before all others: registering, signing in and out, and what is looked at."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, cast

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
from fiskaly_mockserver.web.dashboard.account import profile_in, sent_in
from fiskaly_mockserver.web.dashboard.frame import (
    LANGUAGES,
    Missing,
    Page,
    Redirect,
    Visit,
)
from fiskaly_mockserver.world.seeding import Seeded

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
        _begin(visit, UserId(chosen))
    try:
        visit.world.sessions.open_with_password(email, visit.form.get("password", ""))
    except InvalidCredentials as error:
        visit.refused(error)
        return show_sign_in(visit)
    _begin(visit, next(iter(visit.world.tables.users.select("email", email.lower()))).id)
    return NOTHING


def _begin(visit: Visit, user_id: UserId) -> None:
    """Begin a new session, and lead to the page that was asked for.

    Raises:
        Redirect: Always; to the choice of an organization where there are several.
    """
    before = visit.session
    visit.session = before.renewed()
    visit.session.user_id = user_id
    visit.session.signed_in_to = (visit.world.name, visit.world.generation)
    if before.wanted:
        raise Redirect(before.wanted)
    raise Redirect("/choose" if len(visit.memberships) > 1 else "/overview")


def sign_out(visit: Visit) -> Mapping[str, object]:
    """End the session."""
    visit.session = visit.session.renewed()
    raise Redirect("/sign-in")


def sign_up(visit: Visit) -> Mapping[str, object]:
    """Register a person: with a first main organization (R2), or into open invitations (R9)."""
    form = visit.form
    person = {name: form.get(name, "") for name in ("email", "first_name", "last_name")}
    visit.checked("inviteUser", sent_in(person), {"organization_id": NO_ID})
    password = form.get("password", "")
    if not password:
        visit.errors.setdefault("password", EMPTY_PASSWORD)
    profile = profile_in(form)
    if profile:
        visit.checked("createOrganization", profile, {})
    if visit.errors:
        visit.status = 400
        return NOTHING
    visit.service.secrets.add(password)
    names = {name: person[name] for name in ("first_name", "last_name")}
    try:
        if profile:
            made = visit.world.sign_ups.sign_up(
                email=person["email"],
                password=password,
                organization=cast("Profile", profile),
                **names,
            )
            user_id = made.user.id
            shown = {"name": made.api_key.name, "key": made.api_key.key, "secret": made.secret}
            visit.service.secrets.add(made.secret)
        else:
            invited = visit.world.sign_ups.accept_invitation(
                email=person["email"], password=password, **names
            )
            user_id, shown = invited.user.id, {}
    except DomainError as error:
        visit.refused(error)
        return NOTHING
    try:
        _begin(visit, user_id)
    finally:
        visit.session.shown_once = shown or None
    return NOTHING


def choose(visit: Visit) -> Mapping[str, object]:
    """Change what is looked at: the organization, TEST or LIVE, or the language."""
    form, session = visit.form, visit.session
    if "language" in form:
        session.language = form["language"] if form["language"] in LANGUAGES else LANGUAGES[0]
        raise Redirect("/overview" if visit.user else "/sign-in")
    principal = visit.principal
    env = Environment(form["env"]) if form.get("env") in set(Environment) else principal.env
    chosen = form.get("organization_id") or session.organization_id or principal.home.id
    row = visit.world.tables.organizations.get(OrganizationId(chosen))
    if row is None or not sees(principal._replace(env=env), row):
        raise Missing
    session.env, session.organization_id = env, row.id
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
    Page("POST", "/sign-out", sign_out, public=True),
    Page("GET", "/choose", nothing, "choose.html"),
    Page("POST", "/choose", choose, public=True),
)
