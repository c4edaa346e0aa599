"""The services of SIGN DE in one world; imported with the first call that needs them."""

from typing import TYPE_CHECKING

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.signing.backend import SigningBackend, SigningOptions
from fiskaly_mockserver.domain.signing.clients import Clients
from fiskaly_mockserver.domain.signing.exports import Exports
from fiskaly_mockserver.domain.signing.tables import SigningTables
from fiskaly_mockserver.domain.signing.transactions import Transactions
from fiskaly_mockserver.domain.signing.tss import TssService
from fiskaly_mockserver.world.signing_keys import SeededSigningKeys
from fiskaly_mockserver.world.store.tables import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from fiskaly_mockserver.domain.signing.signer import (
        CertificateAuthority,
        SigningKeys,
        TssIdentity,
    )


class WorldKeys:
    """The keys that follow from the seed of a world's rows, which another state may change."""

    def __init__(self, seed: "Callable[[], int | None]") -> None:
        self._seed = seed
        self._keys: dict[int, SeededSigningKeys] = {}

    def of(self, tss_id: str, *, created: int) -> "TssIdentity":
        """Return serial number, public key and certificate of a TSS."""
        return self._present().of(tss_id, created=created)

    def signer(self, tss_id: str) -> "Callable[[bytes], bytes]":
        """Return what signs with a TSS's key, whatever seed comes later."""
        return self._present().signer(tss_id)

    def certificate_authority(self) -> "CertificateAuthority":
        """Return the test CA."""
        return self._present().certificate_authority()

    def _present(self) -> SeededSigningKeys:
        seed = self._seed() or 0
        if seed not in self._keys:
            self._keys[seed] = SeededSigningKeys(str(seed))
        return self._keys[seed]


class Signing:
    """TSS, clients, transactions and exports of one world."""

    def __init__(self, rows: Rows, backend: Backend, options: SigningOptions) -> None:
        self.keys: SigningKeys = WorldKeys(lambda: rows.baseline.seed)
        sessions, clock, lifetime = backend.tables.sessions, backend.clock, backend.lifetimes.access

        def session_end(principal: Principal) -> int:
            session = sessions.get((principal.id, principal.env))
            return int(clock.now()) + lifetime if session is None else session.access_expires_at

        signing = SigningBackend(
            tables=rows.tables(SigningTables, SigningTables._fields),
            clock=clock,
            secrets=backend.secrets,
            keys=self.keys,
            session_end=session_end,
            options=options,
        )
        self.tss = TssService(signing)
        self.clients = Clients(signing, self.tss)
        self.transactions = Transactions(signing, self.tss, self.clients)
        self.exports = Exports(signing, self.tss, self.clients, self.transactions)
