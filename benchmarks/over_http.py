"""Worlds of servers in processes of their own, reached as other languages reach them."""

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import count
from typing import Any, cast
from urllib.parse import urlsplit

from fiskaly_fixtures import OrganizationTree

from benchmarks.setting import CHANGES, NEW, Setting
from benchmarks.timing import Task


class OverHttp(Setting):
    """Control calls on loopback, on a connection that is kept open."""

    name = "over HTTP"
    most_seconds = 0.005

    def __init__(self) -> None:
        self._open = ExitStack()

    def tasks(self, tree: OrganizationTree) -> Mapping[str, Task]:
        """Return the measured operations on a world of that tree, by their names.

        The changes before each operation are those of a snapshot, which is restored.
        """
        client = _Client(tree, self._open)
        names = (f"sandbox-{number}" for number in count())
        for snapshot in ("kept", "changed"):
            client.control("POST", "/reset")
            client.change()
            client.control("POST", "/snapshots", {"name": snapshot})

        def change() -> None:
            client.control("POST", "/snapshots/changed/restore")

        def reset() -> None:
            client.control("POST", "/reset")

        def begin_in_sandbox() -> None:
            client.control("GET", "/clock", sandbox=next(names))

        def snapshot_again() -> None:
            client.control("POST", "/snapshots", {"name": "again"})

        def restore() -> None:
            client.control("POST", "/snapshots/kept/restore")

        return {
            "reset": Task(prepare=change, run=reset),
            "new sandbox": Task(prepare=change, run=begin_in_sandbox),
            "snapshot": Task(prepare=change, run=snapshot_again),
            "restore": Task(prepare=change, run=restore),
        }

    def close(self) -> None:
        """Stop the servers."""
        self._open.close()


class _Client:
    """A server with a tree like the given one, and a connection to it."""

    def __init__(self, tree: OrganizationTree, resources: ExitStack) -> None:
        command = [sys.executable, "-m", "fiskaly_mockserver", "serve", "--json", "--port", "0"]
        what = ["--preset", tree.preset, "--seed", str(tree.seed), "--size", str(tree.size)]
        server = resources.enter_context(
            subprocess.Popen(  # noqa: S603 - our own command
                [*command, *what, "--country", tree.country, "--log-level", "off"],
                stdout=subprocess.PIPE,
            )
        )
        resources.callback(server.terminate)
        ready = json.loads(server.stdout.readline() if server.stdout else b"")
        base, control = urlsplit(ready["base_url"]), urlsplit(ready["control_url"])
        self._base_path, self._control_path = base.path, control.path
        self._connection = HTTPConnection(base.hostname or "", base.port)
        resources.callback(self._connection.close)
        self._home = ready["organizations"][0]["id"]
        self._key = ready["organizations"][0]["api_keys"][0]

    def control(
        self, method: str, path: str, body: Mapping[str, object] | None = None, sandbox: str = ""
    ) -> None:
        """Make a control call."""
        headers = {"X-Mock-Sandbox": sandbox} if sandbox else {}
        self._call(method, self._control_path + path, body, headers)

    def change(self) -> None:
        """Make organizations, and change them."""
        login = {"api_key": self._key["key"], "api_secret": self._key["secret"]}
        session = self._call("POST", f"{self._base_path}/auth", login, {})
        caller = {"Authorization": f"Bearer {session['access_token']}"}
        organizations = f"{self._base_path}/organizations"
        new = {**NEW, "managed_by_organization_id": self._home}
        for _ in range(CHANGES):
            made = self._call("POST", organizations, new, caller)
            changes = {"display_name": "Bakery"}
            self._call("PATCH", f"{organizations}/{made['_id']}", changes, caller)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        sent = None if body is None else json.dumps(body).encode()
        typed = {} if body is None else {"Content-Type": "application/json"}
        self._connection.request(method, path, sent, {**headers, **typed})
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status >= 400:  # noqa: PLR2004 - HTTP's own border
            raise RuntimeError(f"{method} {path}: {answer.status} {said!r}")
        return cast("dict[str, Any]", json.loads(said))
