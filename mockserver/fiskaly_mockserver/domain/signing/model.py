"""The rows of SIGN DE: TSS, admin sessions, clients, transactions, exports and signed logs.

Rows are frozen and replaced, never changed, so that worlds can share them. Times are whole
unix seconds, 0 where the thing has not happened. Source of the fields: the recorded answers
of the API, as far as there are any.
"""

import marshal
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, NewType

from fiskaly_mockserver.domain.account.model import (
    EMPTY_METADATA,
    Environment,
    OrganizationId,
    PrincipalId,
)
from fiskaly_mockserver.domain.signing.log_messages import signed
from fiskaly_mockserver.domain.signing.process_data import NO_DATA, process_data_of

TssId = NewType("TssId", str)
ClientId = NewType("ClientId", str)
TransactionId = NewType("TransactionId", str)
ExportId = NewType("ExportId", str)

MAX_CLIENTS = 199
"""Registered clients that one TSS has room for. Source: recorded."""
MAX_ACTIVE_TRANSACTIONS = 2_000
"""Transactions of one TSS that may be ACTIVE at a time. Source: recorded."""
MAX_ACTIVE_TEST_TSS = 5
"""TSS of one organization that may be CREATED to INITIALIZED in TEST. Source: documented."""
MAX_TSS_PER_DAY = 500
"""TSS that one organization may create within 24 hours. Source: documented."""
MAX_RUNNING_EXPORTS = 10
"""Exports of one TSS that may be PENDING or WORKING. Source: documented."""
MAX_METADATA = 40
"""Entries of the metadata of one thing. Source: documented."""
MAX_METADATA_TEXT = 500
"""Characters of one of them. Source: documented."""
MAX_PIN_TRIES = 5
"""Wrong admin PINs in a row that block the PIN. Source: documented."""


class TssState(StrEnum):
    """The states of a TSS; the last three are the server's doing alone (S2)."""

    CREATED = "CREATED"
    UNINITIALIZED = "UNINITIALIZED"
    INITIALIZED = "INITIALIZED"
    DISABLED = "DISABLED"
    DELETED = "DELETED"
    DEFECTIVE = "DEFECTIVE"
    EVICTED = "EVICTED"


ACTIVE_STATES = (TssState.CREATED, TssState.UNINITIALIZED, TssState.INITIALIZED)
"""The states that count for the limit of active TSS."""
READY_STATES = (TssState.UNINITIALIZED, TssState.INITIALIZED)
"""The states in which PIN, admin sessions and clients work."""


class ClientState(StrEnum):
    """Whether a client may sign."""

    REGISTERED = "REGISTERED"
    DEREGISTERED = "DEREGISTERED"


class TransactionState(StrEnum):
    """ACTIVE until finished or canceled."""

    ACTIVE = "ACTIVE"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"


class ExportState(StrEnum):
    """How far an export is."""

    PENDING = "PENDING"
    WORKING = "WORKING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    ERROR = "ERROR"


class LogKind(StrEnum):
    """The three kinds of signed logs."""

    SYSTEM = "system"
    AUDIT = "audit"
    TRANSACTION = "transaction"


@dataclass(frozen=True, kw_only=True)
class Tss:
    """A technical security system.

    Attributes:
        serial_number: Lower-case hex of the SHA-256 of the public key's 65 bytes.
        public_key: Those bytes in base64.
        certificate: The X.509 certificate, DER in base64.
        admin_puk: Ten digits; shown while the TSS is CREATED.
        pin_hash: Hash of the admin PIN; None until the PUK has set one.
        pin_tries: Wrong PINs since the last right one; the PIN is blocked from five on.
        signature_counter: Counter of the newest signed log.
        transaction_counter: Number of the newest transaction.
        registered_clients: How many of its clients are REGISTERED.
        active_transactions: How many of its transactions are ACTIVE.
    """

    id: TssId
    organization_id: OrganizationId
    env: Environment
    state: TssState
    serial_number: str
    public_key: str
    certificate: str
    admin_puk: str = field(repr=False)
    pin_hash: bytes | None = field(default=None, repr=False)
    pin_tries: int = 0
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=lambda: EMPTY_METADATA)
    signature_counter: int = 0
    transaction_counter: int = 0
    registered_clients: int = 0
    active_transactions: int = 0
    time_creation: int = 0
    time_uninit: int = 0
    time_init: int = 0
    time_defective: int = 0
    time_disable: int = 0

    @property
    def is_active(self) -> bool:
        """Whether it counts for the limit of active TSS."""
        return self.state in ACTIVE_STATES

    def signed(self, counter: int, *, started: int, active: int) -> "Tss":
        """Return it after a log of a transaction, with its new counters.

        Every receipt comes by here, and `dataclasses.replace` would name each field again.
        """
        row: Tss = object.__new__(Tss)
        row.__dict__.update(
            self.__dict__,
            signature_counter=counter,
            transaction_counter=self.transaction_counter + started,
            active_transactions=self.active_transactions + active,
        )
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSession:
    """An admin who is logged in: bound to the TSS and the API key, until `expires_at` (S3)."""

    tss_id: TssId
    principal_id: PrincipalId
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A till that signs through a TSS; its id is unique in the whole system (S4)."""

    id: ClientId
    tss_id: TssId
    organization_id: OrganizationId
    env: Environment
    serial_number: str
    state: ClientState
    metadata: Mapping[str, str] = field(default_factory=lambda: EMPTY_METADATA)
    time_creation: int = 0
    time_update: int = 0


class Revision(NamedTuple):
    """One signed step of a transaction.

    Attributes:
        revision: 1, 2, 3, …
        sent: The `body`, marshaled: as objects it would take most of the room of a step, and of
            the garbage collector's time.
        process_type: `Kassenbeleg-V1` and the like; " " for a start without a schema.
        process_data: The plain text that was signed.
        operation: `Start`, `Update` or `Finish`.
        log: What was signed.
    """

    revision: int
    state: TransactionState
    client_id: ClientId
    client_serial_number: str
    sent: bytes
    process_type: str
    process_data: bytes
    operation: str
    log: "SignedLog"

    @property
    def body(self) -> Mapping[str, Any]:
        """What the caller sent, to tell a repetition from another call."""
        body: Mapping[str, Any] = marshal.loads(self.sent)  # noqa: S302 - our own bytes
        return body

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is echoed of the body, worked out anew: of most steps nobody asks for it again."""
        return process_data_of(self.body.get("schema")).schema

    @property
    def counter(self) -> int:
        """The signature counter."""
        return self.log.counter

    @property
    def time(self) -> int:
        """The log time."""
        return self.log.time

    @property
    def signature(self) -> str:
        """The signature's 64 bytes in base64."""
        return b64encode(self.log.signature).decode()


class Transaction(NamedTuple):
    """A transaction in its latest revision, with all earlier ones; its id is unique per TSS."""

    id: TransactionId
    tss_id: TssId
    tss_serial_number: str
    public_key: str
    organization_id: OrganizationId
    env: Environment
    number: int
    revisions: tuple[Revision, ...]
    metadata: Mapping[str, str] = EMPTY_METADATA

    @property
    def latest(self) -> Revision:
        """The newest revision."""
        return self.revisions[-1]

    @property
    def state(self) -> TransactionState:
        """The state that the newest revision left."""
        return self.latest.state

    @property
    def process_type(self) -> str:
        """The process type that it has once a call gave one, " " before."""
        types = (one.process_type for one in self.revisions)
        return next((one for one in types if one != NO_DATA.process_type), NO_DATA.process_type)

    @property
    def time_start(self) -> int:
        """Log time of the start."""
        return self.revisions[0].time

    @property
    def time_end(self) -> int:
        """Log time of the end, 0 while ACTIVE."""
        return 0 if self.state is TransactionState.ACTIVE else self.latest.time


@dataclass(slots=True, kw_only=True)
class SignedLog:
    """A log message, whose bytes exports pack and signatures come from (S6).

    It is signed when its signature is first asked for: most system logs, and the receipts that
    a tree begins with, are never looked at, and a signature that follows from key and message
    is the same whenever it is made (S7).

    Attributes:
        name: Its file name in an export.
        unsigned: What is signed.
        sign: Returns the 64 bytes of the signature over that.
        number: The transaction's number, 0 for system and audit logs.
        client_serial_number: The client's, "" for system and audit logs.
    """

    tss_id: TssId
    counter: int
    time: int
    kind: LogKind
    name: str
    unsigned: bytes = field(repr=False)
    sign: Callable[[bytes], bytes] = field(repr=False, compare=False)
    number: int = 0
    client_serial_number: str = ""
    _signature: bytes = field(default=b"", init=False, repr=False, compare=False)

    @property
    def signature(self) -> bytes:
        """The 64 bytes r‖s."""
        if not self._signature:
            self._signature = self.sign(self.unsigned)
        return self._signature

    @property
    def data(self) -> bytes:
        """The whole DER message with its signature."""
        return signed(self.unsigned, self.signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """Which logs an export is to hold; None where nothing was asked for (S9)."""

    client_id: ClientId | None = None
    transaction_number: int | None = None
    start_transaction_number: int | None = None
    end_transaction_number: int | None = None
    start_date: int | None = None
    end_date: int | None = None
    start_signature_counter: int | None = None
    end_signature_counter: int | None = None
    maximum_number_records: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export of a TSS's logs.

    Attributes:
        held: The state that the control API keeps it in, whoever looks; None lets it run.
        exception: Why it is in ERROR, "" otherwise.
        last_counter: The newest log that it may hold, as of its completion.
    """

    id: ExportId
    tss_id: TssId
    organization_id: OrganizationId
    env: Environment
    state: ExportState
    wanted: ExportFilter
    held: ExportState | None = None
    exception: str = ""
    metadata: Mapping[str, str] = field(default_factory=lambda: EMPTY_METADATA)
    last_counter: int = 0
    time_request: int = 0
    time_start: int = 0
    time_end: int = 0
    time_expiration: int = 0
    time_error: int = 0
