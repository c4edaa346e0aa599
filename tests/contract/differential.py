"""Compares the compiled check with the authority, message by message and value by value.

Run for long: `PYTHONPATH=tests python -m contract.differential [MESSAGES [SEED]]`, a million
messages by default, both contracts, in ten minutes or so. The tests run the same with fewer.

A message costs the authority a millisecond or two, most of it to find its way through the document
again; its verdict on a body alone, by the validator it would make itself, a fifth of that. So the
many bodies are compared as values, each schema once, and whole messages with all that is around.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from contract.exclusions import EXCLUSIONS, excluded_request, excluded_response, excluded_value
from contract.messages import JSON, Messages
from fiskaly_contracts import (
    Checker,
    Contract,
    Operation,
    RequestData,
    ResponseData,
    Severity,
    parse_body,
)
from fiskaly_contracts.authority import Authority
from fiskaly_contracts.compiled.patterns import NoTranslationError
from fiskaly_contracts.compiled.validators import Validators
from fiskaly_contracts.fields import resolve


@dataclass
class Tally:
    """What was compared, and where the two differed."""

    compared: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    laxer: list[str] = field(default_factory=list)
    stricter: list[str] = field(default_factory=list)

    def note(
        self, name: str, *, quick: bool, allowed: bool, what: object, excluded: str | None = None
    ) -> None:
        """Note one verdict of each; `excluded` names why the compiled one may be stricter."""
        self.compared[name] += 1
        self.accepted[name] += allowed
        told = f"{name}: {what!r:.600}"
        if quick and not allowed:
            self.laxer.append(told)
        elif allowed and not quick:
            if excluded is None:
                self.stricter.append(told)
            else:
                assert excluded in EXCLUSIONS
                self.excluded[excluded] += 1


class Differential:
    """Both checks of one contract, side by side."""

    def __init__(self, contract: Contract, seed: int = 1) -> None:
        self.contract = contract
        self.checker = Checker(contract)
        self.authority = Authority(contract)
        self.messages = Messages(contract, seed)
        self.tally = Tally()

    # ---------------------------------------------------------------------- whole messages

    def requests(self, operation: Operation, count: int, odd: int = 12) -> None:
        """Compare so many requests of one operation, and what an accepted one comes to."""
        for data in islice(self.messages.requests(operation, odd), count):
            self.request(operation, data)

    def request(self, operation: Operation, data: RequestData) -> None:
        """Compare one request."""
        quick = self.checker.accepted(data)
        violations = self.authority.request(data)
        errors = [v for v in violations if v.severity is Severity.ERROR]
        self.tally.note(
            f"request {operation.operation_id}",
            quick=quick is not None,
            allowed=not errors,
            what=data,
            excluded=excluded_request(operation, data),
        )
        if quick is not None and not errors:
            assert list(quick.warnings) == violations
            assert dict(quick.query) == operation.query(data.query)
            body = parse_body("", data.body) if operation.has_body and data.body else None
            assert json.dumps(quick.body) == json.dumps(body.value if body else None)

    def responses(self, operation: Operation, status: int, count: int, odd: int = 12) -> None:
        """Compare so many responses of one operation with one status."""
        for data in islice(self.messages.responses(operation, status, odd), count):
            self.response(data)

    def response(self, data: ResponseData) -> None:
        """Compare one response."""
        quick = self.checker._accepts_response(data)
        errors = self.authority.response(data)
        self.tally.note(
            f"response {data.operation_id} {data.status}",
            quick=quick,
            allowed=not errors,
            what=data,
            excluded=excluded_response(data),
        )
        assert (self.checker.response(data) == []) == (not errors)

    def some_requests(self, operation: Operation, count: int) -> Iterator[RequestData]:
        """Yield requests good and bad, to be looked at by the caller."""
        return islice(self.messages.requests(operation, 12), count)

    def some_responses(
        self, operation: Operation, status: int, count: int
    ) -> Iterator[ResponseData]:
        """Yield responses good and bad, to be looked at by the caller."""
        return islice(self.messages.responses(operation, status, 12), count)

    # ---------------------------------------------------------------------- values alone

    def values(self, name: str, schema: Mapping[str, Any], path: str, count: int) -> None:
        """Compare so many values of the schema at a place of the document, in both directions."""
        for writing in (True, False):
            label = f"{'request' if writing else 'response'} {name}"
            accepts = self._compiled(schema, writing=writing)
            if accepts is None:
                self.tally.excluded["no-translation"] += 1
                continue
            allows = self._deciding(path, writing=writing)
            for value in islice(self.messages.values(schema), count):
                self.tally.note(
                    label,
                    quick=_quietly(accepts, value),
                    allowed=_quietly(allows, value),
                    what=value,
                    excluded=excluded_value(value),
                )

    def _compiled(
        self, schema: Mapping[str, Any], *, writing: bool
    ) -> Callable[[Any], bool] | None:
        try:
            return Validators(self.contract.document).of_parsed(schema, writing=writing)
        except NoTranslationError:
            return None

    def _deciding(self, path: str, *, writing: bool) -> Callable[[Any], bool]:
        """Return the authority's own validator of a place; `path` is like `paths#/x#get`."""
        asked = self.authority._requests if writing else self.authority._responses
        place = self.authority._spec
        for step in path.split("#"):
            place = place / step
        accepts: Callable[[Any], bool] = asked.schema_validators_factory.create(
            self.authority._spec, place
        ).validator.is_valid
        return accepts


def _quietly(accepts: Callable[[Any], bool], value: Any) -> bool:
    """Ask a validator; one that raises refuses, as it does inside both checks."""
    try:
        return accepts(value)
    except Exception:  # noqa: BLE001
        return False


def bodies(contract: Contract) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield each distinct schema of a request's or response's body: name, schema, place."""
    seen: set[str] = set()
    for operation in contract.operations.values():
        node: Any = contract.document["paths"]
        node = node[operation.path][operation.method.lower()]
        start = f"paths#{operation.path}#{operation.method.lower()}"
        content = resolve(contract.document, node.get("requestBody", {})).get("content")
        found = [("request", f"{start}#requestBody", content)]
        found += [
            (
                status,
                f"{start}#responses#{status}",
                resolve(contract.document, answer).get("content"),
            )
            for status, answer in node["responses"].items()
        ]
        for kind, place, described in found:
            if not described:
                continue
            schema = described[JSON]["schema"]
            name = schema.get("$ref", f"{operation.operation_id} {kind}").rpartition("/")[2]
            if name not in seen:
                seen.add(name)
                yield name, schema, f"{place}#content#{JSON}#schema"


def compare(contract: Contract, messages: int, seed: int = 1) -> Tally:
    """Compare about so many messages of all operations, a third of them whole ones."""
    both = Differential(contract, seed)
    operations = list(contract.operations.values())
    schemas = list(bodies(contract))
    statuses = [(o, s) for o in operations for s in o.statuses]
    for operation in operations:
        both.requests(operation, messages // 4 // len(operations))
    for operation, status in statuses:
        both.responses(operation, status, messages // 12 // len(statuses))
    for name, schema, path in schemas:
        both.values(name, schema, path, messages // 3 // len(schemas))
    return both.tally


def main(arguments: list[str]) -> int:
    """Compare, and print what differs; 0 is well."""
    messages, seed = (*map(int, arguments), *(1_000_000, 1)[len(arguments) :])
    code = 0
    for contract in (Contract.bundled(), Contract.control()):
        tally = compare(contract, messages // 2, seed)
        sys.stdout.write(
            f"{contract.base_path}: {tally.compared.total()} compared,"
            f" {tally.accepted.total()} accepted, left out {dict(tally.excluded)}\n"
        )
        for told in chain(tally.laxer, tally.stricter):
            sys.stdout.write(f"differs: {told}\n")
            code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
