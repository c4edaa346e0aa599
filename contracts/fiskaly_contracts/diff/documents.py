"""The documents that are compared: files, the bundled contracts, and addresses."""

import json
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import yaml

from fiskaly_contracts.document import Contract

BUNDLED: Final = "bundled"
LARGEST: Final = 32 * 1024 * 1024
"""Bytes of the largest document that is read."""
PATIENCE: Final = 30.0


class DiffError(ValueError):
    """Two documents cannot be compared; the text says why."""


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
        shown = shown_name(name)
        if not allow_url:
            raise DiffError(f"{shown} is an address: give --allow-url if it may be read")
        return _parsed(_fetched(name, shown), shown)
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


def shown_name(name: str) -> str:
    """Return a document's name for people, without what may be a secret in an address.

    >>> shown_name("https://user:word@host.example/x.yaml?private_token=abc")
    'https://host.example/x.yaml?…'
    """
    if not name.startswith(("http://", "https://")):
        return name
    scheme, _, rest = name.partition("://")
    place, mark, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}{mark}{mark and '…'}"


def _fetched(url: str, shown: str) -> bytes:
    try:
        if urlsplit(url).username is not None:
            raise DiffError(f"cannot read {shown}: it should be an address without credentials")
        with build_opener(_NoRedirect).open(url, timeout=PATIENCE) as answer:
            return _limited(answer.read(LARGEST + 1), shown)
    except HTTPError as error:
        with error:
            raise DiffError(f"cannot read {shown}: it was answered {error.code}") from None
    except OSError as error:
        raise DiffError(f"cannot read {shown}: {getattr(error, 'reason', error)}") from error
    except (HTTPException, ValueError) as error:
        if isinstance(error, DiffError):
            raise
        raise DiffError(f"cannot read {shown}: it is no address of a document") from error


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
