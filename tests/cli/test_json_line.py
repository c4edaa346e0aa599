"""What `serve --json` prints for programs: one line, stable, versioned."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli.running import Running, serving
from fiskaly_contracts import Contract
from fiskaly_fixtures import generate

KEYS = [
    "schema",
    "base_url",
    "control_url",
    "pid",
    "preset",
    "seed",
    "contract",
    "organizations",
    "users",
]
SERVE = ("serve", "--json", "--port", "0")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with serving(tmp_path_factory.mktemp("serve"), *SERVE, "--preset", "kitchen-sink") as running:
        yield running


def test_it_is_one_line_of_json_with_its_keys_in_order(running: Running) -> None:
    assert running.announced.endswith("}\n")
    line = running.line
    assert list(line) == KEYS
    for organization in line["organizations"]:
        assert list(organization) == [
            "id",
            "type",
            "name",
            "envs",
            "managed_by_organization_id",
            "api_keys",
        ]
        assert all(list(key) == ["env", "key", "secret"] for key in organization["api_keys"])
    for user in line["users"]:
        assert list(user) == ["id", "email", "password", "organization_ids"]


def test_it_tells_where_what_and_who(running: Running) -> None:
    line = running.line
    assert line["schema"] == 1
    assert line["pid"] == running.process.pid
    assert line["preset"] == "kitchen-sink"
    assert line["seed"] == 1
    assert line["contract"] == Contract.bundled().version
    assert line["base_url"].startswith("http://127.0.0.1:")
    assert line["base_url"].endswith("/api/v0")
    assert line["control_url"] == line["base_url"].removesuffix("/api/v0") + "/_mock"


def test_it_holds_every_organization_in_the_order_of_the_tree(running: Running) -> None:
    tree = generate("kitchen-sink")
    found = running.line["organizations"]
    assert [one["id"] for one in found] == [one.id for one in tree.organizations]
    assert [one["name"] for one in found] == [one.name for one in tree.organizations]
    seen: set[str] = set()
    for one in found:
        assert one["managed_by_organization_id"] is None or (
            one["managed_by_organization_id"] in seen
        )
        seen.add(one["id"])


def test_it_holds_enabled_keys_only_a_test_key_first(running: Running) -> None:
    tree = generate("kitchen-sink")
    statuses = {key.key: key.status for one in tree.organizations for key in one.api_keys}
    assert "disabled" in statuses.values(), "else nothing is shown"
    shown = [one["api_keys"] for one in running.line["organizations"]]
    assert {statuses[key["key"]] for keys in shown for key in keys} == {"enabled"}
    both = [keys for keys in shown if {key["env"] for key in keys} == {"TEST", "LIVE"}]
    assert both, "else no order is shown"
    assert all(keys[0]["env"] == "TEST" for keys in both)


def test_every_key_opens_a_session_of_its_organization(running: Running) -> None:
    for organization in running.line["organizations"]:
        for key in organization["api_keys"]:
            sent = {"api_key": key["key"], "api_secret": key["secret"]}
            claims = running.ask("/auth", sent)["access_token_claims"]
            assert claims == {"env": key["env"], "organization_id": organization["id"]}


def test_every_user_of_an_organization_opens_a_session(running: Running) -> None:
    members = [user for user in running.line["users"] if user["organization_ids"]]
    assert members
    for user in members:
        answer = running.ask("/auth", {"email": user["email"], "password": user["password"]})
        assert answer["access_token_claims"]["organization_id"] in user["organization_ids"]


def test_the_same_seed_prints_the_same_organizations_and_keys(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        with serving(folder, *SERVE, "--preset", "enterprise", "--seed", "42") as running:
            lines.append(running.line)
    one, other = lines
    assert one["seed"] == 42
    assert one["organizations"] == other["organizations"]
    assert one["users"] == other["users"]
    assert one["pid"] != other["pid"]


def test_names_stand_as_they_are_not_escaped(running: Running) -> None:
    names = [one["name"] for one in running.line["organizations"]]
    odd = [name for name in names if not name.isascii()]
    assert odd
    assert json.dumps(odd[0], ensure_ascii=False) in running.announced
