"""The journals of a server have room for so many bytes of messages together."""

import gc

import pytest
from fiskaly_mockserver.world.journal.exchange import Exchange
from fiskaly_mockserver.world.journal.journal import Journal, JournalQuery, JournalRoom, Overflowed


class Sized(Exchange):
    """An exchange that takes so many bytes."""

    __slots__ = ("size",)
    size: int


def sized(size: int, name: str = "") -> Exchange:
    made = Sized(request_id=name, at=0, method="GET", path="/", operation_id="a", status=200)
    made.size = size
    return made


def test_the_oldest_are_dropped_where_bytes_run_out() -> None:
    journal = Journal(room=JournalRoom(100))
    for name in "abc":
        journal.add(sized(40, name))
    assert [one.request_id for one in journal] == ["b", "c"]
    assert journal.dropped == 1
    assert isinstance(journal.count(JournalQuery(operation="a")), Overflowed)


def test_the_journal_that_takes_most_gives_way() -> None:
    room = JournalRoom(100)
    large, small = Journal(room=room), Journal(room=room)
    for _ in range(3):
        large.add(sized(30))
    small.add(sized(30))
    assert (len(large), len(small)) == (2, 1)
    for _ in range(10):
        small.add(sized(1))
    assert (len(large), len(small)) == (2, 11)


def test_the_newest_exchange_is_kept_however_large() -> None:
    journal = Journal(room=JournalRoom(100))
    journal.add(sized(1_000, "a"))
    assert [one.request_id for one in journal] == ["a"]
    journal.add(sized(1, "b"))
    assert [one.request_id for one in journal] == ["b"]


@pytest.mark.parametrize("how", ["cleared", "gone", "dropped by number"])
def test_room_is_given_back(how: str) -> None:
    room = JournalRoom(100)
    first, second = Journal(1, room), Journal(room=room)
    first.add(sized(90))
    if how == "cleared":
        first.clear()
    elif how == "gone":
        del first
        gc.collect()
    else:
        first.add(sized(1))
    second.add(sized(45))
    second.add(sized(45))
    assert len(second) == 2
