"""Results that are kept until what they come from changes."""

from fiskaly_mockserver.world.store.table import Place, ResultCache

A, B = ("index", "a"), ("index", "b")


class Maker:
    """Gives another number each time."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> int:
        self.made += 1
        return self.made


def test_a_result_is_made_once_for_each_name_and_places() -> None:
    kept, make = ResultCache(), Maker()
    asked: list[tuple[tuple[Place, ...], str]] = [((A,), "x"), ((A,), "y"), ((A, B), "x")]
    assert [kept.get(places, name, make) for places, name in asked * 2] == [1, 2, 3] * 2


def test_a_change_drops_all_that_came_from_there_and_nothing_else() -> None:
    kept, make = ResultCache(), Maker()
    for places in ((A,), (B,), (A, B)):
        kept.get(places, "x", make)
    kept.changed(A)
    assert len(kept) == 1
    assert kept.get((B,), "x", make) == 2
    assert kept.get((A,), "x", make) == 4
    kept.changed(("other", "a"))
    assert kept.get((A,), "x", make) == 4


def test_the_one_not_asked_for_the_longest_makes_room() -> None:
    kept, make = ResultCache(limit=2), Maker()
    kept.get((A,), "old", make)
    kept.get((B,), "older", make)
    kept.get((A,), "old", make)
    kept.get((A,), "new", make)
    assert len(kept) == 2
    assert kept.get((A,), "old", make) == 1
    assert kept.get((B,), "older", make) == 4


def test_nothing_is_left_of_what_was_dropped() -> None:
    kept, make = ResultCache(limit=3), Maker()
    for number in range(50):
        kept.get((A, ("index", number)), number, make)
    for number in range(50):
        kept.changed(("index", number))
    assert len(kept) == 0
    assert kept.places == {}
