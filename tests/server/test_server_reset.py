"""What `MockServer.reset` brings back, so that tests that share a server share nothing else."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.server.errors import DefectiveServer
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
    server.control.sandbox("one").clear_for_live(server.tree.organizations[0].id)
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

    monkeypatch.setattr("fiskaly_mockserver.domain.sessions.Sessions.principal", crash)
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
