"""Signing: receipts a second beside bare aiohttp, and lists of 100 000 finished transactions.

A receipt is started, updated and finished: three requests, three signatures. The list is asked
over HTTP of a server whose world holds so many real ones.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from fiskaly_mockserver import MockServer
from fiskaly_mockserver.domain.signing.model import TransactionState
from fiskaly_mockserver.domain.signing.process_data import process_data_of
from fiskaly_mockserver.domain.signing.transactions import Call
from fiskaly_mockserver.world.world import World

from benchmarks import wrk
from benchmarks.asking import JSON, Request, ask
from benchmarks.candidates import ROOT, inherited_path
from benchmarks.figures import Figure, Goal, figure, goals, percent, shown, table
from benchmarks.lineup import CORE, first_answer
from benchmarks.processes import cost_of, free_port, pinned, running
from benchmarks.report import Asked, Report
from benchmarks.timing import Task, machine, medians, versions

if TYPE_CHECKING:
    import subprocess

ROUNDS, QUICK_ROUNDS = 7, 2
SECONDS, QUICK_SECONDS = 3, 1
STEPS = 3
LEAST_SHARE = 0.6
"""Of the receipts of bare aiohttp that makes the same signatures."""
FINISHED, QUICK_FINISHED = 100_000, 2_000
MOST_TIMES = 2.0
"""How much longer a page from the middle may take than the first one."""
PAGE, REPEATS = 100, 25
TSS, CLIENT = str(UUID(int=0x51, version=4)), str(UUID(int=0xC1, version=4))
OURS, BARE = "fiskaly-mockserver, all checks and journal", "bare aiohttp, the same signatures"


def receipt(amount: str) -> dict[str, Any]:
    """Return the schema of a receipt over one amount."""
    rates = [{"vat_rate": "NORMAL", "amount": amount}]
    payments = [{"payment_type": "CASH", "amount": amount}]
    return {
        "standard_v1": {
            "receipt": {
                "receipt_type": "RECEIPT",
                "amounts_per_vat_rate": rates,
                "amounts_per_payment_type": payments,
            }
        }
    }


BODIES: tuple[Mapping[str, Any], ...] = (
    {"state": "ACTIVE", "client_id": CLIENT},
    {"state": "ACTIVE", "client_id": CLIENT, "schema": receipt("2.50")},
    {"state": "FINISHED", "client_id": CLIENT, "schema": receipt("11.90")},
)


@dataclass(frozen=True, slots=True)
class Till:
    """A key at work on SIGN DE of a server on loopback."""

    port: int
    token: str

    @classmethod
    def log_in(cls, port: int, key: str, secret: str) -> "Till":
        """Return the till of an API key."""
        body = json.dumps({"api_key": key, "api_secret": secret})
        login = Request(method="POST", path="/api/v2/auth", headers=JSON, body=body)
        return cls(port, ask(port, login).value["access_token"])

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every request."""
        return {**JSON, "Authorization": f"Bearer {self.token}"}

    def call(self, method: str, path: str, body: object) -> Any:
        """Ask, and demand a 200."""
        sent = Request(
            method=method, path=f"/api/v2{path}", headers=self.headers, body=json.dumps(body)
        )
        reply = ask(self.port, sent)
        if reply.status != 200:  # noqa: PLR2004 - of HTTP
            raise RuntimeError(f"{method} {path}: {reply.status} {reply.body!r}")
        return reply.value

    def open(self) -> None:
        """Bring a TSS with one client to work."""
        tss = f"/tss/{TSS}"
        puk = self.call("PUT", tss, {})["admin_puk"]
        self.call("PATCH", tss, {"state": "UNINITIALIZED"})
        self.call("PATCH", f"{tss}/admin", {"admin_puk": puk, "new_admin_pin": "123456"})
        self.call("POST", f"{tss}/admin/auth", {"admin_pin": "123456"})
        self.call("PATCH", tss, {"state": "INITIALIZED"})
        self.call("PUT", f"{tss}/client/{CLIENT}", {"serial_number": "KASSE-01"})

    def sell(self) -> list[Any]:
        """Sign one receipt, and return the answers to its steps."""
        path = f"/tss/{TSS}/tx/{UUID(int=1, version=4)}"
        return [
            self.call("PUT", f"{path}?tx_revision={revision}", body)
            for revision, body in enumerate(BODIES, start=1)
        ]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one load came to: receipts a second, and the server's CPU in µs for each."""

    rate: float
    cpu: float


def report(asked: Asked) -> Report:
    """Measure everything and return the results as Markdown."""
    wrk.wrk()
    rounds = asked.rounds_or(ROUNDS, QUICK_ROUNDS)
    seconds = QUICK_SECONDS if asked.quick else SECONDS
    turns = _signed(rounds, seconds)
    listed = _lists(QUICK_FINISHED if asked.quick else FINISHED, rounds)
    measured = (
        "A receipt is started, updated and finished: three requests, each signed. Load by wrk on"
        f" the second core, {wrk.TILLS} connections, servers on the first. Medians of {rounds}"
        f" rounds of {seconds} s, both in turn, after a round that does not count. Ratios are taken"
        " within a round; the spread is from the least to the most, as a share of the median."
    )
    on = f"Measured on {machine()}; {versions(('aiohttp', 'cryptography', 'uvloop'))}."
    lines = ["# Signing receipts", "", measured, "", on, "", *_table(turns), "", *listed.lines, ""]
    share = _rates(turns[OURS]).over(_rates(turns[BARE])).median
    lines += goals(
        [
            Goal(
                "receipts, against bare aiohttp that makes the same signatures",
                share,
                LEAST_SHARE,
                at_least=True,
            ),
            Goal(
                "a page from the middle, against the first one",
                listed.times,
                MOST_TIMES,
                at_least=False,
            ),
        ]
    )
    return Report("\n".join(lines) + "\n")


def _rates(turns: list[Turn | None]) -> Figure:
    return figure(turn.rate if turn else None for turn in turns)


def _table(turns: Mapping[str, list[Turn | None]]) -> Iterator[str]:
    head = ["server", "receipts a second", "spread", "times bare", "CPU for each (µs)"]
    rows = []
    for name, taken in turns.items():
        rates, cpu = _rates(taken), figure(turn.cpu if turn else None for turn in taken)
        share = rates.over(_rates(turns[BARE])).median
        cells = [shown(rates.median), percent(rates.spread), shown(share, 2), shown(cpu.median)]
        rows.append([name, *cells])
    yield from table(head, rows)


# -------------------------------------------------------------------------- receipts a second


def _signed(rounds: int, seconds: float) -> Mapping[str, list[Turn | None]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours, till = stack.enter_context(_ours(folder))
        bare, port = stack.enter_context(_bare(folder, till))
        load = _load(folder, till)
        turns: dict[str, list[Turn | None]] = {OURS: [], BARE: []}
        for number in range(rounds + 1):
            for name, process, at in ((OURS, ours, till.port), (BARE, bare, port)):
                turn = _turn(process.pid, at, load, number, seconds)
                if number:
                    turns[name].append(turn)
            restore = Request(method="POST", path="/_mock/snapshots/open/restore")
            ask(till.port, restore)
    return turns


def _turn(pid: int, port: int, load: Path, number: int, seconds: float) -> Turn | None:
    before = cost_of(pid)
    counted = wrk.press_receipts(port, load, number, seconds)
    after = cost_of(pid)
    if not counted.valid:
        sys.stderr.write(f"{counted.refused} refused, {counted.broken} broken: an invalid round\n")
        return None
    receipts = counted.requests / STEPS
    cpu = (after.cpu_seconds - before.cpu_seconds) / receipts * 1e6
    return Turn(receipts / counted.seconds, cpu)


@contextmanager
def _ours(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Till]]:
    """Serve as a user does, request log off, with a till at work."""
    port = free_port()
    command = [sys.executable, "-m", "fiskaly_mockserver", "serve", "--port", str(port)]
    command = pinned([*command, "--log-level", "off"], CORE)
    environment = {"PYTHONPATH": inherited_path()}
    with running(command, environment=environment, folder=folder, name="ours") as process:
        first_answer(process, port, Request(method="GET", path="/_mock/health"))
        tree = ask(port, Request(method="GET", path="/_mock/tree")).value
        key = tree["organizations"][1]["api_keys"][0]
        till = Till.log_in(port, key["key"], key["secret"])
        till.open()
        answers = {str(at): answer for at, answer in enumerate(till.sell(), start=1)}
        (folder / "receipt.json").write_text(json.dumps(answers), encoding="utf-8")
        body = json.dumps({"name": "open"})
        ask(port, Request(method="POST", path="/_mock/snapshots", headers=JSON, body=body))
        yield process, till


@contextmanager
def _bare(folder: Path, till: Till) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    port = free_port()
    command = pinned([sys.executable, "-m", "benchmarks.servers.bare_signing", str(port)], CORE)
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), inherited_path()]))}
    with running(command, environment=environment, folder=folder, name="bare") as process:
        path = f"/api/v2/tss/{TSS}/tx/{UUID(int=1, version=4)}?tx_revision=1"
        body = json.dumps(BODIES[0])
        first_answer(
            process, port, Request(method="PUT", path=path, headers=till.headers, body=body)
        )
        yield process, port


def _load(folder: Path, till: Till) -> Path:
    """Write the Lua file that tells `receipts.lua` what to send."""
    path = folder / "receipts.lua"
    bodies = ", ".join(wrk.lua_text(json.dumps(body)) for body in BODIES)
    headers = ", ".join(f"[{wrk.lua_text(k)}] = {wrk.lua_text(v)}" for k, v in till.headers.items())
    tx = wrk.lua_text(f"/api/v2/tss/{TSS}/tx/")
    written = f"return {{path = {tx}, headers = {{{headers}}}, bodies = {{{bodies}}}}}\n"
    path.write_text(written, encoding="utf-8")
    return path


# --------------------------------------------------------------------------------- long lists


@dataclass(frozen=True, slots=True)
class Listed:
    """What lists of many transactions take."""

    lines: list[str]
    times: float


def _lists(finished: int, rounds: int) -> Listed:
    """Fill a world with finished transactions, and list them from the start and the middle."""
    with MockServer() as server:
        key = server.tree.managed[0].api_key
        till = Till.log_in(server.port, key.key, key.secret)
        till.open()
        empty = cost_of(os.getpid()).resident_bytes
        fill(server._service.world, till.token, finished)  # noqa: SLF001 - nobody else calls
        full = cost_of(os.getpid()).resident_bytes
        connection = HTTPConnection(urlsplit(server.base_url).netloc)

        def page(offset: int) -> None:
            path = f"/api/v2/tx?limit={PAGE}&offset={offset}&states=FINISHED"
            connection.request("GET", path, headers=till.headers)
            answer = connection.getresponse()
            rows = json.loads(answer.read())
            if (len(rows["data"]), rows["count"]) != (PAGE, finished):
                raise RuntimeError(f"{path}: {answer.status}")

        tasks = {
            offset: Task(prepare=lambda: None, run=partial(page, offset))
            for offset in (0, finished // 2)
        }
        taken = medians(tasks, rounds=rounds, repeats=REPEATS)
        connection.close()
    mebibytes = (full - empty) / 2**20
    first, middle = taken[0] * 1e3, taken[finished // 2] * 1e3
    each = (full - empty) / finished
    told = (
        f"{shown(finished)} finished transactions of two signed steps in one world take"
        f" {mebibytes:.0f} MiB, {each:.0f} bytes each. A list of {PAGE} over HTTP takes"
        f" {first:.2f} ms from the start and {middle:.2f} ms from offset {shown(finished // 2)}."
    )
    return Listed([told], middle / first)


def fill(world: World, token: str, finished: int) -> None:
    """Start and finish so many receipts, as the calls of a till would."""
    caller = world.sessions.principal(token)
    start, _, finish = map(json.dumps, BODIES)
    for number in range(finished):
        tx = str(UUID(int=number + 1, version=4))
        for revision, written in enumerate((start, finish), start=1):
            body = json.loads(written)
            call = Call(
                revision=revision,
                state=TransactionState(body["state"]),
                client_id=CLIENT,
                data=process_data_of(body.get("schema")),
                sent=body,
            )
            world.signing.transactions.upsert(caller, TSS, tx, call)
