"""Resident memory over a long life: resets, refusals, requests and sandboxes, in tenths."""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.asking import JSON
from benchmarks.figures import Goal, goals, table
from benchmarks.lineup import serving
from benchmarks.mix import account, new_organization
from benchmarks.processes import cost_of
from benchmarks.report import Asked, Report
from benchmarks.timing import machine, versions

TENTHS = 10
WORK: Mapping[str, int] = {
    "requests": 100_000,
    "resets": 2_000,
    "refusals": 10_000,
    "refusals of 1 MiB": 1_000,
    "dropped sandboxes": 200,
}
"""How often each is done; a quick run does a twentieth."""
MOST_GROWTH = 1.1
"""How many times as much memory there may be at the end as after the first tenth."""
LARGE = json.dumps({"name": "x" * 1_000_000})


class Client:
    """A vendor on one connection to a server in a process of its own."""

    def __init__(self, port: int, pid: int) -> None:
        self._connection, self._pid = HTTPConnection("127.0.0.1", port), pid
        self._account, self._asked = account(), 0
        key = self._account.key
        login = json.dumps({"api_key": key.key, "api_secret": key.secret})
        self._token = json.loads(self._call("POST", "/api/v0/auth", login))["access_token"]

    def mebibytes(self) -> float:
        """Return the resident memory of the server."""
        return cost_of(self._pid).resident_bytes / 2**20

    def work(self, name: str) -> Callable[[], object]:
        """Return what is done once of a kind of work."""
        organizations = "/api/v0/organizations"
        return {
            "resets": self._reset,
            "refusals": lambda: self._call("POST", organizations, '{"name": 1}', status=400),
            "refusals of 1 MiB": lambda: self._call("POST", organizations, LARGE, status=400),
            "requests": self._request,
            "dropped sandboxes": self._sandbox,
        }[name]

    def _reset(self) -> None:
        self._call("POST", "/api/v0/organizations", json.dumps(new_organization(self._account)))
        self._call("POST", "/_mock/reset")

    def _request(self) -> None:
        self._asked += 1
        if self._asked % 1_000 == 0:
            self._call("POST", "/_mock/reset")
        elif self._asked % TENTHS == 0:
            self._call("POST", "/api/v0/organizations", json.dumps(new_organization(self._account)))
        else:
            self._call("GET", "/api/v0/organizations?limit=20")

    def _sandbox(self) -> None:
        name = {"X-Mock-Sandbox": "box"}
        self._call("GET", "/api/v0/organizations?limit=20", headers=name)
        self._call("DELETE", "/_mock/sandboxes/box")

    def _call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        token: str = getattr(self, "_token", "")
        sent: dict[str, Any] = {"Authorization": f"Bearer {token}", **JSON, **(headers or {})}
        self._connection.request(method, path, body, sent)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:200]!r}")
        return said


def report(asked: Asked) -> Report:
    """Do each kind of work in tenths and return the memory after them as Markdown."""
    share = 20 if asked.quick else 1
    rows, worst = [], 0.0
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), "--size", "100") as at:
        client = Client(*at)
        for name, times in WORK.items():
            sys.stderr.write(f"{times // share} {name}\n")
            work, taken = client.work(name), list[float]()
            for _ in range(TENTHS):
                for _ in range(max(1, times // share // TENTHS)):
                    work()
                taken.append(client.mebibytes())
            growth = taken[-1] / taken[0]
            worst = max(worst, growth)
            figures = (taken[0], max(taken), taken[-1])
            rows.append(
                [name, f"{times // share:,}".replace(",", " ")]
                + [f"{one:.0f}" for one in figures]
                + [f"{growth:.2f}"]
            )
    head = ["work", "times", "after the first tenth (MiB)", "at most", "at the end", "growth"]
    measured = (
        "Resident memory of one server, which does one kind of work after the other as its only"
        " client asks; its tree has 100 managed organizations."
    )
    on = f"Measured on {machine()}; {versions()}."
    lines = ["# Memory over a long life", "", measured, "", on, "", *table(head, rows), ""]
    goal = Goal("memory at the end, against the first tenth", worst, MOST_GROWTH, at_least=False)
    return Report("\n".join([*lines, *goals([goal])]) + "\n")
