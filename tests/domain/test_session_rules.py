"""Opening, continuing and refreshing sessions (R5; A-16, A-21 to A-23, A-29)."""

import pytest
from builders.accounts import (
    CAFE,
    CLERK,
    HOMES,
    LIVE,
    SHOP,
    START,
    TEST,
    VENDOR,
    Account,
    key_id,
    principal_id,
    secret_of,
)
from builders.snapshots import refused
from fiskaly_mockserver.domain.account.errors import InvalidCredentials
from fiskaly_mockserver.domain.account.model import KeyStatus, OrganizationId
from fiskaly_mockserver.domain.account.sessions import OpenSession
from fiskaly_mockserver.domain.backend import Lifetimes, TokenUse

DAY = 86_400


def log_in(account: Account, name: str) -> OpenSession:
    if name in HOMES:
        return account.world.sessions.open_with_key(account.key(name).key, secret_of(name))
    return account.world.sessions.open_with_password(f"{name}@example.com", secret_of(name))


@pytest.mark.parametrize("name", HOMES)
def test_r5_a_session_has_the_organization_and_environment_of_its_key(
    account: Account, name: str
) -> None:
    session = log_in(account, name).session
    caller = account.world.sessions.principal(session.access_token)
    assert (session.organization_id, session.env) == HOMES[name]
    assert session.principal_id == caller.id == principal_id(name)
    assert (caller.home.id, caller.env) == HOMES[name]
    assert caller.organization_ids == (caller.home.id,)


def test_tokens_live_a_day_and_refresh_tokens_a_day_longer(account: Account) -> None:
    opened = log_in(account, "vendor_test")
    assert (opened.access_expires_in, opened.refresh_expires_in) == (DAY, 2 * DAY)
    assert opened.session.access_expires_at == int(START) + DAY
    assert opened.session.refresh_expires_at - opened.session.access_expires_at == DAY


def test_the_same_session_is_handed_out_while_its_seconds_count_down(account: Account) -> None:
    first = log_in(account, "vendor_test")
    for passed in (1, 7, 800, 40_000):
        account.clock.advance(passed)
        again = log_in(account, "vendor_test")
        assert again.session == first.session
        left = first.session.access_expires_at - account.clock.now()
        assert (again.access_expires_in, again.refresh_expires_in) == (left, left + DAY)


def test_seconds_left_are_whole_ones_rounded_down(account: Account) -> None:
    log_in(account, "vendor_test")
    account.clock.advance(0.25)
    opened = log_in(account, "vendor_test")
    assert (opened.access_expires_in, opened.refresh_expires_in) == (DAY - 1, 2 * DAY - 1)


def test_times_of_a_session_are_whole_seconds(account: Account) -> None:
    account.clock.advance(0.75)
    session = log_in(account, "vendor_test").session
    assert session.access_expires_at == int(START) + DAY
    assert isinstance(session.access_expires_at, int)


def test_a_29_a_session_is_continued_down_to_its_last_minute(account: Account) -> None:
    first = log_in(account, "vendor_test")
    account.clock.advance(DAY - 60)
    last = log_in(account, "vendor_test")
    assert (last.session, last.access_expires_in) == (first.session, 60)
    account.clock.advance(0.25)
    fresh = log_in(account, "vendor_test")
    assert fresh.session.access_token != first.session.access_token
    assert fresh.session.refresh_token != first.session.refresh_token
    assert fresh.access_expires_in == DAY - 1
    account.clock.advance(59.5)
    assert account.world.sessions.principal(first.session.access_token).id == principal_id(
        "vendor_test"
    )


@pytest.mark.parametrize(("access", "left"), [(1, 1), (5, 2), (119, 59), (120, 60), (500, 60)])
def test_a_29_a_shorter_life_is_continued_to_its_half(access: int, left: int) -> None:
    account = Account.build(lifetimes=Lifetimes(access=access, refresh=access))
    first = log_in(account, "vendor_test")
    account.clock.advance(access - left)
    assert log_in(account, "vendor_test").session == first.session
    account.clock.advance(0.25)
    assert log_in(account, "vendor_test").session != first.session


def test_at_the_second_of_expiry_there_is_a_new_session_with_a_full_life(account: Account) -> None:
    first = log_in(account, "vendor_test")
    account.clock.advance(DAY)
    fresh = log_in(account, "vendor_test")
    assert fresh.session != first.session
    assert (fresh.access_expires_in, fresh.refresh_expires_in) == (DAY, 2 * DAY)


def test_every_principal_and_environment_has_a_session_of_its_own(account: Account) -> None:
    names = [*HOMES, "admin", "clerk", "boss"]
    sessions = [log_in(account, name).session for name in names]
    tokens = {token for one in sessions for token in (one.access_token, one.refresh_token)}
    assert len(tokens) == 2 * len(names)


def test_lifetimes_are_configurable() -> None:
    account = Account.build(lifetimes=Lifetimes(access=5, refresh=9))
    first = log_in(account, "vendor_test")
    assert (first.access_expires_in, first.refresh_expires_in) == (5, 9)
    account.clock.advance(3)
    assert log_in(account, "vendor_test").session == first.session
    account.clock.advance(2)
    second = account.world.sessions.refresh(first.session.refresh_token)
    assert second.session != first.session
    assert second.session.access_expires_at == int(START) + 10
    account.clock.advance(4)
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(first.session.refresh_token)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("vendor_test", secret_of("shop_test")),
        ("vendor_test", ""),
        ("vendor_test", secret_of("vendor_test")[:-1]),
        ("vendor_test", secret_of("vendor_test").lower()),
        ("vendor_test", "ö\ud800"),
    ],
    ids=["another's", "empty", "cut", "lower case", "surrogate"],
)
def test_r5_a_wrong_secret_opens_no_session(account: Account, name: str, secret: str) -> None:
    with refused(account.world, InvalidCredentials):
        account.world.sessions.open_with_key(account.key(name).key, secret)


@pytest.mark.parametrize("key", ["", "test_unknown", key_id("vendor_test"), "\ud800"])
def test_r5_an_unknown_key_opens_no_session(account: Account, key: str) -> None:
    with refused(account.world, InvalidCredentials):
        account.world.sessions.open_with_key(key, secret_of("vendor_test"))


def test_a_16_a_disabled_key_opens_no_session_until_it_is_enabled_again(account: Account) -> None:
    keys, caller = account.world.api_keys, account.by("vendor_test")
    before = log_in(account, "shop_test")
    keys.update(caller, SHOP, key_id("shop_test"), status=KeyStatus.DISABLED)
    with refused(account.world, InvalidCredentials):
        log_in(account, "shop_test")
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(before.session.refresh_token)
    assert account.world.sessions.principal(before.session.access_token).home.id == SHOP
    keys.update(caller, SHOP, key_id("shop_test"), status=KeyStatus.ENABLED)
    assert log_in(account, "shop_test").session == before.session


def test_a_16_a_deleted_key_opens_no_session_but_its_token_lives_on(account: Account) -> None:
    row = account.key("shop_test")
    before = log_in(account, "shop_test").session
    account.world.api_keys.delete(account.by("vendor_test"), SHOP, row.id)
    with refused(account.world, InvalidCredentials):
        account.world.sessions.open_with_key(row.key, secret_of("shop_test"))
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(before.refresh_token)
    assert account.world.sessions.principal(before.access_token).id == principal_id("shop_test")


def test_a_key_made_disabled_opens_no_session(account: Account) -> None:
    key, secret = account.world.api_keys.create(
        account.by("vendor_test"), SHOP, name="off", status=KeyStatus.DISABLED
    )
    with refused(account.world, InvalidCredentials):
        account.world.sessions.open_with_key(key.key, secret)


def test_a_new_key_opens_a_session_with_the_secret_shown_once(account: Account) -> None:
    key, secret = account.world.api_keys.create(
        account.by("vendor_live"), SHOP, name="new", status=KeyStatus.ENABLED
    )
    session = account.world.sessions.open_with_key(key.key, secret).session
    assert (session.organization_id, session.env) == (SHOP, LIVE)


@pytest.mark.parametrize("name", ["vendor_test", "vendor_live", "admin"])
def test_a_22_refreshing_a_living_session_returns_it_unchanged(account: Account, name: str) -> None:
    first = log_in(account, name)
    account.clock.advance(100)
    again = account.world.sessions.refresh(first.session.refresh_token)
    assert again.session == first.session
    assert again.access_expires_in == DAY - 100


@pytest.mark.parametrize("name", ["vendor_test", "shop_live", "admin"])
def test_a_22_refreshing_an_expired_session_opens_the_next_and_keeps_the_token_good(
    account: Account, name: str
) -> None:
    first = log_in(account, name)
    account.clock.advance(DAY)
    second = account.world.sessions.refresh(first.session.refresh_token)
    assert second.session != first.session
    assert (second.session.env, second.session.organization_id) == (
        first.session.env,
        first.session.organization_id,
    )
    account.clock.advance(DAY - 60)
    assert account.world.sessions.refresh(first.session.refresh_token).session == second.session
    account.clock.advance(60)
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(first.session.refresh_token)


def test_a_21_an_access_token_refreshes_nothing(account: Account) -> None:
    session = log_in(account, "vendor_test").session
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(session.access_token)


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c", "....", "\ud800.\ud800.\ud800"])
def test_a_21_garbage_refreshes_nothing(account: Account, token: str) -> None:
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(token)


def test_a_21_a_refresh_token_of_another_server_refreshes_nothing(account: Account) -> None:
    foreign = log_in(Account.build(), "vendor_test").session.refresh_token
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(foreign)


def test_a_23_a_user_gets_a_test_session_of_the_organization_joined_first(account: Account) -> None:
    account.join(CAFE, CLERK)
    session = log_in(account, "clerk").session
    assert (session.env, session.organization_id) == (TEST, SHOP)
    assert account.world.sessions.principal(session.access_token).organization_ids == (SHOP, CAFE)


def test_a_user_logs_in_whatever_the_case_of_the_email(account: Account) -> None:
    opened = account.world.sessions.open_with_password("ADMIN@Example.COM", secret_of("admin"))
    assert opened.session == log_in(account, "admin").session


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("admin@example.com", secret_of("clerk")),
        ("admin@example.com", ""),
        ("nobody@example.com", secret_of("admin")),
        ("guest@example.com", secret_of("guest")),
        ("guest@example.com", ""),
    ],
)
def test_a_wrong_password_or_email_and_who_never_signed_up_get_no_session(
    account: Account, email: str, password: str
) -> None:
    with refused(account.world, InvalidCredentials):
        account.world.sessions.open_with_password(email, password)


def test_a_user_of_no_organization_gets_no_session(account: Account) -> None:
    before = log_in(account, "clerk").session
    account.world.users.remove(account.by("vendor_test"), SHOP, CLERK)
    with refused(account.world, InvalidCredentials):
        log_in(account, "clerk")
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(before.refresh_token)


def test_a_user_who_moved_gets_a_session_of_the_other_organization(account: Account) -> None:
    before = log_in(account, "clerk").session
    account.join(CAFE, CLERK)
    account.world.users.remove(account.by("vendor_test"), SHOP, CLERK)
    refreshed = account.world.sessions.refresh(before.refresh_token).session
    assert refreshed != before
    assert refreshed.organization_id == CAFE
    assert log_in(account, "clerk").session == refreshed


def test_a_user_that_is_no_longer_known_refreshes_nothing(account: Account) -> None:
    before = log_in(account, "clerk").session
    account.world.tables.users.remove(CLERK)
    with refused(account.world, InvalidCredentials):
        account.world.sessions.refresh(before.refresh_token)


def test_a_membership_of_a_missing_organization_opens_no_session(account: Account) -> None:
    account.world.tables.organizations.remove(SHOP)
    with refused(account.world, InvalidCredentials):
        log_in(account, "clerk")


def test_after_a_reset_the_next_login_opens_a_new_session(account: Account) -> None:
    first = log_in(account, "vendor_test").session
    account.world.reset()
    assert log_in(account, "vendor_test").session.access_token != first.access_token


def test_a_refresh_token_from_before_a_reset_is_good_afterwards(account: Account) -> None:
    first = log_in(account, "vendor_test").session
    account.world.reset()
    opened = account.world.sessions.refresh(first.refresh_token)
    assert opened.session.organization_id == VENDOR


def test_the_claims_of_both_tokens_tell_them_apart(account: Account) -> None:
    session = log_in(account, "admin").session
    access = account.world.seams.tokens.read(session.access_token)
    refresh = account.world.seams.tokens.read(session.refresh_token)
    assert access is not None
    assert refresh is not None
    assert (access.use, refresh.use) == (TokenUse.ACCESS, TokenUse.REFRESH)
    assert access.principal_id == refresh.principal_id == principal_id("admin")
    assert access.session_id == refresh.session_id
    assert access.token_id != refresh.token_id
    same = access._replace(
        use=refresh.use, token_id=refresh.token_id, expires_at=refresh.expires_at
    )
    assert same == refresh
    assert access.expires_at == session.access_expires_at
    assert access.organization_id == OrganizationId(VENDOR)
