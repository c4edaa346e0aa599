"""Rows as an exported world has them, one object for each, in both directions.

What is unset is left out, the other fields have the names of the rows' own; the
`viewers` of an organization follow from the others and are not exported.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Generic, TypeVar, cast

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.domain.model import (
    ApiKey,
    BillingAddress,
    BillingOptions,
    Environment,
    KeyStatus,
    ManagedConfiguration,
    Membership,
    Organization,
    OrganizationType,
    User,
)
from fiskaly_mockserver.world.state_nodes import Node

Row = TypeVar("Row")
Reader = Callable[[Node], object]
JsonObject = dict[str, JsonValue]

SEEDED = "seeded"
"""The member that stands for a hash which the seed gives."""


class Form(Generic[Row]):
    """How the rows of one kind are read and written.

    `readers` holds, in the order of the export, every field that is exported. `hashed`
    names the field that holds the hash of a secret, if there is one.
    """

    def __init__(
        self, kind: type[Row], readers: Mapping[str, Reader], *, hashed: str | None = None
    ) -> None:
        self._kind = kind
        self._hashed = hashed
        self._readers = readers
        declared: Mapping[str, Field[Any]] = {one.name: one for one in fields(cast("Any", kind))}
        self._defaults = {
            name: _default(declared[name]) for name in readers if not _required(declared[name])
        }

    def write(self, row: Row, derive: Callable[[str], bytes] | None = None) -> JsonObject:
        """Return a row as JSON; a hash that its id gives only as a mark."""
        written: JsonObject = {}
        for name in self._readers:
            value = getattr(row, name)
            if name in self._defaults and value == self._defaults[name]:
                continue
            if name == self._hashed and derive and value == derive(str(written["id"])):
                written[SEEDED] = True
            else:
                written[name] = _plain(value)
        return written

    def read(self, node: Node, derive: Callable[[str], bytes] | None = None) -> Row:
        """Return the row that an object tells; `derive` gives an id's seeded hash.

        Raises:
            StateError: A member is missing, unknown or of the wrong kind.
        """
        node.only(*self._readers, *([SEEDED] if self._hashed else []))
        values: dict[str, Any] = {}
        for name, reader in self._readers.items():
            if name == self._hashed and SEEDED in node:
                values[name] = self._derived(node, derive)
            elif name in node or name not in self._defaults:
                values[name] = reader(node.member(name, secret=name == self._hashed))
        return self._kind(**values)

    def _derived(self, node: Node, derive: Callable[[str], bytes] | None) -> bytes:
        mark = node.member(SEEDED)
        if mark.value is not True:
            raise mark.error("should be true, or left out")
        if self._hashed and self._hashed in node:
            raise mark.error(f"{self._hashed} stands beside it: give one of them")
        if derive is None:
            raise mark.error("there is no /seed that the secret could derive from")
        return derive(node.member("id").filled())


def _required(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _default(field: "Field[Any]") -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _plain(value: object) -> JsonValue:
    """Return what a row's field holds as JSON."""
    match value:
        case str():
            return str(value)
        case bytes():
            return value.hex()
        case tuple():
            return [_plain(one) for one in value]
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case BillingOptions() | ManagedConfiguration():
            given = {one.name: getattr(value, one.name) for one in fields(value)}
            return {name: one for name, one in given.items() if one is not None}
        case _:
            return cast("JsonValue", value)


def _envs(node: Node) -> tuple[Environment, ...]:
    envs = tuple(item.one_of(Environment) for item in node.items())
    if Environment.TEST not in envs or len(envs) != len(set(envs)):
        raise node.error("should be TEST, or TEST and LIVE (R6)")
    return envs


_PLACE: Mapping[str, Reader] = {
    "address_line1": Node.text,
    "address_line2": Node.text,
    "zip": Node.text,
    "town": Node.text,
    "country_code": Node.text,
    "display_name": Node.text,
    "vat_id": Node.text,
}
OPTIONS = Form(
    BillingOptions,
    {"gln": Node.text, "withhold_billing": Node.truth, "bill_to_organization": Node.filled},
)
CONFIGURATION = Form(ManagedConfiguration, {"withhold_billing": Node.truth})
ORGANIZATION = Form(
    Organization,
    {
        "id": Node.filled,
        "type": lambda node: node.one_of(OrganizationType),
        "envs": _envs,
        "name": Node.text,
        **_PLACE,
        "state": Node.text,
        "contact_person_id": Node.text,
        "tax_number": Node.text,
        "economy_id": Node.text,
        "billing_options": OPTIONS.read,
        "billing_address_id": Node.text,
        "metadata": Node.texts,
        "managed_configuration": CONFIGURATION.read,
        "managed_by_organization_id": Node.filled,
        "created_by_user": Node.filled,
        "created_by_organization_id": Node.filled,
    },
)
API_KEY = Form(
    ApiKey,
    {
        "id": Node.filled,
        "principal_id": Node.filled,
        "organization_id": Node.filled,
        "env": lambda node: node.one_of(Environment),
        "key": Node.filled,
        "secret_hash": Node.hash,
        "created_at": Node.whole,
        "created_by_user": Node.filled,
        "name": Node.text,
        "status": lambda node: node.one_of(KeyStatus),
        "metadata": Node.texts,
        "managed_by_organization_id": Node.filled,
    },
    hashed="secret_hash",
)
USER = Form(
    User,
    {
        "id": Node.filled,
        "email": Node.filled,
        "first_name": Node.text,
        "last_name": Node.text,
        "registered": Node.truth,
        "password_hash": Node.hash,
    },
    hashed="password_hash",
)
MEMBERSHIP = Form(
    Membership,
    {"organization_id": Node.filled, "user_id": Node.filled, "pending_until": Node.number},
)
BILLING_ADDRESS = Form(
    BillingAddress,
    {"id": Node.filled, "organization_id": Node.filled, "recipient": Node.text, **_PLACE},
)
