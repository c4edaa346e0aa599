"""The comparison of two contracts, operation by operation, in the direction that matters.

Both documents are walked together. References inside a document are followed, circles are cut
where both have been met together; references to elsewhere are refused.
"""

import json
import re
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, build_opener

import yaml

from fiskaly_contracts.diff.schemas import Change, Place, SchemaComparison
from fiskaly_contracts.document import Contract
from fiskaly_contracts.json_value import Schema

BUNDLED: Final = "bundled"
LARGEST: Final = 32 * 1024 * 1024
"""Bytes of the largest document that is read."""
PATIENCE: Final = 30.0


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: an address that was allowed must not lead to another."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Leave the redirect alone; it becomes an error."""


def read_document(name: str, *, allow_url: bool = False) -> Mapping[str, Any]:
    """Return the document that a name stands for.

    Args:
        name: `bundled`, `bundled:sign-de`, either with `@VERSION`; an address; or a file, YAML or
            JSON.
        allow_url: Whether an address may be read.

    Raises:
        DiffError: There is no such document, or it cannot be read; the text names it.
    """
    if name.partition("@")[0].partition(":")[0] == BUNDLED:
        return _bundled(name)
    if name.startswith(("http://", "https://")):
        if not allow_url:
            raise DiffError(f"{name} is an address: give --allow-url if it may be read")
        return _parsed(_fetched(name), name)
    try:
        with Path(name).open("rb") as stream:
            return _parsed(_limited(stream.read(LARGEST + 1), name), name)
    except OSError as error:
        raise DiffError(f"cannot read {name}: {error.strerror or error}") from error


def _bundled(name: str) -> Mapping[str, Any]:
    kind, _, version = name.removeprefix(BUNDLED).partition("@")
    contracts = {
        "": Contract.bundled,
        ":management": Contract.bundled,
        ":sign-de": Contract.sign_de,
        ":control": Contract.control,
    }
    if kind not in contracts:
        known = ", ".join(f"{BUNDLED}{one}" for one in contracts)
        raise DiffError(f"there is no {name}: there are {known}")
    contract = contracts[kind]()
    if version and version != contract.version:
        raise DiffError(
            f"{name} is not in this release, which has {contract.version}: give its file, as"
            " `git show` of its tag writes it"
        )
    return contract.document


def _fetched(url: str) -> bytes:
    try:
        with build_opener(_NoRedirect).open(url, timeout=PATIENCE) as answer:
            return _limited(answer.read(LARGEST + 1), url)
    except HTTPError as error:
        with error:
            raise DiffError(f"cannot read {url}: it was answered {error.code}") from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise DiffError(f"cannot read {url}: {getattr(error, 'reason', error)}") from error


def _limited(raw: bytes, name: str) -> bytes:
    if len(raw) > LARGEST:
        raise DiffError(f"{name} has more than {LARGEST} bytes")
    return raw


def _parsed(raw: bytes, name: str) -> Mapping[str, Any]:
    try:
        text = raw.decode("utf-8-sig")
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        read = json.loads if text.lstrip().startswith("{") else lambda one: yaml.load(one, loader)  # noqa: S506 - both are safe
        document: Any = read(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise DiffError(f"{name} is neither JSON nor YAML") from error
    if not isinstance(document, Mapping):
        raise DiffError(f"{name} is no contract: it should be an object")
    return document


_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ABSENT: Final = object()


class DiffError(ValueError):
    """Two documents cannot be compared; the text says why."""


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
        old, new = (_operations(document) for document in self._documents)
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
        guarded = [
            _guarded(document, node)
            for document, node in zip(self._documents, (old, new), strict=True)
        ]
        if guarded[0] != guarded[1]:
            yield place.change("api-security-added" if guarded[1] else "api-security-removed")
        yield from self._parameters(name, old, new)
        yield from self._request_body(name, old, new)
        yield from self._answers(name, old, new)

    # ------------------------------------------------------------------ requests

    def _parameters(self, name: str, old: Schema, new: Schema) -> Iterator[Change]:
        parameters = [
            {
                (one["in"], one["name"].lower() if one["in"] == "header" else one["name"]): one
                for one in (self._resolved(side, raw) for raw in node.get("parameters", ()))
                if one["in"] != "path"  # their names are no part of what is sent
            }
            for side, node in enumerate((old, new))
        ]
        before, after = parameters
        for key in {**before, **after}:
            part = "headers" if key[0] == "header" else str(key[0])
            place = Place(
                name,
                "request-parameter",
                part,
                tokens=(key[1],),
                name=f"{key[0]} parameter {key[1]}",
            )
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
        schemas = [
            self._resolved(side, one.get("schema", {})) for side, one in enumerate((old, new))
        ]
        defaults = [one.get("default", _ABSENT) for one in schemas]
        if defaults[0] != defaults[1] and defaults[0] is not _ABSENT:
            shown = ["none" if one is _ABSENT else one for one in defaults]
            yield place.value("default-value-changed", *shown)
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
                schemas = [
                    self._resolved(n, one[name].get("schema", {})) for n, one in enumerate(headers)
                ]
                yield from self._schemas.changes(at, schemas[0], schemas[1])
                continue
            there, done = (before, "removed") if name in before else (after, "added")
            kind = "required" if there[name].get("required") else "optional"
            yield at.change(f"{kind}-response-header-{done}")
        yield from self._content(place, "response", old, new)

    def _content(self, place: Place, prefix: str, old: Schema, new: Schema) -> Iterator[Change]:
        before, after = (one.get("content", {}) for one in (old, new))
        for kind in {**before, **after}:
            if kind not in after:
                yield place.change(f"{prefix}-media-type-removed", kind)
            elif kind not in before:
                yield place.change(f"{prefix}-media-type-added", "", kind)
            else:
                schemas = (before[kind].get("schema", {}), after[kind].get("schema", {}))
                yield from self._schemas.changes(place, schemas[0], schemas[1])


def _operations(document: Schema) -> dict[tuple[str, str], Schema]:
    """Return operations by method and path, the names of path parameters left aside."""
    found: dict[tuple[str, str], Schema] = {}
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in _METHODS:
            if method in item:
                own = item[method].get("parameters", [])
                key = method.upper(), re.sub(r"\{[^}]*\}", "{}", path)
                found[key] = {**item[method], "parameters": [*shared, *own]}
    return found


def _name(node: Schema, key: tuple[str, str]) -> str:
    return str(node.get("operationId") or " ".join(key))


def _guarded(document: Schema, node: Schema) -> bool:
    security = node.get("security", document.get("security", []))
    return bool(security) and {} not in security
