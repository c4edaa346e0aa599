"""What servers that are broken on purpose do to answers: one change to those of one operation."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fiskaly_contracts import Contract
from fiskaly_contracts.conformance.exchanges import HttpExchange, Pairs, Routes, Sender

Change = Callable[[HttpExchange], HttpExchange]
ROUTES = Routes(Contract.bundled(), Contract.sign_de())


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One server: which answers it changes and how, and what must be found.

    Attributes:
        operation: Whose answers are changed.
        change: What becomes of an answer.
        found: Part, pointer and rule of the finding.
        status: The status of the answers that are changed.
        writes: Whether it takes a run with `--writes` to meet it.
        shows_at: Another operation where the fault has consequences; "*" for every one.
    """

    operation: str
    change: Change
    found: tuple[str, str, str]
    status: int = 200
    writes: bool = False
    shows_at: str = ""


class BrokenSender:
    """Carries requests to a good server, and breaks its answers."""

    def __init__(self, broken: Broken, send: Sender) -> None:
        self._send = send
        self._broken = broken
        self.struck = 0

    def __call__(self, method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        exchange = self._send(method, url, headers, body)
        called = ROUTES.find(method, exchange.path)
        name = called.operation.operation_id if called and called.operation else ""
        if (name, exchange.status) != (self._broken.operation, self._broken.status):
            return exchange
        changed = self._broken.change(exchange)
        self.struck += changed != exchange
        return changed


def body(change: Callable[[Any], Any]) -> Change:
    """Change the JSON of an answer, in place or by a new value."""

    def apply(exchange: HttpExchange) -> HttpExchange:
        value = json.loads(exchange.response_body)
        result = change(value)
        raw = json.dumps(value if result is None else result).encode()
        return exchange._replace(response_body=raw)

    return apply


def put(**values: Any) -> Change:
    """Set properties."""
    return body(lambda value: value.update(values))


def row(**values: Any) -> Change:
    """Set properties of a list's first row."""
    return body(lambda value: value["data"][0].update(values) if value["data"] else None)


def without(name: str) -> Change:
    """Leave a property out."""
    return body(lambda value: {key: item for key, item in value.items() if key != name})


def backwards(exchange: HttpExchange) -> HttpExchange:
    """Turn the fields of the answer round."""
    value = json.loads(exchange.response_body)
    return exchange._replace(response_body=json.dumps(dict(reversed(value.items()))).encode())


def status(number: int) -> Change:
    """Answer with another status."""
    return lambda exchange: exchange._replace(status=number)


def headers(change: Mapping[str, str | None]) -> Change:
    """Set headers, or leave them out."""

    def apply(exchange: HttpExchange) -> HttpExchange:
        kept = [pair for pair in exchange.response_headers if pair[0].lower() not in change]
        added = [(name, value) for name, value in change.items() if value is not None]
        return exchange._replace(response_headers=(*kept, *added))

    return apply


def text(raw: bytes) -> Change:
    """Answer with other bytes."""
    return lambda exchange: exchange._replace(response_body=raw)


def accepted(**answer: Any) -> Change:
    """Answer 200 where a refusal was due."""
    return lambda exchange: exchange._replace(status=200, response_body=json.dumps(answer).encode())


def below(name: str, change: Callable[[Any], Any]) -> Change:
    """Change what stands in one property."""
    return body(lambda value: value.update({name: change(value[name])}))


def answered(where: Callable[[HttpExchange], bool], change: Change) -> Change:
    """Change only some of the answers."""
    return lambda exchange: change(exchange) if where(exchange) else exchange


def sent(part: bytes) -> Callable[[HttpExchange], bool]:
    return lambda exchange: part in exchange.request_body


def asked(part: str) -> Callable[[HttpExchange], bool]:
    return lambda exchange: part in exchange.url


def other_signature(value: Any) -> Any:
    """Change the first character of a signature: the same length, another number."""
    first = "B" if value["value"].startswith("A") else "A"
    return {**value, "value": first + value["value"][1:]}


def each_time_later(numbers: Iterator[int]) -> Change:
    """Move the expiry of a session, further each time."""
    return body(
        lambda value: value.update(
            access_token_expires_at=value["access_token_expires_at"] + next(numbers)
        )
    )
