"""The rows of SIGN DE as an exported world has them, and what has to hold between them.

A log stands there as its finished bytes; a revision of a transaction is what the caller sent and
the counter of its log, from which the rest of it follows. Admin sessions are left out, as all
sessions are.
"""

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, cast

from fiskaly_contracts import JsonValue
from fiskaly_fixtures import admin_pin_of

from fiskaly_mockserver.domain.account.model import Environment, Organization, hash_secret
from fiskaly_mockserver.domain.signing.errors import UnreadableProcessData
from fiskaly_mockserver.domain.signing.log_messages import parted
from fiskaly_mockserver.domain.signing.model import (
    Client,
    ClientState,
    Export,
    ExportFilter,
    ExportState,
    LogKind,
    Revision,
    SignedLog,
    Transaction,
    TransactionState,
    Tss,
    TssId,
    TssState,
)
from fiskaly_mockserver.domain.signing.process_data import process_data_of
from fiskaly_mockserver.domain.signing.transactions import Call, revision_of, transaction_of
from fiskaly_mockserver.world.export.rows import Form, JsonObject, Node, StateError
from fiskaly_mockserver.world.names import shown
from fiskaly_mockserver.world.store.tables import Rows

Row = TypeVar("Row")
Key = TypeVar("Key", bound=Hashable)

UNFIT = (
    UnreadableProcessData,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What reading process data ends in where the contract did not look at it before."""
SIGNING_MEMBERS = ("tss", "clients", "transactions", "exports", "logs")
"""The members of an exported world that are SIGN DE's; all of them, or none."""


def _count(node: Node) -> int:
    return node.whole(least=0)


def _base64(node: Node) -> str:
    """Return text that is base64, as which others read it."""
    text = node.filled()
    try:
        b64decode(text, validate=True)
    except ValueError as error:
        raise node.error("should be base64") from error
    return text


TSS = Form(
    Tss,
    {
        "id": Node.filled,
        "organization_id": Node.filled,
        "env": lambda node: node.one_of(Environment),
        "state": lambda node: node.one_of(TssState),
        "serial_number": lambda node: node.hash().hex(),
        "public_key": _base64,
        "certificate": _base64,
        "admin_puk": Node.filled,
        "pin_hash": Node.hash,
        "pin_tries": _count,
        "description": Node.text,
        "metadata": Node.texts,
        "signature_counter": _count,
        "transaction_counter": _count,
        "registered_clients": _count,
        "active_transactions": _count,
        "time_creation": _count,
        "time_uninit": _count,
        "time_init": _count,
        "time_defective": _count,
        "time_disable": _count,
    },
    hashed="pin_hash",
    secret=("admin_puk",),
)
CLIENT = Form(
    Client,
    {
        "id": Node.filled,
        "tss_id": Node.filled,
        "organization_id": Node.filled,
        "env": lambda node: node.one_of(Environment),
        "serial_number": Node.filled,
        "state": lambda node: node.one_of(ClientState),
        "metadata": Node.texts,
        "time_creation": _count,
        "time_update": _count,
    },
)
FILTER = Form(
    ExportFilter,
    {
        "client_id": Node.filled,
        "transaction_number": _count,
        "start_transaction_number": _count,
        "end_transaction_number": _count,
        "start_date": _count,
        "end_date": _count,
        "start_signature_counter": _count,
        "end_signature_counter": _count,
        "maximum_number_records": _count,
    },
)
EXPORT = Form(
    Export,
    {
        "id": Node.filled,
        "tss_id": Node.filled,
        "organization_id": Node.filled,
        "env": lambda node: node.one_of(Environment),
        "state": lambda node: node.one_of(ExportState),
        "wanted": FILTER.read,
        "held": lambda node: node.one_of(ExportState),
        "exception": Node.text,
        "metadata": Node.texts,
        "last_counter": _count,
        "time_request": _count,
        "time_start": _count,
        "time_end": _count,
        "time_expiration": _count,
        "time_error": _count,
    },
)


def write_signing(rows: Rows, seed: int | None) -> dict[str, list[JsonValue]]:
    """Return the members of an exported world that are SIGN DE's."""
    derive = _pin_hashes(seed)
    return {
        "tss": [TSS.write(row, derive) for row in rows.tss],
        "clients": [CLIENT.write(row) for row in rows.clients],
        "transactions": [_transaction(row) for row in rows.transactions],
        "exports": [EXPORT.write(row) for row in rows.exports],
        "logs": [_log(row) for row in rows.logs],
    }


def read_signing(
    node: Node, seed: int | None, organizations: Sequence[Organization]
) -> dict[str, list[Any]]:
    """Return the rows of SIGN DE by the names of their tables, none where none were exported.

    Raises:
        StateError: A member is missing, unknown or of the wrong kind, or does not fit the others.
    """
    if not any(name in node for name in SIGNING_MEMBERS):
        return {}
    derive = _pin_hashes(seed)
    tss = [TSS.read(item, derive) for item in node.member("tss").items()]
    clients = [CLIENT.read(item) for item in node.member("clients").items()]
    logs = [_read_log(item) for item in node.member("logs").items()]
    known = Known(
        tss=_by(attrgetter("id"), tss, "/tss/{}/id"),
        clients=_by(attrgetter("id"), clients, "/clients/{}/id"),
        logs=_by(attrgetter("tss_id", "counter"), logs, "/logs/{}/counter"),
    )
    _check_tss(tss, {row.id: row for row in organizations})
    _check_place(clients, known.tss, "/clients")
    transactions = [_read_transaction(item, known) for item in node.member("transactions").items()]
    exports = [EXPORT.read(item) for item in node.member("exports").items()]
    _check_place(exports, known.tss, "/exports")
    for name, rows in (("exports", exports), ("transactions", transactions)):
        _by(attrgetter("tss_id", "id"), rows, f"/{name}/{{}}/id")
    _by(attrgetter("tss_id", "number"), transactions, "/transactions/{}/number")
    _by(attrgetter("tss_id", "serial_number"), clients, "/clients/{}/serial_number")
    _check_counts(tss, clients, transactions, logs)
    return {
        "tss": tss,
        "clients": clients,
        "transactions": transactions,
        "exports": exports,
        "logs": logs,
    }


def _pin_hashes(seed: int | None) -> Callable[[str], bytes] | None:
    return None if seed is None else lambda tss_id: hash_secret(admin_pin_of(seed, tss_id))


# ------------------------------------------------------------------- logs and transactions


def _log(row: SignedLog) -> JsonObject:
    return {
        "tss_id": row.tss_id,
        "counter": row.counter,
        "time": row.time,
        "kind": row.kind.value,
        "name": row.name,
        "data": b64encode(row.data).decode(),
        **({"number": row.number} if row.number else {}),
        **({"client_serial_number": row.client_serial_number} if row.client_serial_number else {}),
    }


def _read_log(node: Node) -> SignedLog:
    node.only("tss_id", "counter", "time", "kind", "name", "data", "number", "client_serial_number")
    data = node.member("data")
    try:
        unsigned, signature = parted(b64decode(data.text(), validate=True))
    except ValueError as error:
        raise data.error(f"should be a signed log in base64: {error}") from error
    return SignedLog(
        tss_id=TssId(node.member("tss_id").filled()),
        counter=node.member("counter").whole(least=1),
        time=node.member("time").whole(least=0),
        kind=node.member("kind").one_of(LogKind),
        name=node.member("name").filled(),
        unsigned=unsigned,
        sign=lambda _: signature,
        number=node.member("number").whole(least=1) if "number" in node else 0,
        client_serial_number=node.member("client_serial_number").filled()
        if "client_serial_number" in node
        else "",
    )


def _transaction(row: Transaction) -> JsonObject:
    return {
        "id": row.id,
        "tss_id": row.tss_id,
        "number": row.number,
        "revisions": [
            {"counter": one.counter, "body": cast("JsonValue", one.body)} for one in row.revisions
        ],
        **({"metadata": {**row.metadata}} if row.metadata else {}),
    }


class Known(NamedTuple):
    """The rows that others refer to."""

    tss: Mapping[str, Tss]
    clients: Mapping[str, Client]
    logs: Mapping[tuple[str, int], SignedLog]


def _read_transaction(node: Node, known: Known) -> Transaction:
    node.only("id", "tss_id", "number", "revisions", "metadata")
    tss = _found(node.member("tss_id"), known.tss)
    number = node.member("number").whole(least=1)
    revisions = tuple(
        _read_revision(item, tss, number, at, known)
        for at, item in enumerate(node.member("revisions").items(), 1)
    )
    if not revisions:
        raise node.member("revisions").error("should have at least the start")
    metadata = node.member("metadata").texts() if "metadata" in node else {}
    return transaction_of(tss, node.member("id").filled(), number, revisions, metadata)


def _read_revision(node: Node, tss: Tss, number: int, at: int, known: Known) -> Revision:
    node.only("counter", "body")
    body, counter = node.member("body"), node.member("counter")
    state = body.member("state").one_of(TransactionState)
    client = _found(body.member("client_id"), known.clients)
    log = known.logs.get((tss.id, counter.whole(least=1)))
    if log is None or log.number != number:
        raise counter.error(f"there is no log of transaction {number} with that counter")
    sent = cast("Mapping[str, Any]", body.value)
    try:
        data = process_data_of(sent.get("schema"))
    except UNFIT as error:
        raise body.error("should be a body that the API accepts") from error
    return revision_of(Call(at, state, client.id, data, sent), client.id, log)


# -------------------------------------------------------------------- what has to hold


def _by(key: Callable[[Row], Key], rows: Iterable[Row], path: str) -> dict[Key, Row]:
    """Return rows by a key that each has for itself.

    Raises:
        StateError: Two have the same.
    """
    found: dict[Key, Row] = {}
    for at, row in enumerate(rows):
        one = key(row)
        if one in found:
            first = path.format([*found].index(one))
            raise StateError(f"{path.format(at)} is {shown(one)}, but so is {first} already")
        found[one] = row
    return found


def _found(reference: Node, known: Mapping[str, Row]) -> Row:
    row = known.get(reference.filled())
    if row is None:
        raise reference.error("there is nothing with that id")
    return row


def _check_tss(tss: Sequence[Tss], organizations: Mapping[str, Organization]) -> None:
    for at, row in enumerate(tss):
        owner = organizations.get(row.organization_id)
        if owner is None:
            raise StateError(
                f"/tss/{at}/organization_id is {shown(row.organization_id)}, but there is nothing"
                " with that id"
            )
        if row.env not in owner.envs:
            has = shown(owner.envs)
            raise StateError(f"/tss/{at}/env is {shown(row.env)}, but its organization has {has}")


def _check_place(rows: Sequence[Client | Export], known: Mapping[str, Tss], path: str) -> None:
    for at, row in enumerate(rows):
        tss = known.get(row.tss_id)
        if tss is None or (tss.organization_id, tss.env) != (row.organization_id, row.env):
            raise StateError(
                f"{path}/{at}/tss_id is {shown(row.tss_id)}, but the organization has no such TSS"
                " in that environment"
            )


def _check_counts(
    tss: Sequence[Tss],
    clients: Sequence[Client],
    transactions: Sequence[Transaction],
    logs: Sequence[SignedLog],
) -> None:
    """Demand that each TSS counts what there is, and that its logs leave no counter out (S6)."""
    registered = Counter(row.tss_id for row in clients if row.state is ClientState.REGISTERED)
    active = Counter(row.tss_id for row in transactions if row.state is TransactionState.ACTIVE)
    started = Counter(row.tss_id for row in transactions)
    signed = Counter[str]()
    for at, log in enumerate(logs):
        signed[log.tss_id] += 1
        if log.counter != signed[log.tss_id]:
            raise StateError(
                f"/logs/{at}/counter is {log.counter}, but the next one of its TSS is"
                f" {signed[log.tss_id]} (S6)"
            )
    if foreign := set(signed) - {row.id for row in tss}:
        at = next(at for at, log in enumerate(logs) if log.tss_id in foreign)
        raise StateError(
            f"/logs/{at}/tss_id is {shown(logs[at].tss_id)}, but there is nothing with that id"
        )
    for at, row in enumerate(tss):
        for name, found in (
            ("signature_counter", signed[row.id]),
            ("transaction_counter", started[row.id]),
            ("registered_clients", registered[row.id]),
            ("active_transactions", active[row.id]),
        ):
            if getattr(row, name) != found:
                raise StateError(f"/tss/{at}/{name} is {getattr(row, name)}, but there are {found}")
