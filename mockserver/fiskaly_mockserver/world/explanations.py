"""Why a request was refused, in words: which rule, on what state, and what to do instead.

What is told here may be more than the caller sees of the account, so it is for the
control API only; no secret is in it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from fiskaly_contracts import JsonValue, Violation, Where, explain

from fiskaly_mockserver.domain.errors import Unauthenticated
from fiskaly_mockserver.world.exchanges import Exchange, Refusal, iso
from fiskaly_mockserver.world.refusal_words import ACCEPTED, FACTS, RULES

_FIRST_ERROR = 400
_TOO_MANY_REQUESTS = 429
_TIMES = frozenset({"expires_at", "now"})


class Kind(StrEnum):
    """What refused a request."""

    CONTRACT = "contract"
    RULE = "rule"
    AUTHENTICATION = "authentication"
    FAULT = "fault"
    LIMIT = "limit"
    ROUTE = "route"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reason:
    """Who refused, by which rule, what it read as (what, value), and what it would take."""

    kind: Kind | None = None
    rule: str = ""
    rule_text: str = ""
    state: tuple[tuple[str, str], ...] = ()
    accepted: str = ""


def explain_exchange(exchange: Exchange) -> dict[str, JsonValue]:
    """Explain an exchange.

    Returns:
        `{"request_id": …, "summary": …, "refused_by": {"kind": …, "rule": …, "rule_text":
        …}, "state": [{"what": …, "value": …}, …], "accepted": …}`. `kind` is `contract`,
        `rule` (a rule of the domain, `rule` being its number), `authentication`, `fault`,
        `limit`, `route`, `crash`, or None where nothing was refused. Texts may be "".
    """
    reason = _reason(exchange)
    return {
        "request_id": exchange.request_id,
        "summary": _summary(exchange, reason),
        "refused_by": {
            "kind": reason.kind.value if reason.kind else None,
            "rule": reason.rule,
            "rule_text": reason.rule_text,
        },
        "state": [{"what": what, "value": value} for what, value in reason.state],
        "accepted": reason.accepted,
    }


def _summary(exchange: Exchange, reason: _Reason) -> str:
    name = f" ({exchange.operation_id})" if exchange.operation_id else ""
    call = f"{exchange.method} {exchange.path}{name}"
    answered = f"answered with {exchange.status}" if exchange.status else "not answered"
    struck = f", struck by {exchange.fault}" if exchange.fault else ""
    if reason.kind is None:
        notes = f"; to be noted: {explain(exchange.violations)}" if exchange.violations else ""
        return f"{call} was {answered}{struck}{notes}."
    if reason.kind is Kind.RULE or reason.kind is Kind.AUTHENTICATION:
        return f"{call} was {answered}{struck}, refused by {exchange.error}: {reason.rule_text}"
    return f"{call} was {answered}: {reason.rule_text}"


def _reason(exchange: Exchange) -> _Reason:
    if exchange.crash:
        return _Reason(
            kind=Kind.CRASH,
            rule_text="fiskaly-mockserver itself failed; its log has the traceback.",
            accepted="The same request, as far as can be told: this is a defect of the fake.",
        )
    if exchange.error is not None and (exchange.error.facts or not exchange.fault):
        # A fault that makes a token expire raises without facts: it read no state.
        return _of_the_domain(exchange.error)
    if exchange.status and exchange.status < _FIRST_ERROR:
        return _Reason()
    return _before_the_domain(exchange)


def _before_the_domain(exchange: Exchange) -> _Reason:
    if exchange.fault:
        return _Reason(
            kind=Kind.FAULT,
            rule=exchange.fault,
            rule_text=f"the armed fault {exchange.fault} stood in for the API.",
            state=(("fault that struck", exchange.fault),),
            accepted="The same request, once the fault is cleared or used up.",
        )
    if exchange.breaches:
        return _of_the_contract(exchange)
    if exchange.status == _TOO_MANY_REQUESTS:
        return _Reason(
            kind=Kind.LIMIT,
            rule="rate-limit",
            rule_text="the API key made more requests than the rate limit lets through.",
            accepted="The same request after the seconds that the header Retry-After names.",
        )
    return _Reason()


def _of_the_domain(error: Refusal) -> _Reason:
    unknown = issubclass(error.kind, Unauthenticated)
    return _Reason(
        kind=Kind.AUTHENTICATION if unknown else Kind.RULE,
        rule=error.kind.rule,
        rule_text=RULES.get(error.kind.rule, ""),
        state=tuple((_what(name), _said(name, value)) for name, value in error.facts.items()),
        accepted=ACCEPTED.get(error.kind, ""),
    )


def _what(name: str) -> str:
    return FACTS.get(name, name.replace("_", " "))


def _said(name: str, value: str) -> str:
    return iso(float(value)) if name in _TIMES else value or "none"


def _of_the_contract(exchange: Exchange) -> _Reason:
    breaches = exchange.breaches
    route = breaches[0].where is Where.ROUTE
    parts = tuple(_parts(breaches))
    return _Reason(
        kind=Kind.ROUTE if route else Kind.CONTRACT,
        rule=parts[0].rule,
        rule_text=explain(breaches),
        state=(("route", f"{exchange.method} {exchange.path}"),)
        if route
        else tuple((_place(one), _got(one)) for one in parts),
        accepted="; ".join(dict.fromkeys(_wanted(one) for one in breaches)),
    )


def _got(violation: Violation) -> str:
    return violation.got_text or ("missing" if violation.rule == "required" else "as sent")


def _parts(violations: Iterable[Violation]) -> Iterator[Violation]:
    """Yield the violations, in place of branches those of the one that was meant."""
    for violation in violations:
        if violation.branches and violation.closest:
            yield from _parts(violation.branches[0][1])
        else:
            yield violation


def _wanted(violation: Violation) -> str:
    if not violation.branches:
        return f"{_place(violation)}: {violation.expected}"
    if violation.closest:
        return "; ".join(map(_wanted, violation.branches[0][1]))
    choices = [f"{name} ({', '.join(map(_wanted, why))})" for name, why in violation.branches]
    return f"{_place(violation)}: one of {' or '.join(choices)}"


def _place(violation: Violation) -> str:
    return f"{violation.where.value} {violation.pointer}".strip()
