"""TSS, clients and transactions under random calls of several organizations' keys (S1 to S6)."""

from collections import Counter
from typing import ClassVar

import pytest
from builders.signing_machine import SigningMachine
from builders.signing_oracle import ACTIVE_LIMIT, CLIENT_LIMIT
from fiskaly_mockserver.domain.signing import clients, transactions
from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test


@pytest.fixture
def near_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MAX_CLIENTS", CLIENT_LIMIT)
    monkeypatch.setattr(transactions, "MAX_ACTIVE_TRANSACTIONS", ACTIVE_LIMIT)


EVERY_OUTCOME = 150
ENDS = {
    "create": ("without a log", "refused"),
    "change_state": ("done", "without a log", "refused"),
    "set_pin": ("done", "refused"),
    "log_in": ("done", "refused"),
    "log_out": ("done", "without a log", "refused"),
    "create_client": ("done", "without a log", "refused"),
    "update_client": ("done", "without a log", "refused"),
    "sign": ("done", "without a log", "refused"),
    "export": ("without a log", "refused"),
}
"""Every end that a call can have, and has to have in the long run."""
EVERY_REFUSAL = {
    "TssNotFound",
    "TssConflict",
    "TssLimitReached",
    "IllegalStateChange",
    "TssStillCreated",
    "TssNotInitialized",
    "TssDisabled",
    "AdminNotAuthenticated",
    "AdminLoginFailed",
    "AdminPinBlocked",
    "WrongPuk",
    "PinTooShort",
    "ClientNotFound",
    "UnknownClientNamed",
    "ClientConflict",
    "ClientSerialTaken",
    "ClientLimitReached",
    "ClientDeregistered",
    "WrongRevision",
    "NoProcessType",
    "ProcessTypeChanged",
    "TransactionLimitReached",
    "NothingToExport",
}


@pytest.mark.usefixtures("near_limits")
@pytest.mark.parametrize("examples", [40, pytest.param(EVERY_OUTCOME, marks=pytest.mark.slow)])
def test_whatever_anybody_calls_counters_signatures_sight_and_limits_hold(examples: int) -> None:
    class Run(SigningMachine):
        outcomes: ClassVar[Counter[str]] = Counter()

    every_end = {f"{call} {end}" for call, ends in ENDS.items() for end in ends}
    wanted = {one for one in every_end if one.startswith("sign ")}
    if examples == EVERY_OUTCOME:
        wanted = every_end | EVERY_REFUSAL
    # What is drawn hangs on the modules that are loaded, too: one seed may lack what is rare
    for attempt in range(8):
        run_state_machine_as_test(
            seed(attempt)(Run),
            settings=settings(
                database=None, deadline=None, max_examples=examples, stateful_step_count=30
            ),
        )
        if wanted <= set(Run.outcomes):
            break
    assert wanted - set(Run.outcomes) == set()
