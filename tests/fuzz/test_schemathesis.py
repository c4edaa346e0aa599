"""schemathesis against the live server: every phase, every operation, nothing to complain of.

Every run of the suite has a smoke of it; three seeds through every phase are marked slow.
"""

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builders.fuzzing import LONG, SMOKE, Effort, st_run, with_dictionaries
from fiskaly_contracts import Contract
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.world import Seams

CONFIG = Path(__file__).parent / "schemathesis.toml"


RUNS = [
    pytest.param((SMOKE, True), id="smoke"),
    *(
        pytest.param((effort, knows_ids), id=f"{name}-{place}", marks=pytest.mark.slow)
        for name, effort in LONG.items()
        for knows_ids, place in ((False, "the-document-alone"), (True, "known-ids"))
    ),
]


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of schemathesis said, and what the server saw of it."""

    exit_code: int
    output: str
    report: dict[str, Any]
    answered: Counter[tuple[str, int]]
    server: MockServer
    effort: Effort
    knows_ids: bool


def token_of(server: MockServer) -> str:
    """Return a token of the first main organization."""
    sent = {"api_key": server.credentials.key, "api_secret": server.credentials.secret}
    request = urllib.request.Request(
        f"{server.base_url}/auth",
        json.dumps(sent).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["access_token"])


def known_ids(server: MockServer, folder: Path) -> Path:
    """Write a configuration that lets schemathesis draw the tree's own ids and credentials.

    Without it few calls get past the 404 of an unknown id.
    """
    tree = server.spec
    main = tree.organizations[0]
    words = {
        "organizations": [one.id for one in tree.organizations],
        "keys": [key.id for key in main.api_keys],
        "addresses": [address.id for address in main.billing_addresses],
        "users": [
            user.id
            for user in tree.users
            if main.id in {one.organization_id for one in user.memberships}
        ],
        "emails": [user.email for user in tree.users],
        "api_keys": [server.credentials.key],
        "api_secrets": [server.credentials.secret],
    }
    places = {
        "path.organization_id": ("organizations", 0.8),
        "path.key_id": ("keys", 0.8),
        "path.address_id": ("addresses", 0.8),
        "path.user_id": ("users", 0.8),
        "body.managed_by_organization_id": ("organizations", 0.5),
        "body.billing_address_id": ("addresses", 0.5),
        "body.contact_person_id": ("users", 0.5),
        "body.email": ("emails", 0.3),
        "body.api_key": ("api_keys", 0.8),
        "body.api_secret": ("api_secrets", 0.8),
    }
    return with_dictionaries(CONFIG, words, places, folder)


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    effort, knows_ids = request.param
    answered: Counter[tuple[str, int]] = Counter()
    config = ServerConfig(
        port=0,
        preset="kitchen-sink",
        on_exchange=lambda one: answered.update([(one.operation_id, one.status)]),
    )
    folder = tmp_path_factory.mktemp("schemathesis")
    path = folder / "report.json"
    source = SeededSource("schemathesis")
    with MockServer(config, seams=Seams(ids=source, secrets=source)) as server:
        exit_code, output = st_run(
            f"{server.control_url}/contract",
            config=known_ids(server, folder) if knows_ids else CONFIG,
            report=path,
            effort=effort,
            headers=[f"Authorization: Bearer {token_of(server)}"],
        )
        report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        yield Run(exit_code, output, report, answered, server, effort, knows_ids)


def test_it_finds_nothing(run: Run) -> None:
    assert run.exit_code == 0, run.output
    assert run.report["failures"] == []
    assert run.report["errors"] == []
    assert run.report["test_cases"]["with_failures"] == 0


def test_it_ran_to_its_end_through_every_phase(run: Run) -> None:
    assert run.report["complete"], run.output
    assert run.report["seed"] == run.effort.seed
    assert {name: run.report["phases"][name]["status"] for name in run.effort.phases} == (
        dict.fromkeys(run.effort.phases, "success")
    )


def test_it_tested_every_operation(run: Run) -> None:
    names = set(Contract.bundled().operations)
    assert len(names) == 20
    operations = run.report["operations"]
    assert (operations["selected"], operations["tested"]) == (20, 20)
    assert (operations["errored"], operations["skipped"]) == (0, 0)
    assert {name for name, _ in run.answered} >= names
    assert run.report["test_cases"]["generated"] > (1_000 if run.effort.is_whole else 100)


def test_it_met_no_5xx_and_no_answer_that_breaks_the_contract(run: Run) -> None:
    assert [seen for seen in run.answered if seen[1] >= 500] == []
    run.server.verify()


def test_operations_did_succeed(run: Run) -> None:
    """Else only refusals would have been tested. Nothing brings enableEnvironment a LIVE payer."""
    names = set(Contract.bundled().operations) - {"enableEnvironment"}
    if not (run.knows_ids and run.effort.is_whole):
        names = {"listOrganizations", "createOrganization", "createBillingAddress"}
    assert {name for name, status in run.answered if status == 200} >= names


def test_known_ids_bring_every_kind_of_refusal(run: Run) -> None:
    refused = {status for _, status in run.answered if status >= 400}
    if not run.knows_ids:
        assert refused >= {400, 401, 404}
    elif not run.effort.is_whole:
        assert refused >= {400, 401, 403, 404, 409}
    else:
        assert refused >= {400, 401, 403, 404, 405, 409, 415}
