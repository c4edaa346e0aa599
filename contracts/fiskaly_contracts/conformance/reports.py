"""A report in every format that somebody reads: people, CI servers, programs.

GitHub shows at most ten annotations of a step, and takes a step summary of at most 1 MiB.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from fiskaly_contracts.conformance.findings import Finding, Known, Report
from fiskaly_contracts.json_value import one_line
from fiskaly_contracts.violations import Severity

ANNOTATIONS_AT_MOST: Final = 10
SUMMARY_BYTES_AT_MOST: Final = 1_000_000
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CUT = "\n\nThe rest is left out: it is too long to be shown here.\n"
_ROOM_FOR_CUT = 100


class ReportError(ValueError):
    """A report cannot be written; the text names the file and says why."""


def as_text(report: Report) -> str:
    """Return a report for a terminal or a log.

    A line is one of ours: what a message holds begins none, which GitHub might take for a command.
    """
    lines = [report.headline]
    for one in report.findings:
        lines += ["", *_text_of(one)]
    sections: Sequence[tuple[str, Sequence[str]]] = (
        ("known", [f"{one.id}  {one.operation} {one.where}: {why}" for one, why in _known(report)]),
        ("in the baseline, but not found", [f"{one.id}  {one.reason}" for one in report.stale]),
        ("in the baseline, but its day has passed", [*map(_expired, report.expired)]),
        ("not verified", [f"{what}: {why}" for what, why in report.not_verified]),
        ("left behind", [f"{what}: {why}" for what, why in report.leftovers]),
        ("notes", report.notes),
    )
    for title, rows in sections:
        if rows:
            lines += ["", f"{title}:", *(f"  {row}" for row in rows)]
    return "\n".join(map(one_line, lines)) + "\n"


def as_json(report: Report) -> str:
    """Return a report for programs, in ASCII."""
    return json.dumps(report.as_json(), indent=2) + "\n"


def as_junit(report: Report) -> str:
    """Return a report as CI servers read tests: a case for each finding and each good operation."""
    suite = ET.Element(
        "testsuite",
        name=f"fiskaly-mockserver {report.check}",
        tests=str(len(report.findings) + len(report.known) + len(report.passed)),
        failures=str(len(report.findings)),
        errors="0",
        skipped=str(len(report.known)),
    )
    for name in report.passed:
        ET.SubElement(suite, "testcase", classname=report.check, name=_xml(name))
    for one in report.findings:
        case = _case(suite, report, one)
        failure = ET.SubElement(
            case, "failure", type=one.rule, message=_xml(f"{one.severity.value}: {one.message}")
        )
        failure.text = _xml("\n".join(map(one_line, _text_of(one))))
    for one, why in _known(report):
        ET.SubElement(_case(suite, report, one), "skipped", message=_xml(why))
    told = as_text(report).partition("\n")[0]
    ET.SubElement(suite, "system-out").text = _xml(told)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    written: str = ET.tostring(suites, encoding="unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


def as_markdown(report: Report) -> str:
    """Return a report for a merge request or a step summary."""
    mark = "❌" if report.failing() else "✅"
    parts = [f"## {mark} {_cell(report.headline)}"]
    if report.findings:
        parts.append(
            _table(
                ("severity", "operation", "status", "where", "what", "id"),
                [
                    (
                        one.severity.value,
                        f"`{one.operation}`",
                        str(one.status or ""),
                        one.where,
                        one.message + (f" ({one.count} times)" if one.count > 1 else ""),
                        f"`{one.id}`",
                    )
                    for one in report.findings
                ],
            )
        )
    for title, heads, rows in _tables(report):
        if rows:
            parts += [f"### {title}", _table(heads, rows)]
    if report.notes:
        parts.append("\n".join(f"- {_cell(note)}" for note in report.notes))
    return "\n\n".join(parts) + "\n"


def as_html(report: Report) -> str:
    """Return a report as one page that loads nothing from anywhere."""
    import jinja2  # noqa: PLC0415 - only this format needs it

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_PAGE).render(
        report=report, tables=[one for one in _tables(report) if one[2]]
    )


def annotations(report: Report) -> Iterator[str]:
    """Yield the lines by which GitHub Actions shows findings, errors first; at most ten."""
    ordered = sorted(report.findings, key=lambda one: one.severity is Severity.WARNING)
    for one in ordered[:ANNOTATIONS_AT_MOST]:
        title = f"{one.operation} {one.status or ''} {one.where}".replace("  ", " ")
        yield f"::{one.severity.value} title={_property(title)}::{_data(one.message)}"


def step_summary(report: Report) -> str:
    """Return the Markdown for GitHub's step summary, cut where it would be refused."""
    raw = as_markdown(report).encode()
    if len(raw) <= SUMMARY_BYTES_AT_MOST:
        return raw.decode()
    kept = raw[: SUMMARY_BYTES_AT_MOST - _ROOM_FOR_CUT].decode("utf-8", "ignore")
    return kept.rpartition("\n")[0] + _CUT


FORMATS: Mapping[str, Callable[[Report], str]] = {
    ".txt": as_text,
    ".json": as_json,
    ".xml": as_junit,
    ".md": as_markdown,
    ".html": as_html,
}
"""The formats by the ending of a file's name; `.xml` is JUnit."""


def write_report(report: Report, path: Path) -> None:
    """Write a report in the format that the file's name ends in; all of it or nothing.

    Raises:
        ReportError: The ending is unknown, or the file cannot be written.
    """
    render = FORMATS.get(path.suffix.lower())
    if render is None:
        raise ReportError(f"{path} should end in one of {' '.join(FORMATS)}")
    text = render(report)
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ReportError(f"cannot write {path}: {error.strerror or error}") from error


def _text_of(one: Finding) -> Iterator[str]:
    times = f"  {one.count} times" if one.count > 1 else ""
    status = f" {one.status}" if one.status else ""
    place = f"{one.operation}{status}  {one.where}  [{one.rule}]"
    yield f"{one.severity.value}  {place}  {one.id}{times}"
    yield f"  {one.message}"
    notes = (("first seen", one.seen), ("assumption", one.assumption), ("again", one.curl))
    for name, said in notes:
        if said:
            yield f"  {name}: {said}"


def _known(report: Report) -> Iterator[tuple[Finding, str]]:
    for one, entry in report.known:
        yield one, entry.reason + (f" (until {entry.until})" if entry.until else "")


def _expired(one: Known) -> str:
    return f"{one.id}  until {one.until}: {one.reason}"


def _tables(report: Report) -> Iterator[tuple[str, Sequence[str], Sequence[Sequence[str]]]]:
    known = [(one.operation, one.where, one.message, why, one.id) for one, why in _known(report)]
    yield "Known", ("operation", "where", "what", "reason", "id"), known
    stale = [(one.id, one.reason) for one in report.stale]
    yield "In the baseline, but not found", ("id", "reason"), stale
    expired = [(one.id, str(one.until), one.reason) for one in report.expired]
    yield "In the baseline, but its day has passed", ("id", "until", "reason"), expired
    yield "Not verified", ("what", "why"), report.not_verified
    yield "Left behind", ("what", "why"), report.leftovers


def _case(suite: ET.Element, report: Report, one: Finding) -> ET.Element:
    name = _xml(f"{one.operation} {one.status or ''} {one.where} {one.rule} [{one.id}]")
    return ET.SubElement(suite, "testcase", classname=report.check, name=name)


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [[*heads], *([_cell(cell) for cell in row] for row in rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(cells[0]), *lines[1:]])


def _cell(text: str) -> str:
    """Escape what Markdown would take as markup, but for the backticks of our own."""
    escaped = re.sub(r"([\\|<>*_\[\]])", r"\\\1", text) if not text.startswith("`") else text
    whole = " ".join(escaped.replace("|", "&#124;" if text.startswith("`") else "|").split())
    return one_line(whole)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{{ report.check }} {{ report.target }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
  color: #1c2330; background: #fff }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid #d5dae3 }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere;
  white-space: pre-wrap }
.error { color: #a4161a; font-weight: 600 }
.warning { color: #8a5a00; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  body { color: #e4e8f0; background: #14181f }
  th, td { border-color: #343c4a }
  .error { color: #ff8f8f }
  .warning { color: #ffc766 }
}
</style>
</head>
<body>
<main>
<h1>{{ report.headline }}</h1>
{% if report.findings %}
<table>
<thead><tr><th>severity</th><th>operation</th><th>status</th><th>where</th><th>what</th></tr></thead>
<tbody>
{% for one in report.findings %}
<tr id="{{ one.id }}">
<td class="{{ one.severity.value }}">{{ one.severity.value }}</td>
<td><code>{{ one.operation }}</code></td>
<td>{{ one.status or "" }}</td>
<td>{{ one.where }}</td>
<td>{{ one.message }}{% if one.count > 1 %} ({{ one.count }} times){% endif %}
<details><summary>{{ one.rule }}, {{ one.id }}</summary>
{% if one.expected %}<p>expected {{ one.expected }}</p>{% endif %}
{% if one.assumption %}<p>assumption {{ one.assumption }}</p>{% endif %}
{% if one.seen %}<p>first seen: {{ one.seen }}</p>{% endif %}
{% if one.curl %}<pre>{{ one.curl }}</pre>{% endif %}
</details></td>
</tr>
{% endfor %}
</tbody>
</table>
{% else %}
<p>Nothing was found.</p>
{% endif %}
{% for title, heads, rows in tables %}
<h2>{{ title }}</h2>
<table>
<thead><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}
</tbody>
</table>
{% endfor %}
{% if report.notes %}
<ul>{% for note in report.notes %}<li>{{ note }}</li>{% endfor %}</ul>
{% endif %}
</main>
</body>
</html>
"""
