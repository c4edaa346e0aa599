"""The transcripts' own machinery: what it reads, what it finds wrong, what it writes down."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from golden import runner
from golden.runner import GoldenMismatch, running
from golden.transcript import Message, Names, Step, Transcript, TranscriptError, parse

if TYPE_CHECKING:
    from http.client import HTTPResponse

FLOW = """\
# A flow of two steps
# @preset single

### The vendor authenticates
POST /auth
Content-Type: application/json

{"api_key": "{{vendor.test.key}}", "api_secret": "{{vendor.test.secret}}"}

HTTP/1.1 200 OK
Content-Type: application/json; charset=utf-8
Vary: Accept-Encoding

{
  "access_token": "{{token = jwt}}",
  "access_token_claims": {
    "env": "TEST",
    "organization_id": "{{vendor.id}}"
  },
  "access_token_expires_in": 86400,
  "access_token_expires_at": 1767312000,
  "refresh_token": "{{refresh = jwt}}",
  "refresh_token_expires_in": 172800,
  "refresh_token_expires_at": 1767398400
}

### An hour later it lists its billing addresses
# It has none.
# @advance 3600
GET /billing-addresses
Authorization: Bearer {{token}}

HTTP/1.1 200 OK
Content-Type: application/json; charset=utf-8
Vary: Accept-Encoding

{
  "data": [],
  "count": 0,
  "_type": "BILLING_ADDRESS_LIST"
}
"""


def play(text: str) -> None:
    transcript = parse(text)
    with running(transcript) as played:
        for step in transcript.steps:
            played.check(step)


def rewritten(text: str) -> str:
    transcript = parse(text)
    with running(transcript) as played:
        steps = tuple(played.update(step) for step in transcript.steps)
    return str(Transcript(transcript.comments, steps))


def without_answers(text: str) -> str:
    """Take every answer out."""
    transcript = parse(text)
    steps = tuple(
        Step(title=one.title, comments=one.comments, request=one.request, expected=None)
        for one in transcript.steps
    )
    return str(Transcript(transcript.comments, steps))


def test_a_transcript_is_read_step_by_step() -> None:
    transcript = parse(FLOW)
    first, second = transcript.steps
    assert transcript.settings == {"preset": "single"}
    assert first.title == "The vendor authenticates"
    assert first.request.first_line == "POST /auth"
    assert first.request.headers == ("Content-Type: application/json",)
    assert first.expected is not None
    assert first.expected.first_line == "HTTP/1.1 200 OK"
    assert second.settings == {"advance": "3600"}
    assert second.request.body == ""
    assert str(transcript) == FLOW


def test_a_right_transcript_passes_however_its_bodies_are_laid_out() -> None:
    play(FLOW)
    play(FLOW.replace('{\n  "data": [],\n  "count": 0,\n', '{"data":[], "count": 0,'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.1 200 OK", "1.1 201 Created"),
        ("1.1 200 OK", "1.1 200 Okay"),
        ('"count": 0', '"count": 1'),
        ('"count": 0', '"count": "0"'),
        ('"data": [],\n  "count": 0', '"count": 0,\n  "data": []'),
        ('"count": 0,', '"count": 0, "more": null,'),
        ("Vary: Accept-Encoding\n", ""),
        ("Vary: Accept-Encoding", "Vary: Accept"),
        ("Vary: Accept-Encoding", "Vary: Accept-Encoding\nX-More: 1"),
        ("; charset=utf-8", ""),
        ("{{token = jwt}}", "{{token = uuid}}"),
        ('organization_id": "{{vendor.id}}', 'organization_id": "{{vendor.test.id}}'),
        ("expires_in: 86400".replace(":", '":'), 'expires_in": 86399'),
        ("HTTP/1.1 200 OK\nContent-Type: application/json; charset=utf-8\n", ""),
    ],
)
def test_any_other_answer_is_a_mismatch(old: str, new: str) -> None:
    assert old in FLOW
    with pytest.raises((GoldenMismatch, TranscriptError)):
        play(FLOW.replace(old, new))


def test_a_mismatch_is_told_as_a_difference_of_the_lines_that_matter() -> None:
    with pytest.raises(GoldenMismatch) as caught:
        play(FLOW.replace("86400", "86399"))
    lines = str(caught.value).splitlines()
    assert lines[0] == "The vendor authenticates"
    changed = [line for line in lines[3:] if line.startswith(("+", "-"))]
    assert changed == [
        '-  "access_token_expires_in": 86399,',
        '+  "access_token_expires_in": 86400,',
    ]


def test_a_step_without_an_answer_does_not_pass() -> None:
    with pytest.raises(GoldenMismatch, match="no answer is written down"):
        play(without_answers(FLOW))


def test_an_update_of_a_right_transcript_changes_nothing() -> None:
    assert rewritten(FLOW) == FLOW


def test_an_update_corrects_what_is_wrong_and_keeps_the_names() -> None:
    assert rewritten(FLOW.replace("86400", "1").replace("Vary: Accept-Encoding\n", "")) == FLOW


def test_an_update_writes_missing_answers_without_any_credential() -> None:
    first = without_answers(FLOW).partition("\n### An hour")[0]
    written = rewritten(first)
    assert '"access_token": "{{access_token_' in written
    assert '"organization_id": "{{vendor.id}}"' in written
    assert "eyJ" not in written
    play(written)


def test_what_a_capture_bound_is_demanded_from_then_on() -> None:
    names = Names({})
    key, new_id = f"test_{'0' * 25}_abc", "00000000-0000-4000-8000-000000000000"
    assert names.bind('"{{a = key}}" {{b = uuid}}', f'"{key}" {new_id}')
    assert names.fill("{{a}} {{ b }}") == f"{key} {new_id}"
    assert names.bind("<{{a}}>", f"<{key}>")
    assert not names.bind("<{{a}}>", f"<{key}d>")


def test_values_are_escaped_in_json_and_taken_literally_in_patterns() -> None:
    names = Names({"a": 'x"\\.*'})
    assert names.fill('{"a":"{{a}}"}', in_json=True) == '{"a":"x\\"\\\\.*"}'
    assert names.bind('"{{a}}"', '"x\\"\\\\.*"')
    assert not names.bind('"{{a}}"', '"x\\"\\\\yy"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stray\n### One\nGET /a\n", "'stray' is no comment"),
        ("### One\n", "One: no request line"),
        ("### One\nGET\n", "One: no request line"),
        ("### One\nGET /a\n\nHTTP/1.1 200 OK\n\nHTTP/1.1 200 OK\n", "One: more than one answer"),
        ("### One\nGET /a\n# late\n", "One: comments stand between"),
    ],
)
def test_what_is_no_transcript_is_told(text: str, said: str) -> None:
    with pytest.raises(TranscriptError, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Bearer {{token}}", "Bearer {{tokken}}", "nothing is bound to {{tokken}}"),
        ("Bearer {{token}}", "Bearer {{other = jwt}}", "stands in a request"),
        ("= jwt}}", "= jwd}}", "no kind 'jwd'"),
        ("@preset single", "@presets single", "no setting"),
    ],
)
def test_what_cannot_be_run_is_told(old: str, new: str, said: str) -> None:
    with pytest.raises(TranscriptError, match=said):
        play(FLOW.replace(old, new))


@dataclass
class Response:
    """As much of an HTTP response as is read of one."""

    status: int = 200
    reason: str = "OK"
    version: int = 11
    headers: list[tuple[str, str]] = field(default_factory=list)

    def getheaders(self) -> list[tuple[str, str]]:
        return self.headers


@pytest.mark.parametrize("raw", ['{"a": 1}', '{"a":1}\n', '{"a":"\\u00e4"}', '{"a":1.0,"a":1}'])
def test_a_body_that_is_not_compact_and_raw_is_shown_as_it_came(raw: str) -> None:
    response = cast("HTTPResponse", Response())
    assert runner._text_of(response, raw.encode()) == Message("HTTP/1.1 200 OK", (), raw)


def test_headers_are_sorted_and_the_volatile_ones_left_out() -> None:
    headers = [("X-Request-Id", "0"), ("Vary", "a"), ("DATE", "now"), ("Allow", "GET")]
    response = cast("HTTPResponse", Response(version=10, headers=headers))
    shown = runner._text_of(response, b"")
    assert shown == Message("HTTP/1.0 200 OK", ("Allow: GET", "Vary: a"), "")
