"""What `verify` does on the Management API: fixed steps, each with what is known of its answer.

Source: the recorded answers, and the numbered assumptions elsewhere.
"""

from typing import Any, Final
from uuid import uuid4

from fiskaly_contracts.conformance.probe import Answer, BrokenJourneyError, Probe
from fiskaly_contracts.violations import Where

DAY: Final = 86_400
NOWHERE: Final = "00000000-0000-4000-8000-00000000dead"
"""A well-formed id that nobody has."""
INVALID: Final = "E_FAILED_SCHEMA_VALIDATION"
NO_TOKEN: Final = "not-a-token"  # noqa: S105 - that is the point
REFUSED: Final = 401
SLACK: Final = 5
"""Seconds by which a clock or a slow line may be off."""
TEXT_PLAIN: Final = b"api_key=a"
ADDRESS: Final[dict[str, Any]] = {
    "address_line1": "Beispielweg 1",
    "zip": "10115",
    "town": "Berlin",
    "country_code": "DEU",
}


def log_in(
    probe: Probe, key: str, secret: str, *, sign_de: bool = False, made: bool = False
) -> Answer:
    """Log in, and check what is known of sessions.

    Args:
        probe: Sends it.
        key: The API key.
        secret: Its secret.
        sign_de: Whether SIGN DE is asked.
        made: Whether the run itself made the key: only then is its refusal a finding.
    """
    body: Any = {"api_key": key, "api_secret": secret}
    answer = probe.call("POST", "/auth", body, sign_de=sign_de)
    if answer.status == REFUSED and not made:
        raise BrokenJourneyError("API key and secret are refused")
    probe.need(answer)
    claims, access, refresh = (
        answer.at("access_token_claims"),
        answer.at("access_token_expires_at"),
        answer.at("refresh_token_expires_at"),
    )
    if not isinstance(answer.at("access_token"), str) or not isinstance(claims, dict):
        raise BrokenJourneyError(f"{answer.operation} gave no token")
    wanted = "LIVE" if key.startswith("live_") else "TEST"
    probe.same(answer, ("access_token_claims", "env"), wanted)
    if isinstance(access, int) and isinstance(refresh, int):
        probe.fact(
            answer,
            "token-lifetime",
            refresh - access == DAY,
            pointer="/refresh_token_expires_at",
            expected=f"{DAY} seconds after access_token_expires_at",
            got=refresh - access,
            assumption="A-29",
        )
    for name in ("access_token_expires_in", "refresh_token_expires_in"):
        left = answer.at(name)
        longest = DAY if name.startswith("access") else 2 * DAY
        probe.fact(
            answer,
            "token-lifetime",
            isinstance(left, int) and 0 < left <= longest,
            pointer=f"/{name}",
            expected=f"at most {longest} seconds left",
            got=left,
            assumption="A-29",
        )
    return answer


def sessions(probe: Probe, key: str, secret: str, *, sign_de: bool = False) -> str:
    """Log in twice, refresh, be refused; return an access token."""
    first = log_in(probe, key, secret, sign_de=sign_de)
    again = log_in(probe, key, secret, sign_de=sign_de)
    for name in ("access_token_expires_at", "refresh_token_expires_at"):
        before = first.at("access_token_expires_in")
        if isinstance(before, int) and before > SLACK:
            probe.same(again, (name,), first.at(name), assumption="A-29")
    refreshed = probe.call(
        "POST", "/auth", {"refresh_token": first.at("refresh_token")}, sign_de=sign_de
    )
    if probe.expect(refreshed, 200, assumption="" if sign_de else "A-22"):
        claims = ("access_token_claims", "organization_id")
        probe.same(refreshed, claims, first.at(*claims))
    wrong = probe.call("POST", "/auth", {"api_key": key, "api_secret": "wrong"}, sign_de=sign_de)
    if probe.expect(wrong, 401, assumption="" if sign_de else "A-57"):
        probe.same(wrong, ("message",), "Unauthorized" if sign_de else "Invalid credentials")
    garbage = probe.call("POST", "/auth", {"refresh_token": "garbage"}, sign_de=sign_de)
    probe.expect(garbage, 401, assumption="A-64" if sign_de else "A-21")
    form = probe.call("POST", "/auth", {"api_key": key}, sign_de=sign_de)
    probe.expect(form, 400, INVALID, assumption="" if sign_de else "A-07")
    typed = probe.call("POST", "/auth", raw=TEXT_PLAIN, content_type="text/plain", sign_de=sign_de)
    probe.expect(typed, 415, assumption="A-86" if sign_de else "A-35")
    return str(first.at("access_token"))


def read_everything(probe: Probe, token: str, own: str) -> None:
    """Read every list and one row of each."""
    organization = probe.need(probe.call("GET", f"/organizations/{own}", token=token))
    probe.same(organization, ("_id",), own)
    upper = probe.call("GET", f"/organizations/{own.upper()}", token=token)
    if probe.expect(upper, 200, assumption="A-08"):
        probe.same(upper, ("_id",), own, assumption="A-08")
    organizations = a_list(probe, "/organizations", token, "ORGANIZATION_LIST")
    probe.fact(
        organizations,
        "list-of-all",
        any(row.get("_id") == own for row in rows_of(organizations)),
        pointer="/data",
        expected="the token's own organization among them",
        assumption="A-38",
    )
    keys = f"/organizations/{own}/api-keys"
    listed = a_list(probe, keys, token, "API_KEY_LIST")
    made = [at for row in rows_of(listed) if isinstance(at := row.get("created_at"), int)]
    if len(made) == len(rows_of(listed)):
        probe.fact(
            listed,
            "list-order",
            made == sorted(made),
            pointer="/data",
            expected="the order of creation",
            assumption="A-03",
        )
    a_row(probe, listed, keys, token)
    a_list(probe, f"/organizations/{own}/users", token, "USER_LIST")
    addresses = a_list(probe, "/billing-addresses", token, "BILLING_ADDRESS_LIST")
    a_row(probe, addresses, "/billing-addresses", token)
    invented = probe.call("GET", "/organizations", token=token, query={"invented": "1"})
    probe.expect(invented, 200, assumption="A-06")


def read_refusals(probe: Probe, token: str, own: str) -> None:
    """Be refused in every way that changes nothing."""
    path = f"/organizations/{own}"
    probe.expect(probe.call("GET", path), 401, assumption="A-24")
    garbage = probe.call("GET", path, token=NO_TOKEN)
    if probe.expect(garbage, 401):
        wanted = f"could not parse jwt: '{NO_TOKEN}'"
        probe.same(garbage, ("message",), wanted)
    head, _, tail = token.rpartition(".")
    forged = probe.call("GET", path, token=f"{head}.{tail[::-1]}")
    probe.expect(forged, 401, assumption="A-25")
    unknown = probe.call("GET", f"/organizations/{NOWHERE}", token=token)
    if probe.expect(unknown, 404, "E_ORGANIZATION_NOT_FOUND", assumption="A-09"):
        probe.same(unknown, ("message",), "Organization not found.", assumption="A-62")
    form = probe.call("GET", "/organizations/none", token=token)
    probe.expect(form, 400, INVALID, assumption="A-08")
    for name in ("/organizations", f"{path}/api-keys", f"{path}/users", "/billing-addresses"):
        limit = probe.call("GET", name, token=token, query={"limit": 0})
        probe.expect(limit, 400, INVALID, assumption="A-01")
    key = probe.call("GET", f"{path}/api-keys/{NOWHERE}", token=token)
    probe.expect(key, 404, "E_API_KEY_NOT_FOUND", assumption="A-48")
    address = probe.call("GET", f"/billing-addresses/{NOWHERE}", token=token)
    probe.expect(address, 404, "E_BILLING_ADDRESS_NOT_FOUND", assumption="A-48")


def customer(probe: Probe, token: str, own: str) -> tuple[str, str, str]:
    """Make, read, change a managed organization and a key; return its id, key and secret."""
    name = f"Contract check {uuid4().hex[:8]}"
    place = {**ADDRESS, "managed_by_organization_id": own}
    refuse_forms(probe, token, place)
    sent: dict[str, Any] = {"name": name, **place, "metadata": {"a": "1", "b": "2"}}
    made = probe.need(probe.call("POST", "/organizations", sent, token=token))
    organization = id_of(made)
    path = f"/organizations/{organization}"
    probe.later(f"organization {organization}", lambda: probe.call("DELETE", path, token=token))
    for field, value in sent.items():
        probe.same(made, (field,), value)
    probe.same(made, ("_type",), "MANAGED_ORGANIZATION")
    probe.same(probe.call("GET", path, token=token), ("_id",), organization)
    changed = probe.call("PATCH", path, {"name": f"{name} 2", "metadata": {"c": "3"}}, token=token)
    if probe.expect(changed, 200):
        probe.same(changed, ("name",), f"{name} 2")
        probe.same(changed, ("metadata",), {"c": "3"}, assumption="A-14")
        probe.same(changed, ("town",), "Berlin")
    null = probe.call("PATCH", path, {"display_name": None}, token=token)
    probe.expect(null, 400, INVALID, assumption="A-15")
    again = probe.call("POST", f"{path}/enable-env", {"env": "TEST"}, token=token)
    probe.expect(again, 409, "E_ENV_ALREADY_ENABLED", assumption="A-12")
    if probe.loopback:  # elsewhere a success would cost somebody something
        live = probe.call("POST", f"{path}/enable-env", {"env": "LIVE"}, token=token)
        probe.expect(live, 403, "E_ACCESS_DENIED", assumption="A-13")
    return (organization, *api_key(probe, token, own, path))


def refuse_forms(probe: Probe, token: str, place: dict[str, Any]) -> None:
    """Send what no organization may be made of."""
    short = probe.call("POST", "/organizations", {"name": "ab", **place}, token=token)
    probe.expect(short, 400, INVALID, assumption="A-07")
    named: dict[str, Any] = {"name": "Contract check", **place}
    extra = probe.call("POST", "/organizations", {**named, "invented": "1"}, token=token)
    probe.expect(extra, 400, INVALID, assumption="A-05")
    parent = probe.call(
        "POST", "/organizations", {**named, "managed_by_organization_id": NOWHERE}, token=token
    )
    if probe.expect(parent, 404):
        probe.same(parent, ("message",), "Not Found")


def api_key(probe: Probe, token: str, own: str, path: str) -> tuple[str, str]:
    """Make, read, disable, enable a key of an organization; return key and secret."""
    body: dict[str, Any] = {
        "name": "contract-check",
        "status": "enabled",
        "managed_by_organization_id": own,
    }
    made = probe.need(probe.call("POST", f"{path}/api-keys", body, token=token))
    identity, key, secret = id_of(made), made.at("key"), made.at("secret")
    one = f"{path}/api-keys/{identity}"
    probe.later(f"API key {identity}", lambda: probe.call("DELETE", one, token=token))
    probe.same(made, ("status",), "enabled")
    probe.same(made, ("_type",), "MANAGED_API_KEY")
    probe.fact(
        made,
        "key-ends-in-name",
        isinstance(key, str) and key.endswith("_contract-check"),
        pointer="/key",
        expected="the name at its end",
        got=key,
        assumption="A-46",
    )
    twice = probe.call("POST", f"{path}/api-keys", body, token=token)
    probe.expect(twice, 409, "E_API_KEY_CONFLICT", assumption="A-11")
    read = probe.call("GET", one, token=token)
    if probe.expect(read, 200):
        probe.fact(
            read,
            "secret-shown-once",
            read.at("secret") is None,
            pointer="/secret",
            expected="no secret after the creation",
        )
    if not isinstance(key, str) or not isinstance(secret, str):
        raise BrokenJourneyError("createApiKey gave no key and secret")
    disabled = probe.call("PATCH", one, {"status": "disabled"}, token=token)
    if probe.expect(disabled, 200):
        probe.same(disabled, ("status",), "disabled")
        refused = probe.call("POST", "/auth", {"api_key": key, "api_secret": secret})
        probe.expect(refused, 401, assumption="A-16")
    enabled = probe.call("PATCH", one, {"status": "enabled", "metadata": {"a": "1"}}, token=token)
    if probe.expect(enabled, 200):
        probe.same(enabled, ("metadata",), {"a": "1"})
    session = log_in(probe, key, secret, made=True)
    small = session.at("access_token")
    denied = probe.call(
        "POST", "/organizations", {"name": "Contract check", **ADDRESS}, token=small
    )
    probe.expect(denied, 403, "E_ACCESS_DENIED", assumption="A-31")
    return key, secret


def invitation(probe: Probe, token: str, organization: str) -> None:
    """Invite and remove a person whom no mail can reach."""
    path = f"/organizations/{organization}/users"
    body: dict[str, Any] = {"email": f"check-{uuid4().hex[:8]}@fiskaly-mockserver.invalid"}
    made = probe.need(probe.call("POST", path, body, token=token))
    probe.same(made, ("email",), body["email"], assumption="A-19")
    user = f"{path}/{id_of(made)}"
    what = f"invitation {id_of(made)}"
    probe.later(what, lambda: probe.call("DELETE", user, token=token))
    twice = probe.call("POST", path, body, token=token)
    probe.expect(twice, 409, "E_USER_CONFLICT", assumption="A-40")
    removed = probe.call("DELETE", user, token=token)
    if probe.expect(removed, 200, assumption="A-56"):
        probe.done(what)
        gone = probe.call("DELETE", user, token=token)
        probe.expect(gone, 404, "E_USER_NOT_FOUND", assumption="A-48")


def billing_address(probe: Probe, token: str) -> None:
    """Make, read, change and delete a billing address."""
    body: dict[str, Any] = {
        "recipient": "Contract check",
        **ADDRESS,
    }
    made = probe.need(probe.call("POST", "/billing-addresses", body, token=token))
    for field, value in body.items():
        probe.same(made, (field,), value, assumption="A-20")
    path = f"/billing-addresses/{id_of(made)}"
    what = f"billing address {id_of(made)}"
    probe.later(what, lambda: probe.call("DELETE", path, token=token))
    read = probe.call("GET", path, token=token)
    if probe.expect(read, 200):
        probe.same(read, (), made.value)
    changed = probe.call("PATCH", path, {"town": "Potsdam"}, token=token)
    if probe.expect(changed, 200):
        probe.same(changed, ("town",), "Potsdam")
    form = probe.call("PATCH", path, {"country_code": "Germany"}, token=token)
    probe.expect(form, 400, INVALID, assumption="A-07")
    if probe.expect(probe.call("DELETE", path, token=token), 200, assumption="A-56"):
        probe.done(what)
        gone = probe.call("GET", path, token=token)
        probe.expect(gone, 404, "E_BILLING_ADDRESS_NOT_FOUND", assumption="A-48")


def a_list(probe: Probe, path: str, token: str, kind: str, *, sign_de: bool = False) -> Answer:
    """Read a list as a whole and in part, and check what is known of lists."""
    whole = probe.need(probe.call("GET", path, token=token, sign_de=sign_de))
    probe.same(whole, ("_type",), kind)
    rows, count = rows_of(whole), whole.at("count")
    probe.fact(
        whole,
        "list-count",
        isinstance(count, int) and count >= len(rows),
        pointer="/count",
        expected="at least the number of rows",
        got=count,
    )
    part = probe.call("GET", path, token=token, query={"limit": 1}, sign_de=sign_de)
    if probe.expect(part, 200):
        number = "A-65" if sign_de else "A-02"
        probe.same(part, ("count",), count, assumption=number)
        probe.fact(
            part,
            "list-limit",
            len(rows_of(part)) == min(len(rows), 1),
            pointer="/data",
            expected=f"{min(len(rows), 1)} rows",
            got=len(rows_of(part)),
        )
    return whole


def a_row(
    probe: Probe, listed: Answer, path: str, token: str, *, sign_de: bool = False
) -> Answer | None:
    """Read the first row of a list by itself; it is the same there."""
    rows = rows_of(listed)
    if not rows or not isinstance(rows[0].get("_id"), str):
        return None
    one = probe.call("GET", f"{path}/{rows[0]['_id']}", token=token, sign_de=sign_de)
    if probe.expect(one, 200):
        probe.fact(
            one,
            "row-as-listed",
            one.value == rows[0],
            expected="the row as the list has it",
            where=Where.BODY,
        )
    return one


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """Return the rows of a list that are objects."""
    rows = answer.at("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def id_of(answer: Answer) -> str:
    """Return the id of what was made.

    Raises:
        BrokenJourneyError: There is none.
    """
    found = answer.at("_id")
    if not isinstance(found, str):
        raise BrokenJourneyError(f"{answer.operation} gave no _id")
    return found
