"""`journal`: what the client did, and why it was refused."""

import json
from typing import Any

import pytest
from cli.callers import call, log_in, run_verb
from cli.conftest import Verb
from fiskaly_mockserver.cli.verbs.journal import exchange_line
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.mock_server import MockServer

WRONG_SECRET = "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0000"


@pytest.fixture
def busy(server: MockServer) -> MockServer:
    """A server with a 200, a 401, a 400 and a struck 503 in its journal."""
    log_in(server)
    log_in(server, secret=WRONG_SECRET)
    call(server.base_url + "/auth", {"api_key": "k"})
    server.control.arm_fault({"effect": {"kind": "status", "status": 503}})
    log_in(server)
    return server


def ids_of(outcome_json: Any) -> list[str]:
    return [str(exchange["request_id"]) for exchange in outcome_json["exchanges"]]


def test_it_lists_one_line_each_with_what_was_wrong(verb: Verb, busy: MockServer) -> None:
    outcome = verb("journal")
    assert (outcome.code, outcome.err) == (0, "")
    good, refused, broken, struck = outcome.out.splitlines()
    assert " POST /api/v0/auth authenticate 200 " in good
    assert good.split()[-1] in ids_of(verb("journal", "--json").json)
    assert refused.endswith(" InvalidCredentials (R5)")
    assert " 400 " in broken
    assert "body should" in broken
    assert " 503 " in struck
    assert struck.endswith(" fault-1")


def test_no_secret_is_in_it(verb: Verb, busy: MockServer) -> None:
    for flags in ((), ("--json",), ("--har",), ("explain", busy.journal[1].request_id)):
        shown = verb("journal", *flags).out
        assert WRONG_SECRET not in shown
        assert busy.credentials.secret not in shown


@pytest.mark.parametrize(
    ("flags", "statuses"),
    [
        ((), [200, 401, 400, 503]),
        (("--status", "401"), [401]),
        (("--operation", "authenticate", "--limit", "2"), [400, 503]),
        (("--limit", "9"), [200, 401, 400, 503]),
        (("--operation", "listUsers"), []),
        (("--method", "get"), []),
        (("--path", "/au*"), [200, 401, 400, 503]),
        (("--body", '{"api_key": "k"}'), [400]),
    ],
)
def test_filters_narrow_the_list_and_the_count(
    verb: Verb, busy: MockServer, flags: tuple[str, ...], statuses: list[int]
) -> None:
    listed = verb("journal", "list", *flags, "--json").json
    assert [one["response"]["status"] for one in listed["exchanges"]] == statuses
    assert len(verb("journal", *flags).out.splitlines()) == len(statuses)
    if "--limit" not in flags:
        assert verb("journal", "count", *flags).out == f"{len(statuses)}\n"
        assert verb("journal", "count", *flags, "--json").json == {"count": len(statuses)}


def test_nothing_found_is_said_beside_the_output(verb: Verb) -> None:
    outcome = verb("journal")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "No such exchange.\n")


def test_all_violations_are_those_of_the_whole_life() -> None:
    with MockServer(port=0, preset="single", journal_size=2) as server:
        url = ("--url", server.base_url)
        good = run_verb("journal", "--violations", "--all", *url)
        assert (good.code, good.out, good.err) == (0, "", "No request broke the contract.\n")
        sandbox = server.base_url.replace("/api/", "/s/mine/api/")
        for url_of_world in (server.base_url, sandbox):
            call(url_of_world + "/auth", {"api_key": "k"})
        call(server.base_url + "/nowhere", {})
        server.control.drop_sandbox("mine")
        server.control.reset()
        assert run_verb("journal", "--violations", *url).code == 0
        outcome = run_verb("journal", "--violations", "--all", *url)
        assert outcome.code == 1
        head, first, second = outcome.out.splitlines()
        assert head == "3 requests broke the contract; the first of each kind:"
        assert " POST /api/v0/auth authenticate 400 " in first
        assert "/nowhere - 404 " in second
        as_json = run_verb("journal", "--violations", "--all", "--json", *url)
        assert (as_json.code, as_json.json["broken_requests"]) == (1, 3)


@pytest.mark.parametrize("flags", [(), ("--violations", "--status", "400")])
def test_all_goes_with_violations_only(verb: Verb, flags: tuple[str, ...]) -> None:
    outcome = verb("journal", "--all", *flags)
    assert outcome.code == 2
    assert "--all goes with --violations and --json" in outcome.err


def test_violations_are_findings(verb: Verb, busy: MockServer) -> None:
    outcome = verb("journal", "--violations")
    assert outcome.code == 1
    [line] = outcome.out.splitlines()
    assert " 400 " in line
    assert verb("journal", "--violations", "--json").code == 1
    assert verb("journal", "--violations", "--status", "401").code == 0


def test_har_is_an_archive_of_the_whole_journal(verb: Verb, busy: MockServer) -> None:
    outcome = verb("journal", "--har")
    assert outcome.code == 0
    entries = outcome.json["log"]["entries"]
    assert [one["comment"].split()[-1] for one in entries] == [
        one.request_id for one in busy.journal
    ]


@pytest.mark.parametrize("flag", [("--json",), ("--violations",), ("--limit", "1")])
def test_har_goes_with_no_other_flag(verb: Verb, flag: tuple[str, ...]) -> None:
    outcome = verb("journal", "--har", *flag)
    assert outcome.code == 2
    assert "it goes with no other flag" in outcome.err


def test_explain_says_rule_state_and_what_would_pass(verb: Verb, busy: MockServer) -> None:
    request_id = busy.journal[1].request_id
    outcome = verb("journal", "explain", request_id)
    assert outcome.code == 0
    first, *rest = outcome.out.splitlines()
    assert first.startswith("POST /api/v0/auth (authenticate) was answered with 401, refused by")
    assert "  state     what authenticates: api_key" in rest
    assert rest[-1].startswith("  accepted  An enabled API key with its secret")
    assert verb("journal", "explain", request_id, "--json").json == busy.control.explain(request_id)


def test_explain_of_what_passed_is_one_line(verb: Verb, busy: MockServer) -> None:
    outcome = verb("journal", "explain", busy.journal[0].request_id)
    assert outcome.out == "POST /api/v0/auth (authenticate) was answered with 200.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "f" * 32), "no exchange in the journal has the request id"),
        (("explain", "nonsense"), "request_id should"),
        (("explain", "\udcff"), "request_id should"),
        (("explain",), "Missing argument 'REQUEST_ID'"),
        (("--operation", "nothing"), "is no operation of the contract; allowed: authenticate, "),
        (("count", "--status", "9"), "status should be"),
        (("--limit", "0"), "x>=1"),
        (("--body", "{"), "this is no JSON"),
        (("--body", '{"api_secret": "x"}'), "api_secret"),
    ],
)
def test_a_wrong_question_is_refused(
    verb: Verb, busy: MockServer, words: tuple[str, ...], said: str
) -> None:
    outcome = verb("journal", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_clear_forgets_everything(verb: Verb, busy: MockServer) -> None:
    assert verb("journal", "clear").out == "Cleared the journal.\n"
    assert busy.control.count() == 0


def test_an_overflow_is_said_and_refuses_a_count() -> None:
    config = ServerConfig(port=0, preset="single", journal_size=2)
    with MockServer(config) as server:
        for _ in range(3):
            log_in(server)
        listed = run_verb("journal", "--url", server.base_url)
        counted = run_verb("journal", "count", "--url", server.base_url)
    assert listed.code == 0
    assert len(listed.out.splitlines()) == 2
    assert listed.err.startswith("Note: the journal overflowed, 1 older exchanges were dropped;")
    assert (counted.code, counted.out) == (2, "")
    assert counted.err.startswith("Error: the journal overflowed: it keeps 2 exchanges")


def test_a_line_cannot_break_the_terminal_and_tells_a_missing_answer() -> None:
    exchange = {
        "at": "2026-01-31T23:59:58.000Z",
        "method": "GET",
        "path": "/api/v0/\x1b[2J\n",
        "operation": "",
        "response": {"status": 0},
        "ms": 1.25,
        "request_id": "f" * 32,
        "fault": "fault-1",
        "refused_by": "",
        "violations": [],
    }
    line = exchange_line(json.loads(json.dumps(exchange)))
    assert line == (
        "2026-01-31T23:59:58.000Z GET /api/v0/\\x1b[2J\\n - - 1.2ms " + "f" * 32 + " fault-1"
    )
