"""A crash of the fake, or an answer of it that breaks the contract, is found and told."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from fiskaly_contracts.conformance.findings import Side
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.cli.reporting import violations_report
from fiskaly_mockserver.cli.verbs.journal import exchange_line
from fiskaly_mockserver.domain.account.organizations import Organizations
from fiskaly_mockserver.server.errors import DefectiveServer
from fiskaly_mockserver.web.management import handlers
from fiskaly_mockserver.world.journal.exchange import Exchange
from server.raw_http import RawAnswer, request, talk
from server.target import ORGANIZATIONS, authenticate, demand_shape


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def list_organizations(server: MockServer) -> RawAnswer:
    authorization = f"Authorization: Bearer {authenticate(server)}"
    [answer] = talk(server.port, request("GET", ORGANIZATIONS, authorization))
    return answer


def crash(*_: object) -> object:
    raise RuntimeError("something nobody thought of")


def test_a_server_that_did_nothing_wrong_verifies(server: MockServer) -> None:
    assert list_organizations(server).status == 200
    server.verify()


def test_a_crash_is_answered_and_told(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Organizations, "list", crash)
    answer = list_organizations(server)
    demand_shape(answer, 500)
    assert b"something nobody thought of" not in answer.body
    with pytest.raises(DefectiveServer) as told:
        server.verify()
    message = str(told.value)
    assert message.startswith("GET /api/v0/organizations -> 500 (")
    assert answer.headers["x-request-id"] in message
    assert "RuntimeError: something nobody thought of" in message
    assert "Traceback" in message


def test_a_server_that_crashed_goes_on(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Organizations, "list", crash)
        assert list_organizations(server).status == 500
    assert list_organizations(server).status == 200


def break_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        handlers, "listing_of", lambda kind, _, rows, count: {"data": [], "total": count}
    )


def test_an_answer_that_breaks_the_contract_is_told(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_the_contract(monkeypatch)
    assert list_organizations(server).status == 200
    with pytest.raises(DefectiveServer) as told:
        server.verify()
    message = str(told.value)
    assert message.startswith("GET /api/v0/organizations -> 200 (")
    assert "the answer breaks the contract" in message
    for field in ("count", "_type", "total"):
        assert field in message


def test_every_defect_is_told(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    break_the_contract(monkeypatch)
    ids = [list_organizations(server).headers["x-request-id"] for _ in range(2)]
    with pytest.raises(DefectiveServer) as told:
        server.verify()
    assert all(one in str(told.value) for one in ids)


def test_no_flood_of_traffic_hides_a_defect(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        break_the_contract(patched)
        broken = list_organizations(server).headers["x-request-id"]
    flood = request("GET", "/api/v0/nothing") * 1_100
    talk(server.port, flood, answers=1_100)
    assert broken not in {exchange.request_id for exchange in server.journal}
    with pytest.raises(DefectiveServer, match=broken):
        server.verify()


def test_a_reset_forgets_defects(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Organizations, "list", crash)
    list_organizations(server)
    server.reset()
    server.verify()


def test_a_defect_is_told_after_the_stop_too(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Organizations, "list", crash)
    list_organizations(server)
    server.stop()
    with pytest.raises(DefectiveServer):
        server.verify()


def test_what_a_client_does_wrong_is_no_defect(server: MockServer) -> None:
    talk(server.port, request("POST", ORGANIZATIONS, body=b"["))
    talk(server.port, b"no http at all\r\n\r\n")
    server.verify()


def test_a_defect_fails_like_an_assertion() -> None:
    """So that test runners show it as a failure of what was to be shown."""
    assert issubclass(DefectiveServer, AssertionError)


def test_a_report_of_the_run_names_what_the_fake_did_wrong(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Organizations, "list", crash)
        assert list_organizations(server).status == 500
    break_the_contract(monkeypatch)
    for _ in range(2):
        assert list_organizations(server).status == 200
    report = violations_report(server.control.all_violations(), "http://127.0.0.1", 5)
    found = {one.rule: (one.operation, one.side, one.status, one.count) for one in report.findings}
    assert found["crash"] == ("listOrganizations", Side.RESPONSE, 500, 1)
    assert found["required"] == ("listOrganizations", Side.RESPONSE, 200, 2)
    assert len(report.findings) == len(server.control.all_violations()["kinds"])


def test_a_journal_tells_in_what_an_answer_breaks_the_contract(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_the_contract(monkeypatch)
    list_organizations(server)
    [*_, entry] = server.control.journal()["exchanges"]
    told = Exchange.from_json(cast("dict[str, Any]", entry))
    assert told.response_violations
    assert told.response_violations == server.journal[-1].response_violations
    line = exchange_line(cast("dict[str, Any]", entry))
    assert all(one.sentence() in line for one in told.response_violations)
