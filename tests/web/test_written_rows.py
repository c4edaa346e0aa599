"""Rows are written once and checked once for each kind of answer, as long as they are the same."""

import json
import weakref
from collections import Counter
from dataclasses import replace

import pytest
from builders.accounts import SHOP, VENDOR, Account
from fiskaly_contracts import Checker, Contract
from fiskaly_mockserver.domain.account.model import Organization
from fiskaly_mockserver.web.api import JsonObject, PresentedRow, PresentedRows
from fiskaly_mockserver.web.journal.redaction import ITEMS_KEPT
from fiskaly_mockserver.web.management import presenters
from fiskaly_mockserver.web.service import RowCache
from web.api import wire


class Presenting:
    """Presents organizations, and counts how often."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()

    def __call__(self, row: Organization) -> JsonObject:
        self.times[row.id] += 1
        return presenters.organization(row)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Contract.bundled())


@pytest.fixture
def shop(account: Account) -> Organization:
    return account.organization(SHOP)


def listing(present: Presenting, *rows: Organization) -> PresentedRows:
    return presenters.listing_of("ORGANIZATION_LIST", present, rows, len(rows))


def test_a_row_is_written_as_it_is_presented(checker: Checker, shop: Organization) -> None:
    response = RowCache(checker.answer_plan).response(
        "retrieveOrganization", PresentedRow(Presenting(), shop)
    )
    assert response.body == wire(presenters.organization(shop))
    assert response.value is None
    assert response.accepted_by is checker.answer_plan("retrieveOrganization", 200)
    assert response.read_value() == presenters.organization(shop)


def test_a_row_is_presented_once_for_each_kind_of_answer(
    checker: Checker, shop: Organization
) -> None:
    present, writer = Presenting(), RowCache(checker.answer_plan)
    for _ in range(3):
        writer.response("retrieveOrganization", PresentedRow(present, shop))
    assert present.times == {SHOP: 1}
    for _ in range(3):
        assert writer.response("listOrganizations", listing(present, shop)).accepted_by
    assert present.times == {SHOP: 2}


def test_a_row_that_a_list_shows_first_is_presented_once(
    checker: Checker, shop: Organization
) -> None:
    present, writer = Presenting(), RowCache(checker.answer_plan)
    assert writer.response("listOrganizations", listing(present, shop)).accepted_by
    assert present.times == {SHOP: 1}


def test_new_rows_of_a_list_stand_between_those_that_were_shown_before(
    checker: Checker, account: Account
) -> None:
    present, writer = Presenting(), RowCache(checker.answer_plan)
    first, shown, last = (replace(account.organization(SHOP), name=f"Shop {n}") for n in "123")
    assert writer.response("listOrganizations", listing(present, shown)).accepted_by
    response = writer.response("listOrganizations", listing(present, first, shown, last))
    expected = presenters.listing(
        "ORGANIZATION_LIST", map(presenters.organization, (first, shown, last)), 3
    )
    assert response.body == wire(expected)
    assert response.accepted_by is not None
    assert present.times == {SHOP: 3}


def test_a_changed_row_is_written_anew(checker: Checker, shop: Organization) -> None:
    present, writer = Presenting(), RowCache(checker.answer_plan)
    writer.response("retrieveOrganization", PresentedRow(present, shop))
    changed = replace(shop, name="Renamed")
    body = writer.response("retrieveOrganization", PresentedRow(present, changed)).body
    assert body == wire(presenters.organization(changed))


def test_another_presenter_shows_the_same_row_in_its_own_way(
    checker: Checker, shop: Organization
) -> None:
    writer = RowCache(checker.answer_plan)
    writer.response("retrieveOrganization", PresentedRow(Presenting(), shop))

    def name(row: Organization) -> JsonObject:
        return {"name": row.name}

    response = writer.response("retrieveOrganization", PresentedRow(name, shop))
    assert (response.body, response.value) == (wire(name(shop)), name(shop))
    assert response.accepted_by is None
    assert response.read_value() == response.value


@pytest.mark.parametrize("length", [0, 1, ITEMS_KEPT, ITEMS_KEPT + 1, ITEMS_KEPT + 2, 100])
def test_a_list_is_the_same_as_if_it_were_written_whole(
    checker: Checker, account: Account, length: int
) -> None:
    rows = [
        replace(account.organization(VENDOR), name=f'"data":[], "{number}')
        for number in range(length)
    ]
    response = RowCache(checker.answer_plan).response(
        "listOrganizations", listing(Presenting(), *rows)
    )
    shown = presenters.listing("ORGANIZATION_LIST", map(presenters.organization, rows), length)
    assert response.body == wire(shown)
    assert response.accepted_by is not None
    excerpt = json.loads(bytes(response.excerpt))
    assert excerpt["data"] == json.loads(wire(shown))["data"][: ITEMS_KEPT + 1]
    assert excerpt["count"] == length


def test_one_bad_row_makes_a_whole_list_doubtful(checker: Checker, account: Account) -> None:
    good, bad = account.organization(SHOP), replace(account.organization(VENDOR), name="")
    writer = RowCache(checker.answer_plan)
    for rows in ((good, bad), (bad, good)):
        response = writer.response("listOrganizations", listing(Presenting(), *rows))
        assert response.accepted_by is None
        assert response.value == json.loads(bytes(response.excerpt))


def test_a_bad_row_is_never_taken_for_a_good_one(checker: Checker, shop: Organization) -> None:
    writer, bad = RowCache(checker.answer_plan), replace(shop, country_code="XX")
    present = Presenting()
    for times in (1, 2):
        response = writer.response("retrieveOrganization", PresentedRow(present, bad))
        assert response.accepted_by is None
        assert response.value == presenters.organization(bad)
        assert present.times == {SHOP: times}


def test_where_nothing_can_be_checked_a_row_is_handed_on_as_it_is(shop: Organization) -> None:
    writer, present = RowCache(lambda *_: None), Presenting()
    for _ in range(2):
        response = writer.response("retrieveOrganization", PresentedRow(present, shop))
        assert response.body == wire(presenters.organization(shop))
        assert response.value == presenters.organization(shop)
        assert response.accepted_by is None


def test_a_bad_envelope_makes_a_list_doubtful(checker: Checker, shop: Organization) -> None:
    page = presenters.listing_of("ORGANIZATION_LIST", presenters.organization, [shop], -1)
    assert RowCache(checker.answer_plan).response("listOrganizations", page).accepted_by is None


def test_where_rows_have_no_room_it_begins_anew(checker: Checker, account: Account) -> None:
    present = Presenting()
    shop, vendor = account.organization(SHOP), account.organization(VENDOR)
    size = max(len(wire(presenters.organization(row))) for row in (shop, vendor))
    writer = RowCache(checker.answer_plan, room=size)
    for row in (shop, shop, vendor, vendor, shop):
        writer.response("retrieveOrganization", PresentedRow(present, row))
    assert present.times == {SHOP: 2, VENDOR: 1}


def test_a_row_lives_as_long_as_what_was_written_of_it(
    checker: Checker, shop: Organization
) -> None:
    """By its identity another one, in the same place of the memory, would be taken for it."""

    class Row:
        pass

    shown = presenters.organization(shop)
    present, writer = (lambda _: shown), RowCache(checker.answer_plan, room=len(wire(shown)))

    def written() -> weakref.ref[Row]:
        row = Row()
        writer.response("retrieveOrganization", PresentedRow(present, row))
        return weakref.ref(row)

    first = written()
    assert first() is not None
    second = written()
    assert (first(), second() is None) == (None, False)


def test_a_row_for_which_there_is_no_room_at_all_is_shown_nevertheless(
    checker: Checker, shop: Organization
) -> None:
    writer = RowCache(checker.answer_plan, room=1)
    for _ in range(2):
        assert writer.response("listOrganizations", listing(Presenting(), shop, shop)).accepted_by
        response = writer.response("retrieveOrganization", PresentedRow(Presenting(), shop))
        assert response.body == wire(presenters.organization(shop))
