"""Exports: which signed logs they hold, how far they are, and their TAR file (S9)."""

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.backend import SigningBackend, demand_ready, merged
from fiskaly_mockserver.domain.signing.clients import Clients
from fiskaly_mockserver.domain.signing.model import (
    MAX_RUNNING_EXPORTS,
    Export,
    ExportFilter,
    ExportId,
    ExportState,
    LogKind,
    SignedLog,
    Transaction,
    Tss,
    TssId,
    TssState,
)
from fiskaly_mockserver.domain.signing.signer import CertificateAuthority
from fiskaly_mockserver.domain.signing.transactions import Transactions
from fiskaly_mockserver.domain.signing.tss import TssService
from fiskaly_mockserver.domain.store import Page, Paging, SortKey, StateFilter, paged

FILE_LIFE = 7 * 86_400
"""Seconds that the file of a completed export can be fetched. Source: assumption."""
RUNNING = (ExportState.PENDING, ExportState.WORKING)
TOO_MANY_RECORDS = "E_TOO_MANY_RECORDS"
NO_DATA = "E_NO_DATA_AVAILABLE"
_KINDS = (
    ("transaction_number",),
    ("start_transaction_number", "end_transaction_number"),
    ("start_date", "end_date"),
    ("start_signature_counter", "end_signature_counter"),
)
"""Filters beside `client_id`; only those of one kind go together. Source: assumption (A-83)."""

SORT_KEYS: Mapping[str, SortKey[Export]] = {
    "state": lambda row: row.state,
    "time_request": lambda row: row.time_request,
    "time_start": lambda row: row.time_start or "",
    "time_end": lambda row: row.time_end or "",
    "time_expiration": lambda row: row.time_expiration or "",
    "time_error": lambda row: row.time_error or "",
}


class ExportFile(NamedTuple):
    """What the TAR file of an export is made of."""

    tss: Tss
    logs: Sequence[SignedLog]
    time: int


class Exports:
    """The operations on exports. An export is done at the next look at it."""

    def __init__(
        self,
        backend: SigningBackend,
        tss: TssService,
        clients: Clients,
        transactions: Transactions,
    ) -> None:
        self._backend = backend
        self._tables = backend.tables
        self._tss = tss
        self._clients = clients
        self._transactions = transactions

    def trigger(
        self, principal: Principal, tss_id: str, export_id: str, wanted: ExportFilter
    ) -> Export:
        """Ask for an export.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
            TssDeleted, TssDefective, TssEvicted, NothingToExport: The TSS's state.
            DuplicateExport: The id is in use.
            ParameterMismatch: The filters do not go together.
            UnknownClientNamed, UnknownTransactionNamed: A filter names what is not there.
            SameExportRuns, TooManyExports: Exports that are not done stand against it.
        """
        tss = self._tss.find(principal, tss_id)
        if tss.state in (TssState.CREATED, TssState.UNINITIALIZED):
            raise errors.NothingToExport(tss=tss.id, state=tss.state)
        if tss.state is not TssState.DISABLED:
            demand_ready(tss)
        key = (tss.id, ExportId(export_id.lower()))
        if self._tables.exports.get(key) is not None:
            raise errors.DuplicateExport(tss=tss.id, export=export_id)
        self._check(tss, wanted)
        running = [*self._tables.exports.select("state", *((tss.id, one) for one in RUNNING))]
        if any(other.wanted == wanted for other in running):
            raise errors.SameExportRuns(tss=tss.id)
        if len(running) >= MAX_RUNNING_EXPORTS:
            raise errors.TooManyExports(tss=tss.id, running=str(len(running)))
        export = Export(
            id=key[1],
            tss_id=tss.id,
            organization_id=tss.organization_id,
            env=tss.env,
            state=ExportState.PENDING,
            wanted=wanted,
            time_request=self._backend.now(),
        )
        self._tables.exports.put(export)
        return export

    def find(self, principal: Principal, tss_id: str, export_id: str) -> Export:
        """Return an export, which is done now unless it is held.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
            ExportNotFound: The TSS has no such export.
        """
        tss = self._tss.find(principal, tss_id)
        return self._advanced(tss, self._of(tss, export_id))

    def list(
        self,
        principal: Principal,
        tss_id: str | None,
        narrowed: StateFilter,
        paging: Paging,
        *,
        show_deleted: bool = True,
    ) -> Page[Export]:
        """List the exports of a TSS, or of all TSS of the caller where `tss_id` is None.

        Raises:
            NotSigningPrincipal, TssNotFound: As `TssService.find`.
        """
        rows = self._tss.rows(principal, tss_id, self._tables.exports, show_deleted=show_deleted)
        for export in [row for row in rows if row.state in RUNNING]:
            tss = self._tables.tss.get(export.tss_id)
            if tss is not None:
                self._advanced(self._backend.on_time(tss), export)
        return paged(rows, paging, SORT_KEYS, narrowed.narrowing)

    def cancel(self, principal: Principal, tss_id: str, export_id: str) -> Export:
        """Cancel an export that is not done.

        Raises:
            NotSigningPrincipal, TssNotFound, ExportNotFound: As `find`.
            TssDeleted, TssDefective, TssEvicted: The TSS's state.
            ExportNotCancellable: It is done already.
        """
        tss = self._tss.find(principal, tss_id)
        export = self._of(tss, export_id)
        if tss.state is not TssState.DISABLED:
            demand_ready(tss)
        if export.state not in RUNNING:
            raise errors.ExportNotCancellable(export=export.id, state=export.state)
        export = replace(export, state=ExportState.CANCELLED, time_end=self._backend.now())
        self._tables.exports.put(export)
        return export

    def file(self, principal: Principal, tss_id: str, export_id: str) -> ExportFile:
        """Return what the file of a completed export holds.

        Raises:
            NotSigningPrincipal, TssNotFound, ExportNotFound: As `find`.
            ExportNotCompleted: It was not looked at yet, did not end well, or its file is gone.
        """
        tss = self._tss.find(principal, tss_id)
        export = self._of(tss, export_id)
        gone = export.time_expiration <= self._backend.clock.now()
        if export.state is not ExportState.COMPLETED or gone:
            raise errors.ExportNotCompleted(export=export.id, state=export.state)
        return ExportFile(tss, [*self._logs(tss, export)], export.time_end)

    def change_metadata(
        self, principal: Principal, tss_id: str, export_id: str, metadata: Mapping[str, str]
    ) -> Export:
        """Merge metadata.

        Raises:
            NotSigningPrincipal, TssNotFound, ExportNotFound: As `find`.
        """
        export = self.find(principal, tss_id, export_id)
        changed = replace(export, metadata=merged(export.metadata, metadata))
        self._tables.exports.put(changed)
        return changed

    def hold(self, tss_id: str, export_id: str, state: ExportState) -> Export:
        """Keep a running export in WORKING, end it in ERROR, or complete it, as the server would.

        Raises:
            TssNotFound: There is no such TSS.
            ExportNotFound: The TSS has no such export.
            ValueError: It is not running.
        """
        tss = self._tables.tss.get(TssId(tss_id.lower()))
        if tss is None:
            raise errors.TssNotFound(tss=tss_id)
        export = self._of(tss, export_id)
        if export.state not in RUNNING:
            raise ValueError(f"the export is {export.state}, which is for good")
        held = None if state is ExportState.COMPLETED else state
        return self._advanced(tss, replace(export, held=held))

    # ------------------------------------------------------------------------------- what it holds

    def _of(self, tss: Tss, export_id: str) -> Export:
        export = self._tables.exports.get((tss.id, ExportId(export_id.lower())))
        if export is None:
            raise errors.ExportNotFound(tss=tss.id, export=export_id)
        return export

    def _advanced(self, tss: Tss, export: Export) -> Export:
        """Take a running export to its end, or to the state that it is held in."""
        if export.state not in RUNNING or export.held is ExportState.PENDING:
            return export
        now = self._backend.now()
        if export.held is not None:
            changed = replace(export, state=export.held, time_start=export.time_start or now)
            if export.held is ExportState.ERROR:
                changed = replace(changed, exception="E_UNEXPECTED", time_error=now)
        else:
            last, start = self._last_counter(tss, export.wanted), export.time_start or now
            begun = replace(export, last_counter=last, time_start=start)
            changed = self._completed(tss, begun, now)
        self._tables.exports.put(changed)
        return changed

    def _completed(self, tss: Tss, export: Export, now: int) -> Export:
        most = export.wanted.maximum_number_records
        held = sum(1 for _ in self._logs(tss, export))
        exception = ""
        if not held:
            exception = NO_DATA
        elif most and held > most:
            exception = TOO_MANY_RECORDS
        if exception:
            return replace(export, state=ExportState.ERROR, exception=exception, time_error=now)
        return replace(
            export, state=ExportState.COMPLETED, time_end=now, time_expiration=now + FILE_LIFE
        )

    def _check(self, tss: Tss, wanted: ExportFilter) -> None:
        if wanted.client_id is not None:
            if self._clients.of(tss, wanted.client_id) is None:
                raise errors.UnknownClientNamed(tss=tss.id, client=wanted.client_id)
            return
        asked = [[name for name in kind if getattr(wanted, name) is not None] for kind in _KINDS]
        used = [names[0] for names in asked if names]
        if len(used) > 1:
            raise errors.ParameterMismatch(f"filters by {' and by '.join(used)} exclude each other")
        for start, *end in filter(None, asked):
            if end and getattr(wanted, start) > getattr(wanted, end[0]):
                raise errors.ParameterMismatch(f"{start} is after {end[0]}")
        for name in (*_KINDS[0], *_KINDS[1]):
            number = getattr(wanted, name)
            if number is not None and self._numbered(tss, number) is None:
                raise errors.UnknownTransactionNamed(name, tss=tss.id, transaction=str(number))

    def _numbered(self, tss: Tss, number: int) -> Transaction | None:
        return self._transactions.of(tss.id, str(number))

    def _logs(self, tss: Tss, export: Export) -> Iterator[SignedLog]:
        """Yield the logs that the filter selects, in the order of counters (S9)."""
        wanted = export.wanted
        for log in self._tables.logs.select("tss", tss.id):
            if log.counter <= export.last_counter and self._wants(tss, wanted, log):
                yield log

    def _wants(self, tss: Tss, wanted: ExportFilter, log: SignedLog) -> bool:
        if wanted.client_id is not None:
            client = self._clients.of(tss, wanted.client_id)
            return log.kind is not LogKind.TRANSACTION or (
                client is not None and log.client_serial_number == client.serial_number
            )
        if wanted.transaction_number is not None:
            own = log.kind is not LogKind.TRANSACTION or log.number == wanted.transaction_number
            return own and self._first_counter(tss, wanted.transaction_number) <= log.counter
        if wanted.start_transaction_number is not None or wanted.end_transaction_number is not None:
            return self._first_counter(tss, wanted.start_transaction_number or 1) <= log.counter
        if wanted.start_date is not None or wanted.end_date is not None:
            return (wanted.start_date or 0) <= log.time and (
                wanted.end_date is None or log.time <= wanted.end_date
            )
        return (wanted.start_signature_counter or 0) <= log.counter and (
            wanted.end_signature_counter is None or log.counter <= wanted.end_signature_counter
        )

    def _first_counter(self, tss: Tss, number: int) -> int:
        """Return the signature counter of a transaction's start."""
        row = self._numbered(tss, number)
        return 0 if row is None else row.revisions[0].counter

    def _last_counter(self, tss: Tss, wanted: ExportFilter) -> int:
        """Return the counter of the newest log that an export of this moment may hold.

        A transaction may go on once its export is done, which that does not hold then.
        """
        number = wanted.transaction_number or wanted.end_transaction_number
        if number is None and wanted.start_transaction_number is not None:
            number = tss.transaction_counter
        if number is None or wanted.client_id is not None:
            return tss.signature_counter
        row = self._numbered(tss, number)
        return tss.signature_counter if row is None else row.latest.counter


BLOCK = 512
NAME_BYTES = 100
# Mode, uid and gid, then the numbers of a device: six digits, a blank and NUL each
_OWNER = b"000644 \x00" + 2 * b"000000 \x00"
_DEVICE = 2 * b"000000 \x00"
VERSION = "fiskaly-mockserver, a mock: no certified TSE"


def info_csv(description: str) -> bytes:
    """Return info.csv, which says plainly that this is a mock.

    The guideline wants a line feed at its end, which real exports do not have (recorded).

    >>> info_csv("Till 1").decode()
    '"description:","Till 1","manufacturer:","fiskaly-mockserver (not fiskaly)",\
"version:","fiskaly-mockserver, a mock: no certified TSE"'
    """
    pairs = (
        ("description:", description.replace('"', '""')),
        ("manufacturer:", "fiskaly-mockserver (not fiskaly)"),
        ("version:", VERSION),
    )
    return ",".join(f'"{name}","{value}"' for name, value in pairs).encode()


def export_files(file: ExportFile, authority: CertificateAuthority) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of an export: info.csv, certificates, logs (recorded order)."""
    yield "info.csv", info_csv(file.tss.description)
    yield f"{file.tss.serial_number}_X509.der", b64decode(file.tss.certificate)
    yield f"{authority.serial_number}_X509.der", authority.certificate
    for log in file.logs:
        yield log.name, log.data


def tar_file(files: Iterator[tuple[str, bytes]], *, time: int) -> Iterator[bytes]:
    """Yield the blocks of an archive as the service writes them; `time` is that of the export.

    Source: 16 real exports. Python's `tarfile` writes other headers, so that it is the tests'
    second opinion instead.
    """
    for name, data in files:
        encoded = name.encode()
        if len(encoded) > NAME_BYTES:
            record = _pax_record("path", name)
            yield _header(b"PaxHeader", len(record), time, b"x") + _padded(record)
            encoded = b"PaxHeader"
        yield _header(encoded, len(data), time, b"0") + _padded(data)
    yield bytes(2 * BLOCK)


def _header(name: bytes, size: int, time: int, kind: bytes) -> bytes:
    before = name.ljust(NAME_BYTES, b"\0") + _OWNER + b"%011o " % size + b"%011o " % time
    after = kind + bytes(100) + b"ustar\x0000" + bytes(64) + _DEVICE + bytes(167)
    checksum = sum(before) + sum(after) + 8 * ord(" ")
    return before + b"%06o \0" % checksum + after


def _pax_record(keyword: str, value: str) -> bytes:
    r"""Return a PAX record, which begins with its own length.

    >>> _pax_record("path", "xy")
    b'11 path=xy\n'
    """
    rest = f" {keyword}={value}\n".encode()
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)
