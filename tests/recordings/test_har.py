"""HTTP archives of any tool: read entry by entry, written whole or not at all."""

import json
import tracemalloc
from base64 import b64encode
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from fiskaly_contracts.conformance.exchanges import HttpExchange
from fiskaly_contracts.recordings import har
from fiskaly_contracts.recordings.har import HarError, entry_of, read_har, writing_har

FULL = HttpExchange(
    "POST",
    "http://host.example/api/v0/auth?a=1&a=%C3%BC",
    (("Content-Type", "application/json"), ("X-A", "1"), ("X-A", "2")),
    b'{"a": "\xc3\xbc"}',
    200,
    (("content-type", "application/octet-stream"),),
    b"\x00\xff",
    "",
    "2026-01-01T00:00:00.000+00:00",
    1.5,
)


def written(path: Path, entries: list[Any], **log: Any) -> Path:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries, **log}}))
    return path


def entry(request: Any = None, response: Any = None) -> dict[str, Any]:
    return {
        "request": {"method": "get", "url": "http://x/api/v0/organizations", **(request or {})},
        "response": {"status": 200, **(response or {})},
    }


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    file = tmp_path / "run.har"
    with writing_har(file) as har:
        har.add(entry_of(FULL))
        har.add(entry_of(FULL._replace(method="GET", request_body=b"")))
    assert [*read_har(file)] == [FULL, FULL._replace(method="GET", request_body=b"")]
    assert json.loads(file.read_bytes())["log"]["version"] == "1.2"


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("last", ["comment", "pages"])
def test_it_reads_however_the_archive_is_laid_out(
    tmp_path: Path, indent: int | None, last: str
) -> None:
    entries = [entry({"url": f"http://x/{n}", "comment": '"entries": ['}) for n in range(500)]
    log = {"creator": {"name": "t"}, "entries": entries, last: "]}"}
    file = tmp_path / "run.har"
    file.write_text("\ufeff" + json.dumps({"log": log}, indent=indent), encoding="utf-8")
    assert [one.url for one in read_har(file)] == [f"http://x/{n}" for n in range(500)]


@pytest.mark.parametrize("chunk", [1, 3, 10, 64])
def test_it_reads_wherever_a_piece_of_the_file_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(har, "_CHUNK", chunk)
    entries = [entry({"url": f"http://x/{n}", "comment": '"entries": ['}) for n in range(5)]
    text = json.dumps({"log": {"pages": [], "entries": entries, "comment": "]}"}}, indent=1)
    file = tmp_path / "run.har"
    for end in ("", "\n", " \t\r\n" * 20):
        file.write_text(text + end)
        assert [one.url for one in read_har(file)] == [f"http://x/{n}" for n in range(5)]
    for cut in (text[: text.rindex('"comment"')], text + "x"):
        file.write_text(cut)
        with pytest.raises(HarError, match="cut short after its last entry"):
            [*read_har(file)]
    file.write_text(json.dumps({"log": {"comment": "x" * 50}}))
    with pytest.raises(HarError, match="is no HAR"):
        [*read_har(file)]


@pytest.mark.parametrize(
    ("content", "body", "note"),
    [
        ({"text": "a", "size": 1}, b"a", ""),
        ({"text": b64encode(b"\x00").decode(), "encoding": "base64", "size": 1}, b"\x00", ""),
        ({"size": 0}, b"", ""),
        ({"size": 7}, b"", "answer: the recording has no body"),
        ({"text": "", "size": 7}, b"", "answer: the recording has no body"),
        ({"text": "", "comment": "body: empty"}, b"", ""),
        ({"comment": "body: 9 bytes that are not JSON"}, b"", "answer: the recording has no body"),
        ({}, b"", ""),
    ],
)
def test_a_body_is_told_from_one_that_was_not_recorded(
    tmp_path: Path, content: Any, body: bytes, note: str
) -> None:
    file = written(tmp_path / "run.har", [entry(response={"content": content})])
    [one] = read_har(file)
    assert (one.response_body, one.note) == (body, note)


@pytest.mark.parametrize(
    ("request_", "body", "note"),
    [
        ({"postData": {"text": "a"}, "bodySize": 1}, b"a", ""),
        ({"postData": {"text": ""}, "bodySize": 0}, b"", ""),
        ({"bodySize": 0}, b"", ""),
        ({"bodySize": -1}, b"", ""),
        ({"bodySize": 1}, b"", "request: the recording has no body"),
        ({"postData": {"text": ""}, "bodySize": 2}, b"", "request: the recording has no body"),
        (
            {"headers": [{"name": "Content-Length", "value": "2"}], "bodySize": -1},
            b"",
            "request: the recording has no body",
        ),
        ({"headers": [{"name": "Content-Length", "value": "0"}], "bodySize": -1}, b"", ""),
        ({"headers": [{"name": "Content-Length", "value": "-"}], "bodySize": None}, b"", ""),
        ({"comment": "body: empty"}, b"", ""),
        ({"comment": "body: null"}, b"", ""),
        ({"comment": "body: 9 bytes that are not JSON"}, b"", "request: the recording has no body"),
        ({"comment": "a note"}, b"", ""),
    ],
)
def test_a_body_that_was_sent_is_told_from_one_that_was_not_recorded(
    tmp_path: Path, request_: Any, body: bytes, note: str
) -> None:
    [one] = read_har(written(tmp_path / "run.har", [entry(request_)]))
    assert (one.request_body, one.note, one.method) == (body, note, "GET")


def test_both_bodies_may_be_missing_and_that_is_kept(tmp_path: Path) -> None:
    note = "request: the recording has no body; answer: the recording has no body"
    file = written(tmp_path / "run.har", [entry({"bodySize": 1}, {"content": {"size": 7}})])
    [one] = read_har(file)
    assert one.note == note
    for kept in (note, "answer: packed as br"):
        [again] = read_har(written(file, [entry_of(one._replace(note=kept))]))
        assert again.note == kept
    [other] = read_har(written(file, [{**entry(), "comment": "answer me"}]))
    assert other.note == ""


@pytest.mark.parametrize("time", [nan, inf, -inf, None])
def test_a_time_that_is_none_makes_no_archive_invalid(tmp_path: Path, time: object) -> None:
    [one] = read_har(written(tmp_path / "run.har", [{**entry(), "time": time}]))
    assert one.took == 0


def test_an_entry_has_all_that_the_format_asks_for() -> None:
    assert entry_of(FULL._replace(note="a note")) == {
        "startedDateTime": "2026-01-01T00:00:00.000+00:00",
        "time": 1.5,
        "request": {
            "method": "POST",
            "url": FULL.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": name, "value": value} for name, value in FULL.request_headers],
            "queryString": [{"name": "a", "value": "1"}, {"name": "a", "value": "\u00fc"}],
            "headersSize": -1,
            "bodySize": 11,
            "postData": {"mimeType": "application/json", "params": [], "text": '{"a": "\u00fc"}'},
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": "content-type", "value": "application/octet-stream"}],
            "content": {
                "size": 2,
                "mimeType": "application/octet-stream",
                "text": "AP8=",
                "encoding": "base64",
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": 2,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 1.5, "receive": 0},
        "comment": "a note",
    }
    bare: Any = entry_of(HttpExchange("PUT", "http://x/", request_body=b"x", status=299))
    assert bare["startedDateTime"] == "1970-01-01T00:00:00.000+00:00"
    assert bare["request"]["postData"]["mimeType"] == "x-unknown"
    assert bare["response"]["content"] == {"size": 0, "mimeType": "x-unknown", "text": ""}
    assert bare["response"]["statusText"] == ""
    assert "comment" not in bare


def test_a_form_becomes_its_body(tmp_path: Path) -> None:
    params = [{"name": "a", "value": "b c"}, {"name": "d"}]
    file = written(tmp_path / "run.har", [entry({"postData": {"params": params}})])
    assert [one.request_body for one in read_har(file)] == [b"a=b+c&d="]


def test_an_exchange_without_an_answer_has_status_0(tmp_path: Path) -> None:
    file = written(tmp_path / "run.har", [{"request": entry()["request"]}])
    assert [(one.status, one.started, one.took) for one in read_har(file)] == [(0, "", 0)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no HAR"),
        ("[]", "is no HAR"),
        ('{"log": {"entries": [', "cut short or broken in entry 0"),
        ('{"log": {"entries": [{"request": 1', "cut short or broken in entry 0"),
        ('{"log": {"entries": []', "cut short after its last entry"),
        ('{"log": {"entries": [' + "[" * 100_000, "entry 0 is nested too deep"),
        ('{"log": {"entries": [7]}}', "entry 0: it should be an object"),
        ('{"log": {"entries": [{}]}}', "entry 0: 'request' is missing"),
        (json.dumps({"log": {"entries": [entry({"url": 1})]}}), "should be texts"),
        (json.dumps({"log": {"entries": [entry({"headers": [{}]})]}}), "'name' is missing"),
        (
            json.dumps({"log": {"entries": [entry({"url": "http://[::1"})]}}),
            "entry 0: Invalid IPv6",
        ),
        (json.dumps({"log": {"entries": [entry({"postData": [1]})]}}), "entry 0: "),
        (json.dumps({"log": {"entries": [entry(), entry({"method": 1})]}}), "entry 1: method and"),
        (
            json.dumps({"log": {"entries": [entry({"headers": [{"name": "a", "value": 1}]})]}}),
            "the name and value of a header should be texts",
        ),
        (
            json.dumps({"log": {"entries": [entry(response={"content": {"text": 1}})]}}),
            "the text of a body should be a text",
        ),
        (json.dumps({"log": {"entries": [{**entry(), "time": "soon"}]}}), "entry 0: "),
        (json.dumps({"log": {"entries": [entry(response={"status": inf})]}}), "entry 0: "),
        ('{"log": {"entries": [{"time": ' + "1" * 5000, "entry 0 has a number of too many digits"),
        (
            json.dumps(
                {"log": {"entries": [entry({"postData": {"text": "*", "encoding": "base64"}})]}}
            ),
            "entry 0: ",
        ),
    ],
)
def test_what_is_no_archive_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "run.har"
    file.write_text(text)
    with pytest.raises(HarError) as refused:
        [*read_har(file)]
    assert said in str(refused.value)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_archive_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(HarError, match=r"cannot read .*gone\.har"):
        [*read_har(tmp_path / "gone.har")]
    file = tmp_path / "run.har"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(HarError, match="is not UTF-8"):
        [*read_har(file)]


def test_a_large_archive_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "run.har"
    big = entry_of(FULL._replace(response_body=b"x" * 100_000))
    with writing_har(file) as har:
        for _ in range(200):
            har.add(big)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_har(file)) == 200
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < file.stat().st_size / 5


def test_a_file_is_readable_as_others_are_and_a_link_stays_one(tmp_path: Path) -> None:
    plain, file, link = (tmp_path / name for name in ("plain", "run.har", "link.har"))
    plain.touch()
    link.symlink_to(file)
    for mode in (plain.stat().st_mode, 0o100600):
        with writing_har(link):
            pass
        assert (link.is_symlink(), file.stat().st_mode) == (True, mode)
        file.chmod(0o600)  # a file that is there keeps what was decided
    assert {*tmp_path.iterdir()} == {plain, file, link}


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "run.har"
    file.write_text("before")
    with pytest.raises(TypeError), writing_har(file) as har:
        har.add({"half": 1, "no JSON": object()})  # type: ignore[dict-item]
    assert file.read_text() == "before"
    assert [*tmp_path.iterdir()] == [file]
    with pytest.raises(HarError, match="cannot write"), writing_har(tmp_path / "no" / "x.har"):
        pass
