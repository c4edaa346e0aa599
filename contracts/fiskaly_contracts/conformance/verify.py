"""`verify`: fixed journeys against a server, read-only unless told otherwise.

It decides which of the assumptions hold there: each is confirmed by what was seen, refuted, or
untouched.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from fiskaly_contracts.conformance import management_journeys as management
from fiskaly_contracts.conformance import sign_de_journeys as sign_de
from fiskaly_contracts.conformance.checks import ExchangeCheck
from fiskaly_contracts.conformance.exchanges import Sender, UnreachableError, demand_address
from fiskaly_contracts.conformance.findings import Report
from fiskaly_contracts.conformance.probe import (
    REFUSALS,
    SERVER_ERRORS,
    CapReachedError,
    Probe,
)
from fiskaly_contracts.document import Contract, assumption_titles
from fiskaly_contracts.json_value import JsonValue

LOOPBACK: Final = re.compile(r"localhost|127(?:\.\d+){3}|::1")
MANAGEMENT_PATH: Final = "/api/v0"
SIGN_DE_PATH: Final = "/api/v2"


class RefusedError(ValueError):
    """A guard does not let the run begin; the text says which flag would."""


class Outcome(StrEnum):
    """What a run says of an assumption."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is to be verified, and how far a run may go.

    Attributes:
        management: Base URL of the Management API; `/api/v0` is added where it is missing.
        sign_de: Base URL of SIGN DE; None leaves it out.
        key: An API key of a main organization.
        secret: Its secret; it reaches no report.
        writes: Whether things may be made, changed and deleted.
        allow_live: Whether a LIVE key may be used.
        hosts: The hosts beside loopback that may be called.
        most_requests: The cap.
        rate: Requests a second at most; 0 for no limit.
    """

    management: str
    sign_de: str | None
    key: str
    secret: str = field(repr=False)
    writes: bool = False
    allow_live: bool = False
    hosts: tuple[str, ...] = ()
    most_requests: int = 1_000
    rate: float = 0.0

    def guarded(self) -> "Settings":
        """Return the settings with complete addresses.

        Raises:
            RefusedError: An address is none, a host is not allowed, or the key is a LIVE one.
        """
        if self.key.startswith("live_") and not self.allow_live:
            raise RefusedError("the API key is a LIVE one: use a TEST key, or give --allow-live")
        for url in (self.management, *(() if self.sign_de is None else (self.sign_de,))):
            try:
                demand_address(url)
            except ValueError as error:
                raise RefusedError(str(error)) from error
            host = urlsplit(url).hostname or ""
            if not LOOPBACK.fullmatch(host) and host not in self.hosts:
                raise RefusedError(
                    f"{host} is not on this machine: give --yes-host {host} if it may be called"
                )
        return replace(
            self,
            management=_complete(self.management, MANAGEMENT_PATH),
            sign_de=None if self.sign_de is None else _complete(self.sign_de, SIGN_DE_PATH),
        )

    def at_rate(self, rate: float) -> "Settings":
        """Return the settings with another limit of requests a second."""
        return replace(self, rate=rate)

    @property
    def loopback(self) -> bool:
        """Whether all of it is on this machine."""
        urls = filter(None, (self.management, self.sign_de))
        return all(LOOPBACK.fullmatch(urlsplit(url).hostname or "") for url in urls)


@dataclass(frozen=True, slots=True)
class Verified:
    """How a run ended.

    Attributes:
        report: What was found.
        operations: How many operations gave an answer; none where all of them are refusals.
        unreachable: Why nobody answered any more; "" where somebody did to the end.
        assumptions: Outcome, title and evidence by number.
    """

    report: Report
    operations: int
    unreachable: str
    assumptions: Mapping[str, JsonValue]


def verify(
    settings: Settings,
    send: Sender,
    *,
    signature_findings: Callable[[str], list[str]] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    before_each: Callable[[], None] = lambda: None,
    both_judges: bool = True,
) -> Verified:
    """Run every journey, clean up, and tell what was found.

    Args:
        settings: Guarded settings.
        send: Carries requests.
        signature_findings: Tells what is wrong with a receipt's QR code.
        progress: Is told the name of each journey.
        before_each: Is called before each request, and may end the run, which then cleans up.
        both_judges: Whether openapi-core is asked too.
    """
    contracts = [Contract.bundled(), *([Contract.sign_de()] if settings.sign_de else ())]
    probe = Probe(
        management=settings.management,
        sign_de=settings.sign_de,
        check=ExchangeCheck(*contracts, both_judges=both_judges),
        send=send,
        loopback=settings.loopback,
        signature_findings=signature_findings,
        most_requests=settings.most_requests,
        pause=1 / settings.rate if settings.rate else 0.0,
        progress=progress,
        before_each=before_each,
    )
    unreachable = stopped = ""
    try:
        _run(probe, settings)
    except UnreachableError as error:
        unreachable = str(error)
        stopped = "nobody answers any more"
    except CapReachedError as error:
        stopped = f"{error}: raise it with --max-requests"
    finally:
        probe.clean_up()
    if probe.statuses and min(probe.statuses) >= SERVER_ERRORS:
        unreachable = unreachable or "every answer was a server error"
    return Verified(
        _report(probe, settings, contracts, stopped),
        len({name for name, status in probe.check.calls if status < SERVER_ERRORS})
        if any(status < REFUSALS for _, status in probe.check.calls)
        else 0,
        unreachable,
        dict(_assumptions(probe)),
    )


def _run(probe: Probe, settings: Settings) -> None:
    token = own = ""
    with probe.journey("sessions"):
        token = management.sessions(probe, settings.key, settings.secret)
        session = management.log_in(probe, settings.key, settings.secret)
        own = str(session.at("access_token_claims", "organization_id"))
    if not token:
        return
    with probe.journey("reading the Management API"):
        management.read_everything(probe, token, own)
    with probe.journey("refusals of the Management API"):
        management.read_refusals(probe, token, own)
    if settings.sign_de:
        with probe.journey("sessions of SIGN DE"):
            management.sessions(probe, settings.key, settings.secret, sign_de=True)
        with probe.journey("reading SIGN DE"):
            sign_de.read_everything(probe, token)
        with probe.journey("refusals of SIGN DE"):
            sign_de.read_refusals(probe, token)
    if settings.writes:
        _write(probe, settings, token, own)


def _write(probe: Probe, settings: Settings, token: str, own: str) -> None:
    with probe.journey("a billing address"):
        management.billing_address(probe, token)
    with probe.journey("a customer with a key"):
        organization, key, secret = management.customer(probe, token, own)
        with probe.journey("an invitation"):
            management.invitation(probe, token, organization)
        if settings.sign_de:
            with probe.journey("a receipt"):
                session = management.log_in(probe, key, secret, sign_de=True, made=True)
                sign_de.sign_receipts(probe, session.at("access_token"))


def _report(probe: Probe, settings: Settings, contracts: list[Contract], stopped: str) -> Report:
    called = {operation for operation, _ in probe.check.calls}
    known = {name: one for contract in contracts for name, one in contract.operations.items()}
    left = [
        (name, stopped or _why_not(settings, reading=one.method == "GET"))
        for name, one in known.items()
        if name not in called
    ]
    if settings.sign_de is None:
        left.append(("SIGN DE", "no --sign-de URL was given"))
    broken = {one.operation for one in probe.findings}
    return Report(
        check="verify",
        target=" ".join(filter(None, (settings.management, settings.sign_de))),
        findings=tuple(probe.findings),
        counted={
            "requests": probe.requests,
            f"of {len(known)} operations": len(called.intersection(known)),
        },
        passed=tuple(name for name in known if name in called and name not in broken),
        not_verified=[*probe.not_verified, *left],
        leftovers=probe.leftovers,
    )


def _why_not(settings: Settings, *, reading: bool) -> str:
    if settings.writes:
        return "a step before it failed"
    return "there was nothing to read" if reading else "it changes something: give --writes"


def _assumptions(probe: Probe) -> Iterator[tuple[str, JsonValue]]:
    for number, title in assumption_titles().items():
        seen = probe.outcomes.get(number, {})
        if not seen:
            outcome = Outcome.UNTOUCHED
        else:
            outcome = Outcome.CONFIRMED if all(seen.values()) else Outcome.REFUTED
        against: list[JsonValue] = [what for what, holds in seen.items() if not holds]
        evidence: list[JsonValue] = [*seen] if outcome is Outcome.CONFIRMED else against
        yield number, {"outcome": outcome.value, "title": title, "by": evidence}


def assumptions_json(verified: Verified, target: str) -> str:
    """Return what `--assumptions FILE` writes."""
    return json.dumps(
        {"schema": 1, "kind": "assumptions", "target": target, "assumptions": verified.assumptions},
        indent=2,
    )


def _complete(url: str, path: str) -> str:
    url = url.rstrip("/")
    return url if url.endswith(path) else url + path
