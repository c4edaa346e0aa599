"""A recording sent again, in its order, and what came back differently.

Status, code, fields, their types and their order are compared, and words in capitals as states;
times, ids and texts are not. What the server hands out, ids, tokens, keys, secrets and PUKs, takes
the place of what was recorded in all that follows.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, unquote
from uuid import uuid4

from fiskaly_contracts.conformance.checks import ExchangeCheck
from fiskaly_contracts.conformance.exchanges import (
    CannotSendError,
    HttpExchange,
    Pairs,
    Sender,
    UnreachableError,
    header,
)
from fiskaly_contracts.conformance.findings import Findings, Side
from fiskaly_contracts.document import Contract
from fiskaly_contracts.json_value import JsonValue, Tokens, kind_of, pointer_to
from fiskaly_contracts.violations import Violation, Where

_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",
)
_STATE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_HANDED_OUT: Final = frozenset(
    {"access_token", "refresh_token", "key", "secret", "admin_puk", "serial_number"}
)
_FREE: Final = frozenset({"metadata", "schema"})
"""What a client has sent comes back in them, and is compared by its kind alone."""
_IN_QUERIES: Final = "%!$&'()*+,;=:@/?[]"
_UNAUTHORIZED: Final = 401
_REFUSALS: Final = 400


class Replay:
    """Sends recorded exchanges to another server, and compares.

    Args:
        targets: Base URL by base path, as `/api/v0`.
        send: Carries requests.
        credentials: Key and secret that take the place of the first that were accepted.
        fresh_ids: Whether ids that the client chose itself are replaced by new ones, as a server
            that has seen the recording before needs.

    Attributes:
        findings: What came back differently.
        check: Counts the exchanges that were compared.
        skipped: Exchanges that could not be sent, or of which the status alone could be compared,
            and why.
    """

    def __init__(
        self,
        targets: dict[str, str],
        send: Sender,
        credentials: tuple[str, str],
        *,
        fresh_ids: bool = False,
    ) -> None:
        """Send nothing yet."""
        contracts = (Contract.bundled(), Contract.sign_de())
        self.findings = Findings()
        self.check = ExchangeCheck(*contracts)
        self.skipped: list[tuple[str, str]] = []
        self._targets = targets
        self._send = send
        self._credentials = credentials
        self._fresh_ids = fresh_ids
        self._stands_for: dict[str, str] = {}
        self._token = ""

    def run(self, exchanges: Iterable[HttpExchange], name: str) -> None:
        """Send exchanges in their order.

        Raises:
            UnreachableError: No answer came.
        """
        for index, exchange in enumerate(exchanges):
            place = f"entry {index} of {name}"
            if exchange.is_preflight:
                continue
            called = self.check.routes.find(exchange.method, exchange.path)
            if called is None or called.contract.base_path not in self._targets:
                self.skipped.append((place, "it calls no API that is replayed"))
            elif not exchange.status or exchange.why_not("request"):
                why = exchange.why_not("request") or "no answer was recorded"
                self.skipped.append((place, why))
            else:
                try:
                    answer = self._sent(exchange, called.contract.base_path)
                except CannotSendError as error:
                    self.skipped.append((place, str(error)))
                    continue
                except UnreachableError as error:
                    self.skipped.append((f"from {place} on", str(error)))
                    raise
                operation = called.operation
                if exchange.why_not("answer"):
                    self.skipped.append((place, exchange.why_not("answer")))
                self.check.findings(answer)  # counts it; the contract is what `verify` is for
                self._compare(
                    exchange,
                    answer,
                    operation.operation_id if operation else f"{exchange.method} {exchange.path}",
                    place,
                )

    def _sent(self, exchange: HttpExchange, base_path: str) -> HttpExchange:
        before, _, after = exchange.url.partition(base_path)
        del before  # the recorded host is called by nobody
        path, mark, query = after.partition("#")[0].partition("?")
        if self._fresh_ids and exchange.method == "PUT" and exchange.status < _REFUSALS:
            for found in _UUID.findall(path):
                self._stands_for.setdefault(found, str(uuid4()))
        path = "/".join(_quoted(self._mapped(unquote(part))) for part in path.split("/"))
        query = _quoted(self._mapped(query), safe=_IN_QUERIES)  # of some tools it is raw
        url = f"{self._targets[base_path]}{path}{mark}{query}"
        body = self._body(exchange)
        return self._send(exchange.method, url, self._headers(exchange, len(body)), body)

    def _headers(self, exchange: HttpExchange, length: int) -> Pairs:
        """Return the headers that matter, with a token of this server."""
        kept = [("Accept", "application/json")]
        media_type = header(exchange.request_headers, "content-type")
        if media_type and length:
            kept.append(("Content-Type", media_type))
        bearer = header(exchange.request_headers, "authorization")
        if bearer:
            mapped = self._mapped(bearer)
            scheme, _, token = bearer.partition(" ")
            if mapped == bearer and token and exchange.status != _UNAUTHORIZED and self._token:
                mapped = f"{scheme} {self._token}"  # recorded elsewhere
            kept.append(("Authorization", mapped))
        return tuple(kept)

    def _body(self, exchange: HttpExchange) -> bytes:
        try:
            value: JsonValue = json.loads(exchange.request_body)
        except (ValueError, RecursionError):
            return exchange.request_body
        if (
            exchange.status < _REFUSALS
            and isinstance(value, dict)
            and {"api_key", "api_secret"} <= value.keys()
            and str(value["api_key"]) not in self._stands_for
        ):
            key, secret = self._credentials
            self._stands_for[str(value["api_key"])] = key
            self._stands_for[str(value["api_secret"])] = secret
        return json.dumps(self._deep(value), ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _deep(self, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {name: self._deep(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._deep(item) for item in value]
        return self._mapped(value) if isinstance(value, str) else value

    def _mapped(self, text: str) -> str:
        """Put what this server handed out in the place of what was recorded."""
        whole = self._stands_for.get(text)
        if whole is not None:
            return whole
        scheme, blank, token = text.partition(" ")
        if blank and token in self._stands_for:
            return f"{scheme} {self._stands_for[token]}"
        return _UUID.sub(lambda match: self._stands_for.get(match[0], match[0]), text)

    # ------------------------------------------------------------------ what came back

    def _compare(
        self, recorded: HttpExchange, answer: HttpExchange, operation: str, place: str
    ) -> None:
        for violation in _differences(recorded, answer):
            self.findings.add(
                self.check.finding(answer, operation, violation, Side.RESPONSE, seen=place)
            )
        old, new = _json(recorded.response_body), _json(answer.response_body)
        self._learn(old, new, "")
        if isinstance(new, dict) and isinstance(new.get("access_token"), str):
            self._token = new["access_token"]

    def _learn(self, old: Any, new: Any, name: str) -> None:
        """Note what was handed out at the same places."""
        if isinstance(old, dict) and isinstance(new, dict):
            for key, item in old.items():
                self._learn(item, new.get(key), key)
        elif isinstance(old, list) and isinstance(new, list):
            for one, other in zip(old, new, strict=False):
                self._learn(one, other, name)
        elif isinstance(old, str) and isinstance(new, str) and old != new:
            is_id = _UUID.fullmatch(old) and _UUID.fullmatch(new)
            if name in _HANDED_OUT or is_id:
                self._stands_for.setdefault(old, new)


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="surrogatepass")


def _differences(recorded: HttpExchange, answer: HttpExchange) -> Iterator[Violation]:
    if recorded.status != answer.status:
        yield _violation(
            Where.STATUS, (), "replay-status", str(recorded.status), str(answer.status)
        )
        return
    if recorded.why_not("answer"):
        return
    kinds = [
        header(one.response_headers, "content-type").lower() or "none" for one in (recorded, answer)
    ]
    if kinds[0] != kinds[1]:
        yield _violation(Where.MEDIA_TYPE, (), "replay-media-type", kinds[0], kinds[1])
    values = [_json(one.response_body) for one in (recorded, answer)]
    if "json" in kinds[0]:
        yield from _compared(values[0], values[1], ())


def _compared(old: Any, new: Any, tokens: Tokens) -> Iterator[Violation]:
    if kind_of(old) != kind_of(new):
        yield _violation(Where.BODY, tokens, "replay-type", kind_of(old), kind_of(new))
    elif isinstance(old, dict):
        if tokens and tokens[-1] in _FREE:
            return
        yield from _fields(old, new, tokens)
        for name in old:
            if name in new:
                yield from _compared(old[name], new[name], (*tokens, name))
    elif isinstance(old, list) and old and new:
        yield from _compared(old[0], new[0], (*tokens, 0))
    elif isinstance(old, str) and old != new and _STATE.fullmatch(old):
        if tokens and tokens[-1] in _HANDED_OUT:
            return
        rule = "replay-code" if tokens[-1:] == ("code",) else "replay-value"
        yield _violation(Where.BODY, tokens, rule, old, new if _STATE.fullmatch(new) else "a text")


def _fields(old: dict[str, Any], new: dict[str, Any], tokens: Tokens) -> Iterator[Violation]:
    for name in old:
        if name not in new:
            yield _violation(Where.BODY, (*tokens, name), "replay-missing", "there", "missing")
    for name in new:
        if name not in old:
            yield _violation(Where.BODY, (*tokens, name), "replay-additional", "absent", "there")
    shared = [name for name in old if name in new]
    order = [name for name in new if name in old]
    if shared != order:
        yield _violation(Where.BODY, tokens, "replay-order", ", ".join(shared), ", ".join(order))


def _violation(where: Where, tokens: Tokens, rule: str, old: str, new: str) -> Violation:
    return Violation(
        where=where,
        pointer=pointer_to(tokens),
        rule=rule,
        expected=f"as recorded: {old}",
        got_text=new,
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
