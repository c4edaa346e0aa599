"""The ledger of a TSS: signs each log message, counts it and stores its finished bytes (S6)."""

from base64 import b64encode
from dataclasses import replace
from typing import NamedTuple

from fiskaly_mockserver.domain.signing.log_messages import (
    SystemMessage,
    signed,
    system_log,
    transaction_log,
)
from fiskaly_mockserver.domain.signing.model import LogKind, SignedLog, Tss
from fiskaly_mockserver.domain.signing.process_data import ProcessData
from fiskaly_mockserver.domain.signing.signer import SigningKeys
from fiskaly_mockserver.domain.signing.tables import SigningTables


class Ledger(NamedTuple):
    """Writes signed logs. The caller stores the TSS that it gets back, with its new counter."""

    tables: SigningTables
    keys: SigningKeys

    def system(self, tss: Tss, message: SystemMessage, now: int) -> Tss:
        """Write a system log."""
        counter = tss.signature_counter + 1
        unsigned = system_log(
            message, serial=bytes.fromhex(tss.serial_number), counter=counter, time=now
        )
        data = signed(unsigned, self.keys.sign(tss.id, unsigned))
        self.tables.logs.put(
            SignedLog(
                tss_id=tss.id,
                counter=counter,
                time=now,
                kind=LogKind.SYSTEM,
                name=f"Unixt_{now}_Sig-{counter}_Log-Sys_{message.event}.log",
                data=data,
            )
        )
        return replace(tss, signature_counter=counter)

    def transaction(
        self,
        tss: Tss,
        *,
        operation: str,
        client_serial_number: str,
        data: ProcessData,
        number: int,
        now: int,
    ) -> tuple[Tss, SignedLog, str]:
        """Write a transaction log, and return it with its signature in base64."""
        counter = tss.signature_counter + 1
        unsigned = transaction_log(
            operation=operation,
            client_serial_number=client_serial_number,
            process_data=data.data,
            process_type=data.process_type,
            number=number,
            serial=bytes.fromhex(tss.serial_number),
            counter=counter,
            time=now,
        )
        signature = self.keys.sign(tss.id, unsigned)
        # A "/" would be a folder in the archive (S9)
        client = client_serial_number.replace("/", "_")
        log = SignedLog(
            tss_id=tss.id,
            counter=counter,
            time=now,
            kind=LogKind.TRANSACTION,
            name=f"Unixt_{now}_Sig-{counter}_Log-Tra_No-{number}_{operation}_Client-{client}.log",
            data=signed(unsigned, signature),
            number=number,
            client_serial_number=client_serial_number,
        )
        self.tables.logs.put(log)
        return replace(tss, signature_counter=counter), log, b64encode(signature).decode()
