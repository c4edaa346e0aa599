"""What a server keeps up: its own tree over a reset, and its answers whoever listens."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.control.client import Control, ControlRefused
from fiskaly_mockserver.control.transports import HttpTransport
from fiskaly_mockserver.server.errors import DefectiveServer
from fiskaly_mockserver.world.faults.plan import MOST_FAULTS
from fiskaly_mockserver.world.journal.journal import Exchange
from server.target import authenticate


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def test_it_returns_to_the_servers_own_tree_whatever_was_seeded_since(server: MockServer) -> None:
    credentials = server.credentials
    server.control.seed("enterprise", seed=42)
    assert server.credentials != credentials
    server.reset()
    assert server.credentials == credentials
    assert server.control.health()["preset"] == server.tree.preset
    assert authenticate(server)


def test_it_forgets_sandboxes_and_snapshots(server: MockServer) -> None:
    server.control.save_snapshot("kept")
    server.control.sandbox("one").clear_for_live(server.tree.main.organization_id)
    server.reset()
    assert server.control.snapshots() == []
    assert server.control.sandboxes()["sandboxes"] == []
    organization = server.control.sandbox("one").tree()["organizations"][0]
    assert organization["envs"] == ["TEST"]


def test_a_defect_in_a_sandbox_is_a_defect_of_the_server(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a defect for the test")

    monkeypatch.setattr("fiskaly_mockserver.domain.account.sessions.Sessions.principal", crash)
    request = urllib.request.Request(
        f"{server.base_url}/organizations",
        headers={"Authorization": "Bearer x", "X-Mock-Sandbox": "one"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code == 500
    with pytest.raises(DefectiveServer, match="a defect for the test"):
        server.verify()
    server.reset()
    server.verify()


def test_no_clearing_of_a_journal_hides_a_defect(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a defect for the test")

    monkeypatch.setattr("fiskaly_mockserver.domain.account.sessions.Sessions.principal", crash)
    request = urllib.request.Request(
        f"{server.base_url}/organizations", headers={"Authorization": "Bearer x"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    server.control.clear_journal()
    server.control.reset()
    with pytest.raises(DefectiveServer, match="a defect for the test"):
        server.verify()


def test_a_listener_that_fails_costs_no_client_its_answer() -> None:
    def fail(_: Exchange) -> None:
        raise BrokenPipeError

    with MockServer(ServerConfig(port=0, on_exchange=fail)) as server:
        assert authenticate(server)


def test_preset_and_seed_are_for_those_who_may_control_the_server() -> None:
    with MockServer(ServerConfig(port=0, host="0.0.0.0", control_token="example")) as server:
        url = f"http://127.0.0.1:{server.port}/_mock"
        assert Control(HttpTransport(url)).health()["seed"] is None
        assert Control(HttpTransport(url)).health()["preset"] is None
        assert Control(HttpTransport(url, "example")).health()["seed"] == server.tree.seed


def test_faults_are_bounded(server: MockServer) -> None:
    for _ in range(MOST_FAULTS):
        server.control.arm_fault({"effect": {"kind": "delay", "seconds": 0}})
    with pytest.raises(ControlRefused, match="clear some") as refused:
        server.control.arm_fault({"effect": {"kind": "delay", "seconds": 0}})
    assert refused.value.status == 409
    assert len(server.control.faults()) == MOST_FAULTS


def test_a_token_that_a_fault_ended_is_explained_by_the_fault(server: MockServer) -> None:
    token = authenticate(server)
    server.control.arm_fault(
        {"operation": "listOrganizations", "effect": {"kind": "expired_token"}}
    )
    request = urllib.request.Request(
        f"{server.base_url}/organizations", headers={"Authorization": f"Bearer {token}"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    why = server.control.explain(str(refused.value.headers["X-Request-Id"]))
    assert why["refused_by"] == {
        "kind": "fault",
        "rule": "fault-1",
        "rule_text": "the armed fault fault-1 stood in for the API.",
    }


def test_an_encoded_slash_leads_to_no_control_route(server: MockServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.base_url.removesuffix('/api/v0')}/_mock%2Fhealth")
    with refused.value as answer:
        assert json.load(answer) == {
            "status_code": 404,
            "error": "Not Found",
            "message": "Not Found",
        }
