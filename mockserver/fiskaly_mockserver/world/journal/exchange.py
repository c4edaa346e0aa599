"""One request and what became of it, as the journal keeps it: without any secret.

What is shown of headers, query and bodies has been redacted by whoever makes an exchange:
before, or when it is first read (`web.journal.recorder`). Nothing here could tell
a secret from a name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from fiskaly_contracts import JsonValue, Severity, Violation

from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.errors import DomainError

Pairs = tuple[tuple[str, str], ...]
"""Headers or query parameters in the order they came; names may repeat."""


class Caller(NamedTuple):
    """Who called, by ids: the organization is the one that the token names."""

    principal_id: str
    organization_id: str
    env: str

    @classmethod
    def of(cls, principal: Principal) -> "Caller":
        """Return what the journal keeps of a principal."""
        return cls(
            principal_id=principal.id, organization_id=principal.home.id, env=principal.env.value
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return `{"principal_id": …, "organization_id": …, "env": …}`."""
        return {
            "principal_id": self.principal_id,
            "organization_id": self.organization_id,
            "env": self.env,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the domain held against a call: the error's class and facts alone.

    The error itself is let go, since its traceback holds on to the whole request and
    one kind of error to a token.
    """

    kind: type[DomainError]
    facts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: DomainError) -> "Refusal":
        """Return what the journal keeps of an error."""
        return cls(kind=type(error), facts=dict(error.facts))  # a proxy can be no copy's part

    @property
    def rule(self) -> str:
        """The number of the rule whose condition failed first, "" where there is none.

        What exists but has not the environment of the token is hidden by R6: sight (R3) is
        looked at after that.
        """
        facts = self.facts
        environments = facts.get("environments") or facts.get("environment") or ""
        hidden = (
            self.kind.rule == "R3"
            and environments
            and facts.get("owner") in (None, facts.get("organization"))
            and facts.get("caller_environment") not in environments.split()
        )
        return "R6" if hidden else self.kind.rule

    def __str__(self) -> str:
        """Return the refusal's name for logs, as `NotTheAdmin (R4)`."""
        return f"{self.kind.__name__} ({self.rule})" if self.rule else self.kind.__name__


@dataclass(kw_only=True)
class Exchange:
    """One request and what became of it. Nothing in it is secret.

    Attributes:
        request_id: The `X-Request-Id` of the answer.
        sandbox: The name of its world; "" for the default one.
        at: Unix seconds of the world's clock.
        path: As it came, segments shortened.
        query: Parameters, as they may be shown.
        operation_id: "" where the request met no operation.
        caller: None before or without authentication.
        request_body: The JSON value as it may be shown; None where there is none.
        request_body_note: Why there is none, as "12 bytes that are not JSON".
        status: 0 while there is no answer.
        duration: Real seconds.
        refusal: The domain error that refused the call, as `NotTheAdmin (R4)`.
        error: The same error with the facts that it was decided on.
        crash: The traceback of a defect of the fake itself.
        fault: The id of the fault that struck, as "fault-1".
    """

    request_id: str
    sandbox: str = ""
    at: float
    method: str
    path: str
    query: Pairs = ()
    operation_id: str = ""
    caller: Caller | None = None
    request_headers: Pairs = ()
    request_body: JsonValue = None
    request_body_note: str = ""
    status: int = 0
    response_headers: Pairs = ()
    response_body: JsonValue = None
    response_body_note: str = ""
    duration: float = 0.0
    violations: tuple[Violation, ...] = ()
    response_violations: tuple[Violation, ...] = ()
    refusal: str = ""
    error: Refusal | None = None
    crash: str = field(default="", repr=False)
    fault: str = ""

    size = 0
    """The bytes that its messages take: 0 for one that is not recorded."""

    @property
    def breaches(self) -> tuple[Violation, ...]:
        """The client's violations that refuse a request: all but the warnings."""
        return tuple([one for one in self.violations if one.severity is Severity.ERROR])

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """What the contract warns of and does not refuse, as an unknown query parameter."""
        return tuple(one for one in self.violations if one.severity is Severity.WARNING)

    @property
    def is_our_fault(self) -> bool:
        """Tell whether the fake itself crashed or broke the contract."""
        return bool(self.crash or self.response_violations)

    @property
    def at_text(self) -> str:
        """The world's time in ISO 8601, to the millisecond, as `2026-01-31T23:59:58.000Z`."""
        return iso(self.at)

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Exchange":
        """Return what the control API told of an exchange; its crash and error stay there."""
        request, response, caller = entry["request"], entry["response"], entry["caller"]
        return cls(
            request_id=entry["request_id"],
            sandbox=entry["sandbox"],
            at=datetime.fromisoformat(entry["at"]).timestamp(),
            method=entry["method"],
            path=entry["path"],
            query=_as_pairs(entry["query"]),
            operation_id=entry["operation"],
            caller=None if caller is None else Caller(**caller),
            request_headers=_as_pairs(request["headers"]),
            request_body=request["body"],
            request_body_note=request["note"],
            status=response["status"],
            response_headers=_as_pairs(response["headers"]),
            response_body=response["body"],
            response_body_note=response["note"],
            duration=entry["ms"] / 1000,
            violations=tuple(map(Violation.from_json, entry["violations"])),
            response_violations=tuple(
                map(Violation.from_json, entry.get("response_violations", ()))
            ),
            refusal=entry.get("refused_by", ""),
            fault=entry.get("fault", ""),
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return the exchange for the control API; the names are stable."""
        return {
            "request_id": self.request_id,
            "sandbox": self.sandbox,
            "at": self.at_text,
            "method": self.method,
            "path": self.path,
            "query": _pairs(self.query),
            "operation": self.operation_id,
            "caller": self.caller.as_json() if self.caller else None,
            "request": {
                "headers": _pairs(self.request_headers),
                "body": self.request_body,
                "note": self.request_body_note,
            },
            "response": {
                "status": self.status,
                "headers": _pairs(self.response_headers),
                "body": self.response_body,
                "note": self.response_body_note,
            },
            "ms": round(self.duration * 1000, 3),
            "violations": [one.as_json() for one in self.violations],
            "response_violations": [one.as_json() for one in self.response_violations],
            "refused_by": self.refusal,
            "fault": self.fault,
        }


def unheard(_: Exchange) -> None:
    """Take no notice of an exchange: what listens where nobody wants to."""


def iso(at: float) -> str:
    """Return unix seconds as ISO 8601 to the millisecond, as they are if no year has them.

    >>> iso(0)
    '1970-01-01T00:00:00.000Z'
    """
    try:
        second, microseconds = divmod(round(at * 1e6), 1_000_000)
        return f"{_to_the_second(second)}.{microseconds // 1000:03}Z"
    except (ValueError, OverflowError, OSError):
        return str(at)


@lru_cache(maxsize=8)  # a log writes hundreds of times of the same second
def _to_the_second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()


def _as_pairs(entries: Iterable[Sequence[str]]) -> Pairs:
    return tuple((name, value) for name, value in entries)


def _pairs(pairs: Pairs) -> list[JsonValue]:
    return [[name, value] for name, value in pairs]
