"""A seeded tree as a test wants to hold it: by attribute, typed, and without secrets in sight.

Made from the JSON of the control API's `getTree`, so that it is the same for a server in
this process, one in another, and what is known of the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from fiskaly_mockserver.control.shapes import (
        ListedReceipt,
        Tree,
        TreeOrganization,
        TreeTss,
        TreeUser,
    )

__tracebackhide__ = True
"""For pytest: a test that is refused is shown, not how the refusal came about in here."""
MAIN: Final = "ORGANIZATION"
SHOWN_AT_MOST: Final = 10


class NotInTheTree(LookupError):
    """The tree has no such organization, key, user or TSS; the message says what it has."""


@dataclass(frozen=True, slots=True)
class ApiKeyHandle:
    """An enabled API key: what a client needs to authenticate with it."""

    env: str
    key: str
    secret: str = field(repr=False)
    organization_id: str


@dataclass(frozen=True, slots=True)
class UserHandle:
    """A registered user, with its password and the organizations it belongs to."""

    user_id: str
    email: str
    password: str = field(repr=False)
    organization_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClientHandle:
    """A client of a TSS: a till."""

    client_id: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class TssHandle:
    """A TSS with its registered clients, and what administers it.

    `admin_pin` is None as long as none was set.
    """

    tss_id: str
    env: str
    state: str
    admin_pin: str | None = field(repr=False)
    admin_puk: str = field(repr=False)
    clients: tuple[ClientHandle, ...]

    @classmethod
    def of(cls, row: TreeTss) -> TssHandle:
        """Return the handle of what the control API tells of a TSS."""
        return cls(
            tss_id=row["id"],
            env=row["env"],
            state=row["state"],
            admin_pin=row["admin_pin"],
            admin_puk=row["admin_puk"],
            clients=tuple(
                ClientHandle(client["id"], client["serial_number"]) for client in row["clients"]
            ),
        )


@dataclass(frozen=True, slots=True)
class OrganizationHandle:
    """An organization of the tree with its enabled keys, a TEST key first, and its TSS."""

    organization_id: str
    type: str
    name: str
    envs: tuple[str, ...]
    managed_by_organization_id: str | None
    keys: tuple[ApiKeyHandle, ...]
    all_tss: tuple[TssHandle, ...] = ()

    @property
    def is_main(self) -> bool:
        """Whether it is a main organization, which nobody manages."""
        return self.type == MAIN

    @property
    def api_key(self) -> ApiKeyHandle:
        """Its first enabled key.

        Raises:
            NotInTheTree: It has none.
        """
        return self.key_for()

    @property
    def key(self) -> str:
        """The text of its first enabled key, which a client authenticates with.

        Raises:
            NotInTheTree: It has none.
        """
        return self.api_key.key

    @property
    def secret(self) -> str:
        """The secret of its first enabled key.

        Raises:
            NotInTheTree: It has none.
        """
        return self.api_key.secret

    def key_for(self, env: str | None = None) -> ApiKeyHandle:
        """Return its first enabled key, or the first of an environment: TEST or LIVE.

        Raises:
            NotInTheTree: It has none.
        """
        for key in self.keys:
            if env in {None, key.env}:
                return key
        kind = "" if env is None else f" {env}"
        have = ", ".join(dict.fromkeys(key.env for key in self.keys))
        raise NotInTheTree(
            f"{self.name!r} has no enabled{kind} API key in the seeded tree"
            + (f", only {have} ones" if have else ": create one through the API")
        )

    @property
    def tss(self) -> TssHandle:
        """Its first TSS.

        Raises:
            NotInTheTree: It has none.
        """
        return self.tss_for()

    def tss_for(self, env: str | None = None) -> TssHandle:
        """Return its first TSS, or the first of an environment: TEST or LIVE.

        Raises:
            NotInTheTree: It has none.
        """
        for tss in self.all_tss:
            if env in {None, tss.env}:
                return tss
        kind = "" if env is None else f" {env}"
        have = ", ".join(dict.fromkeys(tss.env for tss in self.all_tss))
        raise NotInTheTree(
            f"{self.name!r} has no{kind} TSS in the seeded tree"
            + (f", only {have} ones" if have else ": seed it with tills, or set up a TSS")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReceipt:
    """A finished transaction of a TSS, as its QR code has it.

    Attributes:
        transaction_id: Its id; `number` is what the code shows.
        process_data: The plain text that was signed.
        kind: `Beleg` and so on; "" where the process data is no receipt's.
        amounts: Gross amounts by VAT rate (`NORMAL`, `REDUCED_1`, …), those of 0.00 too.
        payments: Payment type, amount and currency of each.
        findings: What is wrong with it, as an auditor would see it.
    """

    transaction_id: str
    tss_id: str
    client_id: str
    client_serial_number: str
    number: int
    process_type: str
    process_data: str
    qr_code_data: str
    kind: str = ""
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    payments: tuple[tuple[str, Decimal, str], ...] = ()
    findings: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """The sum of the amounts."""
        from decimal import Decimal  # noqa: PLC0415 - no server needs it

        return sum(self.amounts.values(), Decimal(0))

    @classmethod
    def of(cls, row: ListedReceipt) -> SignedReceipt:
        """Return what the control API tells of a finished transaction.

        Raises:
            AssertionError: Its code does not verify; the message says why: of the client, as
                process data that is no text in UTF-8, or else it is a defect of the fake.
        """
        from decimal import Decimal  # noqa: PLC0415 - no server needs it

        fields, signed = row["fields"], row["transaction"]
        if signed is None or not row["signature_verifies"]:
            why = "; ".join(row["findings"])
            raise AssertionError(f"a receipt does not verify: {why}: {row['qr_code_data']}")
        receipt = cast("dict[str, Any]", row["process_data"].get("receipt", {}))
        return cls(
            transaction_id=signed["id"],
            tss_id=signed["tss_id"],
            client_id=signed["client_id"],
            client_serial_number=fields["client_serial_number"],
            number=signed["number"],
            process_type=fields["process_type"],
            process_data=fields["process_data"],
            qr_code_data=row["qr_code_data"],
            kind=receipt.get("kind", ""),
            amounts={
                one["vat_rate"]: Decimal(one["amount"])
                for one in receipt.get("amounts_per_vat_rate", ())
            },
            payments=tuple(
                (one["payment_type"], Decimal(one["amount"]), one["currency_code"])
                for one in receipt.get("amounts_per_payment_type", ())
            ),
            findings=tuple(row["findings"]),
        )


class TreeHandle:
    """The organizations and users that a server was seeded with.

    Disabled keys and users that cannot log in are not in it: they are found through the
    API. What a test creates or deletes later does not change it.
    """

    def __init__(self, tree: Tree) -> None:
        """Take over what `Control.tree()` returned."""
        self.preset = tree["preset"]
        self.seed = tree["seed"]
        self._tree = tree

    def __repr__(self) -> str:
        return (
            f"<tree {self.preset!r}, seed {self.seed}: {len(self.mains)} main and"
            f" {len(self.managed)} managed organizations, {len(self.users)} users>"
        )

    @property
    def main(self) -> OrganizationHandle:
        """The first main organization, with whose key a client begins.

        Raises:
            NotInTheTree: The tree has none, as that of preset `empty`.
        """
        if self._main is None:
            raise NotInTheTree(
                f"the tree of preset {self.preset!r} has no main organization: choose another"
                " preset, or make one with control.sign_up(...)"
            )
        return self._main

    @cached_property
    def _main(self) -> OrganizationHandle | None:
        """The one that most tests need alone: all of a large tree take a while."""
        mains = (row for row in self._tree["organizations"] if row["type"] == MAIN)
        return next(map(_organization, mains), None)

    @cached_property
    def organizations(self) -> tuple[OrganizationHandle, ...]:
        """The main and managed organizations, in the order of the tree."""
        main = self._main
        return tuple(
            main if main is not None and row["id"] == main.organization_id else _organization(row)
            for row in self._tree["organizations"]
        )

    @cached_property
    def users(self) -> tuple[UserHandle, ...]:
        """The users that can log in."""
        return tuple(map(_user, self._tree["users"]))

    @cached_property
    def mains(self) -> tuple[OrganizationHandle, ...]:
        """The main organizations, in the order of the tree."""
        return tuple(one for one in self.organizations if one.is_main)

    @cached_property
    def managed(self) -> tuple[OrganizationHandle, ...]:
        """The managed organizations of all main ones, in the order of the tree."""
        return tuple(one for one in self.organizations if not one.is_main)

    def managed_by(self, main: OrganizationHandle | str) -> tuple[OrganizationHandle, ...]:
        """Return the organizations that a main one manages, itself or its id given."""
        main_id = main if isinstance(main, str) else main.organization_id
        return tuple(one for one in self.managed if one.managed_by_organization_id == main_id)

    def organization(self, id_or_name: str) -> OrganizationHandle:
        """Find an organization by its id, or the first of a name.

        Raises:
            NotInTheTree: There is none; the message has the nearest names.
        """
        for one in self.organizations:
            if id_or_name in {one.organization_id, one.name}:
                return one
        names = [one.name for one in self.organizations]
        raise NotInTheTree(_missing("organization", id_or_name, names))

    def user(self, id_or_email: str) -> UserHandle:
        """Find a user by its id or e-mail.

        Raises:
            NotInTheTree: There is none; the message has the nearest e-mails.
        """
        for one in self.users:
            if id_or_email in {one.user_id, one.email}:
                return one
        raise NotInTheTree(_missing("user", id_or_email, [one.email for one in self.users]))


def _organization(row: TreeOrganization) -> OrganizationHandle:
    return OrganizationHandle(
        organization_id=row["id"],
        type=row["type"],
        name=row["name"],
        envs=tuple(row["envs"]),
        managed_by_organization_id=row["managed_by_organization_id"],
        keys=tuple(
            ApiKeyHandle(key["env"], key["key"], key["secret"], row["id"])
            for key in row["api_keys"]
        ),
        all_tss=tuple(map(TssHandle.of, row["tss"])),
    )


def _user(row: TreeUser) -> UserHandle:
    return UserHandle(row["id"], row["email"], row["password"], tuple(row["organization_ids"]))


def _missing(what: str, wanted: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a wrong word

    words = list(dict.fromkeys(known))
    near = get_close_matches(wanted, words, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    listed = ", ".join(map(repr, words[:SHOWN_AT_MOST]))
    more = f" and {len(words) - SHOWN_AT_MOST} more" if len(words) > SHOWN_AT_MOST else ""
    return f"the tree has no {what} {wanted!r}{hint}; it has: {listed or 'none'}{more}"
