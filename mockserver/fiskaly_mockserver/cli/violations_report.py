"""What clients of the fake broke, as the report that all checks write."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fiskaly_contracts import Contract, Violation, meant
from fiskaly_contracts.conformance.checks import ExchangeCheck, finding_of
from fiskaly_contracts.conformance.exchanges import HttpExchange
from fiskaly_contracts.conformance.findings import Finding, Findings, Report, Side

from fiskaly_mockserver.control.shapes import AllViolations


def violations_report(found: AllViolations, origin: str, requests: int) -> Report:
    """Return a report of what was broken over a server's whole life.

    Args:
        found: What the server counted, and the first exchange of each kind.
        origin: Where it was reached, for the lines that repeat a call.
        requests: How many it answered.
    """
    findings = Findings()
    findings.add(*_findings(found, origin))
    uncounted = found["uncounted"]
    return Report(
        check="exec",
        target=origin,
        findings=tuple(findings),
        counted={"requests": requests},
        notes=[f"{uncounted} more kinds had no room"] if uncounted else [],
    )


def _findings(found: AllViolations, origin: str) -> Iterator[Finding]:
    writer = ExchangeCheck(Contract.bundled(), Contract.sign_de())
    for kind in found["kinds"]:
        first: Any = kind["first"]
        side = Side.RESPONSE if kind["what"] == "defect" else Side.REQUEST
        query = f"?{urlencode(first['query'])}" if first["query"] else ""
        exchange = HttpExchange(
            first["method"],
            f"{origin}{first['path']}{query}",
            tuple((name, value) for name, value in first["request"]["headers"]),
            b""
            if first["request"]["body"] is None
            else json.dumps(first["request"]["body"]).encode(),
        )
        broken = [*meant(map(Violation.from_json, first["violations"]))]
        same = [
            one for one in broken if (one.where.value, one.rule) == (kind["where"], kind["rule"])
        ]
        there = [one for one in same if one.pointer == kind["pointer"]]
        for one in (there or same)[:1]:
            operation = kind["operation"] or f"{first['method']} {first['path']}"
            yield replace(
                finding_of(one, operation, side, first["response"]["status"]),
                count=kind["count"],
                curl=writer.curl(exchange),
                seen=f"request {first['request_id']}",
            )


def _body(kept: Any) -> bytes:
    return b"" if kept is None else json.dumps(kept).encode()
