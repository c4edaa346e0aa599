"""What tests can ask of the journal, and how what they demand passes or fails."""

import re
from collections.abc import Iterator
from typing import get_args
from unittest.mock import ANY

import pytest
from fiskaly_contracts import Contract
from fiskaly_fixtures.presets import COUNTRIES, PRESETS, CountryCode, PresetName
from fiskaly_mockserver import MockServer, ServerConfig
from plugin.raw_client import RawClient
from pytest_fiskaly import BadCriterion, Call, JournalAssertions, JournalOverflow, OperationId


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def server(running: MockServer) -> MockServer:
    running.reset()
    return running


@pytest.fixture
def journal(server: MockServer) -> JournalAssertions:
    return JournalAssertions(server)


@pytest.fixture
def api(server: MockServer) -> RawClient:
    return RawClient(server).log_in()


def test_a_call_is_told_with_everything_but_its_secrets(
    journal: JournalAssertions, api: RawClient
) -> None:
    made = api.create_key()
    [call] = journal.calls("createApiKey")
    assert (call.operation, call.method, call.status) == ("createApiKey", "POST", 200)
    assert call.path == f"/api/v0/organizations/{api.customer}/api-keys"
    assert call.body == {"name": "till-1", "status": "enabled", "metadata": {"shop": "Café"}}
    assert call.response == {**made, "secret": "[redacted]"}
    assert call.env == "TEST"
    assert call.organization_id == api.server.control.tree()["organizations"][0]["id"]
    assert (call.violations, call.refused_by, call.fault) == ((), "", "")
    assert len(call.request_id) == 32
    assert ("Authorization", "Bearer [redacted]") in call.headers
    assert made["secret"] not in repr(call)


def test_what_is_done_to_a_call_does_not_change_the_journal(
    journal: JournalAssertions, api: RawClient
) -> None:
    api.create_key()
    body = journal.last.body
    assert isinstance(body, dict)
    body["name"] = "other"
    journal.assert_called_once("createApiKey", body={"name": "till-1"})


def test_the_query_is_there_with_the_last_of_a_repeated_name(
    journal: JournalAssertions, api: RawClient
) -> None:
    api.ask(f"/organizations/{api.customer}/api-keys?status=enabled&status=disabled&limit=5")
    call = journal.last
    assert dict(call.query) == {"status": "disabled", "limit": "5"}
    assert call.query_pairs[0] == ("status", "enabled")


def test_it_is_a_collection_of_calls(journal: JournalAssertions, api: RawClient) -> None:
    api.create_key()
    assert len(journal) == 2
    assert [call.operation for call in journal] == ["authenticate", "createApiKey"]
    assert journal.last == [*journal][1]
    assert len({journal.last, *journal}) == 2
    journal.clear()
    assert not [*journal]
    assert journal
    assert repr(journal) == "<journal of 0 calls>"


def test_the_last_call_of_an_empty_journal_fails_the_test(journal: JournalAssertions) -> None:
    with pytest.raises(AssertionError, match="no call has reached the server"):
        _ = journal.last


def test_calls_that_broke_the_contract_are_told(journal: JournalAssertions, api: RawClient) -> None:
    api.create_key(name="x")
    api.ask("/organizations?color=red")
    assert [call.status for call in journal.violations()] == [400, 200]
    assert [call.violations[0].severity for call in journal.violations()] == ["error", "warning"]


@pytest.mark.parametrize(
    "criteria",
    [
        {"body": {"name": "till-1"}},
        {"body": {"metadata": {"shop": "Café"}}, "status": 200},
        {"body": {"name": re.compile(r"^till-\d$")}},
        {"body": {"name": ANY, "metadata": ANY}},
        {"body": ANY},
        {"method": "post"},
        {"path": "/organizations/*/api-keys"},
        {"path": "/api/v0/organizations/*"},
        {"response": {"_type": "API_KEY", "_envs": ["TEST"], "secret": ANY}},
        {"query": {}},
        {},
    ],
    ids=str,
)
def test_a_call_is_found_by(
    journal: JournalAssertions, api: RawClient, criteria: dict[str, object]
) -> None:
    api.create_key()
    call = journal.assert_called_once("createApiKey", **criteria)  # type: ignore[arg-type]
    assert isinstance(call, Call)
    assert journal.calls("createApiKey", **criteria) == [call]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({"body": {"name": "till-2"}}, 'body/name: expected "till-2", got "till-1"'),
        ({"body": {"metadata": {"shop": "Bar"}}}, 'body/metadata/shop: expected "Bar", got "Café"'),
        ({"body": {"name": re.compile("^t$")}}, 'body/name: expected "/^t$/", got "till-1"'),
        (
            {"body": {"metadata": {"a/b": "1"}}},
            'body/metadata/a~1b: expected "1", got nothing: it is missing',
        ),
        ({"body": {"metadata": {"shop": 7}}}, 'body/metadata/shop: expected 7, got "Café"'),
        ({"status": 201}, "status: expected 201, got 200"),
        ({"method": "PUT"}, "method: expected PUT, got POST"),
        ({"path": "/users"}, "path: expected /users, got /api/v0/organizations/"),
        ({"query": {"limit": 1}}, "query/limit: expected 1, got nothing: it was not sent"),
        ({"response": {"_envs": ["LIVE"]}}, 'response/_envs/0: expected "LIVE", got "TEST"'),
    ],
    ids=str,
)
def test_a_failure_tells_what_differs(
    journal: JournalAssertions, api: RawClient, criteria: dict[str, object], told: str
) -> None:
    api.create_key()
    with pytest.raises(AssertionError) as failed:
        journal.assert_called("createApiKey", **criteria)  # type: ignore[arg-type]
    text = str(failed.value)
    assert text.startswith("expected at least 1 call of createApiKey, but none of the 2 calls")
    assert told in text


def test_query_parameters_compare_as_text(journal: JournalAssertions, api: RawClient) -> None:
    api.ask(f"/organizations/{api.customer}/api-keys?status=enabled&status=disabled&limit=5")
    journal.assert_called_once("listApiKeys", query={"limit": 5})
    journal.assert_called_once("listApiKeys", query={"limit": "5", "status": "disabled"})
    journal.assert_called_once("listApiKeys", query={"status": ["enabled", "disabled"]})
    journal.assert_called_once("listApiKeys", query={"limit": re.compile("^[0-9]$"), "status": ANY})
    with pytest.raises(AssertionError, match='query/status/0: expected "disabled", got "enabled"'):
        journal.assert_called("listApiKeys", query={"status": ["disabled", "enabled"]})


def test_the_nearest_call_comes_first_with_the_reason_of_its_refusal(
    journal: JournalAssertions, api: RawClient
) -> None:
    api.create_key(metadata={"shop": "Bar"}, status="disabled")
    api.create_key(name="x")
    with pytest.raises(AssertionError) as failed:
        journal.assert_called("createApiKey", status=200, body={"status": "enabled"})
    text = str(failed.value)
    first = text.index("-> 200")
    second = text.index("-> 400")
    assert 'body/status: expected "enabled", got "disabled"' in text[first:second]
    assert "the client broke the contract: body.name should match" in text[second:]
    assert "authenticate" not in text[text.index("nearest") : text.index("in the journal")]
    assert "in the journal: authenticate (1), createApiKey (2)" in text


def test_a_call_that_missed_every_operation_is_nearest_where_none_hit(
    journal: JournalAssertions, api: RawClient
) -> None:
    api.ask("/organizatons", {"name": "Bakery"})
    with pytest.raises(AssertionError) as failed:
        journal.assert_called("createOrganization", body={"name": "Bakery"})
    nearest = str(failed.value).partition("nearest:\n")[2].splitlines()
    assert nearest[0].startswith("  no operation: POST /api/v0/organizatons -> 404")


def test_a_rule_and_a_fault_are_told(journal: JournalAssertions, api: RawClient) -> None:
    main = api.server.control.tree()["organizations"][0]["id"]
    api.ask(f"/organizations/{main}", {"name": "Other"}, method="PATCH")
    api.server.control.arm_fault({"effect": {"kind": "status", "status": 503}})
    api.ask(f"/organizations/{main}", {"name": "Other"}, method="PATCH")
    with pytest.raises(AssertionError) as failed:
        journal.assert_called("updateOrganization", status=200)
    assert "refused by NotTheAdmin (R4)" in str(failed.value)
    assert "struck by fault-1" in str(failed.value)
    assert journal.last.fault == "fault-1"


def test_too_many_and_too_few_calls_fail(journal: JournalAssertions, api: RawClient) -> None:
    api.create_key()
    api.create_key(name="till-2")
    assert len(journal.assert_called("createApiKey", times=2)) == 2
    with pytest.raises(AssertionError) as many:
        journal.assert_called("createApiKey", times=1)
    assert str(many.value).startswith(
        "expected exactly 1 call of createApiKey, but 2 of the 3 calls in the journal match\n"
    )
    assert "nearest" not in str(many.value)
    with pytest.raises(AssertionError) as few:
        journal.assert_called("createApiKey", times=2, body={"name": "till-2"})
    assert "but 1 of the 3 calls in the journal matches" in str(few.value)
    assert 'body/name: expected "till-2", got "till-1"' in str(few.value)


def test_what_was_not_called(journal: JournalAssertions, api: RawClient) -> None:
    journal.assert_not_called("createApiKey")
    journal.assert_not_called("authenticate", status=401)
    api.create_key()
    with pytest.raises(AssertionError, match="expected no call of createApiKey, but 1 of the 2"):
        journal.assert_not_called("createApiKey")
    with pytest.raises(AssertionError, match="expected no call, but 2 of the 2 calls"):
        journal.assert_not_called()


def test_only_later_calls_are_looked_at(journal: JournalAssertions, api: RawClient) -> None:
    api.create_key()
    first = journal.last
    journal.assert_not_called("createApiKey", since=first)
    api.create_key(name="till-2")
    assert journal.calls("createApiKey", since=first) == [journal.last]
    assert journal.calls("createApiKey", since=first.request_id) == [journal.last]
    with pytest.raises(AssertionError, match="no call came after request"):
        journal.assert_called("createApiKey", since=journal.last)


@pytest.mark.parametrize(
    ("operation", "criteria", "told"),
    [
        (
            "createApiKye",
            {},
            "no operation of the contract (did you mean createApiKey?); there are",
        ),
        (7, {}, "an operation is named by a text, not by 7"),
        ("createApiKey", {"stauts": 200}, "stauts is no criterion (did you mean status?)"),
        ("createApiKey", {"status": "200"}, 'status is an integer such as 200, not "200"'),
        ("createApiKey", {"times": "2"}, 'times is an integer, not "2"'),
        ("createApiKey", {"times": -1}, "no call comes -1 times"),
        ("createApiKey", {"method": 3}, "method is a text"),
        ("createApiKey", {"path": "organizations"}, "path is a glob such as /organizations/*"),
        ("createApiKey", {"query": "limit=1"}, "query is a mapping"),
        ("createApiKey", {"since": "nobody"}, "since: body.since should be a string that matches"),
        ("createApiKey", {"since": "0" * 32}, "no exchange in the journal has the request id"),
        ("createApiKey", {"status": 7}, "status should be"),
        (
            "createApiKey",
            {"body": {"nmae": "till"}},
            "body/nmae is nothing that the contract knows",
        ),
        ("createApiKey", {"body": {"nmae": "till"}}, "did you mean name?"),
        (
            "createApiKey",
            {"body": {"metadata": {"pos_token": "1"}}},
            "pos_token of createApiKey is",
        ),
        ("createApiKey", {"response": {"nmae": "till"}}, "response/nmae is nothing"),
        ("listApiKeys", {"body": {}}, "listApiKeys has no request body in the contract"),
        (
            "authenticate",
            {"body": {"api_secret": "hush-hush"}},
            "body/api_secret of authenticate is",
        ),
        (
            "authenticate",
            {"response": {"access_token": "hush-hush"}},
            "access_token of authenticate",
        ),
        (
            None,
            {"path": "/auth", "body": {"api_secret": "hush-hush"}},
            "does not keep body/api_secret",
        ),
    ],
    ids=str,
)
def test_a_question_without_a_right_answer_is_refused(
    journal: JournalAssertions,
    api: RawClient,
    operation: str | None,
    criteria: dict[str, object],
    told: str,
) -> None:
    with pytest.raises(BadCriterion) as refused:
        journal.assert_called(operation, **criteria)  # type: ignore[arg-type]
    assert told in str(refused.value)
    assert "hush-hush" not in str(refused.value)


def test_a_misspelled_name_is_known_to_type_checkers(journal: JournalAssertions) -> None:
    assert get_args(OperationId) == tuple(
        name for contract in Contract.apis().values() for name in contract.operations
    )
    assert get_args(PresetName) == tuple(PRESETS)
    assert get_args(CountryCode) == COUNTRIES
    with pytest.raises(BadCriterion, match="did you mean createApiKey"):
        journal.assert_called("createApiKee")  # type: ignore[arg-type]


def test_anything_in_the_place_of_a_secret_asks_whether_it_was_sent(
    journal: JournalAssertions, api: RawClient
) -> None:
    journal.assert_called_once("authenticate", body={"api_secret": ANY})
    journal.assert_not_called("authenticate", body={"refresh_token": ANY})


def test_no_failure_repeats_a_secret_of_the_test(
    journal: JournalAssertions, api: RawClient
) -> None:
    secret = api.server.credentials.secret
    with pytest.raises(AssertionError) as failed:
        journal.assert_called(path="/users", body={"api_secret": "hush-hush", "email": secret})
    assert "hush-hush" not in str(failed.value)
    assert secret not in str(failed.value)
    assert "[redacted]" in str(failed.value)


def test_a_journal_that_overflowed_gives_no_wrong_number() -> None:
    with MockServer(ServerConfig(port=0, journal_size=3)) as server:
        journal, api = JournalAssertions(server), RawClient(server).log_in()
        first = journal.last
        for number in range(4):
            api.create_key(name=f"till-{number}")
        assert len(journal.assert_called("createApiKey")) == 3
        with pytest.raises(AssertionError, match="expected exactly 2 calls") as many:
            journal.assert_called("createApiKey", times=2)
        assert not isinstance(many.value, JournalOverflow)
        for times in (3, 4):
            with pytest.raises(JournalOverflow, match="3 of those that are left match"):
                journal.assert_called("createApiKey", times=times)
        with pytest.raises(JournalOverflow, match="larger journal_size"):
            journal.calls("createApiKey", body={"name": "till-0"})
        with pytest.raises(JournalOverflow):
            journal.assert_not_called("authenticate")
        with pytest.raises(JournalOverflow):
            journal.calls("createApiKey", since=first)
        journal.assert_not_called("deleteApiKey")
        journal.clear()
        journal.assert_not_called()


def test_a_failure_points_at_the_line_of_the_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from fiskaly_mockserver import MockServer
        from pytest_fiskaly.journal.assertions import JournalAssertions

        def test_one():
            with MockServer() as server:
                JournalAssertions(server).assert_called_once("createApiKey")

        def test_other():
            with MockServer() as server:
                JournalAssertions(server).wait_for_call("createApiKye")
        """
    )
    result = suite.runpytest()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            ">*assert_called_once(*",
            "E  *AssertionError: expected exactly 1 call of createApiKey, but the*is empty*",
            "test_a_failure*.py:6: AssertionError",
            "test_a_failure*.py:10: BadCriterion",
        ]
    )
    result.stdout.no_fnmatch_line("*assertions.py:*")
