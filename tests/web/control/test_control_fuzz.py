"""schemathesis against the control API of a live server: nothing to complain of.

Every run of the suite has a smoke of it; three seeds through every phase are marked slow.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builders.fuzzing import LONG, SMOKE, Effort, st_run
from fiskaly_contracts import Contract
from fiskaly_mockserver import MockServer, ServerConfig
from web.control.wire import Shop

CONFIG = Path(__file__).parent / "schemathesis_control.toml"
RUNS = [
    pytest.param(SMOKE, id="smoke"),
    *(pytest.param(effort, id=name, marks=pytest.mark.slow) for name, effort in LONG.items()),
]


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of schemathesis said, and the server it was about."""

    exit_code: int
    output: str
    report: dict[str, Any]
    server: MockServer
    effort: Effort


def prepare(server: MockServer) -> None:
    """Put something of every kind into the world, and let no wait last."""
    key, control = server.credentials, server.control
    shop = Shop.of(server).open({"key": key.key, "secret": key.secret})
    shop.create("Teehaus")
    shop.create("")
    control.save_snapshot("kept")
    control.arm_fault({"effect": {"kind": "unauthorized"}})
    Shop.of(server, "a").log_in(api_key="none", api_secret="none")
    server._call(server._running.dispatcher.stopped.set)


def fuzz(server: MockServer, effort: Effort, folder: Path) -> Run:
    """Run `st run` on the document that the server serves."""
    path = folder / "report.json"
    exit_code, output = st_run(
        f"{server.control_url}/openapi.json",
        config=CONFIG,
        report=path,
        effort=effort,
    )
    report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return Run(exit_code, output, report, server, effort)


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with MockServer(ServerConfig(port=0)) as server:
        prepare(server)
        yield fuzz(server, request.param, tmp_path_factory.mktemp("schemathesis"))


def test_it_finds_nothing(run: Run) -> None:
    assert run.exit_code == 0, run.output
    assert run.report["failures"] == []
    assert run.report["errors"] == []


def test_it_ran_to_its_end_through_every_phase(run: Run) -> None:
    assert run.report["complete"], run.output
    ended = {name: run.report["phases"][name]["status"] for name in run.effort.phases}
    assert ended == dict.fromkeys(run.effort.phases, "success"), run.output


def test_it_tested_every_operation(run: Run) -> None:
    # but the one that it has the document from
    quantity = len(Contract.control().operations) - 1
    operations = run.report["operations"]
    assert (operations["selected"], operations["tested"]) == (quantity, quantity)
    assert run.report["test_cases"]["generated"] > (1_000 if run.effort.is_whole else 50)


def test_the_server_is_well_afterwards(run: Run) -> None:
    assert run.server.control.health()["status"] == "ok"
    run.server.verify()
