"""What is measured side by side: a server, how it starts, and how it is asked."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fiskaly_fixtures import TreeArguments

from benchmarks import mix
from benchmarks.asking import Request
from benchmarks.mix import Account, Requests

ROOT = Path(__file__).parents[1]


class Missing(Exception):
    """A candidate that this machine does not have; the text says what is lacking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a candidate finds things.

    Attributes:
        folder: Scratch files; `answers.json` and `contract.json` stand there.
        peers: The folder with the installed peers.
        account: Who calls.
    """

    folder: Path
    peers: Path
    account: Account


class Candidate(ABC):
    """A server of the contract; others change what differs.

    Attributes:
        name: What it is called on the command line.
        title: What it is called in a table.
        base: Under what path it serves the contract.
        ours: Whether it is what this project's users start.
    """

    name: str
    title: str
    base = "/api/v0"
    ours = False

    @abstractmethod
    def command(self, place: Place, port: int) -> Sequence[str]:
        """Return what starts it on a port of loopback.

        Raises:
            Missing: It is not installed.
        """

    def environment(self, place: Place) -> Mapping[str, str]:
        """Return what it needs in its environment."""
        return {}

    def version(self, place: Place) -> str:
        """Return its version, `""` for what is part of this project."""
        return ""

    def login(self, place: Place) -> Request:
        """Return the request whose first 200 says that it is there."""
        return mix.login(place.account, self.base)

    def requests(self, place: Place, port: int, session: Mapping[str, str]) -> Requests:
        """Return the mix; `session` is what the login answered."""
        return mix.requests(place.account, self.base, session["access_token"])

    def complaint(self, kind: mix.Kind, value: object) -> str:
        """Say what is wrong with the JSON of a 200, `""` if nothing is."""
        return mix.complaint(kind, value)

    def reset(self) -> Sequence[Request]:
        """Return what brings it back to its state after the start, in order."""
        return ()

    def refuses(self, create: Request) -> Request | None:
        """Return a request that its check should refuse; `None` if there is none to ask."""
        return mix.wrong(create)


class Ours(Candidate):
    """Our server as a user starts it, request log off."""

    name = "ours"
    title = "**fiskaly-mockserver**, all checks and journal"
    ours = True
    start: Sequence[str] = ("-m", "fiskaly_mockserver")
    log_level = "off"

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Return the command line."""
        size = place.account.size
        sized = () if size == TreeArguments().size else ("--size", str(size))
        flags = ("--port", str(port), "--log-level", self.log_level, *sized)
        return [sys.executable, *self.start, "serve", *flags]

    def environment(self, place: Place) -> Mapping[str, str]:
        """Return the import path, wherever it runs."""
        return {"PYTHONPATH": inherited_path()}

    def reset(self) -> Sequence[Request]:
        """Return the control call."""
        return [Request(method="POST", path="/_mock/reset")]


_FORGETFUL = """\
from fiskaly_mockserver.web import endpoint, service
endpoint.MOST_TARGETS = 0
service.RowCache.__init__.__kwdefaults__["room"] = 0
from fiskaly_mockserver.cli import main
main()
"""


class Forgetful(Ours):
    """Our server as if every target and every row were new: the most its checks can cost."""

    name = "forgetful"
    title = "**fiskaly-mockserver**, no verdict remembered, no row kept"
    start = ("-c", _FORGETFUL)


class OursLogging(Ours):
    """Our server with its request log, as it is by default."""

    name = "ours-log"
    title = "**fiskaly-mockserver**, request log on too"
    log_level = "info"


class _Script(Candidate):
    """A server that stands in `benchmarks/servers`."""

    module: str
    arguments: tuple[str, ...] = ()

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Return the command line."""
        module = f"benchmarks.servers.{self.module}"
        return [sys.executable, "-m", module, str(port), *self.arguments]

    def environment(self, place: Place) -> Mapping[str, str]:
        """Return the import path, this package on it."""
        return {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), inherited_path()]))}


class Unchecked(_Script):
    """The same app, store, presenters and authentication; no check, no journal."""

    name = "unchecked"
    title = "our app, store and authentication, no check or journal"
    module = "unchecked"

    def reset(self) -> Sequence[Request]:
        """Return the script's own route."""
        return [Request(method="POST", path="/reset")]


class Bare(_Script):
    """aiohttp answering JSON of the same size, and nothing else."""

    name = "bare"
    title = "bare aiohttp, JSON of the same size"
    module = "bare"


class CoreRequests(_Script):
    """Our server with openapi-core on every request."""

    name = "core-requests"
    title = "our server, openapi-core on every request"
    module = "openapi_core"
    arguments: tuple[str, ...] = ("requests",)

    def reset(self) -> Sequence[Request]:
        """Return the control call."""
        return [Request(method="POST", path="/_mock/reset")]


class CoreBoth(CoreRequests):
    """Our server with openapi-core on every request and every answer."""

    name = "core-both"
    title = "our server, openapi-core on every request and answer"
    arguments = ("requests", "answers")


OWN: Sequence[type[Candidate]] = (
    Ours,
    Unchecked,
    Forgetful,
    OursLogging,
    Bare,
    CoreRequests,
    CoreBoth,
)
"""What needs nothing but this project."""


def inherited_path() -> str:
    """Return the caller's PYTHONPATH for a child in another folder, nothing added."""
    entries = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return os.pathsep.join(str(Path(entry).absolute()) for entry in entries)
