"""The same findings in every format."""

import datetime as dt
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fiskaly_contracts import Severity
from fiskaly_contracts.conformance.findings import Finding, Known, Report, Side
from fiskaly_contracts.conformance.reports import (
    ANNOTATIONS_AT_MOST,
    FORMATS,
    SUMMARY_BYTES_AT_MOST,
    ReportError,
    annotations,
    as_html,
    as_markdown,
    as_text,
    step_summary,
    write_report,
)
from junitparser import Failure, JUnitXml, Skipped

WORST = 'body.name should be <b> & "c"|`d` (got "\x00\x1b[31m☕")\nnext'
ERROR = Finding(
    operation="createOrganization",
    rule="pattern",
    side=Side.RESPONSE,
    status=200,
    part="body",
    pointer="/name",
    message=WORST,
    expected="<i>",
    got="☕",
    curl="curl -X POST 'http://x/<y>'",
    assumption="A-26",
    seen="entry 3",
    count=4,
)
WARNING = replace(ERROR, rule="field-order", severity=Severity.WARNING, message="another order")
KNOWN = replace(ERROR, rule="enum", message="known since long")
REPORT = Report(
    check="verify",
    target="http://127.0.0.1:1",
    findings=(WARNING, ERROR),
    known=((KNOWN, Known(id=KNOWN.id, reason="ticket 5", until=dt.date(2027, 1, 1))),),
    stale=(Known(id="feedfeedfeed", reason="gone"),),
    counted={"exchanges": 9},
    passed=("listUsers",),
    not_verified=(("enableEnvironment", "it needs clearance"),),
    leftovers=(("TSS 1", "no API deletes it"),),
    notes=("a note",),
)


class Page(HTMLParser):
    """Reads a page: its text, and whatever it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.loads: list[str | None] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [value for name, value in attrs if name in {"src", "href", "srcset"}]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_tells_every_finding(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"report{ending}"
    write_report(REPORT, file)
    text = file.read_text(encoding="utf-8")
    for one in (ERROR, WARNING, KNOWN):
        assert one.id in text
        assert one.operation in text
    for told in ("ticket 5", "another order"):
        assert told in text


def test_junit_reads_back() -> None:
    [suite] = JUnitXml.fromstring(FORMATS[".xml"](REPORT).encode())
    assert (suite.tests, suite.failures, suite.skipped, suite.errors) == (4, 2, 1, 0)
    kinds = [type(one) for case in suite for one in case.result]
    assert sorted(kind.__name__ for kind in kinds) == ["Failure", "Failure", "Skipped"]
    [failure] = [
        one
        for case in suite
        for one in case.result
        if isinstance(one, Failure) and one.type == "pattern"
    ]
    assert "<b> &" in failure.message
    assert "☕" in failure.message
    [skipped] = [one for case in suite for one in case.result if isinstance(one, Skipped)]
    assert skipped.message == "ticket 5 (until 2027-01-01)"


def test_json_has_all_of_it_in_ascii() -> None:
    text = FORMATS[".json"](REPORT)
    assert text.isascii()
    read = json.loads(text)
    assert [one["id"] for one in read["findings"]] == [WARNING.id, ERROR.id]
    assert read["findings"][1]["message"] == WORST
    assert read["known"][0]["reason"] == "ticket 5"
    assert read["not_verified"] == [{"what": "enableEnvironment", "why": "it needs clearance"}]
    assert read["leftovers"] == [{"what": "TSS 1", "why": "no API deletes it"}]


def test_html_is_one_page_that_loads_nothing_and_takes_no_markup() -> None:
    page = Page()
    page.feed(as_html(REPORT))
    assert page.loads == ["data:,"]  # the icon, which is none
    assert not page.tags & {"b", "i", "y", "script", "img", "iframe"}
    assert '<b> & "c"' in page.text
    assert "ticket 5" in page.text
    assert "Nothing was found." not in page.text
    assert "Nothing was found." in as_html(replace(REPORT, findings=()))


def test_a_row_of_markdown_stays_a_row() -> None:
    lines = as_markdown(REPORT).splitlines()
    [row] = [line for line in lines if ERROR.id in line]
    assert row.replace("\\|", "").count("|") == 7
    assert "\\<b\\>" in row


PLAIN = Finding(
    operation="listTss", rule="status", side=Side.RESPONSE, part="status", message="a_b *c*"
)
WHOLE = replace(
    REPORT,
    findings=(replace(ERROR, message="one\ntwo"), PLAIN),
    expired=(Known(id="0ldbeef0ldbe", reason="late", until=dt.date(2026, 1, 1)),),
)
AS_TEXT = f"""\
verify http://127.0.0.1:1: 2 errors, 0 warnings, 1 known, 9 exchanges

error  createOrganization 200  response body /name  [pattern]  {ERROR.id}  4 times
  one\\ntwo
  first seen: entry 3
  assumption: A-26
  again: curl -X POST 'http://x/<y>'

error  listTss  response status  [status]  {PLAIN.id}
  a_b *c*

known:
  {KNOWN.id}  createOrganization response body /name: ticket 5 (until 2027-01-01)

in the baseline, but not found:
  feedfeedfeed  gone

in the baseline, but its day has passed:
  0ldbeef0ldbe  until 2026-01-01: late

not verified:
  enableEnvironment: it needs clearance

left behind:
  TSS 1: no API deletes it

notes:
  a note
"""
AS_MARKDOWN = f"""\
## ❌ verify http://127.0.0.1:1: 2 errors, 0 warnings, 1 known, 9 exchanges

| severity | operation | status | where | what | id |
|---|---|---|---|---|---|
| error | `createOrganization` | 200 | response body /name | one two (4 times) | `{ERROR.id}` |
| error | `listTss` |  | response status | a\\_b \\*c\\* | `{PLAIN.id}` |

### Known

| operation | where | what | reason | id |
|---|---|---|---|---|
| createOrganization | response body /name | known since long | ticket 5 (until 2027-01-01) \
| {KNOWN.id} |

### In the baseline, but not found

| id | reason |
|---|---|
| feedfeedfeed | gone |

### In the baseline, but its day has passed

| id | until | reason |
|---|---|---|
| 0ldbeef0ldbe | 2026-01-01 | late |

### Not verified

| what | why |
|---|---|
| enableEnvironment | it needs clearance |

### Left behind

| what | why |
|---|---|
| TSS 1 | no API deletes it |

- a note
"""


def test_text_and_markdown_to_the_last_line() -> None:
    assert as_text(WHOLE) == AS_TEXT
    assert as_markdown(WHOLE) == AS_MARKDOWN
    nothing = Report(check="verify", target="x")
    assert as_text(nothing) == "verify x: 0 errors, 0 warnings\n"
    assert as_markdown(nothing) == "## ✅ verify x: 0 errors, 0 warnings\n"


@pytest.mark.parametrize("odd", ["\x1b[2J", "\ud800", "\n::error::x", "\u2028", "\r", "\x00"])
def test_what_a_message_holds_never_breaks_a_line_or_a_file(odd: str, tmp_path: Path) -> None:
    bad = f"a{odd}b"
    finding = replace(ERROR, operation=bad, pointer=f"/{bad}", message=bad, curl=bad)
    report = Report(check="check", target=bad, findings=(finding,), leftovers=((bad, bad),))
    plain = replace(report, findings=(replace(finding, message="x"),))
    for written in (as_text(report), as_markdown(report), step_summary(report)):
        written.encode()
        assert all(line.isprintable() for line in written.split("\n"))
        assert "\n::" not in written
    assert as_text(report).count("\n") == as_text(plain).count("\n")
    for ending in FORMATS:
        write_report(report, tmp_path / f"x{ending}")
    assert [*JUnitXml.fromfile(str(tmp_path / "x.xml"))]


def test_annotations_are_few_errors_first_and_one_line_each() -> None:
    many = replace(
        REPORT, findings=(WARNING, *(replace(ERROR, pointer=f"/p{n}") for n in range(30)))
    )
    lines = [*annotations(many)]
    assert len(lines) == ANNOTATIONS_AT_MOST
    assert all(line.startswith("::error title=createOrganization 200") for line in lines)
    assert all("\n" not in line for line in lines)
    assert [*annotations(REPORT)][1] == (
        "::warning title=createOrganization 200 response body /name::another order"
    )
    told = replace(PLAIN, operation="GET /a,b:c", message="1 %\r\nnext")
    assert [*annotations(replace(REPORT, findings=[told]))] == [
        "::error title=GET /a%2Cb%3Ac response status::1 %25%0D%0Anext"
    ]


def test_a_summary_is_cut_between_rows_where_github_would_refuse_it() -> None:
    long = replace(
        REPORT, findings=[replace(ERROR, message="ü" * 3_000, rule=f"r{n}") for n in range(400)]
    )
    assert len(as_markdown(long).encode()) > SUMMARY_BYTES_AT_MOST
    summary = step_summary(long)
    assert len(summary.encode()) <= SUMMARY_BYTES_AT_MOST
    table, _, end = summary.rpartition("\n\n")
    assert table.endswith("|")
    assert end.startswith("The rest is left out")
    assert step_summary(REPORT) == as_markdown(REPORT)


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"should end in one of \.txt \.json"):
        write_report(REPORT, tmp_path / "report.pdf")
    with pytest.raises(ReportError, match="cannot write"):
        write_report(REPORT, tmp_path / "nowhere" / "report.xml")
