"""Runs transcripts against a server on a real socket, and writes down what it answers."""

import difflib
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fiskaly_fixtures import OrganizationTree, password_of, secret_of
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.seams import SeededSource
from fiskaly_mockserver.world.world import Seams
from golden.transcript import (
    KINDS,
    PLACEHOLDER,
    Message,
    Names,
    Step,
    Transcript,
    TranscriptError,
    laid_out,
)

START = 1_767_225_600.0
"""Midnight of 1 January 2026 in UTC: when every transcript begins."""

VOLATILE = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "request-id",
        "response-time",
        "x-request-id",
        "x-response-time",
    }
)
"""Headers that transcripts leave out; any other one that comes has to be written down."""


class GoldenMismatch(AssertionError):
    """An answer is not the one that was written down; the message is a diff."""


@dataclass(slots=True)
class Runner:
    """A server of one transcript, and what its placeholders stand for."""

    connection: http.client.HTTPConnection
    base_path: str
    clock: FrozenClock
    names: Names

    def run(self, step: Step) -> Message:
        """Send a step's request and return the answer as text.

        Raises:
            TranscriptError: The request has a name that is not bound.
        """
        self.clock.advance(float(step.settings.get("advance", 0)))
        method, path = self.names.fill(step.request.first_line).split()
        headers = dict(self.names.fill(header).split(": ", 1) for header in step.request.headers)
        body = self.names.fill(step.request.body, in_json=True).encode()
        self.connection.request(method, self.base_path + path, body or None, headers)
        response = self.connection.getresponse()
        return _text_of(response, response.read())

    def check(self, step: Step) -> None:
        """Run a step and demand the answer that was written down.

        Raises:
            GoldenMismatch: It is another one.
        """
        answer = self.run(step)
        if step.expected is None:
            raise GoldenMismatch(f"{step.title}: no answer is written down; it is\n\n{answer}")
        expected = canonical(step.expected)
        if not self.names.bind(str(expected), str(answer)):
            raise GoldenMismatch(f"{step.title}\n{self._diff(str(expected), str(answer))}")

    def update(self, step: Step) -> Step:
        """Run a step and write its answer down, with names for what is not the same twice."""
        answer = self.run(step)
        old = step.expected.body if step.expected else ""
        body = answer.body
        if _is_json(body):
            named = self._named(json.loads(body), json.loads(old) if _is_json(old) else None)
            body = laid_out(named)
        return replace(step, expected=replace(answer, body=body))

    def _named(self, got: Any, old: Any, field: str = "value") -> Any:
        if isinstance(got, dict):
            olds = old if isinstance(old, dict) else {}
            return {key: self._named(got[key], olds.get(key), key) for key in got}
        if isinstance(got, list):
            padded = [*(old if isinstance(old, list) else []), *[None] * len(got)]
            return [self._named(one, was, field) for one, was in zip(got, padded, strict=False)]
        return self._name(got, old, field) if isinstance(got, str) else got

    def _name(self, got: str, old: object, field: str) -> str:
        if name := self.names.name_of(got):
            return f"{{{{{name}}}}}"
        if isinstance(old, str) and PLACEHOLDER.search(old) and self.names.bind(old, got):
            return old
        for kind, pattern in KINDS.items():
            if re.fullmatch(pattern, got):
                name = f"{field.strip('_')}_{len(self.names.values)}"
                self.names.values[name] = got
                return f"{{{{{name} = {kind}}}}}"
        return got

    def _diff(self, expected: str, got: str) -> str:
        """Compare line by line; a placeholder that fits its line is no difference."""
        lines, others = expected.splitlines(), got.splitlines()
        trial = Names(dict(self.names.values))
        matcher = [
            next((other for other in others if trial.bind(line, other)), line)
            if PLACEHOLDER.search(line)
            else line
            for line in lines
        ]
        return "\n".join(
            difflib.unified_diff(matcher, others, "written down", "answered", lineterm="", n=50)
        )


def canonical(expected: Message) -> Message:
    """Return an expected answer with its headers and body laid out as answers are."""
    body = laid_out(json.loads(expected.body)) if _is_json(expected.body) else expected.body
    return Message(expected.first_line, tuple(sorted(expected.headers)), body)


@contextmanager
def running(transcript: Transcript) -> Iterator[Runner]:
    """Serve the tree that a transcript asks for; afterwards the server must have been right."""
    known = {"preset", "size", "seed", "api"}
    if unknown := transcript.settings.keys() - known:
        raise TranscriptError(f"no setting {sorted(unknown)}; there are {sorted(known)}")
    config = ServerConfig(
        port=0,
        preset=transcript.settings.get("preset", "single"),
        size=int(transcript.settings.get("size", 0)),
        seed=int(transcript.settings.get("seed", 1)),
    )
    clock, source = FrozenClock(START), SeededSource("golden")
    seams = Seams(clock=clock, ids=source, secrets=source)
    with MockServer(config, seams=seams) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        with closing(connection):
            sign_de = transcript.settings.get("api") == "sign-de"
            base_url = str(server.sign_de_url) if sign_de else server.base_url
            base_path = base_url.partition(f":{server.port}")[2]
            yield Runner(connection, base_path, clock, Names(names_in(server.spec)))
        server.verify()


def names_in(tree: OrganizationTree) -> dict[str, str]:
    """Return the names that a transcript finds bound: those of the vendor and its admin."""
    vendor = tree.main
    if vendor is None:
        return {}
    admin = next(user for user in tree.users if user.id == vendor.created_by_user)
    names = {
        "vendor.id": vendor.id,
        "vendor.name": vendor.name,
        "vendor.display_name": vendor.display_name or "",
        "admin.id": admin.id,
        "admin.email": admin.email,
        "admin.first_name": admin.first_name or "",
        "admin.last_name": admin.last_name or "",
        "admin.password": password_of(tree.seed, admin.id),
    }
    for key in vendor.api_keys:
        prefix = f"vendor.{key.env.lower()}"
        names[f"{prefix}.key"] = key.key
        names[f"{prefix}.secret"] = secret_of(tree.seed, key.id)
        names[f"{prefix}.id"] = key.id
        names[f"{prefix}.principal"] = key.principal_id
    return names


def _text_of(response: http.client.HTTPResponse, raw: bytes) -> Message:
    """Write an answer down; a body that is not compact raw UTF-8 is shown as it came."""
    headers = [
        f"{name}: {value}" for name, value in response.getheaders() if name.lower() not in VOLATILE
    ]
    text = raw.decode()
    if _is_json(text):
        value = json.loads(text)
        compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if compact == text:
            text = laid_out(value)
    version = {10: "1.0", 11: "1.1"}[response.version]
    first_line = f"HTTP/{version} {response.status} {response.reason}"
    return Message(first_line, tuple(sorted(headers)), text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
