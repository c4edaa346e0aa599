"""What `serve --json` prints for programs: one line, stable, versioned."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from cli.callers import call
from fiskaly_contracts import Contract
from fiskaly_fixtures import generate
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.cli.verbs.serve import json_line
from fiskaly_mockserver.world.seeding import baseline_of

KEYS = [
    "schema",
    "base_url",
    "sign_de_url",
    "dashboard_url",
    "control_url",
    "ca_file",
    "interception",
    "pid",
    "preset",
    "seed",
    "tills",
    "receipts",
    "contract",
    "organizations",
    "users",
]


@pytest.fixture(scope="module")
def printed() -> Iterator[str]:
    """The line of a server that serves the preset kitchen-sink."""
    with MockServer(ServerConfig(port=0, preset="kitchen-sink")) as server:
        baseline = server._service.world.baseline
        yield json_line(baseline, server._running, Contract.bundled().version)


@pytest.fixture(scope="module")
def line(printed: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(printed)
    return parsed


def test_it_is_one_line_of_json_with_its_keys_in_order(line: dict[str, Any]) -> None:
    assert list(line) == KEYS
    for organization in line["organizations"]:
        assert list(organization) == [
            "id",
            "type",
            "name",
            "envs",
            "managed_by_organization_id",
            "api_keys",
            "tss",
        ]
        assert all(list(key) == ["env", "key", "secret"] for key in organization["api_keys"])
        for tss in organization["tss"]:
            assert list(tss) == ["id", "env", "state", "admin_puk", "admin_pin", "clients"]
            assert all(list(client) == ["id", "serial_number"] for client in tss["clients"])
    for user in line["users"]:
        assert list(user) == ["id", "email", "password", "organization_ids"]


def test_it_tells_where_what_and_who(line: dict[str, Any]) -> None:
    assert line["schema"] == 2
    assert line["sign_de_url"] == line["base_url"].removesuffix("/api/v0") + "/api/v2"
    assert line["pid"] == os.getpid()
    assert line["preset"] == "kitchen-sink"
    assert line["seed"] == 1
    assert line["contract"] == Contract.bundled().version
    assert line["base_url"].startswith("http://127.0.0.1:")
    assert line["base_url"].endswith("/api/v0")
    assert line["control_url"] == line["base_url"].removesuffix("/api/v0") + "/_mock"


def test_it_holds_every_organization_in_the_order_of_the_tree(line: dict[str, Any]) -> None:
    tree = generate("kitchen-sink")
    found = line["organizations"]
    assert [one["id"] for one in found] == [one.id for one in tree.organizations]
    assert [one["name"] for one in found] == [one.name for one in tree.organizations]
    seen: set[str] = set()
    for one in found:
        assert one["managed_by_organization_id"] is None or (
            one["managed_by_organization_id"] in seen
        )
        seen.add(one["id"])


def test_it_holds_enabled_keys_only_a_test_key_first(line: dict[str, Any]) -> None:
    tree = generate("kitchen-sink")
    statuses = {key.key: key.status for one in tree.organizations for key in one.api_keys}
    assert "disabled" in statuses.values(), "else nothing is shown"
    shown = [one["api_keys"] for one in line["organizations"]]
    assert {statuses[key["key"]] for keys in shown for key in keys} == {"enabled"}
    both = [keys for keys in shown if {key["env"] for key in keys} == {"TEST", "LIVE"}]
    assert both, "else no order is shown"
    assert all(keys[0]["env"] == "TEST" for keys in both)


def test_every_key_opens_a_session_of_its_organization(line: dict[str, Any]) -> None:
    for organization in line["organizations"]:
        for key in organization["api_keys"]:
            sent = {"api_key": key["key"], "api_secret": key["secret"]}
            claims = call(f"{line['base_url']}/auth", sent)[2]["access_token_claims"]
            assert claims == {"env": key["env"], "organization_id": organization["id"]}


def test_every_user_of_an_organization_opens_a_session(line: dict[str, Any]) -> None:
    members = [user for user in line["users"] if user["organization_ids"]]
    assert members
    for user in members:
        login = {"email": user["email"], "password": user["password"]}
        answer = call(f"{line['base_url']}/auth", login)[2]
        assert answer["access_token_claims"]["organization_id"] in user["organization_ids"]


def test_the_same_seed_prints_the_same_organizations_and_keys() -> None:
    lines = []
    with MockServer(ServerConfig(port=0, preset="empty")) as server:
        for started_at in (0.0, 1_000_000.0):
            tree = generate("enterprise", seed=42)
            printed = json_line(baseline_of(tree, started_at=started_at), server._running, "1")
            lines.append(json.loads(printed))
    one, other = lines
    assert one["seed"] == 42
    assert one["organizations"] == other["organizations"]
    assert one["users"] == other["users"]


def test_it_is_ascii_whatever_the_names_are(printed: str, line: dict[str, Any]) -> None:
    """The reader need not know the code page of the console."""
    assert printed.isascii()
    assert "\n" not in printed
    assert [one["name"] for one in line["organizations"] if not one["name"].isascii()]
