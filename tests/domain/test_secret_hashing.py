"""Secrets are hashed once per attempt, whether anyone has the key or not."""

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest

import pytest
from builders.accounts import Account, secret_of
from fiskaly_mockserver.domain.account import model
from fiskaly_mockserver.domain.account.errors import InvalidCredentials
from fiskaly_mockserver.domain.account.model import hash_secret, matches


def test_a_secret_matches_its_own_hash_only() -> None:
    assert matches("EXAMPLE", hash_secret("EXAMPLE"))
    assert not matches("EXAMPLE", hash_secret("EXAMPLf"))
    assert not matches("", hash_secret("EXAMPLE"))


def test_nothing_matches_where_nothing_is_kept() -> None:
    assert not matches("EXAMPLE", None)
    assert not matches("", None)


def test_what_utf_8_cannot_say_is_hashed_all_the_same() -> None:
    assert hash_secret("\ud800") != hash_secret("\ud801")
    assert len(hash_secret("\ud800")) == len(hash_secret(""))


def _by_key(key: str, secret: str) -> Callable[[Account], object]:
    return lambda account: account.world.sessions.open_with_key(key, secret)


def _by_password(email: str, password: str) -> Callable[[Account], object]:
    return lambda account: account.world.sessions.open_with_password(email, password)


KNOWN_KEY = f"test_{'0' * 25}_vendor-test"


@pytest.mark.parametrize(
    "attempt",
    [
        _by_key(KNOWN_KEY, secret_of("shop_test")),
        _by_key("test_unknown", secret_of("vendor_test")),
        _by_password("admin@example.com", secret_of("clerk")),
        _by_password("guest@example.com", secret_of("guest")),
        _by_password("nobody@example.com", secret_of("admin")),
    ],
    ids=["wrong secret", "unknown key", "wrong password", "no password", "unknown email"],
)
def test_every_failed_attempt_costs_one_hash_and_one_comparison(
    account: Account, attempt: Callable[[Account], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[str] = []

    def hashing(data: bytes) -> object:
        work.append("hash")
        return sha256(data)

    def comparing(one: bytes, other: bytes) -> bool:
        work.append("compare")
        return compare_digest(one, other)

    monkeypatch.setattr(model, "sha256", hashing)
    monkeypatch.setattr(model, "compare_digest", comparing)
    with pytest.raises(InvalidCredentials):
        attempt(account)
    assert work == ["hash", "compare"]
