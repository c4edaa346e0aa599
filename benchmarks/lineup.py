"""Candidates up and running, and shown to be right before anything is measured."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import mix
from benchmarks.asking import Reply, Request, ask
from benchmarks.candidates import Candidate, Missing, Ours, Place, inherited_path
from benchmarks.mix import Kind, Requests
from benchmarks.processes import free_port, pinned, running, wait_until

if TYPE_CHECKING:
    import subprocess

START_SECONDS = 60
PAUSE_SECONDS = 0.001
OK, REFUSED = 200, 400
CORE = 0


class Wrong(Exception):
    """A candidate that does not start, or does not answer as it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A candidate that runs and answers right."""

    candidate: Candidate
    process: "subprocess.Popen[bytes]"
    port: int
    requests: Requests

    def checks(self) -> str:
        """Say whether it refuses a create request that breaks the contract.

        Ask after the measurement: what a refusal loads is no part of what good requests cost.
        """
        wrong = self.candidate.refuses(self.requests[Kind.CREATE][0])
        if wrong is None:
            return "-"
        status = ask(self.port, wrong).status
        return f"yes ({status})" if status >= REFUSED else "no"

    def reset(self) -> None:
        """Bring it back to its state after the start."""
        for request in self.candidate.reset():
            reply = ask(self.port, request)
            if reply.status >= REFUSED:
                raise Wrong(f"{self.candidate.name}: reset answered {reply.status}")


@contextmanager
def standing(candidate: Candidate, place: Place) -> Iterator[Standing]:
    """Run a candidate while the block lasts, on a core of its own.

    Raises:
        Missing: It is not installed.
        Wrong: It does not start, or does not answer as it should.
    """
    port = free_port()
    command = pinned(candidate.command(place, port), CORE)
    environment = candidate.environment(place)
    with running(
        command, environment=environment, folder=place.folder, name=candidate.name
    ) as process:
        session = first_answer(process, port, candidate.login(place)).value
        requests = candidate.requests(place, port, session)
        for kind in Kind:
            _verify(candidate, port, kind, requests)
        yield Standing(candidate=candidate, process=process, port=port, requests=requests)


def first_answer(process: "subprocess.Popen[bytes]", port: int, request: Request) -> Reply:
    """Ask until there is a 200.

    Raises:
        Wrong: The process ended, or there was none in time.
    """
    deadline = time.perf_counter() + START_SECONDS
    said = "nobody listened"
    while process.poll() is None:
        try:
            reply = ask(port, request)
        except OSError:
            pass
        else:
            if reply.status == OK:
                return reply
            said = f"it answered {reply.status} {reply.body[:200]!r}"
        if not wait_until(deadline, PAUSE_SECONDS):
            raise Wrong(f"no 200 in {START_SECONDS} seconds: {said}")
    raise Wrong(f"it ended with exit code {process.returncode}")


def _verify(candidate: Candidate, port: int, kind: Kind, requests: Requests) -> None:
    for request in requests[kind]:
        reply = ask(port, request)
        complaint = (
            candidate.complaint(kind, reply.value)
            if reply.status == OK
            else f"{reply.status} {reply.body[:200]!r}"
        )
        if complaint:
            raise Wrong(f"{kind}: {complaint}")


@contextmanager
def place_for(folder: Path, peers: Path) -> Iterator[Place]:
    """Give a place with the contract and what our server answers, for those that copy it."""
    place = Place(folder=folder, peers=peers.resolve(), account=mix.account())
    answers = _answers(place)
    for name, value in {"answers": answers, "contract": mix.contract_with(answers)}.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    yield place


def _answers(place: Place) -> Mapping[str, Any]:
    with standing(Ours(), place) as ours:
        said = {kind: ask(ours.port, ours.requests[kind][0]).value for kind in Kind}
        session = ask(ours.port, ours.candidate.login(place)).value
    return {
        "authenticate": session,
        "retrieveOrganization": said[Kind.RETRIEVE],
        "listOrganizations": said[Kind.LIST],
        "createOrganization": said[Kind.CREATE],
    }


__all__ = ["Missing", "Standing", "Wrong", "first_answer", "place_for", "standing"]


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[tuple[int, int]]:
    """Run our server as a user does, its request log off; yield its port and its process id."""
    port = free_port()
    command = [sys.executable, "-m", "fiskaly_mockserver", "serve", "--port", str(port)]
    command += ["--log-level", "off", *flags]
    environment = {"PYTHONPATH": inherited_path()}
    with running(command, environment=environment, folder=folder, name="ours") as process:
        first_answer(process, port, Request(method="GET", path="/_mock/health"))
        yield port, process.pid
