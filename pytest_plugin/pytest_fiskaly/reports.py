"""What is told of a breach: the request, the rule, and how to reproduce it. No secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pytest_fiskaly.reproducing import LOGGING_IN, LONGEST, TOKEN, curl, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fiskaly_contracts import Violation
    from fiskaly_mockserver.world.journal.exchange import Exchange

    from pytest_fiskaly.verdict import Finding, Watch

SHOWN_AT_MOST: Final = 10
"""Different breaches of one test that are told in full."""
VALUES_AT_MOST: Final = 5
"""Values that are told beside the first, where only these differ."""
LINE: Final = 96
WORTH_SHOWING: Final = frozenset({"authorization", "content-type", "user-agent", "x-mock-sandbox"})
OUTSIDE: Final = "Outside any test that uses the fake"
PLACEHOLDERS: Final = {
    "[redacted]": "a secret",
    "[undeclared]": "a value that the contract does not know or has as another type",
}
DEFECT: Final = (
    "The fake itself was wrong: a defect of fiskaly-mockserver, not of the client."
    " Please report it."
)


def report(findings: Iterable[Finding], watch: Watch) -> str:
    """Return the text for a test: every different breach once, and how often it happened."""
    findings = list(findings)
    broken = [one for one in findings if one.violations]
    defects = [one for one in findings if one.is_defect]
    parts = []
    if broken:
        parts.append("\n\n".join(_of_client(broken, watch)))
    if defects:
        parts.append("\n\n".join([DEFECT, *map(_of_fake, defects[:SHOWN_AT_MOST])]))
    return _printable("\n\n".join(parts))


def _printable(text: str) -> str:
    """Escape what would change how the rest is shown, as JSON does."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(
        one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text
    )


def _of_client(findings: list[Finding], watch: Watch) -> Iterator[str]:
    count = sum(len(one.violations) for one in findings)
    yield _headline(findings[0], count)
    who = "The test's client" if watch.nodeid else f"{OUTSIDE}, a client"
    yield (
        f"{who} broke the contract of the fiskaly Management API:"
        f" {_number(count, 'violation')} in {len(findings)} of"
        f" {_number(watch.requests, 'request')}."
    )
    groups: dict[object, list[Finding]] = {}
    for one in findings:
        groups.setdefault(_sameness(one), []).append(one)
    shown = list(groups.values())
    apart = len({one.origin for one in findings}) > 1
    for group in shown[:SHOWN_AT_MOST]:
        yield "\n".join(_lines(group, apart=apart))
    if len(shown) > SHOWN_AT_MOST:
        yield f"and {len(shown) - SHOWN_AT_MOST} more of other kinds"
    yield "\n".join(_help(findings, watch))


def _headline(finding: Finding, count: int) -> str:
    """Return what is to fit into the one line of pytest's short summary."""
    first = finding.violations[0]
    what = finding.exchange.operation_id or f"{finding.exchange.method} {finding.exchange.path}"
    got = f", got {first.got_text}" if first.got_text else ""
    more = f" (and {count - 1} more)" if count > 1 else ""
    return f"{what}: {_place(first)} breaks {first.rule}{got}{more}"


def _help(findings: list[Finding], watch: Watch) -> Iterator[str]:
    flags = dict.fromkeys(one.origin.flags for one in findings)
    if len(flags) == 1 and all(flags):
        yield (
            f"The variables are those of a running `fiskaly-mockserver serve {next(iter(flags))}`:"
            " see `fiskaly-mockserver env`."
        )
    elif flags:
        yield (
            "The variables are those of a server that runs as each request says:"
            " see `fiskaly-mockserver env`."
        )
    if any(TOKEN in curl(one.exchange) for one in findings):
        yield LOGGING_IN
    yield from _placeholders(findings)
    named = dict.fromkeys(
        f"{one.exchange.operation_id}:{violation.rule}".removeprefix(":")
        for one in findings
        for violation in one.violations
    )
    words = [*dict.fromkeys([*watch.allowed, *named])]
    shown = json.dumps(words[0] if len(words) == 1 else words)
    if watch.nodeid:
        yield f"If the test means it: @pytest.mark.fiskaly(allow_violations={shown})"


def _placeholders(findings: list[Finding]) -> Iterator[str]:
    shown = "".join(curl(one.exchange) for one in findings)
    for placeholder, meaning in PLACEHOLDERS.items():
        if placeholder in shown or quote(placeholder, safe="") in shown:
            yield f"{placeholder} stands for {meaning}: put in what your client sent"


def _sameness(finding: Finding) -> object:
    """Return what two findings have in common that are told as one: all but the values."""
    exchange = finding.exchange
    place = exchange.operation_id or exchange.path
    broken = tuple(map(_kind, finding.violations))
    return (exchange.method, place, broken, finding.origin)


def _kind(violation: Violation) -> object:
    branches = tuple((name, tuple(map(_kind, why))) for name, why in violation.branches)
    return (violation.where, violation.pointer, violation.rule, violation.expected, branches)


def _lines(group: list[Finding], *, apart: bool) -> Iterator[str]:
    """Yield the first of findings that differ in values only, and other values."""
    finding, times = group[0], len(group)
    exchange = finding.exchange
    operation = f" ({exchange.operation_id})" if exchange.operation_id else ""
    often = f"   {times} times" if times > 1 else ""
    yield f"{exchange.method} {target_of(exchange)} -> {exchange.status}{operation}{often}"
    origin = finding.origin
    if apart or origin.name:
        server = f"server {origin.name} of the factory" if origin.name else "session's server"
        yield f"    to the {server}, as of `fiskaly-mockserver serve {origin.flags}`"
    for name, value in exchange.request_headers:
        if name.lower() in WORTH_SHOWING:
            yield f"    {name}: {value}"
    yield from (f"    {line}" for line in _body(exchange))
    for number, violation in enumerate(finding.violations):
        yield from _of_violation(violation)
        values = dict.fromkeys(one.violations[number].got_text for one in group)
        yield from _others([text for text in values if text][1:])
    yield f"  reproduce: {curl(exchange)}"


def _of_violation(violation: Violation) -> Iterator[str]:
    yield f"  {_place(violation)} breaks {violation.rule}"
    if violation.branches:
        yield f"    {violation.sentence()}"
        return
    yield f"    expected  {violation.expected}"
    if violation.got_text:
        yield f"    got       {violation.got_text}"


def _others(values: list[str]) -> Iterator[str]:
    if values:
        more = len(values) - VALUES_AT_MOST
        shown = ", ".join(values[:VALUES_AT_MOST]) + (f" and {more} more" if more > 0 else "")
        yield f"    and also  {shown}"


def _place(violation: Violation) -> str:
    return f"{violation.where.value} {violation.pointer}".rstrip()


def _of_fake(finding: Finding) -> str:
    exchange = finding.exchange
    lines = [f"{exchange.method} {exchange.path} -> {exchange.status} ({exchange.request_id})"]
    lines += [
        f"  the answer breaks the contract: {violation.sentence()}"
        for violation in exchange.response_violations
    ]
    if exchange.crash:
        lines.append(exchange.crash.rstrip())
    return "\n".join(lines)


def _body(exchange: Exchange) -> list[str]:
    if exchange.request_body is None:
        return [f"({exchange.request_body_note})"] if exchange.request_body_note else []
    text = json.dumps(exchange.request_body, ensure_ascii=False)
    if len(text) > LINE:
        text = json.dumps(exchange.request_body, ensure_ascii=False, indent=2)
    if len(text) > LONGEST:
        text = text[:LONGEST] + f"… ({len(text) - LONGEST} characters more)"
    return text.splitlines()


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
