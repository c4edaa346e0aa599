"""Rows as an exported world has them, one object for each, in both directions.

What is unset is left out, the other fields have the names of the rows' own; the
`viewers` of an organization follow from the others and are not exported.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import Any, Generic, TypeVar, cast

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.domain.account.logos import logo_of
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    BillingAddress,
    BillingOptions,
    Environment,
    KeyStatus,
    Logo,
    ManagedConfiguration,
    Membership,
    Organization,
    OrganizationType,
    User,
)
from fiskaly_mockserver.domain.signing.model import ExportFilter
from fiskaly_mockserver.world.names import listed, shown

Word = TypeVar("Word", bound=Enum)
GREATEST = 2**63 - 1
"""The greatest seed or moment; the least moment is its opposite."""


class StateError(ValueError):
    """No world that can be taken over; nothing has changed.

    The message names the place as a JSON pointer, the value, and what may stand there.
    """


class Node:
    """One value of the JSON, and where it stands.

    The methods without arguments return the value as what it should be, or raise a
    `StateError`. `secret` keeps the value out of messages.
    """

    __slots__ = ("_secret", "path", "value")

    def __init__(self, value: object, path: str = "", *, secret: bool = False) -> None:
        self.value = value
        self.path = path
        self._secret = secret

    def error(self, reason: str) -> StateError:
        """Return the error that says what is wrong here."""
        told = "a value not shown" if self._secret else shown(self.value)
        return StateError(f"{self.path or '/'} is {told}, but {reason}")

    def only(self, *known: str) -> None:
        """Demand an object without other members than these."""
        for name in self._members():
            if name not in known:
                raise StateError(f"{self.path}/{name} is not known; allowed here: {listed(known)}")

    def __contains__(self, name: str) -> bool:
        return name in self._members()

    def member(self, name: str, *, secret: bool = False) -> "Node":
        """Return a member of an object, which must be there."""
        members = self._members()
        if name not in members:
            raise StateError(f"{self.path}/{name} is missing")
        return Node(members[name], f"{self.path}/{name}", secret=secret)

    def items(self) -> Iterator["Node"]:
        """Yield the items of an array."""
        if not isinstance(self.value, list | tuple):
            raise self.error("should be an array")
        for index, value in enumerate(self.value):
            yield Node(value, f"{self.path}/{index}")

    def text(self) -> str:
        """Return a text, which UTF-8 can hold."""
        if not isinstance(self.value, str):
            raise self.error("should be a text")
        try:
            self.value.encode()
        except UnicodeEncodeError:
            raise self.error("should be a text without lone surrogates") from None
        return str(self.value)

    def filled(self) -> str:
        """Return a text of at least one character."""
        if text := self.text():
            return text
        raise self.error("should be a text that is not empty")

    def one_of(self, words: type[Word]) -> Word:
        """Return one of an enumeration's members."""
        for word in words:
            if self.value == word.value and isinstance(self.value, str):
                return word
        raise self.error(f"should be one of {listed(str(word.value) for word in words)}")

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.error("should be true or false")
        return self.value

    def whole(self, least: int = -GREATEST) -> int:
        """Return a whole number."""
        value = self.value
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= GREATEST:
            raise self.error(f"should be a whole number from {least} to {GREATEST}")
        return value

    def number(self, least: float = -GREATEST, most: float = GREATEST) -> float:
        """Return a number between bounds, whole or not as it stands there."""
        value = self.value
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not (least <= value <= most)
        ):
            raise self.error(f"should be a number from {least} to {most}")
        return value

    def hash(self) -> bytes:
        """Return the 32 bytes that 64 hexadecimal digits stand for."""
        text, digits = self.text(), 64
        if len(text) != digits or not set(text) <= set("0123456789abcdef"):
            raise self.error(f"should be {digits} digits of 0-9 a-f")
        return bytes.fromhex(text)

    def texts(self) -> dict[str, str]:
        """Return an object of texts, in its order."""
        return {Node(name, self.path).text(): self.member(name).text() for name in self._members()}

    def _members(self) -> Mapping[str, object]:
        if not isinstance(self.value, Mapping):
            raise self.error("should be an object")
        return self.value


Row = TypeVar("Row")
Reader = Callable[[Node], object]
JsonObject = dict[str, JsonValue]

SEEDED = "seeded"
"""The member that stands for a hash which the seed gives."""


class Form(Generic[Row]):
    """How the rows of one kind are read and written.

    `readers` holds, in the order of the export, every field that is exported. `hashed`
    names the field that holds the hash of a secret, if there is one; `secret` names those
    that no message may show.
    """

    def __init__(
        self,
        kind: type[Row],
        readers: Mapping[str, Reader],
        *,
        hashed: str | None = None,
        secret: Collection[str] = (),
    ) -> None:
        self._kind = kind
        self._hashed = hashed
        self._secret = {hashed, *secret}
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
                values[name] = reader(node.member(name, secret=name in self._secret))
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


def _plain(value: object) -> JsonValue:  # noqa: PLR0911 - one for each kind of value
    """Return what a row's field holds as JSON."""
    match value:
        case str():
            return str(value)
        case bytes():
            return value.hex()
        case Logo():
            return b64encode(value.content).decode()
        case tuple():
            return [_plain(one) for one in value]
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case BillingOptions() | ManagedConfiguration() | ExportFilter():
            given = {one.name: getattr(value, one.name) for one in fields(value)}
            return {name: one for name, one in given.items() if one is not None}
        case _:
            return cast("JsonValue", value)


def _envs(node: Node) -> tuple[Environment, ...]:
    envs = tuple(item.one_of(Environment) for item in node.items())
    if Environment.TEST not in envs or len(envs) != len(set(envs)):
        raise node.error("should be TEST, or TEST and LIVE (R6)")
    return envs


def _logo(node: Node) -> Logo:
    try:
        return logo_of(b64decode(node.text(), validate=True))
    except ValueError as error:
        raise node.error(f"should be a logo in base64: {error}") from None


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
        "logo": _logo,
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
