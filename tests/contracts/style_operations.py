"""A contract with parameters of every style, and answers of every form."""

from typing import Any

Node = dict[str, Any]

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer", "minimum": -5, "maximum": 100}
_PAIR = {"type": "object", "properties": {"a": _TEXT, "b": {"type": "integer"}}}


def _array(items: Node, **more: Any) -> Node:
    return {"type": "array", "items": items, **more}


SCALARS: dict[str, Node] = {
    "text": {"type": "string", "minLength": 2, "maxLength": 5},
    "pattern": {"type": "string", "pattern": "^[a-z]\\w*$"},
    "choice": {"type": "string", "enum": ["asc", "desc", "1"]},
    "id": {"type": "string", "format": "uuid"},
    "day": {"type": "string", "format": "date"},
    "whole": _WHOLE,
    "small": {"type": "integer", "format": "int32"},
    "step": {"type": "integer", "multipleOf": 5},
    "some": {"type": "integer", "enum": [1, 2, 50]},
    "ratio": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
    "cents": {"type": "number", "multipleOf": 0.01},
    "flag": {"type": "boolean"},
    "off": {"type": "boolean", "enum": [False]},
    "nullable": {"type": "integer", "nullable": True},
    "shared": {"$ref": "#/components/schemas/Kind"},
    "parts": {"type": "string", "allOf": [{"minLength": 2}, {"pattern": "^a"}]},
    "read-only": {"type": "string", "readOnly": True},
}
ARRAYS: dict[str, Node] = {
    "texts": _array(_TEXT, minItems=1, maxItems=3),
    "wholes": _array(_WHOLE, uniqueItems=True),
    "flags": _array({"type": "boolean"}),
    "kinds": _array({"$ref": "#/components/schemas/Kind"}, uniqueItems=True),
}
DEFAULTS: dict[str, Node] = {
    "limit": {**_WHOLE, "default": 50},
    "order": {"type": "string", "default": "asc"},
    "kinds": _array({"$ref": "#/components/schemas/Kind"}, default=["test"]),
    "nothing": {"type": "string", "nullable": True, "default": None},
}

PLAIN: dict[str, list[Node]] = {
    **{f"query {name}": [{"in": "query", "schema": s}] for name, s in SCALARS.items()},
    **{
        f"query {name} needed": [{"in": "query", "schema": s, "required": True}]
        for name, s in (*SCALARS.items(), *ARRAYS.items())
    },
    **{f"query {name}": [{"in": "query", "schema": s}] for name, s in ARRAYS.items()},
    **{
        f"query {name} with commas": [
            {"in": "query", "schema": s, "explode": False, "style": "form"}
        ]
        for name, s in ARRAYS.items()
    },
    **{
        f"query {name} by default": [{"in": "query", "schema": s, "required": required}]
        for required, (name, s) in enumerate(DEFAULTS.items())
    },
    **{f"header {name}": [{"in": "header", "schema": s}] for name, s in SCALARS.items()},
    **{
        f"header {name} needed": [{"in": "header", "schema": s, "required": True}]
        for name, s in ARRAYS.items()
    },
    **{
        f"header {name} by default": [{"in": "header", "schema": s, "required": True}]
        for name, s in DEFAULTS.items()
    },
    **{
        f"path {name}": [{"in": "path", "schema": s, "required": True}]
        for name, s in (*SCALARS.items(), *ARRAYS.items())
    },
    "several": [
        {"in": "query", "schema": _WHOLE, "name": "a", "required": True},
        {"in": "query", "schema": _TEXT, "name": "b"},
        {"in": "query", "schema": _array(_WHOLE), "name": "c"},
        {"in": "header", "schema": _WHOLE, "name": "a"},
        {"in": "query", "schema": _TEXT, "name": "old", "deprecated": True},
        {"in": "query", "schema": _TEXT, "name": "e", "allowEmptyValue": True},
    ],
}
STRANGE: dict[str, list[Node]] = {
    "deep": [{"in": "query", "style": "deepObject", "explode": True, "schema": _PAIR}],
    "object": [{"in": "query", "schema": _PAIR}],
    "object with commas": [{"in": "query", "explode": False, "schema": _PAIR}],
    "pipes": [{"in": "query", "style": "pipeDelimited", "explode": False, "schema": _array(_TEXT)}],
    "spaces": [
        {"in": "query", "style": "spaceDelimited", "explode": False, "schema": _array(_WHOLE)}
    ],
    "label": [{"in": "path", "required": True, "style": "label", "schema": _TEXT}],
    "matrix": [{"in": "path", "required": True, "style": "matrix", "schema": _WHOLE}],
    "exploded path": [{"in": "path", "required": True, "explode": True, "schema": _array(_WHOLE)}],
    "json": [{"in": "query", "content": {"application/json": {"schema": _PAIR}}}],
    "typeless": [{"in": "query", "schema": {"minLength": 2}}],
    "choice": [{"in": "query", "schema": {"oneOf": [_WHOLE, _TEXT]}}],
    "wrong default": [{"in": "query", "schema": {**_WHOLE, "default": 1000}}],
    "cookie": [{"in": "cookie", "schema": _TEXT, "required": True}],
    "free cookie": [{"in": "cookie", "schema": _TEXT}],
    "nested arrays": [{"in": "query", "schema": _array(_array(_TEXT))}],
}
"""Operations with these are left to openapi-core."""

_JSON_OF_KIND = {"application/json": {"schema": {"$ref": "#/components/schemas/Kind"}}}
ANSWERS: dict[str, Node] = {
    "200": {
        "headers": {
            "X-Text": {"required": True, "schema": {"type": "string", "pattern": "^[a-z ]+$"}},
            "X-Count": {"schema": {"type": "integer", "minimum": 0}},
            "X-Ratio": {"schema": {"type": "number"}},
            "X-Flag": {"schema": {"type": "boolean"}},
            "X-Default": {"required": True, "schema": {"type": "integer", "default": 5}},
            "X-Old": {"deprecated": True, "schema": {"type": "string"}},
            "Content-Type": {"required": True, "schema": {"type": "integer"}},
        },
        "content": _JSON_OF_KIND,
    },
    "201": {"content": {"application/json": {}}},
    "202": {"content": {"application/json": {"schema": {}}}},
    "203": {"headers": {"X-Count": {"schema": {"$ref": "#/components/schemas/Count"}}}},
    "204": {},
    "206": {"$ref": "#/components/responses/Shared"},
    "4XX": {"content": _JSON_OF_KIND},
    "default": {"content": {"application/json": {"schema": {"type": "object"}}}},
}
STRANGE_ANSWERS: dict[str, Node] = {
    "207": {"content": {"text/plain": {"schema": _TEXT}}},
    "208": {"headers": {"X-List": {"schema": _array(_TEXT)}}},
    "226": {"headers": {"X-Json": {"content": _JSON_OF_KIND}}},
}
BODIES: dict[str, Node] = {
    "needed": {"required": True, "content": _JSON_OF_KIND},
    "optional": {"content": _JSON_OF_KIND},
    "shapeless": {"content": {"application/json": {}}},
    "open": {"content": {"application/json": {"schema": {}}}},
    "shared": {"$ref": "#/components/requestBodies/Shared"},
}
STRANGE_BODIES: dict[str, Node] = {
    "text": {"required": True, "content": {"text/plain": {"schema": _TEXT}}},
}


def document() -> Node:
    """Return the contract: one operation for each of the above."""
    paths: Node = {}
    for kind, group in (("plain", PLAIN), ("strange", STRANGE)):
        for number, (name, parameters) in enumerate(group.items()):
            named = [{"name": f"x{i}", **p} for i, p in enumerate(parameters)]
            inside = "".join(f"/{{{p['name']}}}" for p in named if p["in"] == "path")
            paths[f"/{kind}{number}{inside}"] = {
                "get": {"operationId": f"{kind} {name}", "parameters": named, "responses": {}}
            }
    for name, body in (*BODIES.items(), *STRANGE_BODIES.items()):
        kind = "plain" if name in BODIES else "strange"
        paths[f"/body/{name}"] = {
            "post": {"operationId": f"{kind} body {name}", "requestBody": body, "responses": {}}
        }
    answers = {
        status: {"description": "d", **answer}
        for status, answer in (*ANSWERS.items(), *STRANGE_ANSWERS.items())
    }
    paths["/answers"] = {"get": {"operationId": "answers", "responses": answers}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "styles", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {
                "Kind": {"type": "string", "enum": ["test", "live", "other"]},
                "Count": {"type": "integer", "minimum": 0},
            },
            "requestBodies": {"Shared": {"required": True, "content": _JSON_OF_KIND}},
            "responses": {"Shared": {"description": "d", "content": _JSON_OF_KIND}},
        },
    }
