"""Tests know nothing of each other, and are the same in every order and every worker."""

import json
from pathlib import Path

import pytest
from plugin.conftest import RunApart

IDS = """
import json
import os
from pathlib import Path

import pytest
from api_client import ask, break_contract, create, log_in


@pytest.mark.xdist_group("tills")
@pytest.mark.parametrize("number", range(6))
def test_ids(fiskaly_mock, number, request):
    made = create(fiskaly_mock)
    path = f"/organizations/{made['_id']}/api-keys"
    key = ask(fiskaly_mock, path, {"name": "till", "status": "enabled"}, log_in(fiskaly_mock))
    folder = Path(os.environ["SEEN"])
    folder.mkdir(exist_ok=True)
    told = {"ids": [made["_id"], key["_id"]], "key": key["key"]}
    (folder / f"{number}.json").write_text(json.dumps(told))


def test_several_servers_differ(fiskaly_mock, fiskaly_mock_factory):
    others = [fiskaly_mock_factory(preset="single") for _ in range(2)]
    ids = [create(server)["_id"] for server in (fiskaly_mock, *others)]
    assert len(set(ids)) == 3


def test_reset_begins_anew(fiskaly_mock):
    first = create(fiskaly_mock)["_id"]
    fiskaly_mock.reset()
    assert create(fiskaly_mock)["_id"] == first


def test_broken(fiskaly_mock):
    break_contract(fiskaly_mock)


def test_minting_changes_no_id(fiskaly_mock):
    first = create(fiskaly_mock)["_id"]
    fiskaly_mock.reset()
    fiskaly_mock.token_for(fiskaly_mock.tree.main)
    assert create(fiskaly_mock)["_id"] == first
"""


def _seen(folder: Path) -> dict[str, dict[str, object]]:
    return {file.name: json.loads(file.read_text()) for file in folder.iterdir()}


def test_ids_derive_from_the_test_and_not_from_order_or_worker(
    client: pytest.Pytester, run_apart: RunApart, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.makepyfile(IDS)
    client.makeconftest(
        """
        import random

        def pytest_collection_modifyitems(items, config):
            if config.getoption("shuffled"):
                random.Random(config.getoption("shuffled")).shuffle(items)

        def pytest_addoption(parser):
            parser.addoption("--shuffled", type=int, default=0)
        """
    )
    runs: list[dict[str, dict[str, object]]] = []
    for name, arguments in {
        "alone": (),
        "shuffled": ("--shuffled=3",),
        "parallel": ("-n", "2", "--shuffled=5", "--dist=loadgroup"),
    }.items():
        monkeypatch.setenv("SEEN", str(client.path / name))
        run = run_apart if name == "parallel" else client.runpytest
        result = run("-p", "pytest_fiskaly.plugin", *arguments)
        result.assert_outcomes(passed=9, failed=1)
        result.stdout.fnmatch_lines(["  body /country_code breaks enum", '    got       "DE"'])
        runs.append(_seen(client.path / name))
    assert runs[0] == runs[1] == runs[2]
    keys = [one["key"] for one in runs[0].values()]
    assert len(set(keys)) == 6


def test_trees_are_made_once(client: pytest.Pytester) -> None:
    client.makeconftest(
        """
        from fiskaly_mockserver.server import trees

        made = []
        original = trees.generate_from

        def counted(config):
            made.append((config.preset, config.seed, config.size))
            return original(config)

        trees.generate_from = counted

        def pytest_unconfigure():
            trees.generate_from = original
            assert sorted(made) == [
                ("enterprise", 1, 5), ("individual-customers", 1, 5), ("single", 1, 5)
            ], made
        """
    )
    client.makepyfile(
        """
        import pytest
        from api_client import count, create

        @pytest.mark.parametrize("number", range(3))
        @pytest.mark.parametrize("preset", ["enterprise", "single", None])
        def test_one(fiskaly_mock, fiskaly_mock_factory, preset, number):
            if preset:
                fiskaly_mock.seed(preset)
                assert fiskaly_mock_factory(preset=preset).tree.preset == preset
                assert fiskaly_mock.tree.preset == preset
            before = count(fiskaly_mock)
            create(fiskaly_mock)
            assert count(fiskaly_mock) == before + 1
            fiskaly_mock.reset()
            assert count(fiskaly_mock) == 6
        """
    )
    client.runpytest().assert_outcomes(passed=9)


def test_the_factory_starts_watches_and_stops_servers(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import threading
        import pytest
        from api_client import break_contract, count, create

        OTHERS = set(threading.enumerate())  # of tests in the same process

        def servers():
            started = set(threading.enumerate()) - OTHERS
            return sum(one.name == "fiskaly-mockserver" for one in started)

        def test_apart(fiskaly_mock_factory):
            one = fiskaly_mock_factory(preset="single", seed=3, country="AT")
            other = fiskaly_mock_factory(size=2)
            create(one)
            assert (count(one), count(other)) == (2, 3)
            assert servers() == 2
            with pytest.raises(ValueError, match="did you mean enterprise"):
                fiskaly_mock_factory(preset="enterprize")
            with pytest.raises(TypeError):
                fiskaly_mock_factory(color="red")

        def test_broken(fiskaly_mock_factory):
            assert servers() == 0
            break_contract(fiskaly_mock_factory(preset="enterprise"))
        """
    )
    result = client.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*_ test_broken _*", "*body /country_code breaks enum*"])


def test_a_breach_on_one_of_several_servers_names_it_and_its_organizations(
    client: pytest.Pytester,
) -> None:
    client.makepyfile(
        """
        from api_client import break_contract

        def test_both(fiskaly_mock, fiskaly_mock_factory):
            other = fiskaly_mock_factory(preset="enterprise", seed=7)
            break_contract(other)
            break_contract(fiskaly_mock)

        def test_other(fiskaly_mock, fiskaly_mock_factory):
            break_contract(fiskaly_mock_factory(preset="single"))

        def test_seeded_anew(fiskaly_mock):
            fiskaly_mock.seed("white-label")
            break_contract(fiskaly_mock)
        """
    )
    result = client.runpytest()
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "    to the server #1 of the factory, as of *serve --preset enterprise --seed 7 *",
            "    to the session's server, as of *serve --preset individual-customers --seed 1 *",
            "The variables are those of a server that runs as each request says: *",
            "    to the server #1 of the factory, as of *serve --preset single *",
            "The variables are those of a running `fiskaly-mockserver serve --preset single *",
            "The variables are those of a running `fiskaly-mockserver serve --preset white-label *",
        ]
    )
