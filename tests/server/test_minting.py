"""Tokens made without a request: which are good, and why the others are refused."""

from collections.abc import Iterator

import pytest
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.control.handles import NotInTheTree
from fiskaly_mockserver.server.config import StartValues
from fiskaly_mockserver.server.tokens_for_tests import TokenFault
from server.raw_http import RawAnswer, request, talk

JSON = "Content-Type: application/json"
BAKERY = b'{"name":"Bakery","address_line1":"-","zip":"1","town":"-","country_code":"AUT"}'


@pytest.fixture(scope="module")
def live() -> Iterator[MockServer]:
    with MockServer(ServerConfig(port=0, preset="live")) as server:
        yield server


def ask(server: MockServer, token: str, path: str = "") -> RawAnswer:
    head = f"Authorization: Bearer {token}"
    [answer] = talk(server.port, request("GET", f"/api/v0/organizations{path}", head))
    return answer


def test_a_good_token_is_as_good_as_one_of_a_login(live: MockServer) -> None:
    live.reset()
    main = live.tree.main
    for holder in (main, main.api_key, main.key, main.organization_id):
        assert ask(live, live.token_for(holder)).json()["count"] == 6
    [user] = [one for one in live.tree.users if main.organization_id in one.organization_ids][:1]
    assert ask(live, live.token_for(user)).status == 200


def test_the_environment_chooses_the_key(live: MockServer) -> None:
    main = live.tree.main
    key = ask(live, live.token_for(main, env="LIVE"), f"/{main.organization_id}/api-keys")
    assert {tuple(row["_envs"]) for row in key.json()["data"]} == {("LIVE",)}
    assert {one.env for one in main.keys} == {"TEST", "LIVE"}
    with pytest.raises(ValueError, match="it is for TEST, so that it has no LIVE token"):
        live.token_for(main.key_for("TEST"), env="LIVE")
    with pytest.raises(ValueError, match="'PROD' is not one of TEST, LIVE"):
        live.token_for(main, env="PROD")


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [(TokenFault.EXPIRED, "ExpiredToken"), (TokenFault.FORGED, "ForeignToken")],
)
def test_a_bad_token_is_refused_for_its_own_reason(
    live: MockServer, fault: TokenFault, refusal: str
) -> None:
    live.reset()
    assert ask(live, live.token_for(live.tree.main, fault=fault)).status == 401
    assert live.journal[-1].refusal.startswith(refusal)


def test_a_token_of_the_wrong_environment_sees_the_other_one(live: MockServer) -> None:
    live.reset()
    main = live.tree.main
    token = live.token_for(main.key_for("TEST"), fault=TokenFault.WRONG_ENVIRONMENT)
    assert ask(live, token).status == 200
    caller = live.journal[-1].caller
    assert caller is not None
    assert caller.env == "LIVE"


def test_an_expired_token_is_well_formed_at_the_beginning_of_time() -> None:
    with MockServer() as server:
        server.begin(StartValues(at=1.0))
        token = server.token_for(server.tree.main, fault=TokenFault.EXPIRED)
        assert ask(server, token).status == 401
        assert server.journal[-1].refusal.startswith("ExpiredToken")


def test_nothing_is_journaled_and_no_session_opened(live: MockServer) -> None:
    live.reset()
    live.token_for(live.tree.main)
    assert live.journal == ()
    assert len(live._service.world.rows.sessions) == 0


@pytest.mark.parametrize("holder", ["nobody", "00000000-0000-4000-8000-000000000000"])
def test_nobody_has_no_token(live: MockServer, holder: str) -> None:
    with pytest.raises(NotInTheTree, match="no API key and no organization"):
        live.token_for(holder)


def test_an_organization_without_keys_says_what_helps(live: MockServer) -> None:
    head = f"Authorization: Bearer {live.token_for(live.tree.main)}"
    sent = request("POST", "/api/v0/organizations", head, JSON, body=BAKERY)
    [made] = talk(live.port, sent)
    with pytest.raises(NotInTheTree, match="no enabled API key: create one"):
        live.token_for(made.json()["_id"])
    with pytest.raises(NotInTheTree, match="no enabled LIVE API key"):
        live.token_for(made.json()["_id"], env="LIVE")


def test_the_key_of_another_tree_is_not_there(live: MockServer) -> None:
    with MockServer(ServerConfig(port=0, preset="single", seed=77)) as other:
        with pytest.raises(NotInTheTree, match="deleted, or seeded elsewhere"):
            live.token_for(other.tree.main.api_key)
        with pytest.raises(NotInTheTree, match="no organization here"):
            live.token_for(other.tree.main)


def test_an_id_that_there_is_not_is_named_and_other_text_is_not() -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    with MockServer() as server:
        with pytest.raises(NotInTheTree, match=unknown):
            server.token_for(unknown)
        for text in ("may-be-a-secret", unknown.replace("-", "")):
            with pytest.raises(NotInTheTree, match="the one given") as refused:
                server.token_for(text)
            assert text not in str(refused.value)
        with pytest.raises(TypeError, match="no NoneType"):
            server.token_for(None)  # type: ignore[arg-type]
