"""Compares what jsonschema-rs says with openapi-core, message by message and value by value.

Run for long: `PYTHONPATH=tests python -m contracts.differential [MESSAGES [SEED]]`, a million
messages by default, both contracts, in a quarter of an hour or so. The tests run the same with
fewer. Compared are the verdict, what an accepted request comes to, and of a refusal the places and
rules, those of all branches included.

A message costs openapi-core a millisecond or two, most of it to find its way through the document
again; a body alone, by the validator it would make itself, a fifth of that. So the many bodies are
compared as values, each schema once, and whole messages with all that is around.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from contracts.exclusions import EXCLUSIONS, excluded_request, excluded_rules, excluded_value
from contracts.messages import JSON, Messages
from fiskaly_contracts import Checker, Contract, Operation, RequestData, Violation
from fiskaly_contracts.compiled.validators import Validators
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.schema_errors import Place, violations_of
from fiskaly_contracts.strictness import NoTranslationError
from fiskaly_contracts.violations import VIOLATIONS_AT_MOST, Where
from fiskaly_contracts.wording import unreadable


@dataclass
class Tally:
    """What was compared, and where the two differed."""

    compared: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    laxer: list[str] = field(default_factory=list)
    stricter: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)

    def note(
        self,
        name: str,
        *,
        ours: list[Violation],
        reference: list[Violation],
        what: object,
        excluded: str | None = None,
    ) -> None:
        """Note what both refuse; `excluded` names why ours may be stricter."""
        self.compared[name] += 1
        self.accepted[name] += not reference
        told = f"{name}: {what!r:.600}"
        if reference and not ours:
            self.laxer.append(told)
        elif ours and not reference and excluded is None:
            self.stricter.append(told)
        elif bool(ours) != bool(reference):
            assert excluded in EXCLUSIONS
            self.excluded[str(excluded)] += 1
        elif len(reference) < VIOLATIONS_AT_MOST and {*_rules(ours)} != {*_rules(reference)}:
            reason = excluded or excluded_rules(reference)
            if reason is None:
                apart = {*_rules(ours)} ^ {*_rules(reference)}
                self.otherwise.append(f"{told}: {sorted(apart)!r:.600}")
            else:
                assert reason in EXCLUSIONS
                self.excluded[reason] += 1


def _rules(violations: Iterable[Violation]) -> Iterator[tuple[str, str, str]]:
    for one in violations:
        yield (one.where.value, one.pointer, one.rule)
        for name, why in one.branches:
            for where, pointer, rule in _rules(why):
                yield (where, pointer, f"{name} {rule}")


class Differential:
    """Both judges of one contract, side by side."""

    def __init__(self, contract: Contract, seed: int = 1) -> None:
        self.contract = contract
        self.checker = Checker(contract)
        self.reference = Checker(contract, judge="openapi-core")
        self.seed = seed
        self.tally = Tally()

    def _messages(self, name: str) -> Messages:
        """Return messages that do not depend on what was compared before."""
        return Messages(self.contract, f"{self.seed} {name}")

    # ---------------------------------------------------------------------- whole messages

    def requests(self, operation: Operation, count: int, odd: int = 12) -> None:
        """Compare so many requests of one operation, and what an accepted one comes to."""
        messages = self._messages(operation.operation_id)
        for data in islice(messages.requests(operation, odd), count):
            self.request(operation, data)

    def request(self, operation: Operation, data: RequestData) -> None:
        """Compare one request."""
        ours, reference = self.checker.check(data), self.reference.check(data)
        self.tally.note(
            f"request {operation.operation_id}",
            ours=[*ours.refusing],
            reference=[*reference.refusing],
            what=data,
            excluded=excluded_request(operation, data),
        )
        if not ours.refused and not reference.refused:
            assert ours.violations == reference.violations
            assert (dict(ours.query), ours.path) == (reference.query, reference.path)
            assert json.dumps(ours.body) == json.dumps(reference.body)

    def responses(self, operation: Operation, status: int, count: int, odd: int = 12) -> None:
        """Compare so many responses of one operation with one status."""
        messages = self._messages(f"{operation.operation_id} {status}")
        for data in islice(messages.responses(operation, status, odd), count):
            self.tally.note(
                f"response {data.operation_id} {data.status}",
                ours=self.checker.response(data),
                reference=self.reference.response(data),
                what=data,
            )

    # ---------------------------------------------------------------------- values alone

    def values(self, name: str, schema: Mapping[str, Any], path: str, count: int) -> None:
        """Compare so many values of the schema at a place of the document, in both directions."""
        for writing in (True, False):
            label = f"{'request' if writing else 'response'} {name}"
            try:
                compiled = Validators(self.contract.document).of(schema, writing=writing)
            except NoTranslationError:
                self.tally.excluded["no-translation"] += 1
                continue
            validator = self._validator(path, writing=writing)
            place = Place(Where.BODY, "", (), self.contract.document, schema, writing)
            for value in islice(self._messages(label).values(schema), count):
                self.tally.note(
                    label,
                    ours=compiled.violations(value, place),
                    reference=_explained(validator, value, place),
                    what=value,
                    excluded=excluded_value(value),
                )

    def _validator(self, path: str, *, writing: bool) -> Any:
        """Return openapi-core's own validator of a place; `path` is like `paths#/x#get`."""
        authority = self.reference._reference
        asked = authority._requests if writing else authority._responses
        place = authority._spec
        for step in path.split("#"):
            place = place / step
        return asked.schema_validators_factory.create(authority._spec, place).validator


def _explained(validator: Any, value: Any, place: Place) -> list[Violation]:
    """Ask openapi-core's validator; one that raises refuses, as it does inside the check."""
    try:
        return violations_of(validator.iter_errors(value), place)
    except Exception as error:  # noqa: BLE001
        return [unreadable("", Where.BODY, error)]


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
            if not described or JSON not in described:
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
    contracts = (*Contract.apis().values(), Contract.control())
    for contract in contracts:
        tally = compare(contract, messages // len(contracts), seed)
        sys.stdout.write(
            f"{contract.base_path}: {tally.compared.total()} compared,"
            f" {tally.accepted.total()} accepted, left out {dict(tally.excluded)}\n"
        )
        for told in chain(tally.laxer, tally.stricter, tally.otherwise):
            sys.stdout.write(f"differs: {told}\n")
            code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
