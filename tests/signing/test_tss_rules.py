"""The life of a TSS, its PIN and PUK, its admin sessions (S1 to S3)."""

import pytest
from builders.accounts import Account
from fiskaly_mockserver.domain.account.model import Environment
from fiskaly_mockserver.domain.signing import errors
from fiskaly_mockserver.domain.signing.model import ExportFilter, TssId, TssState
from fiskaly_mockserver.domain.store import Paging, StateFilter
from signing.till import PIN, START, TSS_ID, Signing, uid

CREATED, UNINITIALIZED, INITIALIZED, DISABLED = (
    TssState.CREATED,
    TssState.UNINITIALIZED,
    TssState.INITIALIZED,
    TssState.DISABLED,
)


def test_s1_only_the_own_organization_and_environment_see_a_tss(
    signing: Signing, account: Account
) -> None:
    signing.tss.create(signing.shop, TSS_ID)
    assert signing.row().id == TSS_ID
    for other in ("vendor_test", "shop_live", "cafe_test"):
        caller = account.by(other)
        with pytest.raises(errors.TssNotFound):
            signing.tss.find(caller, TSS_ID)
        with pytest.raises(errors.TssConflict):
            signing.tss.create(caller, TSS_ID)


def test_s1_ids_are_found_in_any_case(signing: Signing) -> None:
    signing.tss.create(signing.shop, TSS_ID.upper())
    assert signing.row(TSS_ID.upper()).id == TSS_ID.lower()


def test_s1_a_main_organizations_key_may_be_refused(account: Account) -> None:
    signing = Signing(account, main_keys=False)
    with pytest.raises(errors.MainOrganizationRefused):
        signing.tss.create(signing.vendor, TSS_ID)
    assert signing.tss.create(signing.shop, TSS_ID).state is CREATED
    assert Signing(account).tss.create(signing.vendor, TSS_ID).state is CREATED


def test_r3_a_person_signs_nothing(signing: Signing, account: Account) -> None:
    with pytest.raises(errors.NotSigningPrincipal):
        signing.tss.create(account.by("admin"), TSS_ID)


def test_s2_creating_again_shows_the_puk_until_it_is_deployed(signing: Signing) -> None:
    first = signing.tss.create(signing.shop, TSS_ID, {"a": "1"})
    again = signing.tss.create(signing.shop, TSS_ID, {"b": "2", "a": ""})
    assert again.admin_puk == first.admin_puk
    assert len(first.admin_puk) == 10
    assert first.admin_puk.isdecimal()
    assert again.metadata == {"b": "2"}
    signing.tss.change_state(signing.shop, TSS_ID, UNINITIALIZED)
    with pytest.raises(errors.TssConflict):
        signing.tss.create(signing.shop, TSS_ID)


def test_s2_the_same_state_changes_metadata_alone(signing: Signing) -> None:
    before = signing.tss_in(INITIALIZED)
    signing.clock.advance(60)
    tss, changed = signing.tss.change_state(
        signing.shop, TSS_ID, INITIALIZED, metadata={"till": "7"}
    )
    assert not changed
    assert tss == signing.replaced(before, metadata={"till": "7"})


def test_s2_initializing_sets_the_description(signing: Signing) -> None:
    assert signing.tss_in(UNINITIALIZED).description == ""
    tss, _ = signing.tss.change_state(signing.shop, TSS_ID, INITIALIZED, description="Till 1")
    assert tss.description == "Till 1"
    other = signing.tss_in(INITIALIZED, uid(0x52))
    assert other.description == f"fiskaly sign cloud-TSE ({uid(0x52)})"


def test_s2_at_most_five_test_tss_are_active(signing: Signing) -> None:
    for number in range(5):
        signing.tss.create(signing.shop, uid(number + 1))
    with pytest.raises(errors.TssLimitReached):
        signing.tss.create(signing.shop, TSS_ID)
    assert signing.tss.create(signing.vendor, TSS_ID).state is CREATED
    signing.tss.create(signing.shop, uid(1))  # one that is there
    signing.tss.change_state(signing.shop, uid(1), UNINITIALIZED)
    signing.log_in(uid(1))
    signing.tss.change_state(signing.shop, uid(1), DISABLED)
    assert signing.tss.create(signing.shop, uid(6)).state is CREATED


def test_s2_at_most_500_live_tss_a_day(signing: Signing, account: Account) -> None:
    live = account.by("shop_live")
    for number in range(500):
        signing.tss.create(live, uid(0x1000 + number))
    with pytest.raises(errors.TssLimitPerDayReached):
        signing.tss.create(live, TSS_ID)
    assert signing.row(uid(0x1000), live).env is Environment.LIVE
    signing.clock.advance(86_399)
    with pytest.raises(errors.TssLimitPerDayReached):
        signing.tss.create(live, TSS_ID)
    signing.clock.advance(1)
    assert signing.tss.create(live, TSS_ID).state is CREATED


def test_s2_only_the_tss_of_the_last_24_hours_count_against_the_limit(
    signing: Signing, account: Account
) -> None:
    live = account.by("shop_live")
    row = signing.tss.create(live, TSS_ID)
    for number in range(1, 999):
        new = signing.replaced(
            row, id=TssId(uid(number)), time_creation=START + 86_400 * (number // 500)
        )
        signing.tables.tss.put(new)
    signing.clock.advance(86_400)
    assert signing.tss.create(live, uid(0x1000)).state is CREATED
    with pytest.raises(errors.TssLimitPerDayReached):
        signing.tss.create(live, uid(0x1001))


def test_s3_the_pin_is_blocked_until_the_puk_sets_it(signing: Signing) -> None:
    tss = signing.tss.create(signing.shop, TSS_ID)
    with pytest.raises(errors.TssStillCreated):
        signing.tss.change_pin(signing.shop, TSS_ID, puk=tss.admin_puk, pin=PIN)
    signing.tss.change_state(signing.shop, TSS_ID, UNINITIALIZED)
    with pytest.raises(errors.AdminPinBlocked):
        signing.tss.log_in(signing.shop, TSS_ID, pin=PIN)
    with pytest.raises(errors.WrongPuk):
        signing.tss.change_pin(signing.shop, TSS_ID, puk="0000000000", pin=PIN)
    with pytest.raises(errors.PinTooShort):
        signing.tss.change_pin(signing.shop, TSS_ID, puk=tss.admin_puk, pin="12345")
    signing.tss.change_pin(signing.shop, TSS_ID, puk=tss.admin_puk, pin=PIN)
    signing.tss.log_in(signing.shop, TSS_ID, pin=PIN)


def test_s3_five_wrong_pins_block_and_the_puk_unblocks(signing: Signing) -> None:
    tss = signing.tss_in(UNINITIALIZED)
    for _ in range(4):
        with pytest.raises(errors.AdminLoginFailed):
            signing.tss.log_in(signing.shop, TSS_ID, pin="654321")
    signing.tss.log_in(signing.shop, TSS_ID, pin=PIN)
    for _ in range(5):
        with pytest.raises(errors.AdminLoginFailed):
            signing.tss.log_in(signing.shop, TSS_ID, pin="654321")
    with pytest.raises(errors.AdminPinBlocked):
        signing.tss.log_in(signing.shop, TSS_ID, pin=PIN)
    signing.tss.change_pin(signing.shop, TSS_ID, puk=tss.admin_puk, pin=PIN)
    signing.tss.log_in(signing.shop, TSS_ID, pin=PIN)


def test_s3_admin_steps_take_a_session_of_the_same_key(signing: Signing, account: Account) -> None:
    signing.tss_in(UNINITIALIZED)
    other_key = account.by("shop_test")._replace(id=account.by("cafe_test").id)
    with pytest.raises(errors.AdminNotAuthenticated):
        signing.tss.change_state(other_key, TSS_ID, INITIALIZED)
    signing.tss.log_out(signing.shop, TSS_ID)
    for wanted in (INITIALIZED, DISABLED):
        with pytest.raises(errors.AdminNotAuthenticated):
            signing.tss.change_state(signing.shop, TSS_ID, wanted)


def test_s3_a_session_ends_with_its_token(signing: Signing) -> None:
    signing.tss_in(UNINITIALIZED)
    signing.clock.advance(86_400)
    with pytest.raises(errors.AdminNotAuthenticated):
        signing.tss.change_state(signing.shop, TSS_ID, INITIALIZED)


def test_s6_each_step_takes_the_next_counter_and_nothing_else_does(signing: Signing) -> None:
    signing.tss.create(signing.shop, TSS_ID)
    assert signing.row().signature_counter == 0
    signing.tss.change_state(signing.shop, TSS_ID, UNINITIALIZED)
    assert signing.row().signature_counter == 25
    signing.tss.change_state(signing.shop, TSS_ID, UNINITIALIZED)
    signing.log_in()
    assert signing.row().signature_counter == 27
    with pytest.raises(errors.AdminLoginFailed):
        signing.tss.log_in(signing.shop, TSS_ID, pin="wrong-pin")
    signing.tss.change_state(signing.shop, TSS_ID, INITIALIZED)
    signing.tss.log_out(signing.shop, TSS_ID)
    signing.tss.log_out(signing.shop, TSS_ID)
    assert signing.row().signature_counter == 29
    logs = [*signing.tables.logs.select("tss", TSS_ID)]
    assert [log.counter for log in logs] == [*range(1, 30)]
    assert [log.time for log in logs] == sorted(log.time for log in logs)
    assert logs[0].time < START
    events = [log.name.rpartition("Log-Sys_")[2].removesuffix(".log") for log in logs]
    assert events[19:] == [
        "registerClient",
        "startAudit",
        "configureLogging",
        "selfTest",
        "enterSecureState",
        "exitSecureState",
        "unblockUser",
        "authenticateUser",
        "initialize",
        "logOut",
    ]
    assert set(events[:19]) == {"updateTime"}


def test_s6_a_disabled_tss_signs_nothing_more(signing: Signing) -> None:
    tss = signing.tss_in(DISABLED)
    signing.tss.log_out(signing.shop, TSS_ID)
    assert signing.row() == tss
    assert [*signing.tables.logs.select("tss", TSS_ID)][-1].name.endswith(
        "_disableSecureElement.log"
    )


@pytest.mark.parametrize("start", [0, 253_402_300_799])
def test_s6_log_times_are_good_from_1970_to_9999(account: Account, start: int) -> None:
    signing = Signing(account, start=start)
    signing.tss_in(INITIALIZED)
    times = [log.time for log in signing.tables.logs.select("tss", TSS_ID)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] == start


@pytest.mark.parametrize(
    ("passed", "days"),
    [
        (86_399, []),
        (86_400, [1]),
        (86_401, [1]),
        (3 * 86_400, [1, 2, 3]),
        (400 * 86_400, [*range(35, 401)]),
    ],
)
def test_s6_the_time_is_set_once_a_day_from_the_deployment_on(
    account: Account, passed: int, days: list[int]
) -> None:
    signing = Signing(account, daily_time=True)
    signing.till()
    before = signing.row().signature_counter
    signing.clock.advance(passed)
    for _ in range(2):
        assert signing.row().signature_counter == before + len(days)
    logs = [*signing.tables.logs.select("tss", TSS_ID)][before:]
    assert [log.time for log in logs] == [START + day * 86_400 for day in days]
    assert all(log.name.endswith("_Log-Sys_updateTime.log") for log in logs)


def test_s6_a_list_shows_the_times_that_were_set(account: Account) -> None:
    signing = Signing(account, daily_time=True)
    signing.till()
    before = signing.row().signature_counter
    signing.exports.trigger(signing.shop, TSS_ID, uid(0xE1), ExportFilter())
    signing.clock.advance(2 * 86_400)
    [export] = signing.exports.list(signing.shop, None, StateFilter(), Paging()).rows
    assert export.last_counter == before + 2
    signing.clock.advance(86_400)
    [tss] = signing.tss.list(signing.shop, StateFilter(), Paging()).rows
    assert tss.signature_counter == before + 3


@pytest.mark.parametrize("state", [CREATED, DISABLED])
def test_s6_a_tss_that_does_not_work_sets_no_time(account: Account, state: TssState) -> None:
    signing = Signing(account, daily_time=True)
    signing.tss_in(state)
    before = signing.row().signature_counter
    signing.clock.advance(86_400)
    assert signing.row().signature_counter == before
