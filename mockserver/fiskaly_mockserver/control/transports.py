"""How control calls come to a server: over HTTP, or in the same process without a socket."""

import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from fiskaly_contracts import Contract, JsonValue

from fiskaly_mockserver.control.client import Body, ControlRefused
from fiskaly_mockserver.world.names import SANDBOX_HEADER, TOKEN_HEADER

__tracebackhide__ = True
"""For pytest, which would show headers and bodies of a call that fails, with their secrets."""
LONGEST_WAIT = 65.0
"""Seconds until a call without an answer is given up; a journal wait may take 60."""


class ServerUnreachable(Exception):
    """No fiskaly-mockserver answers at the address."""


def opener(ca_file: Path | None = None) -> OpenerDirector:
    """Return what opens addresses of servers, with no proxy: it knows nothing of this machine.

    Args:
        ca_file: The CA to trust, as PEM, for a server that speaks TLS by one of its own.

    Raises:
        ServerUnreachable: The file is no such CA.
    """
    if ca_file is None:
        return build_opener(ProxyHandler({}))
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # that of a file, or of TLS
        reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ServerUnreachable(f"ca_file {str(ca_file)!r} cannot be used: {reason}") from error
    return build_opener(ProxyHandler({}), HTTPSHandler(context=context))


class HttpTransport:
    """Carries control calls over HTTP.

    Args:
        url: The control address, as `http://127.0.0.1:8722/_mock`.
        token: What a server that listens beyond loopback asks for.
        timeout: Seconds to wait for an answer.
        ca_file: The CA to trust, if the server speaks TLS by one.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        timeout: float = LONGEST_WAIT,
        ca_file: Path | None = None,
    ) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ServerUnreachable(f"{url!r} is no http:// address")
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._opener = opener(ca_file)

    @cached_property
    def _contract(self) -> Contract:
        return Contract.control()

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: Body | None,
        sandbox: str | None,
    ) -> JsonValue:
        """Return the JSON of a 200.

        Raises:
            ControlRefused: The server answered anything else.
            ServerUnreachable: Nobody answers, or somebody else.
        """
        operation = self._contract.operations[operation_id]
        quoted = {name: quote(value, "", errors="surrogateescape") for name, value in path.items()}
        target = operation.path.format_map(quoted)
        headers = {}
        if sandbox is not None:
            headers[SANDBOX_HEADER] = sandbox
        if self._token is not None:
            headers[TOKEN_HEADER] = self._token
        _demand_sendable(path, headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = Request(  # noqa: S310 - the scheme was looked at
            self._url + target + (f"?{urlencode(query)}" if query else ""),
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=operation.method,
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return _json(answer.read(), self._url)
        except HTTPError as error:
            said = b""
            with error, suppress(HTTPException, OSError):  # it may break off
                said = error.read()
            raise _refusal(error.code, said) from None
        except (URLError, HTTPException, OSError, UnicodeError) as error:
            reason = getattr(error, "reason", error)
            raise ServerUnreachable(f"no server answers at {self._url}: {reason}") from None


def _demand_sendable(path: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """Refuse what no request line or header can hold, as the server would if it could."""
    for name, value in path.items():
        if not value:
            raise ControlRefused(400, f"{name} should not be empty", name)
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise ControlRefused(400, f"{name} should be printable ASCII", name)


def _json(body: bytes, url: str) -> JsonValue:
    try:
        parsed: JsonValue = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ServerUnreachable(f"what answers at {url} is no fiskaly-mockserver") from error
    return parsed


def _refusal(status: int, body: bytes) -> ControlRefused:
    try:
        said = json.loads(body)
        return ControlRefused(
            status,
            str(said["message"]),
            str(said.get("field", "")),
            tuple(str(one) for one in said.get("allowed", ())),
        )
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return ControlRefused(status, f"the server answered {status} without a reason")


Ask = Callable[
    [str, Mapping[str, str], Mapping[str, str], bytes, str | None], tuple[int, JsonValue]
]
"""Makes a call in this process, of operation, path, query, body and sandbox: status and JSON."""


class LocalTransport:
    """Carries control calls to a server in this process, without a socket between.

    Calls are checked as those over HTTP are; only tokens and origins do not matter here.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: Body | None,
        sandbox: str | None,
    ) -> JsonValue:
        """Return the JSON of a 200.

        Raises:
            ControlRefused: The call was refused.
        """
        sent = b"" if body is None else json.dumps(body).encode()
        status, answered = self._ask(operation_id, path, query, sent, sandbox)
        if status == 200:  # noqa: PLR2004 - the one status of success
            # As over HTTP: nobody holds an object that the server works on
            copied: JsonValue = json.loads(json.dumps(answered))
            return copied
        refused = answered if isinstance(answered, dict) else {}
        allowed = refused.get("allowed", [])
        raise ControlRefused(
            status,
            str(refused.get("message", "")),
            str(refused.get("field", "")),
            tuple(str(one) for one in allowed) if isinstance(allowed, list) else (),
        )
