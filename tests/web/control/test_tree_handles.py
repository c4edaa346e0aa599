"""The handles on a seeded tree, made of the control API's JSON."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.control.client import Control
from fiskaly_mockserver.control.handles import (
    NotInTheTree,
    OrganizationHandle,
    TreeHandle,
    TssHandle,
)
from fiskaly_mockserver.control.transports import HttpTransport
from fiskaly_mockserver.world import seeding


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(ServerConfig(port=0, preset="kitchen-sink", size=30)) as running:
        yield running


@pytest.fixture(scope="module")
def tree(server: MockServer) -> TreeHandle:
    return TreeHandle(Control(HttpTransport(server.control_url)).tree())


def test_it_is_the_same_over_http_as_in_process(server: MockServer, tree: TreeHandle) -> None:
    assert tree.organizations == server.tree.organizations
    assert tree.users == server.tree.users


def test_main_and_managed_organizations_are_told_apart(tree: TreeHandle) -> None:
    assert tree.main is tree.mains[0] is tree.organizations[0]
    assert [one.is_main for one in tree.mains] == [True] * 3
    assert len(tree.managed) == 30
    assert sum(len(tree.managed_by(one)) for one in tree.mains) == 30
    assert tree.managed_by(tree.main.organization_id) == tree.managed_by(tree.main)


def test_the_main_organization_of_a_large_tree_is_had_without_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = MockServer(size=50)
    derived: list[str] = []

    def secret_of(_: int, key_id: str) -> str:
        derived.append(key_id)
        return key_id

    monkeypatch.setattr(seeding, "secret_of", secret_of)
    keys = server.tree.main.keys
    assert derived == [key.secret for key in keys]
    assert server.tree.organizations[0] is server.tree.main
    assert len(derived) > len(keys)


def test_an_organization_is_found_by_id_and_name(tree: TreeHandle) -> None:
    shop = tree.managed[7]
    assert tree.organization(shop.organization_id) is shop
    assert tree.organization(shop.name).name == shop.name
    with pytest.raises(NotInTheTree, match=r"did you mean .*and 21 more"):
        tree.organization(shop.name + "x")


def test_a_user_is_found_by_id_and_email(tree: TreeHandle) -> None:
    user = tree.users[0]
    assert tree.user(user.email) is tree.user(user.user_id) is user
    with pytest.raises(NotInTheTree, match="the tree has no user 'nobody'; it has: "):
        tree.user("nobody")


def test_keys_are_the_enabled_ones_a_test_key_first(tree: TreeHandle) -> None:
    assert tree.main.keys[0].env == "TEST"
    assert tree.main.key_for("LIVE").env == "LIVE"
    assert (tree.main.key, tree.main.secret) == (tree.main.keys[0].key, tree.main.keys[0].secret)
    disabled = [
        key.key
        for row in MockServer(ServerConfig(preset="kitchen-sink", size=30)).spec.organizations
        for key in row.api_keys
        if key.status == "disabled"
    ]
    assert disabled
    assert not set(disabled) & {key.key for row in tree.organizations for key in row.keys}


def test_what_is_missing_is_said_with_a_remedy() -> None:
    bare = OrganizationHandle("id", "ORGANIZATION", "Bare", ("TEST",), None, ())
    with pytest.raises(NotInTheTree, match=r"'Bare' has no enabled API key .*: create one"):
        _ = bare.key
    with pytest.raises(NotInTheTree, match="has no main organization: choose another preset"):
        _ = TreeHandle(
            {
                "preset": "empty",
                "seed": 1,
                "tills": 0,
                "receipts": 0,
                "organizations": [],
                "users": [],
            }
        ).main


def test_another_environment_is_named(tree: TreeHandle) -> None:
    only_test = next(one for one in tree.organizations if {key.env for key in one.keys} == {"TEST"})
    with pytest.raises(NotInTheTree, match=r"no enabled LIVE API key in the .* tree, only TEST"):
        only_test.key_for("LIVE")


def test_no_secret_is_in_sight(tree: TreeHandle) -> None:
    shown = repr([tree, *tree.organizations, *tree.users])
    for row in tree.organizations:
        assert not [key for key in row.keys if key.secret in shown]
    assert not [user for user in tree.users if user.password in shown]
    assert repr(tree) == (
        f"<tree 'kitchen-sink', seed 1: 3 main and 30 managed organizations,"
        f" {len(tree.users)} users>"
    )


def test_a_tree_without_tills_says_so(server: MockServer) -> None:
    with pytest.raises(NotInTheTree, match="has no TSS in the seeded tree: seed it with tills"):
        _ = server.tree.main.tss


def test_the_tss_of_an_environment_is_found(tree: TreeHandle) -> None:
    row: Any = {
        "id": "1",
        "env": "TEST",
        "state": "INITIALIZED",
        "admin_puk": "0123456789",
        "admin_pin": "123456",
        "clients": [{"id": "2", "serial_number": "KASSE-01"}],
    }
    shop = replace(tree.managed[0], all_tss=(TssHandle.of(row),))
    assert shop.tss is shop.tss_for("TEST")
    assert (shop.tss.admin_pin, shop.tss.clients[0].serial_number) == ("123456", "KASSE-01")
    with pytest.raises(NotInTheTree, match="has no LIVE TSS in the seeded tree, only TEST ones"):
        shop.tss_for("LIVE")
