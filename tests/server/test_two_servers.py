"""Servers in one process know nothing of each other: no state is global."""

from collections.abc import Iterator

import pytest
from builders.snapshots import listed
from fiskaly_mockserver import MockServer, ServerConfig
from server.raw_http import request, talk
from server.target import JSON, ORGANIZATIONS, authenticate, demand_shape, on_world


@pytest.fixture
def twins() -> Iterator[tuple[MockServer, MockServer]]:
    with MockServer() as one, MockServer() as other:
        yield one, other


def test_the_same_seed_makes_the_same_tree(twins: tuple[MockServer, MockServer]) -> None:
    one, other = twins
    assert one.spec == other.spec
    assert one.credentials == other.credentials
    assert one.port != other.port


def test_what_one_does_the_other_does_not_see(twins: tuple[MockServer, MockServer]) -> None:
    one, other = twins
    before = on_world(other, listed)
    authorization = f"Authorization: Bearer {authenticate(one)}"
    body = b'{"name":"Bakery","address_line1":"-","zip":"1","town":"-","country_code":"AUT"}'
    [made] = talk(one.port, request("POST", ORGANIZATIONS, authorization, JSON, body=body))
    assert made.status == 200
    assert on_world(other, listed) == before
    assert other.journal == ()
    one.reset()
    authenticate(other)
    assert one.journal == ()


def test_a_token_of_one_is_refused_by_the_other(twins: tuple[MockServer, MockServer]) -> None:
    """Same tree, same key, same secret: but the signing key is random (A-25, A-53)."""
    one, other = twins
    token = authenticate(one)
    sent = request("GET", ORGANIZATIONS, f"Authorization: Bearer {token}")
    assert talk(one.port, sent)[0].status == 200
    [answer] = talk(other.port, sent)
    demand_shape(answer, 401)
    assert token not in answer.body.decode()


def test_one_stops_and_the_other_goes_on(twins: tuple[MockServer, MockServer]) -> None:
    one, other = twins
    one.stop()
    authenticate(other)


def test_each_has_its_own_settings() -> None:
    with (
        MockServer(ServerConfig(port=0, loose=True)) as loose,
        MockServer(ServerConfig(port=0)) as strict,
    ):
        body = (
            b'{"name":"Bakery","address_line1":"-","zip":"1","town":"-","country_code":"AUT",'
            b'"unknown":1}'
        )
        answers = [
            talk(
                server.port,
                request(
                    "POST",
                    ORGANIZATIONS,
                    f"Authorization: Bearer {authenticate(server)}",
                    JSON,
                    body=body,
                ),
            )[0]
            for server in (loose, strict)
        ]
    assert [answer.status for answer in answers] == [200, 400]
