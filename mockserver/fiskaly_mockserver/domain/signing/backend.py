"""What the services of SIGN DE work on: rows and seams, the ledger, and checks they share."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import PrincipalKind
from fiskaly_mockserver.domain.backend import Clock, SecretSource
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.log_messages import (
    SystemMessage,
    system_log,
    transaction_log,
    update_time,
)
from fiskaly_mockserver.domain.signing.model import (
    MAX_METADATA,
    MAX_METADATA_TEXT,
    READY_STATES,
    LogKind,
    SignedLog,
    Tss,
    TssState,
)
from fiskaly_mockserver.domain.signing.process_data import ProcessData
from fiskaly_mockserver.domain.signing.signer import SigningKeys
from fiskaly_mockserver.domain.signing.tables import SigningTables

_TAKEN_AWAY: Mapping[TssState, type[errors.SigningError]] = {
    TssState.DELETED: errors.TssDeleted,
    TssState.DEFECTIVE: errors.TssDefective,
    TssState.EVICTED: errors.TssEvicted,
}


DAY = 86_400
MOST_DAYS = 366
"""Daily logs that are written together, however far the clock was moved."""


class Ledger(NamedTuple):
    """Writes signed logs. The caller stores the TSS that it gets back, with its new counter."""

    tables: SigningTables
    keys: SigningKeys

    def system(self, tss: Tss, message: SystemMessage, now: int) -> Tss:
        """Write a system log."""
        counter = tss.signature_counter + 1
        self.tables.logs.put(
            SignedLog(
                tss_id=tss.id,
                counter=counter,
                time=now,
                kind=LogKind.SYSTEM,
                name=f"Unixt_{now}_Sig-{counter}_Log-Sys_{message.event}.log",
                unsigned=system_log(
                    message, serial=bytes.fromhex(tss.serial_number), counter=counter, time=now
                ),
                sign=self.keys.signer(tss.id),
            )
        )
        return replace(tss, signature_counter=counter)

    def on_time(self, tss: Tss, now: int) -> Tss:
        """Write the daily settings of the time that are due since the newest log (S6).

        The TSS is stored, too: nobody else knows that anything was written.
        """
        newest = self.tables.logs.get((tss.id, tss.signature_counter))
        if tss.state not in READY_STATES or newest is None:
            return tss
        days = (newest.time - tss.time_uninit) // DAY + 1
        due = range(tss.time_uninit + days * DAY, now + 1, DAY)[-MOST_DAYS:]
        for at in due:
            tss = self.system(tss, update_time(at - 1, at), at)
        if due:
            self.tables.tss.put(tss)
        return tss


def transaction_log_of(
    tss: Tss,
    *,
    counter: int,
    operation: str,
    client_serial_number: str,
    data: ProcessData,
    number: int,
    now: int,
    sign: Callable[[bytes], bytes],
) -> SignedLog:
    """Return the log that a TSS writes of a transaction."""
    # A "/" would be a folder in the archive (S9)
    client = client_serial_number.replace("/", "_")
    return SignedLog(
        tss_id=tss.id,
        counter=counter,
        time=now,
        kind=LogKind.TRANSACTION,
        name=f"Unixt_{now}_Sig-{counter}_Log-Tra_No-{number}_{operation}_Client-{client}.log",
        unsigned=transaction_log(
            operation=operation,
            client_serial_number=client_serial_number,
            process_data=data.data,
            process_type=data.process_type,
            number=number,
            serial=bytes.fromhex(tss.serial_number),
            counter=counter,
            time=now,
        ),
        sign=sign,
        number=number,
        client_serial_number=client_serial_number,
    )


class SigningOptions(NamedTuple):
    """What a server may be told about SIGN DE.

    Attributes:
        main_keys: Whether a main organization's key may create a TSS (S1).
        daily_time: Whether each TSS signs that its time was set once a day (S6).
    """

    main_keys: bool = True
    daily_time: bool = False


class SigningBackend(NamedTuple):
    """The rows of SIGN DE in one world, and the seams they are changed through."""

    tables: SigningTables
    clock: Clock
    secrets: SecretSource
    keys: SigningKeys
    session_end: Callable[[Principal], int]
    options: SigningOptions = SigningOptions()

    @property
    def ledger(self) -> Ledger:
        """What signs and stores log messages."""
        return Ledger(self.tables, self.keys)

    def on_time(self, tss: Tss) -> Tss:
        """Return a TSS with the daily settings of its time that are due, if it signs those (S6)."""
        return self.ledger.on_time(tss, self.now()) if self.options.daily_time else tss

    def now(self) -> int:
        """Return the world's time in whole unix seconds."""
        return int(self.clock.now())


def merged(old: Mapping[str, str], new: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return metadata with new entries; one that is set to "" goes (S10). Source: documented.

    Raises:
        TooMuchMetadata: There would be more than 40, or one is a number that makes too long a text.
    """
    if not new:
        return old
    found = {key: value for key, value in {**old, **new}.items() if value != ""}
    if len(found) > MAX_METADATA:
        raise errors.TooMuchMetadata(
            f"metadata should NOT have more than {MAX_METADATA} properties, those that are there"
            " included"
        )
    for key, value in new.items():
        if len(value) > MAX_METADATA_TEXT:
            raise errors.TooMuchMetadata(
                f"metadata.{key} should be a text of at most {MAX_METADATA_TEXT} characters"
            )
    return found


def demand_api_key(principal: Principal) -> None:
    """Demand that an API key calls.

    Raises:
        NotSigningPrincipal: A person does (R3).
    """
    if principal.kind is not PrincipalKind.API_KEY:
        raise errors.NotSigningPrincipal(**principal.facts)


def demand_not_taken_away(tss: Tss) -> None:
    """Demand a TSS that the server left to its organization (S2).

    Raises:
        TssDeleted, TssDefective, TssEvicted: It did not.
    """
    error = _TAKEN_AWAY.get(tss.state)
    if error is not None:
        raise error(tss=tss.id, state=tss.state)


def demand_ready(tss: Tss) -> None:
    """Demand a TSS in which PIN, admin sessions and clients work (S2, S3, S4).

    Raises:
        TssStillCreated: It is CREATED.
        TssDisabled: It is DISABLED.
        TssDeleted, TssDefective, TssEvicted: The server took it away.
    """
    if tss.state in READY_STATES:
        return
    demand_not_taken_away(tss)
    if tss.state is TssState.DISABLED:
        raise errors.TssDisabled(tss=tss.id, state=tss.state)
    raise errors.TssStillCreated(tss=tss.id, state=tss.state)
