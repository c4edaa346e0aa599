"""Everything says where it comes from, and every gap is a numbered assumption."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from contracts.openapi_document import (
    ASSUMPTIONS,
    OPENAPI,
    ROOT,
    SOURCE_ROOTS,
    Node,
    load,
    operations,
    walk,
)

ASSUMPTION = re.compile(r"A-\d{2}")
OFFICIAL = re.compile(r"REF|DRAFT|AUTHDOC|ERRDOC|SUP-\w+|SEED|DEV-\w+|HUB-\w")
CONFIDENCES = ("recorded", "documented", "client", "assumed")


def _must_tell() -> Iterator[tuple[str, Node]]:
    for operation in operations():
        yield operation.operation_id, operation.node
    for section in ("parameters", "headers", "responses", "schemas"):
        for name, node in load()["components"][section].items():
            yield f"{section}/{name}", node


def _tells() -> Iterator[tuple[str, Node]]:
    for place, node in walk(load()):
        if "x-confidence" in node or "x-source" in node:
            yield place, node


def _sections() -> dict[str, str]:
    text = ASSUMPTIONS.read_text(encoding="utf-8")
    _, *parts = re.split(r"^## (A-\d{2}) — ", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _kind(source: str) -> str:
    if source.startswith("U:"):
        return "recorded"
    if ASSUMPTION.fullmatch(source):
        return "assumed"
    return "documented" if OFFICIAL.fullmatch(source) else "client"


def test_every_operation_and_component_tells_source_and_confidence() -> None:
    silent = [
        name
        for name, node in _must_tell()
        if not node.get("x-source") or "x-confidence" not in node
    ]

    assert silent == []


def test_a_field_that_tells_its_confidence_tells_its_source_too() -> None:
    for place, node in _tells():
        assert node["x-confidence"] in CONFIDENCES, place
        assert node["x-source"], place


def test_a_field_tells_only_what_differs_from_its_schema() -> None:
    for name, schema in load()["components"]["schemas"].items():
        for field, property_ in schema.get("properties", {}).items():
            if "x-source" in property_:
                told = (property_["x-confidence"], property_["x-source"])
                assert told != (schema["x-confidence"], schema["x-source"]), f"{name}.{field}"


def test_the_best_source_is_worth_the_confidence() -> None:
    for place, node in _tells():
        kinds = {_kind(source) for source in node["x-source"]}
        assert node["x-confidence"] in kinds, place


def test_every_source_is_explained_and_every_explanation_is_of_use() -> None:
    named = {source for _, node in _tells() for source in node["x-source"]}
    keys = {source.partition(":")[0] for source in named if not ASSUMPTION.fullmatch(source)}

    assert keys == set(load()["x-sources"])


def test_assumptions_are_numbered_without_a_gap() -> None:
    numbers = list(_sections())

    assert numbers == [f"A-{number:02}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("line", ["- Decided: ", "- Known: ", "- Would be proven wrong by: "])
def test_every_assumption_says_what_is_decided_known_and_would_refute_it(line: str) -> None:
    for number, section in _sections().items():
        found = [row for row in section.splitlines() if row.startswith(line)]
        assert len(found) == 1, number
        assert len(found[0]) > len(line) + 10, number
        assert found[0].endswith("."), number


def test_every_assumption_of_the_contract_is_listed() -> None:
    listed: set[Any] = set(_sections())
    for place, node in walk(load()):
        assert set(node.get("x-assumptions", ())) <= listed, place
        assert {s for s in node.get("x-source", ()) if ASSUMPTION.fullmatch(s)} <= listed, place


def test_assumptions_stand_in_order_and_once_in_each_list() -> None:
    for place, node in walk(load()):
        cited = node.get("x-assumptions", [])
        assert cited == sorted(set(cited)), place


def test_every_assumption_is_cited_and_every_citation_exists() -> None:
    cited: set[str] = set()
    for document in OPENAPI.glob("*.yaml"):
        cited |= set(ASSUMPTION.findall(document.read_text(encoding="utf-8")))
    for root in SOURCE_ROOTS:
        for file in (ROOT / root).rglob("*.py"):
            cited |= set(ASSUMPTION.findall(file.read_text(encoding="utf-8")))

    assert cited == set(_sections())


def test_what_the_fake_never_sends_says_why() -> None:
    marked = {
        name: response["x-mock-not-produced"]
        for name, response in load()["components"]["responses"].items()
        if "x-mock-not-produced" in response
    }

    assert marked == {"TooManyRequests": "rate limits are off by default"}
