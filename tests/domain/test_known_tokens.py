"""A token's signature is verified once; all else about it is looked at on every call."""

from collections import Counter

import pytest
from builders.accounts import CAFE, CLERK, SHOP, VENDOR, Account, secret_of
from builders.snapshots import refused
from fiskaly_mockserver.domain.account import sessions
from fiskaly_mockserver.domain.backend import Claims
from fiskaly_mockserver.domain.errors import ExpiredToken, ForeignToken
from fiskaly_mockserver.world.tokens import JwtIssuer


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often each token's signature is verified."""
    seen: Counter[str] = Counter()
    read = JwtIssuer.read

    def counting(self: JwtIssuer, token: str) -> Claims | None:
        seen[token] += 1
        return read(self, token)

    monkeypatch.setattr(JwtIssuer, "read", counting)
    return seen


def test_a_signature_is_verified_once(account: Account, verified: Counter[str]) -> None:
    token = account.token("vendor_test")
    callers = [account.world.sessions.principal(token) for _ in range(3)]
    assert verified == {token: 1}
    assert callers[0] is callers[2]


def test_a_token_that_was_handed_out_need_not_be_verified(
    account: Account, verified: Counter[str]
) -> None:
    key = account.key("vendor_test")
    opened = account.world.sessions.open_with_key(key.key, secret_of("vendor_test"))
    caller = account.world.sessions.principal(opened.session.access_token)
    assert caller.id == key.principal_id
    assert not verified


def test_a_reset_forgets_tokens(account: Account, verified: Counter[str]) -> None:
    token = account.token("vendor_test")
    account.world.sessions.principal(token)
    account.world.reset()
    account.world.sessions.principal(token)
    assert verified == {token: 2}


def test_what_is_no_token_of_ours_is_not_remembered(
    account: Account, verified: Counter[str]
) -> None:
    for _ in range(2):
        with refused(account.world, ForeignToken):
            account.world.sessions.principal("a.b.c")
    assert verified == {"a.b.c": 2}


def test_the_oldest_tokens_are_forgotten(
    account: Account, verified: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_RECOGNISED", 2)
    first, second, third = (account.token(name) for name in ("vendor_test", "shop_test", "clerk"))
    for token in (first, second, third, second, third, first):
        account.world.sessions.principal(token)
    assert verified == {first: 2, second: 1, third: 1}


def test_a_known_token_expires_nevertheless(account: Account) -> None:
    token = account.token("vendor_test")
    account.world.sessions.principal(token)
    account.clock.advance(60)
    with refused(account.world, ExpiredToken):
        account.world.sessions.principal(token)


def test_a_known_token_that_was_made_to_expire_is_refused(account: Account) -> None:
    token = account.token("vendor_test")
    account.world.sessions.principal(token)
    account.world.sessions.expire(token)
    with refused(account.world, ExpiredToken):
        account.world.sessions.principal(token)


def test_a_known_token_ends_with_its_organization(account: Account) -> None:
    token = account.token("cafe_test")
    account.world.sessions.principal(token)
    account.world.organizations.delete(account.by("vendor_test"), CAFE)
    with refused(account.world, ForeignToken):
        account.world.sessions.principal(token)


def test_the_caller_of_a_known_token_has_the_present_rows(account: Account) -> None:
    token = account.token("shop_test")
    assert account.world.sessions.principal(token).home.name != "Renamed"
    account.world.organizations.update(account.by("vendor_test"), SHOP, {"name": "Renamed"})
    assert account.world.sessions.principal(token).home.name == "Renamed"


def test_a_user_of_a_known_token_has_the_present_memberships(account: Account) -> None:
    token = account.token("clerk")
    assert account.world.sessions.principal(token).organization_ids == (SHOP,)
    account.join(VENDOR, CLERK)
    assert account.world.sessions.principal(token).organization_ids == (SHOP, VENDOR)


def test_no_token_is_shown_by_what_knows_it(account: Account) -> None:
    token = account.token("vendor_test")
    account.world.sessions.principal(token)
    assert token not in repr(account.world.sessions)
