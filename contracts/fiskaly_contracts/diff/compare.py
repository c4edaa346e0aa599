"""The comparison of two contracts, operation by operation, in the direction that matters.

Both documents are walked together. References inside a document are followed, circles are cut
where both have been met together; references to elsewhere are refused.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from fiskaly_contracts.diff.documents import DiffError
from fiskaly_contracts.diff.rules import Change, Place
from fiskaly_contracts.diff.schemas import SchemaComparison
from fiskaly_contracts.json_value import Schema

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_WRITTEN: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
"""The styles of parameters that say none."""


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return every change from one document to the other.

    Raises:
        DiffError: One is no OpenAPI 3 document, or refers to another document.
    """
    for document in (old, new):
        _demand_contract(document)
    try:
        return [*_Comparison(old, new).changes()]
    except LookupError as error:
        raise DiffError(f"the documents cannot be followed: {error.args[0]}") from error
    except (AttributeError, TypeError) as error:
        raise DiffError(f"a document is malformed: {error}") from error
    except RecursionError as error:
        raise DiffError("a document is nested too deep") from error


def _demand_contract(document: object) -> None:
    if not isinstance(document, Mapping):
        raise DiffError("a contract should be an object")
    version = document.get("openapi")
    if not isinstance(version, str) or not re.match(r"3\.\d", version):
        raise DiffError("a contract should say `openapi: 3.x`")
    if not isinstance(document.get("paths"), Mapping):
        raise DiffError("a contract should have paths")


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._documents = (old, new)
        self._schemas = SchemaComparison(old, new)

    def _resolved(self, side: int, node: Schema) -> Schema:
        return self._schemas.resolved(side, node)

    def changes(self) -> Iterator[Change]:
        paths = [_base_paths(document) for document in self._documents]
        if all(paths) and paths[0] - paths[1]:
            shown = (" or ".join(sorted(one)) for one in paths)
            yield Place("servers", "", "servers").change("api-base-path-changed", *shown)
        old, new = (self._operations(side) for side in (0, 1))
        for key in {**old, **new}:
            if key not in new:
                gone = old[key]
                state = "after" if gone.get("deprecated") else "without"
                yield Place(_name(gone, key), "", "operation").change(
                    f"api-removed-{state}-deprecation"
                )
            elif key not in old:
                rule = (
                    "deprecated-endpoint-added" if new[key].get("deprecated") else "endpoint-added"
                )
                yield Place(_name(new[key], key), "", "operation").change(rule)
            else:
                yield from self._operation(_name(old[key], key), old[key], new[key])

    def _operation(self, name: str, old: Schema, new: Schema) -> Iterator[Change]:
        place = Place(name, "", "operation")
        if old.get("operationId") != new.get("operationId"):
            yield place.change(
                "api-operation-id-changed", old.get("operationId", ""), new.get("operationId", "")
            )
        if bool(old.get("deprecated")) != bool(new.get("deprecated")):
            rule = "endpoint-deprecated" if new.get("deprecated") else "endpoint-reactivated"
            yield place.change(rule)
        keys = [self._keys(side, node) for side, node in enumerate((old, new))]
        if bool(keys[0]) != bool(keys[1]):
            yield place.change("api-security-added" if keys[1] else "api-security-removed")
        elif keys[0] - keys[1]:
            yield place.change("api-security-changed", *(" or ".join(sorted(one)) for one in keys))
        yield from self._parameters(name, old, new)
        yield from self._request_body(name, old, new)
        yield from self._answers(name, old, new)

    def _operations(self, side: int) -> dict[tuple[str, str], Schema]:
        """Return operations by method and path, the names of path parameters left aside."""
        found: dict[tuple[str, str], Schema] = {}
        for path, node in self._documents[side]["paths"].items():
            item = self._resolved(side, node)
            names = re.findall(r"\{([^}]*)\}", path)
            for method in _METHODS:
                if method in item:
                    own = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                    key = method.upper(), re.sub(r"\{[^}]*\}", "{}", path)
                    found[key] = {**item[method], "parameters": own, "names": names}
        return found

    def _of(self, side: int) -> Callable[[Schema], Schema]:
        return lambda node: self._resolved(side, node)

    def _keys(self, side: int, node: Schema) -> set[str]:
        """Return the ways to be let in; none where everybody is."""
        document = self._documents[side]
        security = node.get("security", document.get("security", []))
        known = document.get("components", {}).get("securitySchemes", {})
        if {} in security:
            return set()
        return {
            " and ".join(sorted(self._scheme(side, known.get(name, {}), name) for name in one))
            for one in security
        }

    def _scheme(self, side: int, node: Schema, name: str) -> str:
        one = self._resolved(side, node)
        words = [str(one[key]) for key in ("type", "scheme", "in", "name") if key in one]
        return " ".join(words).lower() or name

    # ------------------------------------------------------------------ requests

    def _parameters(self, name: str, old: Schema, new: Schema) -> Iterator[Change]:
        before, after = (
            {_key(one, node["names"]): one for one in map(self._of(side), node["parameters"])}
            for side, node in enumerate((old, new))
        )
        for key in {**before, **after}:
            one = before.get(key, after.get(key, {}))
            where, called = str(one["in"]), str(one["name"])
            if where == "header":
                called = called.lower()
            place = Place(
                name,
                "request-parameter",
                "headers" if where == "header" else where,
                tokens=(called,),
                name=f"{where} parameter {called}",
            )
            if where == "path" and (key not in before or key not in after):
                continue  # it is there whether it is declared or not
            if key not in after:
                required = before[key].get("required")
                rule = (
                    "required-request-parameter-removed"
                    if required
                    else "request-parameter-removed"
                )
                yield place.change(rule)
            elif key not in before:
                kind = "required" if after[key].get("required") else "optional"
                yield place.change(f"new-{kind}-request-parameter")
            else:
                yield from self._parameter(place, before[key], after[key])

    def _parameter(self, place: Place, old: Schema, new: Schema) -> Iterator[Change]:
        if bool(old.get("required")) != bool(new.get("required")):
            yield place.value("became-required" if new.get("required") else "became-optional")
        schemas = [self._resolved(side, _value(one)) for side, one in enumerate((old, new))]
        written = [_written(one, schema) for one, schema in zip((old, new), schemas, strict=True)]
        if written[0] != written[1] and None not in written:
            yield place.value("style-changed", *written)
        yield from self._schemas.changes(place, schemas[0], schemas[1])

    def _request_body(self, name: str, old: Schema, new: Schema) -> Iterator[Change]:
        place = Place(name, "request-property", "body")
        bodies = [
            self._resolved(side, one.get("requestBody", {})) for side, one in enumerate((old, new))
        ]
        before, after = bodies
        if not before and not after:
            return
        if not before or not after:
            kind = "added-required" if after.get("required") else "added-optional"
            yield place.change(f"request-body-{kind if after else 'removed'}")
            return
        if bool(before.get("required")) != bool(after.get("required")):
            kind = "required" if after.get("required") else "optional"
            yield place.change(f"request-body-became-{kind}")
        yield from self._content(place, "request-body", before, after)

    # ------------------------------------------------------------------ answers

    def _answers(self, name: str, old: Schema, new: Schema) -> Iterator[Change]:
        before, after = (
            {str(status): one for status, one in node.get("responses", {}).items()}
            for node in (old, new)
        )
        for status in {**before, **after}:
            place = Place(name, "response-property", "body", status)
            if status in before and status in after:
                yield from self._answer(
                    place,
                    self._resolved(0, before[status]),
                    self._resolved(1, after[status]),
                )
                continue
            good = status[:1] == "2" or status == "default"
            kind = "success" if good else "non-success"
            done = "removed" if status in before else "added"
            yield place._replace(part="status").change(f"response-{kind}-status-{done}")

    def _answer(self, place: Place, old: Schema, new: Schema) -> Iterator[Change]:
        headers = [
            {
                name.lower(): self._resolved(side, one)
                for name, one in node.get("headers", {}).items()
            }
            for side, node in enumerate((old, new))
        ]
        before, after = headers
        for name in {**before, **after}:
            at = place._replace(
                prefix="response-header", part="headers", tokens=(name,), name=f"header {name}"
            )
            if name in before and name in after:
                required = [bool(one[name].get("required")) for one in headers]
                if required[0] != required[1]:
                    yield at.value("became-required" if required[1] else "became-optional")
                yield from self._schemas.changes(at, _value(before[name]), _value(after[name]))
                continue
            there, done = (before, "removed") if name in before else (after, "added")
            kind = "required" if there[name].get("required") else "optional"
            yield at.change(f"{kind}-response-header-{done}")
        yield from self._content(place, "response", old, new)

    def _content(self, place: Place, prefix: str, old: Schema, new: Schema) -> Iterator[Change]:
        before, after = (
            {kind.partition(";")[0].strip().lower(): of for kind, of in one["content"].items()}
            if "content" in one
            else {}
            for one in (old, new)
        )
        for kind in {**before, **after}:
            if kind not in after:
                yield place.change(f"{prefix}-media-type-removed", kind)
            elif kind not in before:
                yield place.change(f"{prefix}-media-type-added", "", kind)
            else:
                schemas = (before[kind].get("schema", {}), after[kind].get("schema", {}))
                yield from self._schemas.changes(place, schemas[0], schemas[1])


def _base_paths(document: Schema) -> set[str]:
    """Return the paths that a document's servers begin with; none where that is not said."""
    urls = [str(one.get("url", "/")) for one in document.get("servers", ())]
    if any("{" in url for url in urls):
        return set()
    return {urlsplit(url).path.rstrip("/") or "/" for url in urls}


def _key(parameter: Schema, names: Sequence[str]) -> tuple[str, str]:
    """Return what tells a parameter from the others of its operation."""
    where, name = parameter["in"], parameter["name"]
    if where == "path":  # its name is no part of what is sent
        return where, str(names.index(name) if name in names else name)
    return where, name.lower() if where == "header" else name


def _value(node: Schema) -> Schema:
    """Return the schema of a parameter or header, which may stand under a media type."""
    content: Mapping[str, Schema] = node.get("content", {})
    of_content: Schema = next((one.get("schema", {}) for one in content.values()), {})
    found: Schema = node.get("schema", of_content)
    return found


def _written(parameter: Schema, schema: Schema) -> str | None:
    """Return how an array or object is written; None for what is written in one way."""
    if "content" in parameter:
        return " ".join(parameter["content"])
    if schema.get("type") not in {"array", "object"}:
        return None
    style = parameter.get("style", _WRITTEN[parameter["in"]])
    explode = parameter.get("explode", style == "form")
    return f"{style}{', exploded' if explode else ''}"


def _name(node: Schema, key: tuple[str, str]) -> str:
    return str(node.get("operationId") or " ".join(key))
