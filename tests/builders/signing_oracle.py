"""What SIGN DE should do, told in a second way: by S1 to S6, without rows, keys or bytes.

Each call returns how many logs it has to write, or None if it has to be refused.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fiskaly_mockserver.domain.account.access import Principal

TSS_LIMIT, CLIENT_LIMIT, ACTIVE_LIMIT = 5, 3, 4
"""Five TSS are the real limit; the others are brought within reach, from 199 and 2000."""
DEPLOYMENT = 25
"""Logs that stand there after deployment."""
SESSION = 86_400
READY = ("UNINITIALIZED", "INITIALIZED")
Place = tuple[str, str]


class Receipt(NamedTuple):
    """One call on a transaction."""

    revision: int
    state: str
    client: str
    process_type: str
    """`""` without a schema."""
    sent: Any


@dataclass
class Tx:
    """A transaction: its number, and its calls so far."""

    number: int
    calls: list[Receipt]

    @property
    def is_open(self) -> bool:
        return self.calls[-1].state == "ACTIVE"

    def takes(self, call: Receipt) -> bool:
        """Tell whether a call is the next one in turn."""
        types = {one.process_type for one in (*self.calls, call)} - {""}
        return self.is_open and call.revision == len(self.calls) + 1 and len(types) < 2


@dataclass
class Tss:
    """A TSS, with all that hangs on it."""

    place: Place
    state: str = "CREATED"
    counter: int = 0
    pin: str = ""
    tries: int = 0
    sessions: dict[str, float] = field(default_factory=dict)
    serials: dict[str, str] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)
    transactions: dict[str, Tx] = field(default_factory=dict)
    exports: list[str] = field(default_factory=list)

    @property
    def active(self) -> int:
        return sum(one.is_open for one in self.transactions.values())


def place_of(caller: Principal) -> Place:
    return caller.home.id, caller.env.value


class Oracle:
    """All TSS there are, whoever has them."""

    def __init__(self) -> None:
        self.tss: dict[str, Tss] = {}

    def seen(self, caller: Principal) -> dict[str, Tss]:
        """Return what a caller sees: the TSS of its organization and environment (S1)."""
        return {key: one for key, one in self.tss.items() if one.place == place_of(caller)}

    def create(self, caller: Principal, tss: str) -> int | None:
        place = place_of(caller)
        if tss in self.tss:
            same = self.tss[tss].place == place and self.tss[tss].state == "CREATED"
            return 0 if same else None
        alive = [one for one in self.seen(caller).values() if one.state in ("CREATED", *READY)]
        if place[1] == "TEST" and len(alive) >= TSS_LIMIT:
            return None
        self.tss[tss] = Tss(place)
        return 0

    def change_state(self, caller: Principal, tss: str, wanted: str, now: float) -> int | None:
        one = self.seen(caller).get(tss)
        if one is None or one.state == "DISABLED":
            return None
        if one.state == wanted:
            return 0
        ways = {
            "CREATED": {"UNINITIALIZED"},
            "UNINITIALIZED": {"INITIALIZED", "DISABLED"},
            "INITIALIZED": {"DISABLED"},
        }
        if wanted not in ways[one.state]:
            return None
        if wanted != "UNINITIALIZED" and not self._admin(caller, one, now):
            return None
        one.state = wanted
        if wanted == "DISABLED":
            one.registered.clear()
            one.sessions.clear()
        return DEPLOYMENT if wanted == "UNINITIALIZED" else 1

    def set_pin(self, caller: Principal, tss: str, pin: str, *, right: bool) -> int | None:
        one = self.seen(caller).get(tss)
        if one is None or one.state not in READY or not right or len(pin) < 6:
            return None
        one.pin, one.tries = pin, 0
        return 1

    def log_in(self, caller: Principal, tss: str, pin: str, now: float) -> int | None:
        one = self.seen(caller).get(tss)
        if one is None or one.state not in READY or not one.pin or one.tries >= 5:
            return None
        if pin != one.pin:
            one.tries += 1
            return None
        one.tries = 0
        one.sessions[caller.id] = int(now) + SESSION
        return 1

    def log_out(self, caller: Principal, tss: str, now: float) -> int | None:
        one = self.seen(caller).get(tss)
        if one is None:
            return None
        if not self._admin(caller, one, now):
            return 0
        del one.sessions[caller.id]
        return 1

    def create_client(
        self, caller: Principal, tss: str, client: str, serial: str, now: float
    ) -> int | None:
        one = self.seen(caller).get(tss)
        if one is None or one.state not in READY or not self._admin(caller, one, now):
            return None
        for other in self.tss.values():
            if client in other.serials:
                return 0 if other is one and other.serials[client] == serial else None
        if serial in one.serials.values() or len(one.registered) >= CLIENT_LIMIT:
            return None
        one.serials[client] = serial
        one.registered.add(client)
        return 1

    def update_client(
        self, caller: Principal, tss: str, client: str, *, register: bool, now: float
    ) -> int | None:
        one = self.seen(caller).get(tss)
        if one is None or one.state not in READY or not self._admin(caller, one, now):
            return None
        if client not in one.serials:
            return None
        if (client in one.registered) == register:
            return 0
        if not register:
            one.registered.remove(client)
            return 1
        if len(one.registered) >= CLIENT_LIMIT:
            return None
        one.registered.add(client)
        return 1

    def sign(self, caller: Principal, tss: str, tx: str, call: Receipt) -> int | None:
        one = self.seen(caller).get(tss)
        if one is None or one.state != "INITIALIZED" or call.client not in one.serials:
            return None
        present = one.transactions.get(tx)
        if present is not None and present.calls[-1] == call:
            return 0
        ends_untyped = call.state != "ACTIVE" and not call.process_type
        if call.client not in one.registered or ends_untyped:
            return None
        if present is not None and present.takes(call):
            present.calls.append(call)
            return 1
        first = (call.revision, call.state) == (1, "ACTIVE")
        if present is not None or not first or one.active >= ACTIVE_LIMIT:
            return None
        one.transactions[tx] = Tx(len(one.transactions) + 1, [call])
        return 1

    def export(self, caller: Principal, tss: str, export: str) -> int | None:
        one = self.seen(caller).get(tss)
        if one is None or one.state not in ("INITIALIZED", "DISABLED"):
            return None
        one.exports.append(export)
        return 0

    def _admin(self, caller: Principal, tss: Tss, now: float) -> bool:
        return tss.sessions.get(caller.id, 0) > now
