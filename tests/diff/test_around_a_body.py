"""`contract diff`: parameters, media types, who is let in, and where a path stands."""

import copy
from typing import Any

import pytest
from fiskaly_contracts.diff.compare import compare


def told(old: Any, new: Any) -> set[str]:
    return {one.rule for one in compare(old, new)}


def operation(
    *parameters: Any, path: str = "/x/{id}", security: Any = (), scheme: str = "bearer"
) -> Any:
    node = {"operationId": "op", "parameters": [*parameters], "security": [*security]}
    schemes = {"securitySchemes": {"a": {"type": "http", "scheme": scheme}}}
    return {"openapi": "3.0.3", "paths": {path: {"get": node}}, "components": schemes}


def by(kind: str, name: str = "q", **more: Any) -> dict[str, Any]:
    return {"in": kind, "name": name, **more}


LIST = {"type": "array", "items": {"type": "string"}}
A: Any = {"a": []}


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        # a parameter of the path is known by its place
        (
            operation(by("path", "id", schema={"type": "string"})),
            operation(by("path", "no", schema={"type": "integer"}), path="/x/{no}"),
            {"request-parameter-type-changed"},
        ),
        (
            operation(by("path", "id", schema={"type": "string"})),
            operation(by("path", "no", schema={"type": "string"}), path="/x/{no}"),
            set(),
        ),
        (operation(by("path", "id", schema={"type": "string"})), operation(), set()),
        # how an array is written
        (
            operation(by("query", schema=LIST)),
            operation(by("query", schema=LIST, explode=False)),
            {"request-parameter-style-changed"},
        ),
        (
            operation(by("query", schema=LIST)),
            operation(by("query", schema=LIST, style="form", explode=True)),
            set(),
        ),
        (
            operation(by("query", schema={"type": "string"})),
            operation(by("query", schema={"type": "string"}, explode=False)),
            set(),
        ),
        (
            operation(by("query", content={"application/json": {"schema": {"maximum": 9}}})),
            operation(by("query", content={"application/json": {"schema": {"maximum": 5}}})),
            {"request-parameter-max-decreased"},
        ),
        # who is let in
        (
            operation(security=[A]),
            operation(security=[A], scheme="basic"),
            {"api-security-changed"},
        ),
        (operation(security=[A]), operation(security=[A], scheme="Bearer"), set()),
        (operation(security=[A]), operation(security=[A, {"b": []}]), set()),
        (operation(security=[A, {"b": []}]), operation(security=[A]), {"api-security-changed"}),
        (operation(security=[{}, A]), operation(security=[A]), {"api-security-added"}),
    ],
)
def test_what_is_around_a_request_is_compared(old: Any, new: Any, rules: set[str]) -> None:
    assert told(old, new) == rules


def test_a_media_type_is_one_whatever_its_parameters_and_letters() -> None:
    def document(kind: str) -> Any:
        content = {"content": {kind: {"schema": {"type": "string"}}}}
        node = {"requestBody": content, "responses": {"200": content}}
        return {"openapi": "3.0.3", "paths": {"/x": {"post": node}}}

    plain = document("application/json")
    assert told(plain, document("Application/JSON; charset=utf-8")) == set()
    assert told(plain, document("application/json-patch")) >= {"response-media-type-removed"}


def test_a_path_may_stand_elsewhere_in_the_document() -> None:
    old = operation(by("query", schema=LIST))
    new = copy.deepcopy(old)
    new["components"]["pathItems"] = {"X": new["paths"]["/x/{id}"]}
    new["paths"]["/x/{id}"] = {"$ref": "#/components/pathItems/X"}
    assert told(old, new) == set()
