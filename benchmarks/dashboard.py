"""The Dashboard: server time of its pages in a large world, and what its live stream costs the API.

The server is a process of its own, asked over HTTP by a browser without JavaScript, and for the
stream by pages that ask again whenever they are told to.
"""

import re
import tempfile
import threading
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

from fiskaly_fixtures import TreeArguments, generate_from
from fiskaly_mockserver.world.seeding import Seeded, baseline_of

from benchmarks.figures import Goal, goals, table
from benchmarks.lineup import serving
from benchmarks.processes import cost_of
from benchmarks.report import Asked, Report
from benchmarks.timing import Task, machine, medians, versions

SIZE, QUICK_SIZE = 10_000, 100
TILLS = 20
ROUNDS, QUICK_ROUNDS, REPEATS = 5, 1, 5
MOST_MILLISECONDS = 100
PAGES = (
    *("overview", "organizations", "organizations/new", "billing", "api-keys", "users", "tss"),
    *("transactions", "requests"),
)
OPEN = 3
SECONDS, QUICK_SECONDS = 10, 2
RATE = 1_000
"""Requests a second that the API is asked while pages are open."""
MOST_COST = 1.1
PAUSE = 1.0
"""Seconds between two looks of an open page, as in `dashboard.js`."""


class Visitor:
    """A browser that is signed in as the first person of the tree."""

    def __init__(self, port: int, user_id: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._cookie = self._token = ""
        self.get("sign-in")
        self.post("sign-in", user_id=user_id)
        self.get("overview")  # whose form token is that of the new session

    def get(self, page: str) -> None:
        """Open a page."""
        self._ask("GET", page)

    def post(self, page: str, **form: str) -> None:
        """Send a form."""
        self._ask("POST", page, urlencode({"form_token": self._token, **form}))

    def _ask(self, method: str, page: str, body: str | None = None) -> None:
        headers = {"Cookie": self._cookie}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, f"/dashboard/{page}", body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        cookie = answer.headers.get("Set-Cookie")
        if cookie:
            self._cookie = cookie.partition(";")[0]
        found = re.search(r'name="form_token" value="([^"]+)"', text)
        if found:
            self._token = found[1]
        if answer.status >= 400:  # noqa: PLR2004 - of HTTP
            raise RuntimeError(f"{method} {page}: {answer.status}")


def report(asked: Asked) -> Report:
    """Measure pages and stream and return the results as Markdown."""
    size = QUICK_SIZE if asked.quick else SIZE
    rounds = asked.rounds_or(ROUNDS, QUICK_ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        taken = _pages(Path(folder), size, rounds)
        alone, watched = _stream(Path(folder), QUICK_SECONDS if asked.quick else SECONDS)
    rows = [[page, f"{1_000 * seconds:.1f}"] for page, seconds in taken.items()]
    measured = (
        f"Median of {rounds * REPEATS} visits of a main organization's admin, over HTTP, in a world"
        f" of {size} managed organizations; the lists of SIGN DE in one of {TILLS * 100} receipts."
    )
    live = (
        f"The API is asked {RATE} times a second, without a page and with {OPEN} pages of requests"
        f" open, which ask again when the stream tells them to: {alone:.0f} and {watched:.0f} µs of"
        " the server's CPU a request."
    )
    on = f"Measured on {machine()}; {versions(('aiohttp', 'jinja2', 'uvloop'))}."
    lines = [
        "# The Dashboard",
        "",
        measured,
        "",
        on,
        "",
        *table(["page", "ms"], rows),
        "",
        live,
        "",
    ]
    slowest = 1_000 * max(taken.values())
    found = [
        Goal("slowest page in ms", slowest, MOST_MILLISECONDS, at_least=False),
        Goal("CPU of a request with open pages", watched / alone, MOST_COST, at_least=False),
    ]
    return Report("\n".join([*lines, *goals(found)]) + "\n")


def _pages(folder: Path, size: int, rounds: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for arguments, pages in (
        (TreeArguments(size=size), [page for page in PAGES if page != "transactions"]),
        (TreeArguments(size=1, tills=TILLS, receipts=100), ["transactions", "overview"]),
    ):
        with serving(folder, *_flags(arguments)) as (port, _):
            visitor = Visitor(port, _person(arguments))
            if arguments.tills:
                visitor.post("choose", organization_id=_shop(arguments))
            tasks = {
                f"{page} of {TILLS} tills" if arguments.tills else page: Task(
                    prepare=lambda: None, run=partial(visitor.get, page)
                )
                for page in pages
            }
            found |= medians(tasks, rounds=rounds, repeats=REPEATS)
    return found


def _stream(folder: Path, seconds: float) -> tuple[float, float]:
    """Return the CPU in µs of a request, without and with open pages."""
    arguments = TreeArguments()
    with serving(folder, *_flags(arguments)) as (port, pid), ExitStack() as stack:
        alone = [_asked(port, pid, seconds / 2)]
        stopped = threading.Event()
        stack.callback(stopped.set)
        for _ in range(OPEN):
            page = threading.Thread(target=_watch, args=(port, stopped), daemon=True)
            page.start()
        watched = [_asked(port, pid, seconds)]
        stopped.set()
        alone.append(_asked(port, pid, seconds / 2))
    return median(alone), median(watched)


def _asked(port: int, pid: int, seconds: float) -> float:
    connection = HTTPConnection("127.0.0.1", port)
    before, start, done = cost_of(pid), perf_counter(), 0
    while (now := perf_counter() - start) < seconds:
        while done < now * RATE:
            connection.request("GET", "/api/v0/organizations")
            connection.getresponse().read()
            done += 1
    return (cost_of(pid).cpu_seconds - before.cpu_seconds) / done * 1e6


def _watch(port: int, stopped: threading.Event) -> None:
    """Do what an open page does: hear that something came, and ask for the page again."""
    stream, page = (HTTPConnection("127.0.0.1", port) for _ in range(2))
    stream.request("GET", "/dashboard/stream")
    told = stream.getresponse()
    while not stopped.is_set():
        if told.readline().startswith(b"data"):
            page.request("GET", "/dashboard/requests")
            page.getresponse().read()
            stopped.wait(PAUSE)
    stream.close()


def _person(arguments: TreeArguments) -> str:
    return next(Seeded(baseline_of(generate_from(arguments), started_at=0)).users()).id


def _shop(arguments: TreeArguments) -> str:
    organizations = Seeded(baseline_of(generate_from(arguments), started_at=0)).organizations()
    return next(one.id for one in organizations if one.tss)


def _flags(arguments: TreeArguments) -> list[str]:
    named = ("size", "tills", "receipts")
    return [f"--{name}={getattr(arguments, name)}" for name in named]
