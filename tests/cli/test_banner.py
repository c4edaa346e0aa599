"""What `serve` prints for people: one screen, and in it what to paste where."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version

import pytest
from fiskaly_contracts import Contract
from fiskaly_fixtures import PRESETS, OrganizationTree, generate, secret_of
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.cli.verbs.serve import banner
from fiskaly_mockserver.server.listening import Listening
from fiskaly_mockserver.world.seeding import baseline_of

SCREEN = 24
Print = Callable[[OrganizationTree], list[str]]


@pytest.fixture(scope="module")
def listening() -> Iterator[Listening]:
    with MockServer(ServerConfig(port=0, preset="empty")) as server:
        yield server._running


@pytest.fixture
def lines_of(listening: Listening) -> Print:
    """Return what is printed for a tree, line by line."""
    contract = Contract.bundled().version
    return lambda tree: banner(baseline_of(tree, started_at=0.0), listening, contract).splitlines()


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("size", [1, 5, 60])
def test_it_is_one_screen_for_every_preset(lines_of: Print, preset: str, size: int) -> None:
    lines = lines_of(generate(preset, size=size))
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("preset", list(PRESETS))
def test_it_tells_versions_addresses_tree_and_how_to_stop(
    lines_of: Print, listening: Listening, preset: str
) -> None:
    tree = generate(preset, seed=7)
    text = "\n".join(lines_of(tree))
    assert f"fiskaly-mockserver {version('fiskaly-mockserver')}" in text
    assert f"contract {Contract.bundled().version}" in text
    assert "unofficial" in text
    assert listening.base_url in text
    assert listening.control_url in text
    assert f"preset {preset}, seed 7: {len(tree.organizations)} organization" in text
    assert text.endswith("Ctrl+C stops the server.")


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "empty"])
def test_it_shows_one_test_key_with_its_secret_per_top_organization(
    lines_of: Print, preset: str
) -> None:
    tree = generate(preset)
    text = "\n".join(lines_of(tree))
    first = tree.organizations[0]
    key = next(one for one in first.api_keys if (one.env, one.status) == ("TEST", "enabled"))
    assert first.name in text
    assert first.id in text
    assert key.key in text
    assert secret_of(tree.seed, key.id) in text
    assert text.count("Secret") == text.count("API key   ")


def test_it_says_that_there_is_nothing_in_an_empty_tree(lines_of: Print) -> None:
    text = "\n".join(lines_of(generate("empty")))
    assert "No organizations: this tree is empty." in text
    assert "Secret" not in text


def test_it_says_that_a_top_organization_has_no_key(lines_of: Print) -> None:
    tree = generate("single")
    [one] = tree.organizations
    without = replace(tree, organizations=(replace(one, api_keys=()),))
    assert "    (no enabled API key)" in lines_of(without)


def test_it_counts_the_top_organizations_that_it_leaves_out(lines_of: Print) -> None:
    tree = generate("single")
    [one] = tree.organizations
    many = replace(tree, organizations=tuple(replace(one, id=f"{n}") for n in range(5)))
    assert "  … and 2 more: `--json` prints all keys" in lines_of(many)


def test_it_shows_no_control_address_where_control_is_switched_off(listening: Listening) -> None:
    baseline = baseline_of(generate("empty"), started_at=0.0)
    text = banner(baseline, listening, "1", control=False)
    assert listening.control_url not in text
    assert "  Control     switched off\n" in text
