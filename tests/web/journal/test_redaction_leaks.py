"""Nothing secret gets past the journal's door, wherever in an exchange it stands."""

from dataclasses import replace

import pytest
from fiskaly_contracts import Checker
from fiskaly_mockserver.domain.errors import UnreadableToken
from fiskaly_mockserver.web.journal.redaction import Redactor
from web.journal.recorded import (
    API_SECRET,
    ORGANIZATION,
    Message,
    everything_said,
    recorded,
    wire,
)

SENTINEL = "hush-hush-sentinel"
ID = "8c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"
CREDENTIALS = {
    "token": "eyJ" + "x" * 30 + ".payload.signature",
    "token with a long head": "eyJ" + "x" * 200 + ".payload.signature",
    "token that was cut off": "eyJ" + "x" * 40,
    "API secret": API_SECRET,
}

AUTH = Message(operation_id="authenticate", path="/api/v0/auth")
REFUSED = Message(status=401, method="GET", body=b"", operation_id="listOrganizations")
LEAKS = {
    "bearer": replace(REFUSED, headers=(("Authorization", f"Bearer {SENTINEL}"),)),
    "no scheme": replace(REFUSED, headers=(("Authorization", SENTINEL),)),
    "odd scheme": replace(REFUSED, headers=(("AUTHORIZATION", f"{SENTINEL} {SENTINEL}"),)),
    "glued scheme": replace(REFUSED, headers=(("Authorization", f"Bearer{SENTINEL}"),)),
    "proxy": replace(REFUSED, headers=(("Proxy-Authorization", f"Basic {SENTINEL}"),)),
    "cookie": replace(REFUSED, headers=(("Cookie", f"session={SENTINEL}"),)),
    "api key header": replace(REFUSED, headers=(("X-Api-Key", SENTINEL),)),
    "secret header": replace(REFUSED, headers=(("X-Client-SECRET", SENTINEL),)),
    "token header": replace(REFUSED, headers=(("Refresh_Token", SENTINEL),)),
    "password header": replace(REFUSED, headers=(("X-Password", SENTINEL),)),
    "PIN header": replace(REFUSED, headers=(("X-Admin-PIN", SENTINEL),)),
    "set-cookie": replace(REFUSED, answer_headers=(("Set-Cookie", SENTINEL),)),
    "query": replace(REFUSED, path=f"/api/v0/organizations?api_secret={SENTINEL}&limit=1"),
    "query of no operation": replace(REFUSED, operation_id="", path=f"/nowhere?limit={SENTINEL}"),
    "secret": replace(AUTH, body=wire({"api_key": "k", "api_secret": SENTINEL})),
    "password": replace(AUTH, body=wire({"email": "a@b.example", "password": SENTINEL})),
    "refresh token": replace(AUTH, body=wire({"refresh_token": SENTINEL})),
    "secret in an object": replace(AUTH, body=wire({"api_key": "k", "api_secret": {SENTINEL: 1}})),
    "secret in an array": replace(AUTH, body=wire({"api_key": "k", "api_secret": [[SENTINEL]]})),
    "secret of another way in": replace(AUTH, body=wire({"api_key": "k", "password": SENTINEL})),
    "undeclared": replace(AUTH, body=wire({"api_key": "k", "pin": SENTINEL})),
    "undeclared and deep": replace(AUTH, body=wire({"a": {"b": [{"c": SENTINEL}]}})),
    "object for a text": Message(body=wire({**ORGANIZATION, "name": {"x": SENTINEL}})),
    "array for a text": Message(body=wire({**ORGANIZATION, "name": [SENTINEL]})),
    "array for an object": Message(body=wire({**ORGANIZATION, "billing_options": [SENTINEL]})),
    "root text": Message(body=wire(SENTINEL)),
    "root array": Message(body=wire([SENTINEL, {"name": SENTINEL}])),
    "metadata by name": Message(
        body=wire({**ORGANIZATION, "metadata": {"till_password": SENTINEL}})
    ),
    "PIN and PUK in metadata": Message(
        body=wire(
            {
                **ORGANIZATION,
                "metadata": dict.fromkeys(("pin", "adminPin", "new_pin", "tss_puk"), SENTINEL),
            }
        )
    ),
    "metadata of a wrong type": Message(
        body=wire({**ORGANIZATION, "metadata": {"a": {"b": SENTINEL}, "c": [SENTINEL]}})
    ),
    "broken JSON": replace(AUTH, body=b'{"api_secret": "' + SENTINEL.encode()),
    "twice": replace(AUTH, body=b'{"api_secret": "%b", "api_secret": ""}' % SENTINEL.encode()),
    "not UTF-8": replace(AUTH, body=b'{"name": "\xff' + SENTINEL.encode() + b'"}'),
    "form": replace(
        AUTH,
        content_type="application/x-www-form-urlencoded",
        body=f"api_key=k&api_secret={SENTINEL}".encode(),
    ),
    "XML": replace(AUTH, content_type="text/xml", body=f"<secret>{SENTINEL}</secret>".encode()),
    "body of no operation": Message(operation_id="", path="/nowhere", body=wire({"a": SENTINEL})),
    "unasked body": replace(REFUSED, body=wire({"name": SENTINEL})),
    "session": replace(
        AUTH,
        answer=wire(
            {
                "access_token": SENTINEL,
                "access_token_claims": {"env": "TEST", "organization_id": ID},
                "access_token_expires_in": 1,
                "refresh_token": SENTINEL,
            }
        ),
    ),
    "created key": Message(
        operation_id="createApiKey", answer=wire({"_id": ID, "secret": SENTINEL})
    ),
    "undeclared in the answer": Message(answer=wire({"_id": ID, "x": {"y": SENTINEL}})),
    "truncated answer": replace(AUTH, answer=b'{"access_token":"' + SENTINEL.encode()),
    "undocumented answer": replace(AUTH, status=202, answer=wire({"message": SENTINEL})),
    "undocumented error": replace(AUTH, status=599, answer=wire({"detail": SENTINEL})),
    "echo": replace(
        REFUSED,
        headers=(("Authorization", f"Bearer {SENTINEL}"),),
        answer=wire(
            {
                "message": f"could not parse jwt: '{SENTINEL}'",
                "status_code": 401,
                "error": "Unauthorized",
            }
        ),
        error=UnreadableToken(SENTINEL),
    ),
    "echo with quotes": replace(
        REFUSED, answer=wire({"message": f"could not parse jwt: '{SENTINEL}'\n{SENTINEL}'"})
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_secret_is_nowhere_in_what_is_kept(
    redactor: Redactor, checker: Checker, name: str
) -> None:
    message = LEAKS[name]
    everything_sent = repr(message) + repr(message.error and vars(message.error))
    assert SENTINEL in everything_sent
    assert SENTINEL not in everything_said(recorded(redactor, checker, message))


PLACES = {
    "path of no operation": Message(operation_id="", path="/api/v0/organizations/@"),
    "path": Message(
        operation_id="retrieveOrganization",
        path="/api/v0/organizations/@",
        path_parameters=(("organization_id", "@"),),
    ),
    "query": Message(operation_id="listOrganizations", path="/api/v0/organizations?limit=@"),
    "header": Message(headers=(("User-Agent", "till @"),)),
    "address in a header": Message(headers=(("Referer", "http://localhost/?jwt=@"),)),
    "text": Message(body=wire({**ORGANIZATION, "name": "@"})),
    "text that is refused": Message(body=wire({**ORGANIZATION, "country_code": "@"})),
    "name": Message(body=wire({**ORGANIZATION, "@": 1})),
    "metadata": Message(body=wire({**ORGANIZATION, "metadata": {"note": "it is @."}})),
    "api key": replace(AUTH, body=wire({"api_key": "@", "api_secret": "test_key"})),
    "answer": Message(status=400, answer=wire({"message": 'should be else (got "@")'})),
}


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("name", PLACES)
def test_what_looks_like_a_credential_is_kept_nowhere(
    redactor: Redactor, checker: Checker, name: str, credential: str
) -> None:
    place, secret = PLACES[name], CREDENTIALS[credential]

    def filled(text: str) -> str:
        return text.replace("@", secret)

    message = replace(
        place,
        path=filled(place.path),
        path_parameters=tuple((name, filled(value)) for name, value in place.path_parameters),
        headers=tuple((name, filled(value)) for name, value in place.headers),
        body=filled(place.body.decode()).encode(),
        answer=filled(place.answer.decode()).encode(),
    )
    said = everything_said(recorded(redactor, checker, message))
    assert secret not in said
    assert secret[:40] not in said
