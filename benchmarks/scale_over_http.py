"""A vendor's calls on a server with a world of a given size, and the memory it takes."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from fiskaly_fixtures import generate, secret_of

from benchmarks.setting import NEW
from benchmarks.timing import Task

PAGE = 20
_ADDRESS = re.compile(r"http://(127\.0\.0\.1):(\d+)(/api/v\d+)")
_CONTROL = "/_mock"


class Server:
    """A server in a process of its own; without a size it has no organization at all."""

    name = "over HTTP"

    def __init__(self, size: int | None) -> None:
        what = ["--preset", "empty"] if size is None else ["--size", str(size)]
        command = [sys.executable, "-m", "fiskaly_mockserver", "serve", "--port", "0", *what]
        self._open = ExitStack()
        self._process = self._open.enter_context(
            subprocess.Popen(  # noqa: S603 - our own command
                [*command, "--log-level", "off"], stdout=subprocess.PIPE, text=True
            )
        )
        self._open.callback(self._process.terminate)
        host, port, self._base = self._address()
        self._connection = HTTPConnection(host, port)
        self._open.callback(self._connection.close)
        self._names = (f"s{number}" for number in count())
        self._size = size or 0

    def resident_mebibytes(self) -> float:
        """Return how much memory the process has, after one answer; Linux only."""
        self._call("GET", f"{_CONTROL}/health")
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        kibibytes = re.search(r"VmRSS:\s+(\d+)", status)
        return int(kibibytes[1]) / 1024 if kibibytes else 0.0

    def tasks(self) -> Mapping[str, Task]:
        """Return the calls that should take the same time in a world of any size."""
        vendor, token = self._authenticated()
        everything = f"{self._base}/organizations"
        half = {"limit": PAGE, "offset": self._size // 2}
        middle = self._call("GET", _with(everything, half), token=token)["data"][0]["_id"]
        one = f"{everything}/{middle}"
        new = {**NEW, "managed_by_organization_id": vendor}

        def call(method: str, path: str, body: Mapping[str, object] | None = None) -> Task:
            return Task(
                prepare=lambda: None, run=lambda: self._call(method, path, body, token=token)
            )

        def control(method: str, path: str, body: Mapping[str, object] | None = None) -> Task:
            return Task(
                prepare=lambda: self._call("POST", everything, new, token=token),
                run=lambda: self._call(method, _CONTROL + path, body),
            )

        def reset() -> None:
            self._call("POST", f"{_CONTROL}/reset")

        def begin_in_sandbox() -> None:
            self._call("GET", f"{_CONTROL}/clock", sandbox=next(self._names))

        self._call("POST", f"{_CONTROL}/snapshots", {"name": "kept"})
        return {
            "list from the start": call("GET", _with(everything, {"limit": PAGE})),
            "list from the middle": call("GET", _with(everything, half)),
            "… latest first": call("GET", _with(everything, {**half, "order": "desc"})),
            "… by parent": call(
                "GET", _with(everything, {**half, "managed_by_organization_id": vendor})
            ),
            "… by name, again": call("GET", _with(everything, {**half, "order_by": "name"})),
            "… by type, again": call(
                "GET", _with(everything, {**half, "type": "MANAGED_ORGANIZATION"})
            ),
            "retrieve": call("GET", one),
            "create": call("POST", everything, new),
            "update": call("PATCH", one, {"name": "Bakery"}),
            "delete one from the middle": Task(
                prepare=reset, run=lambda: self._call("DELETE", one, token=token)
            ),
            "list keys": call("GET", f"{everything}/{vendor}/api-keys"),
            "list users": call("GET", f"{everything}/{vendor}/users"),
            "reset": control("POST", "/reset"),
            "snapshot": control("POST", "/snapshots", {"name": "new"}),
            "restore": control("POST", "/snapshots/kept/restore"),
            "new sandbox": Task(prepare=lambda: None, run=begin_in_sandbox),
        }

    def first_tasks(self) -> Mapping[str, Task]:
        """Return nothing: what is worked out from all rows is measured in process."""
        return {}

    def close(self) -> None:
        """Stop the server."""
        self._open.close()

    def _address(self) -> tuple[str, int, str]:
        for line in self._process.stdout or ():
            found = _ADDRESS.search(line)
            if found:
                return found[1], int(found[2]), found[3]
        raise RuntimeError("the server did not say where it listens")

    def _authenticated(self) -> tuple[str, str]:
        """Return the vendor's id and a token; a bigger tree begins with the smallest one."""
        vendor = generate(size=0).organizations[0]
        key = vendor.api_keys[0]
        login = {"api_key": key.key, "api_secret": secret_of(1, key.id)}
        return vendor.id, str(self._call("POST", f"{self._base}/auth", login)["access_token"])

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        token: str = "",
        sandbox: str = "",
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"X-Mock-Sandbox": sandbox} if sandbox else {}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, sent, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status >= 400:  # noqa: PLR2004 - HTTP's own border
            raise RuntimeError(f"{method} {path}: {answer.status} {said!r}")
        return cast("dict[str, Any]", json.loads(said))


def _with(path: str, query: Mapping[str, object]) -> str:
    return f"{path}?{urlencode(query)}"
