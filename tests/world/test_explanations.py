"""Every refusal can be explained: by which rule, on what state, and what to do instead."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fiskaly_mockserver.domain
import fiskaly_mockserver.domain.signing
import pytest
from builders.accounts import ADMIN, CAFE, NOWHERE, OFFICE, SHOP, START, STRANGER, VENDOR, Account
from builders.accounts import principal_id as principal
from fiskaly_contracts import Checker, Contract, RequestData, Severity, Violation, Where
from fiskaly_mockserver.domain.account import errors
from fiskaly_mockserver.domain.backend import TokenUse
from fiskaly_mockserver.domain.errors import (
    DomainError,
    ExpiredToken,
    RefreshTokenAsAccess,
    UnreadableToken,
)
from fiskaly_mockserver.domain.signing import errors as signing_errors
from fiskaly_mockserver.world.journal.exchange import Exchange, Refusal
from fiskaly_mockserver.world.journal.explain import ACCEPTED, FACTS, RULES, explain_exchange

DOMAIN = Path(fiskaly_mockserver.domain.__path__[0])
REQUEST_ID = "0" * 32


def exchange(**changes: Any) -> Exchange:
    usual: dict[str, Any] = {
        "request_id": REQUEST_ID,
        "at": START,
        "method": "PATCH",
        "path": "/api/v0/organizations/x",
        "operation_id": "updateOrganization",
        "status": 400,
    }
    return Exchange(**{**usual, **changes})


def explained(**changes: Any) -> dict[str, Any]:
    return dict(explain_exchange(exchange(**changes)))


def refused(call: Callable[[], object], kind: type[DomainError]) -> dict[str, Any]:
    """Explain what the domain refuses, and demand that it does."""
    with pytest.raises(kind) as caught:
        call()
    return explained(error=Refusal.of(caught.value), status=403)


def state_of(explanation: dict[str, Any]) -> dict[str, str]:
    return {entry["what"]: entry["value"] for entry in explanation["state"]}


def descendants(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


LEAVES = {
    kind
    for kind in descendants(DomainError)
    if kind.__module__.startswith("fiskaly_mockserver.domain")
    and (not kind.__subclasses__() or kind is signing_errors.AdminLoginFailed)
}


def test_every_refusal_says_what_would_have_been_accepted() -> None:
    assert set(ACCEPTED) == LEAVES
    assert all(text.endswith(".") for text in ACCEPTED.values())


def test_the_rules_read_as_the_domain_words_them() -> None:
    text = f"{fiskaly_mockserver.domain.__doc__}\n{fiskaly_mockserver.domain.signing.__doc__}"
    worded = re.findall(r"^([RS]\d+) +(.+(?:\n    .+)*)", text, re.MULTILINE)
    assert {number: " ".join(words.split()) for number, words in worded} == RULES


def facts_stated() -> set[str]:
    """Return the name of every fact in the domain's source, where refusals are made."""
    raised = {kind.__name__ for kind in descendants(DomainError)}
    facts: set[str] = set()
    for path in DOMAIN.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and called in {*raised, "super().__init__"}:
                facts |= {keyword.arg for keyword in node.keywords if keyword.arg}
            if isinstance(node, ast.FunctionDef) and "facts" in node.name:
                facts |= {
                    key.value
                    for part in ast.walk(node)
                    if isinstance(part, ast.Dict)
                    for key in part.keys
                    if isinstance(key, ast.Constant) and isinstance(key.value, str)
                }
    return facts


def test_every_fact_that_the_domain_states_has_words() -> None:
    stated = facts_stated()
    assert {"caller", "admin", "exists", "issued_here", "field", "parts"} <= stated
    assert stated <= set(FACTS)


def test_somebody_elses_organization_is_explained_by_its_admin(account: Account) -> None:
    shop = account.by("shop_test")
    told = refused(lambda: account.world.organizations.delete(shop, SHOP), errors.NotTheAdmin)
    assert told["request_id"] == REQUEST_ID
    assert told["refused_by"] == {"kind": "rule", "rule": "R4", "rule_text": RULES["R4"]}
    state = state_of(told)
    assert state["admin of the organization (created_by_user)"] == principal("vendor_test")
    assert state["principal that calls"] == principal("shop_test")
    assert "the admin" in told["accepted"]
    assert "NotTheAdmin (R4)" in told["summary"]
    assert "403" in told["summary"]


@pytest.mark.parametrize(
    ("target", "exists", "envs", "rule"),
    [
        (NOWHERE, "no", "none", "R3"),
        (STRANGER, "yes", "TEST LIVE", "R3"),
        (CAFE, "yes", "TEST", "R6"),
    ],
)
def test_an_unseen_organization_is_told_from_a_missing_one(
    account: Account, target: str, exists: str, envs: str, rule: str
) -> None:
    caller = account.by("vendor_live")
    told = refused(
        lambda: account.world.organizations.retrieve(caller, target), errors.OrganizationNotFound
    )
    state = state_of(told)
    assert (told["refused_by"]["rule"], told["refused_by"]["rule_text"]) == (rule, RULES[rule])
    assert f"OrganizationNotFound ({rule}): " in told["summary"]
    assert state["organization"] == target
    assert state["whether it exists in this world, seen or unseen"] == exists
    assert state["environments of the organization"] == envs
    assert state["environment of the token"] == "LIVE"


@pytest.mark.parametrize(
    ("name", "caller", "rule"),
    [("vendor_live", "vendor_test", "R6"), ("shop_test", "vendor_test", "R3")],
)
def test_a_key_of_another_environment_is_told_from_one_of_another_organization(
    account: Account, name: str, caller: str, rule: str
) -> None:
    key = account.key(name).id
    told = refused(
        lambda: account.world.api_keys.retrieve(account.by(caller), VENDOR, key),
        errors.ApiKeyNotFound,
    )
    assert told["refused_by"]["rule"] == rule


def test_an_expired_token_is_explained_by_its_times(account: Account) -> None:
    token = account.token("admin", expires_at=1)
    told = refused(lambda: account.world.sessions.principal(token), ExpiredToken)
    assert told["refused_by"]["kind"] == "authentication"
    state = state_of(told)
    assert state["end of the token's life"] == "1970-01-01T00:00:01.000Z"
    assert state["time of this world"].startswith("2025-10-09T")
    assert token not in str(told)


def test_a_refresh_token_in_the_wrong_place_is_recognized(account: Account) -> None:
    token = account.token("admin", use=TokenUse.REFRESH)
    told = refused(lambda: account.world.sessions.principal(token), RefreshTokenAsAccess)
    assert state_of(told)["use of the token"] == "refresh"


def test_an_unreadable_token_is_explained_without_it() -> None:
    told = explained(error=Refusal.of(UnreadableToken("hush.hush")), status=401)
    assert state_of(told) == {"parts of the token between dots": "2"}
    assert "hush" not in str(told)


@pytest.mark.parametrize(
    ("key", "secret", "exists", "right"),
    [("unknown", "hush", "no", "no"), ("test_" + "0" * 25 + "_shop-test", "hush", "yes", "no")],
)
def test_wrong_credentials_are_explained_without_them(
    account: Account, key: str, secret: str, exists: str, right: str
) -> None:
    told = refused(
        lambda: account.world.sessions.open_with_key(key, secret), errors.InvalidCredentials
    )
    state = state_of(told)
    assert state["whether it exists in this world, seen or unseen"] == exists
    assert state["whether the secret or password is the right one"] == right
    assert "hush" not in str(told)
    assert key not in str(told)


@pytest.mark.parametrize(
    ("call", "kind", "fact", "value"),
    [
        (lambda a: a.world.billing_addresses.delete(a.by("admin"), OFFICE),
         errors.BillingAddressInUse, "organization that is billed there", SHOP),
        (lambda a: a.world.users.remove(a.by("admin"), VENDOR, ADMIN),
         errors.AdminStays, "admin of the organization (created_by_user)", ADMIN),
        (lambda a: a.world.organizations.create(a.by("shop_test"), {}),
         errors.ManagedMayNotCreate, "organization of the token", SHOP),
        (lambda a: a.world.api_keys.retrieve(a.by("admin"), SHOP, NOWHERE),
         errors.ApiKeyNotFound, "API key", NOWHERE),
    ],
)  # fmt: skip
def test_a_refusal_tells_what_it_read(
    account: Account,
    call: Callable[[Account], object],
    kind: type[DomainError],
    fact: str,
    value: str,
) -> None:
    assert state_of(refused(lambda: call(account), kind))[fact] == value


def test_the_kept_refusal_lets_the_error_go() -> None:
    kept = Refusal.of(UnreadableToken("hush"))
    assert kept.kind is UnreadableToken
    assert str(kept) == "UnreadableToken (R5)"
    assert "hush" not in repr(kept)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Contract.bundled())


def broken(checker: Checker, operation: str, body: bytes) -> dict[str, Any]:
    violations = checker.request(
        RequestData(
            operation_id=operation,
            path_parameters={"organization_id": SHOP},
            query=(),
            content_type="application/json",
            body=body,
        )
    )
    assert violations
    return explained(operation_id=operation, violations=tuple(violations))


def test_a_breach_of_the_contract_is_explained_by_what_was_expected(checker: Checker) -> None:
    told = broken(checker, "enableEnvironment", b'{"env": "PROD"}')
    assert told["refused_by"]["kind"] == "contract"
    assert told["refused_by"]["rule"] == "enum"
    assert "body.env" in told["refused_by"]["rule_text"]
    assert told["state"] == [{"what": "body /env", "value": '"PROD"'}]
    assert told["accepted"] == "body /env: one of TEST, LIVE"
    assert told["refused_by"]["rule_text"] in told["summary"]


def test_of_several_schemas_the_meant_one_is_explained(checker: Checker) -> None:
    body = (
        b'{"name": "ab", "address_line1": "x", "zip": "1", "country_code": "DEU",'
        b' "managed_by_organization_id": "%b"}' % SHOP.encode()
    )
    told = broken(checker, "createOrganization", body)
    assert told["accepted"] == (
        "body /town: this property;"
        " body /name: a string of at least 3 characters without line breaks"
    )
    assert state_of(told) == {"body /town": "missing", "body /name": '"ab"'}


def test_where_any_schema_may_be_meant_all_are_explained(checker: Checker) -> None:
    told = broken(checker, "authenticate", b"{}")
    for name in ("ApiKeyAuthentication", "RefreshTokenAuthentication", "UserAuthentication"):
        assert name in told["accepted"]


def test_a_secret_of_the_wrong_type_is_explained_without_it(checker: Checker) -> None:
    told = broken(checker, "authenticate", b'{"api_key": "k", "api_secret": ["hush"]}')
    assert "hush" not in str(told)


ROUTE = Violation(where=Where.ROUTE, pointer="", rule="unknown-route", expected="an operation")
WARNING = Violation(
    where=Where.QUERY,
    pointer="/color",
    rule="unknown-parameter",
    expected="no parameter",
    severity=Severity.WARNING,
)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"violations": (ROUTE,), "operation_id": "", "status": 404}, "route"),
        ({"fault": "fault-1", "status": 503}, "fault"),
        ({"fault": "fault-1", "status": 0}, "fault"),
        ({"fault": "fault-1", "status": 400, "violations": (WARNING,)}, "fault"),
        ({"crash": "Traceback", "status": 500}, "crash"),
        ({"status": 429}, "limit"),
        ({"status": 200}, None),
        ({"status": 200, "fault": "fault-1"}, None),
        ({"status": 200, "violations": (WARNING,)}, None),
        ({"status": 0}, None),
    ],
)
def test_every_kind_of_refusal_is_told(changes: dict[str, Any], kind: str | None) -> None:
    told = explained(**changes)
    assert told["refused_by"]["kind"] == kind
    assert told["summary"].startswith("PATCH /api/v0/organizations/x")
    assert bool(told["accepted"]) is (kind is not None)
    assert bool(told["refused_by"]["rule_text"]) is (kind is not None)
    if "fault" in changes:
        assert "fault-1" in told["summary"]


def test_a_fault_that_only_delays_is_not_what_refused(account: Account) -> None:
    error = Refusal.of(errors.StillManages(organization=VENDOR))
    assert explained(error=error, fault="fault-1", status=409)["refused_by"]["rule"] == "R1"


def test_a_traceback_is_not_told() -> None:
    assert "hush" not in str(explained(crash="Traceback hush", status=500))


def test_what_was_let_through_with_a_warning_says_so() -> None:
    summary = explained(status=200, violations=(WARNING,))["summary"]
    assert "answered with 200" in summary
    assert "query.color" in summary


def test_a_wrong_route_names_the_call_and_what_there_is() -> None:
    told = explained(violations=(ROUTE,), operation_id="", path="/nowhere", status=404)
    assert state_of(told) == {"route": "PATCH /nowhere"}
    assert told["accepted"] == "route: an operation"


def test_a_fact_without_words_still_has_its_name() -> None:
    error = Refusal(kind=errors.StillManages, facts={"something_new": ""})
    assert state_of(explained(error=error)) == {"something new": "none"}
