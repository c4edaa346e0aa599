"""Named outages: what a till meets while one is armed, and after it."""

from typing import Any

import pytest
from builders.signed_receipt import log_in
from fiskaly_contracts import Contract
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.web.sign_de.api import MIDDLEWARE_OPERATIONS
from fiskaly_mockserver.world.faults import Target
from fiskaly_mockserver.world.faults.recipes import RECIPES
from web.control.wire import Reply, Wire

TSS = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0001"
TX = "c1d2e3f4-a5b6-4c7d-8e9f-0a1b2c3d4e5f"
NAMES = (
    "tss-deploy-fails",
    "tss-locked",
    "slow-deploy",
    "sign-de-down",
    "lost-answer",
    "revoked-admin",
    "rate-limited",
    "certificate-expired",
)
MIDDLEWARE = ["code", "message", "status_code", "error"]
BACKEND = ["status_code", "error", "code", "message"]


class Till:
    """Calls SIGN DE with the first key, over HTTP."""

    def __init__(self, server: MockServer) -> None:
        self._wire = Wire(server.port)
        self._token = log_in(server)

    def ask(self, method: str, path: str, body: object = None) -> Reply:
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._wire.ask(method, "/api/v2" + path, body, headers=headers)


@pytest.fixture
def till(server: MockServer) -> Till:
    return Till(server)


def working_tss(control: Control, server: MockServer) -> Any:
    return control.set_up_tss(server.tree.main.organization_id)


def test_recipes_are_listed_with_rules_that_can_be_armed(control: Control) -> None:
    recipes = control.fault_recipes()
    assert tuple(recipe["name"] for recipe in recipes) == NAMES
    for recipe in recipes:
        for rule in recipe["rules"]:
            assert control.arm_fault(rule)["rule"] == rule
        control.clear_faults()
        assert [fault["rule"] for fault in control.arm_recipe(recipe["name"])] == recipe["rules"]
        control.clear_faults()


def test_an_unknown_recipe_is_refused_with_those_there_are(control: Control) -> None:
    with pytest.raises(ControlRefused, match="did you mean sign-de-down") as refused:
        control.arm_recipe("sign-de-dwn")
    assert (refused.value.status, refused.value.allowed) == (404, NAMES)


def test_a_recipe_is_armed_whole_or_not_at_all(control: Control) -> None:
    rule: Any = {"effect": {"kind": "status", "status": 503}}
    for _ in range(98):
        control.arm_fault(rule)
    with pytest.raises(ControlRefused) as refused:
        control.arm_recipe("sign-de-down")
    assert (refused.value.status, len(control.faults())) == (409, 98)
    assert control.arm_fault(rule)["id"] == "fault-99"


def test_a_deployment_fails_once(control: Control, till: Till) -> None:
    till.ask("PUT", f"/tss/{TSS}", {})
    control.arm_recipe("tss-deploy-fails")
    failed = till.ask("PATCH", f"/tss/{TSS}", {"state": "UNINITIALIZED"})
    assert (failed.status, failed.body["code"], [*failed.body]) == (502, "E_SMAERS", MIDDLEWARE)
    assert till.ask("GET", f"/tss/{TSS}").body["state"] == "CREATED"
    again = till.ask("PATCH", f"/tss/{TSS}", {"state": "UNINITIALIZED"})
    assert (again.status, again.body["state"]) == (200, "UNINITIALIZED")


@pytest.mark.parametrize(
    ("recipe", "call", "status", "code", "keys"),
    [
        ("tss-locked", ("PUT", "", {}), 503, "E_TSS_LOCKED", BACKEND),
        ("tss-locked", ("PUT", f"/export/{TX}", {}), 503, "E_TSS_LOCKED", BACKEND),
        ("tss-locked", ("PATCH", "", {"state": "INITIALIZED"}), 503, "E_TSS_LOCKED", MIDDLEWARE),
        (
            "certificate-expired",
            ("PUT", f"/tx/{TX}?tx_revision=1", {"state": "ACTIVE", "client_id": TX}),
            423,
            "E_CERTIFICATE_EXPIRED",
            MIDDLEWARE,
        ),
        (
            "revoked-admin",
            ("PUT", f"/client/{TX}", {"serial_number": "K-2"}),
            401,
            "E_ADMIN_NOT_AUTHENTICATED",
            MIDDLEWARE,
        ),
    ],
)
def test_an_outage_has_the_error_shape_of_its_operation(  # noqa: PLR0917 - all fixtures
    control: Control,
    server: MockServer,
    till: Till,
    recipe: str,
    call: tuple[str, str, object],
    status: int,
    code: str,
    keys: list[str],
) -> None:
    tss = working_tss(control, server)
    path = f"/tss/{tss['id']}"
    before = till.ask("GET", path).body
    method, below, body = call
    control.arm_recipe(recipe)
    refused = till.ask(method, path + below, body)
    assert (refused.status, refused.body["code"], [*refused.body]) == (status, code, keys)
    assert till.ask("GET", path).body == before


def test_too_many_calls_may_come_back_later(control: Control, till: Till) -> None:
    control.arm_recipe("rate-limited")
    refused = till.ask("GET", "/tss")
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    assert [*refused.body] == ["status_code", "error", "message"]


def test_sign_de_is_down_and_the_other_api_is_not(
    control: Control, server: MockServer, till: Till
) -> None:
    control.arm_recipe("sign-de-down")
    key = server.credentials
    for method, path, body in (
        ("GET", "/tss", None),
        ("GET", "/export", None),
        ("POST", "/auth", {"api_key": key.key, "api_secret": key.secret}),
    ):
        with pytest.raises(ConnectionError):
            till.ask(method, path, body)
    assert log_in_at_management(server) == 200


def log_in_at_management(server: MockServer) -> int:
    key = server.credentials
    body = {"api_key": key.key, "api_secret": key.secret}
    return Wire(server.port).ask("POST", "/api/v0/auth", body).status


def test_every_operation_of_sign_de_is_down_and_none_of_the_other() -> None:
    operations = {
        name: Target(one.method, one.path, one.secured)
        for contract in Contract.apis().values()
        for name, one in contract.operations.items()
    }
    struck = {name for rule in RECIPES["sign-de-down"].rules for name in rule.targets(operations)}
    assert struck == set(Contract.sign_de().operations)
    assert struck > MIDDLEWARE_OPERATIONS


def test_a_lost_answer_was_signed_and_the_same_call_again_gets_it(
    control: Control, server: MockServer, till: Till
) -> None:
    tss = working_tss(control, server)
    control.arm_recipe("lost-answer")
    step = ("PUT", f"/tss/{tss['id']}/tx/{TX}?tx_revision=1")
    body = {"state": "ACTIVE", "client_id": tss["clients"][0]["id"]}
    with pytest.raises(ConnectionError):
        till.ask(*step, body)
    counter = till.ask("GET", f"/tss/{tss['id']}").body["signature_counter"]
    again = till.ask(*step, body)
    assert (again.status, str(again.body["signature"]["counter"])) == (200, counter)
    assert till.ask("GET", f"/tss/{tss['id']}").body["signature_counter"] == counter


def test_a_deployment_is_slow_in_real_time() -> None:
    [rule] = RECIPES["slow-deploy"].rules
    assert (rule.operation, rule.as_json()["effect"]) == (
        "updateTss",
        {"kind": "delay", "seconds": 3.0},
    )
