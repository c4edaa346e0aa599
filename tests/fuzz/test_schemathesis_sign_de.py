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
from fiskaly_mockserver.domain.signing.model import ClientId, ExportId, ExportState, TssId
from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.store.tables import Rows
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


TSS, CLIENTS, TRANSACTIONS, EXPORTS = (
    [uid(first + number) for number in range(4)] for first in (0x10, 0x20, 0x30, 0x40)
)


class Till:
    """A managed organization's key, at work on SIGN DE over HTTP."""

    def __init__(self, server: MockServer) -> None:
        self.url = server.base_url.replace("/api/v0", "/api/v2")
        key = server.tree.managed[0].api_key
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
        """Bring TSS to every state but the last ones, and return what stands in dictionaries."""
        puks = []
        for at, tss in enumerate(TSS):
            puk = self.call("PUT", f"/tss/{tss}")["admin_puk"]
            puks.append(puk)
            if at == len(TSS) - 1:
                break
            self.call("PATCH", f"/tss/{tss}", {"state": "UNINITIALIZED"})
            self.call("PATCH", f"/tss/{tss}/admin", {"admin_puk": puk, "new_admin_pin": PIN})
            self.call("POST", f"/tss/{tss}/admin/auth", {"admin_pin": PIN})
            self.call("PUT", f"/tss/{tss}/client/{CLIENTS[at]}", {"serial_number": f"KASSE-{at}"})
        for at, tss in enumerate(TSS[:2]):
            self.call("PATCH", f"/tss/{tss}", {"state": "INITIALIZED"})
            body = {"state": "ACTIVE", "client_id": CLIENTS[at]}
            for transaction in TRANSACTIONS:
                self.call("PUT", f"/tss/{tss}/tx/{transaction}?tx_revision=1", body)
            for number, export in enumerate(EXPORTS):
                self.call("PUT", f"/tss/{tss}/export/{export}?start_signature_counter={number}")
            self.call("GET", f"/tss/{tss}/export/{EXPORTS[0]}")
        return {
            "tss": [*TSS[:1] * 3, *TSS[1:]],
            "clients": [*CLIENTS[:1] * 3, *CLIENTS[1:]],
            "transactions": [*TRANSACTIONS, "1", "2"],
            "exports": EXPORTS,
            "puks": puks,
            "pins": [PIN],
            "api_keys": [self.sent["api_key"]],
            "api_secrets": [self.sent["api_secret"]],
        }


class Keeper:
    """Counts what is answered, and keeps one till at work whatever was done to it.

    Else the first logout and the first DISABLED would leave nothing but refusals to test. It works
    in the server's thread, between two calls.
    """

    def __init__(self) -> None:
        self.answered: Counter[tuple[str, int]] = Counter()
        self._rows: Rows | None = None

    def begin(self, rows: Rows) -> None:
        tss, client = rows.tss.get(TssId(TSS[0])), rows.clients.get(ClientId(CLIENTS[0]))
        export = rows.exports.get((TssId(TSS[0]), ExportId(EXPORTS[-1])))
        assert tss is not None
        assert client is not None
        assert export is not None
        self._tss, self._client = tss, client
        self._export = replace(export, state=ExportState.PENDING, time_start=0, time_end=0)
        self._sessions = [*rows.admin_sessions]
        self._rows = rows

    def heard(self, one: Exchange) -> None:
        if self._rows is None:
            return
        self.answered[one.operation_id, one.status] += 1
        rows, client = self._rows, self._client
        for session in self._sessions:
            rows.admin_sessions.put(session)
        rows.exports.put(self._export)
        tss = rows.tss.get(self._tss.id)
        assert tss is not None
        now = rows.clients.get(client.id)
        missing = now is None or now.state is not client.state
        rows.clients.put(client)
        rows.tss.put(
            replace(
                tss,
                state=self._tss.state,
                pin_hash=self._tss.pin_hash,
                pin_tries=0,
                time_disable=0,
                registered_clients=tss.registered_clients + missing,
            )
        )


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
    keeper = Keeper()
    config = ServerConfig(port=0, on_exchange=keeper.heard)
    folder = tmp_path_factory.mktemp("schemathesis")
    path, document = folder / "report.json", folder / "sign-de.json"
    source = SeededSource("schemathesis")
    with MockServer(config, seams=Seams(ids=source, secrets=source)) as server:
        till = Till(server)
        words = till.open()
        document.write_text(json.dumps(Contract.sign_de().served_at(till.url)), encoding="utf-8")
        server._call(lambda: keeper.begin(server._service.world.rows))
        exit_code, output = st_run(
            str(document),
            config=known_ids(words, folder),
            report=path,
            effort=effort,
            headers=[f"Authorization: Bearer {till.token}"],
            url=till.url,
        )
        report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        yield Run(exit_code, output, report, keeper.answered, server, effort, knows_ids=True)


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
