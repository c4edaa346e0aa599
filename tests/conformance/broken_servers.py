"""Servers that are broken on purpose: each changes one thing about one operation's answers."""

from collections.abc import Mapping
from itertools import count

from conformance.broken_answers import (
    Broken,
    accepted,
    answered,
    asked,
    backwards,
    below,
    body,
    each_time_later,
    headers,
    put,
    row,
    sent,
    status,
    text,
    without,
)
from conformance.broken_sign_de import SIGN_DE

NOBODY = "00000000-0000-4000-8000-000000000001"
SERVERS: Mapping[str, Broken] = {
    # sessions
    "refresh token missing": Broken(
        operation="authenticate",
        change=without("refresh_token"),
        found=("body", "/refresh_token", "required"),
    ),
    "token that is none": Broken(
        shows_at="*",
        operation="authenticate",
        change=put(access_token="opaque"),
        found=("body", "/access_token", "pattern"),
    ),
    "refresh token of half a day": Broken(
        operation="authenticate",
        change=body(
            lambda value: value.update(
                refresh_token_expires_at=value["access_token_expires_at"] + 43_200
            )
        ),
        found=("body", "/refresh_token_expires_at", "token-lifetime"),
    ),
    "refresh token of more than two days": Broken(
        operation="authenticate",
        change=put(refresh_token_expires_in=172_801),
        found=("body", "/refresh_token_expires_in", "token-lifetime"),
    ),
    "a session that is over": Broken(
        operation="authenticate",
        change=put(access_token_expires_in=0),
        found=("body", "/access_token_expires_in", "token-lifetime"),
    ),
    "an expiry as text": Broken(
        operation="authenticate",
        change=put(access_token_expires_at="soon"),
        found=("body", "/access_token_expires_at", "type"),
    ),
    "a refreshed session of another": Broken(
        operation="authenticate",
        change=answered(
            sent(b'"refresh_token"'),
            below("access_token_claims", lambda claims: {**claims, "organization_id": NOBODY}),
        ),
        found=("body", "/access_token_claims/organization_id", "expected-value"),
    ),
    "access token of two days": Broken(
        operation="authenticate",
        change=put(access_token_expires_in=172_800),
        found=("body", "/access_token_expires_in", "token-lifetime"),
    ),
    "claims of another environment": Broken(
        operation="authenticate",
        change=below("access_token_claims", lambda claims: {**claims, "env": "LIVE"}),
        found=("body", "/access_token_claims/env", "expected-value"),
    ),
    "a new session at each login": Broken(
        operation="authenticate",
        change=each_time_later(count(1)),
        found=("body", "/access_token_expires_at", "expected-value"),
    ),
    "fields of a session turned round": Broken(
        operation="authenticate", change=backwards, found=("body", "", "field-order")
    ),
    "an additional field": Broken(
        operation="authenticate",
        change=put(token_type="Bearer"),
        found=("body", "/token_type", "additionalProperties"),
    ),
    "wrong secret accepted": Broken(
        operation="authenticate",
        status=401,
        change=answered(sent(b'"wrong"'), accepted(access_token="a.b.c")),
        found=("status", "", "expected-status"),
    ),
    "wrong secret told apart": Broken(
        operation="authenticate",
        status=401,
        change=put(message="No such key"),
        found=("body", "/message", "expected-value"),
    ),
    "error fields turned round": Broken(
        operation="authenticate",
        status=401,
        change=backwards,
        found=("body", "", "field-order"),
    ),
    "error without status_code": Broken(
        operation="authenticate",
        status=401,
        change=without("status_code"),
        found=("body", "/status_code", "required"),
    ),
    "error status as text": Broken(
        operation="authenticate",
        status=401,
        change=put(status_code="401"),
        found=("body", "/status_code", "type"),
    ),
    "415 as 400": Broken(
        operation="authenticate",
        status=415,
        change=status(400),
        found=("status", "", "expected-status"),
    ),
    "SIGN DE says what Management says": Broken(
        operation="authenticateApi",
        status=401,
        change=put(message="Invalid credentials"),
        found=("body", "/message", "expected-value"),
    ),
    # lists
    "count as text": Broken(
        operation="listOrganizations",
        change=body(lambda value: value.update(count=str(value["count"]))),
        found=("body", "/count", "type"),
    ),
    "count of the page": Broken(
        operation="listApiKeys",
        change=answered(asked("limit=1"), put(count=0)),
        found=("body", "/count", "expected-value"),
    ),
    "count too small": Broken(
        operation="listOrganizations", change=put(count=0), found=("body", "/count", "list-count")
    ),
    "count below nothing": Broken(
        operation="listUsers", change=put(count=-1), found=("body", "/count", "minimum")
    ),
    "limit without effect": Broken(
        operation="listOrganizations",
        change=answered(
            asked("limit=1"), body(lambda value: value["data"].append(value["data"][0]))
        ),
        found=("body", "/data", "list-limit"),
    ),
    "another type of list": Broken(
        operation="listUsers", change=put(_type="USERS"), found=("body", "/_type", "enum")
    ),
    "a list that is an array": Broken(
        operation="listBillingAddresses",
        change=body(lambda value: value["data"]),
        found=("body", "", "type"),
    ),
    "_env missing from a list": Broken(
        operation="listTss", change=without("_env"), found=("body", "/_env", "required")
    ),
    "_envs as text": Broken(
        operation="listOrganizations",
        change=row(_envs="TEST"),
        found=("body", "/data/0/_envs", "type"),
    ),
    "null for absent": Broken(
        operation="retrieveOrganization",
        change=put(display_name=None),
        found=("body", "/display_name", "type"),
    ),
    "absent for empty": Broken(
        shows_at="retrieveApiKey",
        operation="listApiKeys",
        change=body(lambda value: [row.pop("metadata") for row in value["data"]] and value),
        found=("body", "/data/0/metadata", "required"),
    ),
    "a time as text": Broken(
        operation="retrieveApiKey",
        change=put(created_at="2026-01-01T00:00:00Z"),
        found=("body", "/created_at", "type"),
    ),
    "an unknown value": Broken(
        operation="retrieveApiKey", change=put(status="ENABLED"), found=("body", "/status", "enum")
    ),
    "a row that differs from the list": Broken(
        operation="retrieveApiKey",
        change=put(metadata={"x": "1"}),
        found=("body", "", "row-as-listed"),
    ),
    "somebody else's organization": Broken(
        operation="retrieveOrganization",
        change=put(_id=NOBODY),
        found=("body", "/_id", "expected-value"),
    ),
    "a list without one's own organization": Broken(
        operation="listOrganizations",
        change=row(_id=NOBODY),
        found=("body", "/data", "list-of-all"),
    ),
    "keys in another order": Broken(
        operation="listApiKeys",
        change=body(
            lambda value: value["data"].append(
                {**value["data"][0], "created_at": value["data"][0]["created_at"] - 1}
            )
        ),
        found=("body", "/data", "list-order"),
    ),
    # transport
    "request id missing": Broken(
        operation="listUsers",
        change=headers({"x-request-id": None}),
        found=("headers", "/X-Request-Id", "required"),
    ),
    "request id with dashes": Broken(
        operation="listUsers",
        change=headers({"x-request-id": "00000000-0000-4000-8000-000000000001"}),
        found=("headers", "/X-Request-Id", "pattern"),
    ),
    "the same request id each time": Broken(
        operation="listUsers",
        change=headers({"x-request-id": "0" * 32}),
        found=("headers", "/X-Request-Id", "unique-request-id"),
    ),
    "response time in milliseconds": Broken(
        operation="listUsers",
        change=headers({"x-response-time": "12ms"}),
        found=("headers", "/X-Response-Time", "pattern"),
    ),
    "two response times": Broken(
        operation="listUsers",
        change=headers({"x-response-time": "99.999"}),
        found=("headers", "/Response-Time", "recorded-header"),
    ),
    "charset missing": Broken(
        operation="listUsers",
        change=headers({"content-type": "application/json"}),
        found=("headers", "/Content-Type", "recorded-header"),
    ),
    "HTML": Broken(
        operation="listUsers",
        change=headers({"content-type": "text/html"}),
        found=("content-type", "", "media-type"),
    ),
    "JSON cut short": Broken(
        operation="listUsers", change=text(b'{"data": ['), found=("body", "", "json")
    ),
    "an empty answer": Broken(
        operation="listUsers", change=text(b""), found=("body", "", "required")
    ),
    "201 for 200": Broken(
        operation="createApiKey", writes=True, change=status(201), found=("status", "", "status")
    ),
    "a crash": Broken(
        operation="listUsers",
        change=status(500),
        found=("status", "", "status"),
    ),
    # refusals
    "no token needed": Broken(
        operation="retrieveOrganization",
        status=401,
        change=accepted(),
        found=("status", "", "expected-status"),
    ),
    "403 for what is out of sight": Broken(
        operation="retrieveOrganization",
        status=404,
        change=status(403),
        found=("status", "", "expected-status"),
    ),
    "another code": Broken(
        operation="retrieveOrganization",
        status=404,
        change=put(code="E_NOT_FOUND"),
        found=("body", "/code", "expected-code"),
    ),
    "no code": Broken(
        operation="retrieveOrganization",
        status=404,
        change=without("code"),
        found=("body", "/code", "required"),
    ),
    "unknown property accepted": Broken(
        operation="createOrganization",
        writes=True,
        status=400,
        change=answered(sent(b'"invented"'), accepted()),
        found=("status", "", "expected-status"),
    ),
    # changes
    "an update that is not kept": Broken(
        operation="updateOrganization",
        writes=True,
        change=put(name="Contract check"),
        found=("body", "/name", "expected-value"),
    ),
    "metadata merged": Broken(
        operation="updateOrganization",
        writes=True,
        change=put(metadata={"a": "1", "c": "3"}),
        found=("body", "/metadata", "expected-value"),
    ),
    "a secret of 41 characters": Broken(
        shows_at="authenticate",
        operation="createApiKey",
        writes=True,
        change=body(lambda value: value.update(secret=value["secret"][:41])),
        found=("body", "/secret", "pattern"),
    ),
    "a secret that is shown again": Broken(
        operation="retrieveApiKey",
        writes=True,
        change=put(secret="EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0000"),
        found=("body", "/secret", "secret-shown-once"),
    ),
    "a key without its name": Broken(
        shows_at="*",
        operation="createApiKey",
        writes=True,
        change=put(key="test_000000000000000000000000a_other"),
        found=("body", "/key", "key-ends-in-name"),
    ),
    "a success flag that is no flag": Broken(
        operation="removeUser",
        writes=True,
        change=put(_success=1),
        found=("body", "/_success", "type"),
    ),
    "a second key of one name": Broken(
        operation="createApiKey",
        writes=True,
        status=409,
        change=accepted(),
        found=("status", "", "expected-status"),
    ),
    **SIGN_DE,
}
