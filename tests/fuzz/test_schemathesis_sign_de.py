"""schemathesis against SIGN DE: every phase, every operation, nothing to complain of.

Every run of the suite has a smoke of it; three seeds through every phase are marked slow.
"""

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders.fuzzing import LONG, SMOKE, Effort, st_run, with_dictionaries
from fiskaly_contracts import Contract
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.domain.signing.model import ExportId, ExportState, TssId
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.world import Seams
from fuzz.test_schemathesis import Run

CONFIG = Path(__file__).parent / "schemathesis_sign_de.toml"
PIN = "123456"
RUNS = [
    pytest.param(SMOKE, id="smoke"),
    *(pytest.param(effort, id=name, marks=pytest.mark.slow) for name, effort in LONG.items()),
]


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


MAIN = uid(0x10)
SPARE = [uid(0x100 + number) for number in range(24)]
"""Updates of TSS and logouts are tried on these; else the first of them would end all the rest."""
CREATED = uid(0x11)
CLIENTS, TRANSACTIONS, EXPORTS = (
    [uid(first + number) for number in range(8)] for first in (0x20, 0x30, 0x40)
)
NEW_EXPORTS = [uid(0x200 + number) for number in range(48)]
HELD = EXPORTS[4:]
"""Exports that nobody's look completes, so that they can be canceled."""


class Till:
    """A managed organization's LIVE key at work over HTTP; LIVE has room for so many TSS."""

    def __init__(self, server: MockServer) -> None:
        self.url = str(server.sign_de_url)
        key = next(key for one in server.tree.managed for key in one.keys if key.env == "LIVE")
        self.sent = {"api_key": key.key, "api_secret": key.secret}
        self.token = ""
        self.token = str(self.call("POST", "/auth", self.sent)["access_token"])

    def call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            json.dumps({} if body is None else body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
            method=method,
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def open(self) -> dict[str, list[str]]:
        """Set up one till at work and many TSS to try things on; return words for dictionaries."""
        puk = self._deploy(MAIN)
        self.call("PATCH", f"/tss/{MAIN}", {"state": "INITIALIZED"})
        for at, client in enumerate(CLIENTS):
            self.call("PUT", f"/tss/{MAIN}/client/{client}", {"serial_number": f"KASSE-{at}"})
        body = {"state": "ACTIVE", "client_id": CLIENTS[0]}
        for transaction in TRANSACTIONS:
            self.call("PUT", f"/tss/{MAIN}/tx/{transaction}?tx_revision=1", body)
        for number, export in enumerate(EXPORTS):
            self.call("PUT", f"/tss/{MAIN}/export/{export}?start_signature_counter={number}")
        for tss in SPARE:
            self._deploy(tss)
        for tss in SPARE[::2]:
            self.call("PATCH", f"/tss/{tss}", {"state": "INITIALIZED"})
        self.call("PUT", f"/tss/{CREATED}")
        return {
            "tss": [*[MAIN] * 6, CREATED, SPARE[0]],
            "spare_tss": SPARE,
            "clients": CLIENTS,
            "transactions": [*TRANSACTIONS, "1", "2"],
            "exports": EXPORTS,
            "new_exports": NEW_EXPORTS,
            "puks": [puk],
            "pins": [PIN],
            "api_keys": [self.sent["api_key"]],
            "api_secrets": [self.sent["api_secret"]],
        }

    def _deploy(self, tss: str) -> str:
        """Bring a TSS to UNINITIALIZED with an admin session, and return its PUK."""
        puk = str(self.call("PUT", f"/tss/{tss}")["admin_puk"])
        self.call("PATCH", f"/tss/{tss}", {"state": "UNINITIALIZED"})
        self.call("PATCH", f"/tss/{tss}/admin", {"admin_puk": puk, "new_admin_pin": PIN})
        self.call("POST", f"/tss/{tss}/admin/auth", {"admin_pin": PIN})
        return puk


def hold(server: MockServer) -> None:
    """Hold some exports in WORKING."""
    exports = server._service.world.rows.exports
    for export in HELD:
        row = exports.get((TssId(MAIN), ExportId(export)))
        assert row is not None
        exports.put(replace(row, held=ExportState.WORKING))


def known_ids(words: dict[str, list[str]], folder: Path) -> Path:
    """Write a configuration that lets schemathesis draw ids and credentials that are there."""
    places = {
        "path.tss_id": ("tss", 0.8),
        "path.client_id": ("clients", 0.8),
        "path.tx_id_or_number": ("transactions", 0.8),
        "path.export_id": ("exports", 0.7),
        "query.client_id": ("clients", 0.9),
        "body.client_id": ("clients", 0.8),
        "body.admin_puk": ("puks", 0.8),
        "body.admin_pin": ("pins", 0.8),
        "body.api_key": ("api_keys", 0.8),
        "body.api_secret": ("api_secrets", 0.8),
    }
    return with_dictionaries(CONFIG, words, places, folder)


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    effort: Effort = request.param
    answered: Counter[tuple[str, int]] = Counter()
    config = ServerConfig(
        port=0,
        preset="live",
        on_exchange=lambda one: answered.update([(one.operation_id, one.status)]),
    )
    folder = tmp_path_factory.mktemp("schemathesis")
    path = folder / "report.json"
    source = SeededSource("schemathesis")
    with MockServer(config, seams=Seams(ids=source, secrets=source)) as server:
        till = Till(server)
        words = till.open()
        server._call(lambda: hold(server))
        answered.clear()
        exit_code, output = st_run(
            f"{server.control_url}/contract/sign-de",
            config=known_ids(words, folder),
            report=path,
            effort=effort,
            headers=[f"Authorization: Bearer {till.token}"],
        )
        report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        yield Run(exit_code, output, report, answered, server, effort, knows_ids=True)


def test_sign_de_gives_no_cause_for_complaint(run: Run) -> None:
    assert run.exit_code == 0, run.output
    assert run.report["failures"] == []
    assert run.report["errors"] == []
    assert run.report["complete"], run.output


def test_every_operation_of_sign_de_was_tested(run: Run) -> None:
    names = set(Contract.sign_de().operations)
    operations = run.report["operations"]
    assert (operations["selected"], operations["tested"]) == (33, 33)
    assert (operations["errored"], operations["skipped"]) == (0, 0)
    assert {name for name, _ in run.answered} >= names


def test_no_5xx_and_no_answer_of_sign_de_breaks_the_contract(run: Run) -> None:
    assert [seen for seen in run.answered if seen[1] >= 500] == []
    run.server.verify()


def test_operations_of_sign_de_did_succeed(run: Run) -> None:
    """Else only refusals would have been tested."""
    succeeded = {name for name, status in run.answered if status == 200}
    names = set(Contract.sign_de().operations)
    if run.effort.is_whole:
        assert names - succeeded == set()
    else:
        assert {"authenticateApi", "createTss", "retrieveTss", "listAllTransactions"} <= succeeded
