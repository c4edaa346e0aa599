"""Findings, the ids they keep, and the baselines that know them."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fiskaly_contracts import Severity
from fiskaly_contracts.conformance.findings import (
    BaselineError,
    Finding,
    Findings,
    Known,
    Report,
    Side,
    baseline_of,
    read_baseline,
)

FOUND = Finding(
    operation="listOrganizations",
    rule="type",
    side=Side.RESPONSE,
    status=200,
    part="body",
    pointer="/data/3/name",
    message="body.data[3].name should be string (got 7)",
)
TODAY = dt.date(2027, 1, 31)


@pytest.mark.parametrize(
    "change",
    [
        {"pointer": "/data/99/name"},
        {"message": "worded otherwise", "got": "8", "expected": "a string"},
        {"severity": Severity.WARNING, "seen": "entry 9", "curl": "curl", "assumption": "A-01"},
    ],
)
def test_an_id_outlives_what_does_not_tell_findings_apart(change: Any) -> None:
    assert replace(FOUND, **change).id == FOUND.id


@pytest.mark.parametrize(
    "change",
    [
        {"pointer": "/data/3/town"},
        {"rule": "enum"},
        {"status": 404},
        {"operation": "listUsers"},
        {"side": Side.REQUEST},
        {"part": "headers"},
    ],
)
def test_another_place_rule_or_answer_is_another_finding(change: Any) -> None:
    assert replace(FOUND, **change).id != FOUND.id


def test_the_same_finding_is_counted_and_the_graver_one_stays() -> None:
    findings = Findings()
    findings.add(replace(FOUND, severity=Severity.WARNING), FOUND, replace(FOUND, rule="enum"))
    first, other = findings
    assert (first.count, first.severity) == (2, Severity.ERROR)
    assert (other.count, len(findings)) == (1, 2)
    findings.add(replace(FOUND, severity=Severity.WARNING, count=3, seen="later"))
    first, _ = findings
    assert (first.count, first.severity, first.seen) == (5, Severity.ERROR, "")


def test_a_baseline_sets_known_findings_apart_until_their_day_has_passed() -> None:
    new = replace(FOUND, rule="enum")
    entries = (
        Known(id=FOUND.id, reason="ticket 1", until=TODAY),
        Known(id="feedfeedfeed", reason="mended"),
    )
    report = Report(check="check", target="x", findings=(FOUND, new))
    on_the_day = report.against(entries, TODAY)
    assert on_the_day.findings == (new,)
    assert [known for known, _ in on_the_day.known] == [FOUND]
    assert [one.id for one in on_the_day.stale] == ["feedfeedfeed"]
    assert on_the_day.expired == ()
    later = report.against(entries, TODAY + dt.timedelta(days=1))
    assert later.findings == (FOUND, new)
    assert [one.reason for one in later.expired] == ["ticket 1"]


def test_warnings_fail_only_where_they_are_told_to() -> None:
    report = Report(
        check="check", target="x", findings=(replace(FOUND, severity=Severity.WARNING),)
    )
    assert report.failing() == ()
    assert len(report.failing(Severity.WARNING)) == 1


def test_a_written_baseline_knows_all_that_it_was_written_of(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    file.write_text(json.dumps(baseline_of([FOUND], "old sins")))
    report = Report(check="check", target="x", findings=(FOUND,)).against(
        read_baseline(file), TODAY
    )
    assert (report.findings, len(report.known)) == ((), 1)


ENTRY = {"id": "0123456789ab", "reason": "why"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no baseline"),
        ('{"kind": "conformance-baseline", "schema": 2}', "schema should be 1"),
        ({"findings": {}}, "findings should be an array"),
        ({"findings": [7]}, "findings[0] should be an object"),
        ({"findings": [{"id": "a"}]}, "findings[0].reason should be a text"),
        ({"findings": [{**ENTRY, "id": 7}]}, "findings[0].id should be a text"),
        ({"findings": [{**ENTRY, "id": ""}]}, "findings[0].id should be a text"),
        ({"findings": [{**ENTRY, "until": None}]}, "findings[0].until should be a date"),
        ({"findings": [ENTRY, {**ENTRY, "b": 1, "a": 1}]}, "findings[1] has the unknown 'a'"),
        ({"kind": "tree"}, "is no baseline"),
        ({"findings": [{**ENTRY, "reason": " "}]}, "findings[0].reason should be a text"),
        ({"findings": [{**ENTRY, "until": "soon"}]}, "findings[0].until should be a date"),
        ({"findings": [{**ENTRY, "untill": "2027-01-01"}]}, "unknown 'untill'"),
        ({"findings": [ENTRY, ENTRY]}, "findings[1].id 0123456789ab stands there twice"),
    ],
)
def test_what_is_no_baseline_is_refused_in_one_line(
    content: Any, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "known.json"
    frame = {"schema": 1, "kind": "conformance-baseline"}
    file.write_text(content if isinstance(content, str) else json.dumps({**frame, **content}))
    with pytest.raises(BaselineError) as refused:
        read_baseline(file)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_report_counts_in_one_line() -> None:
    warning = replace(FOUND, severity=Severity.WARNING)
    report = Report(check="check", target="a.har", findings=(FOUND, warning, warning))
    assert report.headline == "check a.har: 1 error, 2 warnings"
    known = (FOUND, Known(id=FOUND.id, reason="x"))
    told = replace(report, known=(known,), counted={"exchanges": 1, "secrets": 0}, findings=())
    assert told.headline == "check a.har: 0 errors, 0 warnings, 1 known, 1 exchanges, 0 secrets"


def test_a_baseline_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"cannot read .*gone\.json"):
        read_baseline(tmp_path / "gone.json")
