"""Ways through the OpenAPI document that several of these tests take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fiskaly_contracts import Contract

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "contracts" / "fiskaly_contracts" / "openapi"
DOCUMENT = OPENAPI / "management-v0.yaml"
ASSUMPTIONS = OPENAPI / "ASSUMPTIONS.md"
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
SOURCE_ROOTS = ("contracts", "fixtures", "mockserver", "pytest_plugin")

Node = dict[str, Any]


class _UniqueKeys(yaml.SafeLoader):
    """A loader that refuses what YAML parsers usually swallow: a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"{twice} given twice at {node.start_mark}"
        return super().construct_mapping(node, deep)


@cache
def load() -> Node:
    """Return the document, parsed once; nobody changes it."""
    document = yaml.load(DOCUMENT.read_text(encoding="utf-8"), _UniqueKeys)
    assert isinstance(document, dict)
    return document


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with the place where it stands."""

    path: str
    method: str
    node: Node

    @property
    def operation_id(self) -> str:
        return str(self.node["operationId"])

    @property
    def has_body(self) -> bool:
        return "requestBody" in self.node

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.node["responses"]}


def operations() -> list[Operation]:
    """Return every operation in the order of the document."""
    return [
        Operation(path, method, node)
        for path, item in load()["paths"].items()
        for method, node in item.items()
        if method in METHODS
    ]


def resolve(node: Mapping[str, Any]) -> Node:
    """Follow references until something stands there itself."""
    while "$ref" in node:
        target: Any = load()
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return dict(node)


def walk(node: Any, place: str = "") -> Iterator[tuple[str, Node]]:
    """Yield every mapping at or below a node with its place, like `/paths/~/get`."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            yield from walk(value, f"{place}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from walk(value, f"{place}/{number}")


def references(node: Any) -> Iterator[str]:
    """Yield every `$ref` at or below a node."""
    for _, mapping in walk(node):
        if isinstance(mapping.get("$ref"), str):
            yield mapping["$ref"]


def contract_of(schemas: dict[str, Any]) -> Contract:
    """Return a contract of schemas alone, by their names."""
    info = {"title": "t", "version": "1"}
    components = {"schemas": schemas}
    return Contract.from_document(
        {"openapi": "3.0.3", "info": info, "paths": {}, "components": components}
    )
