"""What `verify` sends and notes, step by step, against answers that are given beside."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from fiskaly_contracts import Contract, Severity
from fiskaly_contracts.conformance import management_journeys as management
from fiskaly_contracts.conformance import sign_de_journeys as sign_de
from fiskaly_contracts.conformance.checks import ExchangeCheck
from fiskaly_contracts.conformance.exchanges import HttpExchange, Pairs
from fiskaly_contracts.conformance.probe import (
    Answer,
    BrokenJourneyError,
    CapReachedError,
    Probe,
)

HEADERS = (("Response-Time", "0.001"), ("X-Response-Time", "0.001"))
PLAIN = ("Accept", "application/json")


class Scripted:
    """Answers with given bodies one after the other, the last one for ever."""

    def __init__(self, *bodies: Any) -> None:
        self._bodies = [*bodies]
        self.sent: list[HttpExchange] = []

    def __call__(self, method: str, url: str, headers: Pairs, body: bytes) -> HttpExchange:
        answer = self._bodies.pop(0) if len(self._bodies) > 1 else self._bodies[0]
        self.sent.append(HttpExchange(method, url, headers, body))
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return self.sent[-1]._replace(status=200, response_headers=HEADERS, response_body=raw)


def probing(*bodies: Any, **more: Any) -> tuple[Probe, Scripted]:
    script = Scripted(*bodies)
    check = ExchangeCheck(Contract.bundled(), Contract.sign_de())
    settings = {"check": check, "send": script, **more}
    return Probe(management="http://m/api/v0", sign_de="http://s/api/v2", **settings), script


def answer(value: Any, operation: str = "listTss", status: int = 200) -> Answer:
    return Answer(HttpExchange("GET", "http://s/api/v2/tss", status=status), operation, value)


def test_a_call_says_what_it_sends_and_only_then() -> None:
    probe, script = probing({})
    probe.call("GET", "/a b/ü", query={"x": "y z", "n": 1})
    probe.call("POST", "/c", {"d": "ü"}, token="t", sign_de=True)
    probe.call("POST", "/c", raw=b"e=1", content_type="text/plain")
    probe.call("POST", "/c", {})
    assert [(one.url, one.request_body, one.request_headers) for one in script.sent] == [
        ("http://m/api/v0/a%20b/%C3%BC?x=y+z&n=1", b"", (PLAIN,)),
        (
            "http://s/api/v2/c",
            '{"d": "ü"}'.encode(),
            (PLAIN, ("Content-Type", "application/json"), ("Authorization", "Bearer t")),
        ),
        ("http://m/api/v0/c", b"e=1", (PLAIN, ("Content-Type", "text/plain"))),
        ("http://m/api/v0/c", b"{}", (PLAIN, ("Content-Type", "application/json"))),
    ]


def test_as_many_requests_are_sent_as_allowed_and_those_that_clean_up() -> None:
    probe, script = probing({}, most_requests=2)
    for name in ("one", "two"):
        probe.later(name, lambda: probe.call("DELETE", "/x"))
    probe.call("GET", "/x")
    probe.call("GET", "/x")
    with pytest.raises(CapReachedError, match="2 requests were sent, the cap"):
        probe.call("GET", "/x")
    probe.done("two")
    probe.clean_up()
    assert [one.method for one in script.sent] == ["GET", "GET", "DELETE"]
    assert probe.leftovers == []


@pytest.mark.parametrize(
    ("got", "wanted", "same"), [(1, 1, True), (True, 1, False), (None, None, True), (1, 2, False)]
)
def test_a_value_is_the_same_if_its_type_is(got: object, wanted: object, *, same: bool) -> None:
    probe, _ = probing({})
    assert probe.same(answer({"a": [got]}), ("a", 0), wanted, assumption="A-01 A-02") is same
    assert probe.outcomes == {
        number: {"listTss expected-value": same} for number in ("A-01", "A-02")
    }
    assert [(one.pointer, one.expected, one.got) for one in probe.findings] == (
        [] if same else [("/a/0", json.dumps(wanted), json.dumps(got))]
    )


@pytest.mark.parametrize(
    ("path", "found"),
    [((), {"a": [1]}), (("a",), [1]), (("a", 0), 1), (("a", 1), None), (("a", "b"), None),
     (("a", 0, "b"), None), (("b",), None)],
)  # fmt: skip
def test_what_stands_nowhere_is_nothing(path: tuple[str | int, ...], found: object) -> None:
    assert answer({"a": [1]}).at(*path) == found


def test_a_finding_shows_80_characters_of_a_value() -> None:
    probe, _ = probing({})
    probe.fact(answer({}), "x", holds=False, got="y" * 78)
    probe.fact(answer({}), "z", holds=False, got="y" * 79, severity=Severity.WARNING)
    probe.fact(answer({}), "u", holds=False, got={"ü": None})
    probe.fact(answer({}), "none", holds=False)
    found = {one.rule: (one.got, one.severity.value) for one in probe.findings}
    assert found == {
        "x": (f'"{"y" * 78}"', "error"),
        "z": (f'"{"y" * 78}…', "warning"),
        "u": ('{"ü": null}', "error"),
        "none": ("", "error"),
    }


def test_a_code_is_looked_at_where_the_status_is_right() -> None:
    probe, _ = probing({})
    assert probe.expect(answer({"code": "E_A"}, status=400), 400, "E_A", what="a form")
    assert not probe.expect(answer({"code": "E_B"}, status=400), 400, "E_A", assumption="A-01")
    assert not probe.expect(answer({"code": "E_B"}, status=404), 400, "E_A", what="a form")
    with pytest.raises(BrokenJourneyError, match="listTss was answered 404"):
        probe.need(answer({}, status=404))
    assert probe.outcomes["A-01"] == {
        "listTss expected-status": True,
        "listTss expected-code": False,
    }
    assert [(one.rule, one.expected) for one in probe.findings][:2] == [
        ("expected-code", "E_A"),
        ("expected-status", "400 for a form"),
    ]


def test_a_journey_that_breaks_off_ends_no_other() -> None:
    told: list[str] = []
    probe, _ = probing({}, progress=told.append)
    for name in ("one", "two"):
        with probe.journey(name):
            probe.need(answer({}, status=500))
    assert told == ["one", "two"]
    assert probe.not_verified == [
        (name, "broken off: listTss was answered 500") for name in ("one", "two")
    ]


def test_the_first_row_of_a_list_is_read_by_itself() -> None:
    probe, script = probing({"_id": "a"})
    unread: list[Any] = [7, [], [{}], [{"_id": 7}], [{}, {"_id": "a"}]]
    for rows in unread:
        assert management.a_row(probe, answer({"data": rows}), "/x", "t") is None
    assert script.sent == []
    management.a_row(probe, answer({"data": [{"_id": "a"}, {}]}), "/x", "t", sign_de=True)
    assert [one.url for one in script.sent] == ["http://s/api/v2/x/a"]
    assert [*probe.findings] == []
    management.a_row(probe, answer({"data": [{"_id": "a", "b": 1}]}), "/x", "t")
    assert [one.rule for one in probe.findings] == ["row-as-listed"]


@pytest.mark.parametrize(
    ("states", "looks", "slept", "end"),
    [
        (["PENDING", "ERROR"], 2, 0, "the export is ERROR after 2 looks"),
        (["WORKING"], 20, 18, "the export is WORKING after 20 looks"),
        (["PENDING", "WORKING", "PENDING", "CANCELLED"], 4, 2, "the export is CANCELLED after 4"),
    ],
)
def test_an_export_is_looked_at_until_it_is_done(
    states: Iterable[str], looks: int, slept: int, end: str
) -> None:
    pauses: list[float] = []
    made = [{"state": "PENDING"}, {}, *({"state": state} for state in states)]
    probe, script = probing(*made, sleep=pauses.append)
    with pytest.raises(BrokenJourneyError, match=end):
        sign_de.exports(sign_de.Till(probe, "t", "tss"), "client")
    assert len(script.sent) == looks + 2
    assert pauses == [sign_de.PAUSE] * slept


@pytest.mark.parametrize(
    ("archive", "good"),
    [
        (bytes(257) + b"ustar" + bytes(250) + b"info.csv", True),
        (bytes(257) + b"ustar" + bytes(250), False),
        (bytes(256) + b"ustar" + bytes(250) + b"info.csv", False),
    ],
)
def test_an_export_is_an_archive_with_its_table_of_contents(archive: bytes, *, good: bool) -> None:
    probe, _ = probing({"state": "PENDING"}, {}, {"state": "COMPLETED"}, archive, {"check": "1"})
    sign_de.exports(sign_de.Till(probe, "t", "tss"), "client")
    assert [one for one in probe.findings if one.rule == "export-archive"] == (
        [] if good else [one for one in probe.findings if one.got == f'"{len(archive)} bytes"']
    )
    assert any(one.rule == "export-archive" for one in probe.findings) is not good


RECEIPT: dict[str, Any] = {
    "client_serial_number": "C",
    "number": 7,
    "signature": {"counter": 9, "value": "S"},
}
QR_CODE = ["V0", "C", "Kassenbeleg-V1", sign_de.PROCESS_DATA, "7", "9", *"678a", "S", "K"]


@pytest.mark.parametrize("at", [None, 1, 2, 3, 4, 5, 10])
def test_each_field_of_a_qr_code_is_compared(at: int | None) -> None:
    probe, _ = probing({}, signature_findings=lambda _: [])
    parts = [f"{part}x" if number == at else part for number, part in enumerate(QR_CODE)]
    sign_de.receipt_of(probe, answer({**RECEIPT, "qr_code_data": ";".join(parts)}))
    wanted = [] if at is None else [(f"{QR_CODE[at]} as field {at + 1}", json.dumps(parts[at]))]
    assert [(one.expected, one.got) for one in probe.findings] == wanted


@pytest.mark.parametrize("text", [None, 7, "", "V0;C", ";".join(QR_CODE[:10])])
def test_a_qr_code_that_is_none_or_cut_short_is_a_finding(text: object) -> None:
    probe, _ = probing({}, signature_findings=lambda _: ["it is too short", "it is none"])
    sign_de.receipt_of(probe, answer({**RECEIPT, "qr_code_data": text}))
    assert probe.findings
    verified = [one.got for one in probe.findings if one.rule == "signature"]
    assert verified == (['"it is too short; it is none"'] if isinstance(text, str) else [])
    assert bool(probe.not_verified) is not isinstance(text, str)


def test_requests_keep_a_distance() -> None:
    slept: list[float] = []
    probe, _ = probing({}, pause=0.2, sleep=slept.append)
    for _ in range(3):
        probe.call("GET", "/organizations")
    assert slept == [0.2, 0.2]
