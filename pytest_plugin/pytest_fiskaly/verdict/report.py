"""The report of violations: request, rule, and a curl line that repeats it. No secrets."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING, Final
from urllib.parse import quote as percent_encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fiskaly_contracts import Violation
    from fiskaly_mockserver.world.journal.exchange import Exchange

    from pytest_fiskaly.verdict.watch import ContractVerdict, Finding

SHOWN_AT_MOST: Final = 10
"""Different violations of one test that are shown in full."""
VALUES_AT_MOST: Final = 5
"""Values that are shown beside the first, where only these differ."""
LINE: Final = 96
WORTH_SHOWING: Final = frozenset({"authorization", "content-type", "user-agent", "x-mock-sandbox"})
OUTSIDE: Final = "Outside any test that uses the fake"
PLACEHOLDERS: Final = {
    "[redacted]": "a secret",
    "[undeclared]": "a value that the contract does not know or has as another type",
}
LONGEST: Final = 4_000
"""Characters of a body, or of an address, beyond which a line is of no use."""
BASE_PATH: Final = "/api/v0"
CONTENT_TYPE: Final = "content-type"
NEEDED: Final = frozenset({"authorization", CONTENT_TYPE, "x-mock-sandbox"})
NOT_KEPT: Final = "[undeclared]"
"""What the journal keeps in place of a value where the contract declares none."""
IN_A_PATH: Final = "/%:@!$&'()*+,;=~"
TOKEN: Final = "$TOKEN"  # noqa: S105 - a variable's name
LOGGING_IN: Final = (
    """TOKEN=$(curl -s "$FISKALY_BASE_URL"/auth -H 'Content-Type: application/json' -d"""
    r""" "{\"api_key\":\"$FISKALY_API_KEY\",\"api_secret\":\"$FISKALY_API_SECRET\"}" |"""
    r""" sed 's/.*"access_token": *"\([^"]*\)".*/\1/')"""
)
"""A line for the shell that sets the variable."""
DEFECT: Final = (
    "The fake itself was wrong: a defect of fiskaly-mockserver, not of the client."
    " Please report it."
)


def report(
    findings: Iterable[Finding], verdict: ContractVerdict, shown: dict[object, str] | None = None
) -> str:
    """Return the text for a test: every different violation once, and how often it happened.

    Args:
        findings: What is held against the test.
        verdict: The verdict that they are of.
        shown: The test that showed each violation in full, which another one then only names;
            what is shown here is added. None shows everything in full.
    """
    findings = list(findings)
    broken = [one for one in findings if one.violations]
    defects = [one for one in findings if one.is_defect]
    parts = []
    if broken:
        parts.append("\n\n".join(_client_part(broken, verdict, {} if shown is None else shown)))
    if defects:
        parts.append("\n\n".join([DEFECT, *map(_defect_part, defects[:SHOWN_AT_MOST])]))
    return _printable("\n\n".join(parts))


def _printable(text: str) -> str:
    """Escape what would change how the rest is shown, as JSON does."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(
        one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text
    )


def _client_part(
    findings: list[Finding], verdict: ContractVerdict, known: dict[object, str]
) -> Iterator[str]:
    groups: dict[object, list[Finding]] = {}
    for one in findings:
        groups.setdefault(_sameness(one), []).append(one)
    named = {
        key: known[key] for key in groups if known.setdefault(key, verdict.nodeid) != verdict.nodeid
    }
    count = sum(len(one.violations) for one in findings)
    if len(named) == len(groups):
        tests = ", ".join(dict.fromkeys(named.values()))
        yield f"{_headline(findings[0], count)}\n    as in {tests}, where it is shown in full"
        return
    yield _headline(findings[0], count)
    who = "The test's client" if verdict.nodeid else f"{OUTSIDE}, a client"
    yield (
        f"{who} broke the contract of the fiskaly Management API:"
        f" {plural(count, 'violation')} in {len(findings)} of"
        f" {plural(verdict.requests, 'request')}."
    )
    apart = len({one.server for one in findings}) > 1
    for key, group in [*groups.items()][:SHOWN_AT_MOST]:
        if key in named:
            text = _headline(group[0], sum(len(one.violations) for one in group))
            yield f"{text}\n    as in {named[key]}, where it is shown in full"
        else:
            yield "\n".join(_group_lines(group, apart=apart))
    if len(groups) > SHOWN_AT_MOST:
        yield f"and {len(groups) - SHOWN_AT_MOST} more of other kinds"
    yield "\n".join(_help(findings, verdict))


def _headline(finding: Finding, count: int) -> str:
    """Return what is to fit into the one line of pytest's short summary."""
    first = finding.violations[0]
    what = finding.exchange.operation_id or f"{finding.exchange.method} {finding.exchange.path}"
    got = f", got {first.got_text}" if first.got_text else ""
    more = f" (and {count - 1} more)" if count > 1 else ""
    return f"{what}: {_place(first)} breaks {first.rule}{got}{more}"


def _help(findings: list[Finding], verdict: ContractVerdict) -> Iterator[str]:
    flags = dict.fromkeys(one.server.flags for one in findings)
    if len(flags) == 1 and all(flags):
        yield (
            f"The variables are those of a running `fiskaly-mockserver serve {next(iter(flags))}`:"
            " see `fiskaly-mockserver env`."
        )
    elif not any(flags):
        yield (
            "The variables are those of the fake that the run used: see `fiskaly-mockserver env`."
        )
    else:
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
    words = [*dict.fromkeys([*verdict.allowed, *named])]
    shown = json.dumps(words[0] if len(words) == 1 else words)
    if verdict.nodeid:
        yield f"If the test means it: @pytest.mark.fiskaly(allow_violations={shown})"


def _placeholders(findings: list[Finding]) -> Iterator[str]:
    shown = "".join(curl(one.exchange) for one in findings)
    for placeholder, meaning in PLACEHOLDERS.items():
        if placeholder in shown or percent_encoded(placeholder, safe="") in shown:
            yield f"{placeholder} stands for {meaning}: put in what your client sent"


def _sameness(finding: Finding) -> object:
    """Return what findings have in common that are shown as one: all but the values."""
    exchange = finding.exchange
    place = exchange.operation_id or exchange.path
    broken = tuple(map(_kind, finding.violations))
    return (exchange.method, place, broken, finding.server)


def _kind(violation: Violation) -> object:
    branches = tuple((name, tuple(map(_kind, why))) for name, why in violation.branches)
    return (violation.where, violation.pointer, violation.rule, violation.expected, branches)


def _group_lines(group: list[Finding], *, apart: bool) -> Iterator[str]:
    """Yield the first of findings that differ in values only, and other values."""
    finding, times = group[0], len(group)
    exchange = finding.exchange
    operation = f" ({exchange.operation_id})" if exchange.operation_id else ""
    often = f"   {times} times" if times > 1 else ""
    yield f"{exchange.method} {target_of(exchange)} -> {exchange.status}{operation}{often}"
    server = finding.server
    if apart or server.name:
        name = f"server {server.name} of the factory" if server.name else "session's server"
        yield f"    to the {name}, as of `fiskaly-mockserver serve {server.flags}`"
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


def _defect_part(finding: Finding) -> str:
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


def plural(count: int, what: str) -> str:
    """Return a number of things: `1 request`, `2 requests`."""
    return f"{count} {what}" + ("" if count == 1 else "s")


def curl(exchange: Exchange) -> str:
    """Return the command; where it cannot hold all of the body, it says what is missing."""
    data, note = _data(exchange)
    target = target_of(exchange)
    words = ["curl", *_method(exchange.method, data)]
    if "/." in exchange.path:
        words.append("--path-as-is")
    if len(target) > LONGEST:
        return f"(its address has {len(target)} characters: too many for a line)"
    if target.startswith(f"{BASE_PATH}/"):
        words.append(f'"$FISKALY_BASE_URL"{quote(target.removeprefix(BASE_PATH))}')
    else:
        words.append(f'"$FISKALY_MOCK_URL"{quote(target)}')
    words += [word for header in _headers(exchange, data) for word in ("-H", header)]
    return " ".join([*words, *data, *([f"# {note}"] if note else [])])


def target_of(exchange: Exchange) -> str:
    """Return path and query as they go over the wire."""
    query = "&".join(
        f"{percent_encoded(name, safe='')}={percent_encoded(value, safe='')}"
        for name, value in exchange.query
    )
    path = percent_encoded(exchange.path, safe=IN_A_PATH)
    return f"{path}?{query}" if query else path


def _method(method: str, data: list[str]) -> list[str]:
    if method == "HEAD":
        return ["--head"]
    return [] if method == "GET" and not data else ["-X", quote(method)]


def _headers(exchange: Exchange, data: list[str]) -> Iterator[str]:
    there = set()
    for name, value in exchange.request_headers:
        there.add(name.lower())
        if name.lower() == "authorization":
            yield f'"Authorization: Bearer {TOKEN}"'
        elif name.lower() in NEEDED:
            yield quote(f"{name}: {value}")
    if data and CONTENT_TYPE not in there:  # curl would send one of its own
        yield quote("Content-Type:")


def _data(exchange: Exchange) -> tuple[list[str], str]:
    """Return the arguments for the body, and what is to be known of it."""
    note = exchange.request_body_note
    if exchange.request_body is None:
        if note in {"", "empty", "not read"}:
            return [], ""
        if note == "null":
            return ["-d", "null"], ""
        return ["--data-binary", "@body"], f"the file body: {note}"
    if exchange.request_body == NOT_KEPT:
        return ["--data-binary", "@body"], "the file body: JSON, but no object, and not kept"
    text = json.dumps(exchange.request_body, ensure_ascii=False)
    if len(text) > LONGEST:
        return ["--data-binary", "@body"], f"the file body: JSON of {len(text)} characters"
    return ["-d", quote(text)], ""
