"""Calls to a server under check: sent within limits, judged, and cleaned up after.

What a call makes is deleted in reverse order at the end, and what stays is listed.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from fiskaly_contracts.conformance.checks import ExchangeCheck, assumptions_at
from fiskaly_contracts.conformance.exchanges import (
    CannotSendError,
    HttpExchange,
    Sender,
    UnreachableError,
    header,
)
from fiskaly_contracts.conformance.findings import Findings, Side
from fiskaly_contracts.json_value import JsonValue, pointer_to
from fiskaly_contracts.violations import Severity, Violation, Where

REFUSALS: Final = 400
SERVER_ERRORS: Final = 500


class CapReachedError(Exception):
    """As many requests were sent as were allowed."""


class BrokenJourneyError(Exception):
    """A step failed that all further ones need; the text says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read as far as it can be."""

    exchange: HttpExchange
    operation: str
    value: Any

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.exchange.status

    def at(self, *path: str | int) -> Any:
        """Return what stands at a place of the body; None where nothing does."""
        value = self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


@dataclass(slots=True)
class Probe:
    """Sends what journeys ask for, judges every answer, and keeps what it learns.

    Attributes:
        management: Base URL of the Management API, with `/api/v0`.
        sign_de: That of SIGN DE, with `/api/v2`; None leaves it out.
        check: Judges each exchange.
        send: Carries requests.
        loopback: Whether the server is on this machine, where a refusal costs nobody anything.
        signature_findings: What is wrong with a receipt's QR code, by its text.
        most_requests: The cap.
        pause: Seconds between two requests.
        before_each: Is called before each request but those that clean up; what it raises ends the
            run, when all that was made so far is known.
        findings: What was found.
        outcomes: For each assumption what confirmed (True) or refuted (False) it.
        not_verified: What could not be looked at, and why.
        leftovers: What was made and stays.
    """

    management: str
    sign_de: str | None
    check: ExchangeCheck
    send: Sender
    loopback: bool = True
    signature_findings: Callable[[str], list[str]] | None = None
    most_requests: int = 1_000
    pause: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    progress: Callable[[str], None] = lambda _: None
    before_each: Callable[[], None] = lambda: None
    findings: Findings = field(default_factory=Findings)
    outcomes: dict[str, dict[str, bool]] = field(default_factory=dict)
    not_verified: list[tuple[str, str]] = field(default_factory=list)
    leftovers: list[tuple[str, str]] = field(default_factory=list)
    requests: int = 0
    statuses: set[int] = field(default_factory=set)
    _undo: list[tuple[str, Callable[[], Answer]]] = field(default_factory=list)
    _request_ids: set[str] = field(default_factory=set)
    _cleaning: bool = False

    def call(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        *,
        token: str | None = None,
        query: Mapping[str, str | int] | None = None,
        sign_de: bool = False,
        raw: bytes | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Send a request and judge the exchange.

        Raises:
            UnreachableError: No answer came.
            BrokenJourneyError: What the server handed out before cannot be sent.
            CapReachedError: No more requests may be sent; cleaning up always may.
        """
        if self.requests >= self.most_requests and not self._cleaning:
            raise CapReachedError(f"{self.most_requests} requests were sent, the cap")
        if self.requests and self.pause:
            self.sleep(self.pause)
        if not self._cleaning:
            self.before_each()
        self.requests += 1
        base = self.sign_de if sign_de else self.management
        place = quote(path, errors="surrogatepass")
        url = f"{base}{place}{'?' + urlencode(query, errors='surrogatepass') if query else ''}"
        sent = raw
        if sent is None:
            text = "" if body is None else json.dumps(body, ensure_ascii=False)
            sent = text.encode("utf-8", "surrogatepass")
        headers = [("Accept", "application/json")]
        if sent:
            headers.append(("Content-Type", content_type))
        if token is not None:
            headers.append(("Authorization", f"Bearer {token}"))
        try:
            exchange = self.send(method, url, tuple(headers), sent)
        except CannotSendError as error:
            raise BrokenJourneyError(f"{method}: {error}") from error
        self.statuses.add(exchange.status)
        return self._judged(exchange, deliberate=raw is not None)

    def expect(
        self, answer: Answer, status: int, code: str = "", *, assumption: str = "", what: str = ""
    ) -> bool:
        """Demand a status, and a code; what a request deliberately breaks is refused like this."""
        fits = self.fact(
            answer,
            "expected-status",
            answer.status == status,
            where=Where.STATUS,
            expected=f"{status}{' for ' + what if what else ''}",
            got=str(answer.status),
            assumption=assumption,
        )
        if fits and code:
            fits = self.fact(
                answer,
                "expected-code",
                answer.at("code") == code,
                pointer="/code",
                expected=code,
                got=answer.at("code"),
                assumption=assumption,
            )
        return fits

    def need(self, answer: Answer, status: int = 200) -> Answer:
        """Demand a status without which the journey cannot go on.

        Raises:
            BrokenJourneyError: It is another.
        """
        if not self.expect(answer, status):
            raise BrokenJourneyError(f"{answer.operation} was answered {answer.status}")
        return answer

    def fact(
        self,
        answer: Answer,
        rule: str,
        holds: bool,  # noqa: FBT001 - the one thing that a fact is about
        *,
        pointer: str = "",
        where: Where = Where.BODY,
        expected: str = "",
        got: object = None,
        assumption: str = "",
        severity: Severity = Severity.ERROR,
    ) -> bool:
        """Note whether a fact beyond the contract holds, and return that."""
        for number in assumption.split():
            self.outcomes.setdefault(number, {})[f"{answer.operation} {rule}"] = holds
        if not holds:
            violation = Violation(
                where=where,
                pointer=pointer,
                rule=rule,
                expected=expected,
                got_text="" if got is None else _shown(got),
                operation_id=answer.operation,
                severity=severity,
            )
            found = self.check.finding(
                answer.exchange, answer.operation, violation, Side.RESPONSE, assumption=assumption
            )
            self.findings.add(found)
        return holds

    def same(
        self, answer: Answer, path: tuple[str | int, ...], wanted: object, *, assumption: str = ""
    ) -> bool:
        """Demand a value at a place of the body."""
        got = answer.at(*path)
        return self.fact(
            answer,
            "expected-value",
            type(got) is type(wanted) and got == wanted,
            pointer=pointer_to(path),
            expected=_shown(wanted),
            got=got,
            assumption=assumption,
        )

    def later(self, what: str, undo: Callable[[], Answer]) -> None:
        """Remember how to delete what was just made."""
        self._undo.append((what, undo))

    def done(self, what: str) -> None:
        """Forget what was deleted already."""
        self._undo = [one for one in self._undo if one[0] != what]

    def clean_up(self) -> None:
        """Delete what was made, the last thing first; what cannot be deleted is left over."""
        self._cleaning = True
        while self._undo:
            what, undo = self._undo.pop()
            try:
                answer = undo()
            except (UnreachableError, BrokenJourneyError) as error:
                self.leftovers.append((what, str(error)))
            else:
                if answer.status != 200:  # noqa: PLR2004 - every success is 200
                    self.leftovers.append((what, f"deleting was answered {answer.status}"))

    @contextmanager
    def journey(self, name: str) -> Iterator[None]:
        """Run a journey: one that breaks off is noted, and the others go on."""
        self.progress(name)
        try:
            yield
        except BrokenJourneyError as error:
            self.not_verified.append((name, f"broken off: {error}"))

    def _judged(self, exchange: HttpExchange, *, deliberate: bool) -> Answer:
        found = self.check.findings(exchange)
        called = self.check.routes.find(exchange.method, exchange.path)
        operation = called.operation.operation_id if called and called.operation else ""
        operation = operation or f"{exchange.method} {exchange.path}"
        # What a request breaks it breaks on purpose: the answer is what is looked at
        self.findings.add(*(one for one in found if one.side is Side.RESPONSE))
        if called is not None and called.operation is not None and not deliberate:
            bad = {number for one in found for number in one.assumption.split()}
            for number in bad:
                self.outcomes.setdefault(number, {})[f"{operation} {exchange.status}"] = False
            body = Violation(where=Where.BODY, pointer="", rule="", expected="")
            for number in assumptions_at(called, exchange.status, body).split():
                if number not in bad:
                    self.outcomes.setdefault(number, {})
        try:
            value = json.loads(exchange.response_body)
        except (ValueError, RecursionError):
            value = None
        answer = Answer(exchange, operation, value)
        if called is not None and called.operation is not None:
            self._recorded_headers(answer, on_management=called.contract.base_path == "/api/v0")
        return answer

    def _recorded_headers(self, answer: Answer, *, on_management: bool) -> None:
        """Check the headers that recordings show beyond what the contract declares."""
        headers = answer.exchange.response_headers
        took = header(headers, "x-response-time")
        self._header(answer, "Response-Time", took, header(headers, "response-time"))
        if not on_management:
            return
        plain = "application/json; charset=utf-8"
        self._header(answer, "Content-Type", plain, header(headers, "content-type").lower())
        number = header(headers, "x-request-id")
        self.fact(
            answer,
            "unique-request-id",
            number not in self._request_ids or not number,
            where=Where.HEADER,
            pointer="/X-Request-Id",
            expected="another one than of any answer before",
        )
        self._request_ids.add(number)

    def _header(self, answer: Answer, name: str, wanted: str, got: str) -> None:
        self.fact(
            answer,
            "recorded-header",
            got == wanted,
            where=Where.HEADER,
            pointer=f"/{name}",
            expected=wanted or "none",
            got=got,
        )


def _shown(value: object) -> str:
    """Return a value as messages show it, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004 - as all client text
