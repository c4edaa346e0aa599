"""What a failed assertion says: what was looked for, what is there, and what differs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fiskaly_contracts import explain, meant
from fiskaly_mockserver.world.journal.containment import shortened
from fiskaly_mockserver.world.journal.exchange import Exchange

from pytest_fiskaly.journal import Call
from pytest_fiskaly.journal.criteria import Criteria
from pytest_fiskaly.journal.matching import Difference

CALLS_SHOWN = 3
DIFFERENCES_SHOWN = 6
VIOLATIONS_SHOWN = 300
"""Characters of what a message tells of a call's violations; the verdict has all of it."""
EMPTY = "the journal is empty: no call has reached the server"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search through the journal came to.

    Attributes:
        criteria: What was looked for.
        matching: The exchanges that are it, oldest first.
        others: The exchanges that are not, oldest first, each with what differs.
    """

    criteria: Criteria
    matching: Sequence[Exchange]
    others: Sequence[tuple[Exchange, Sequence[Difference]]]

    @property
    def uncertain(self) -> list[tuple[Exchange, Sequence[Difference]]]:
        """The exchanges that may be it: all that differs is not kept by the journal."""
        return [one for one in self.others if all(unlike.hidden for unlike in one[1])]


def of_count(
    found: Found, *, expected: str, too_many: bool = False, seconds: float | None = None
) -> str:
    """Say that another number of calls was expected, as "exactly 2 calls" or "no call"."""
    name = found.criteria.operation
    wanted = f"{expected} of {name}" if name else expected
    within = "" if seconds is None else f" within {seconds:g} s"
    head = f"expected {wanted}{within}, but {_what_is_there(found)}"
    near = () if too_many else _nearest(found)
    return "\n".join([head, *_criteria(found), *_matching(found), *near])


def exactly(times: int) -> str:
    """Return a number of calls in words."""
    match times:
        case 0:
            return "no call"
        case 1:
            return "exactly 1 call"
        case _:
            return f"exactly {times} calls"


def of_uncertainty(found: Found) -> str:
    """Say that the journal does not keep what is asked for."""
    exchange, unlike = found.uncertain[0]
    places = ", ".join(one.place for one in unlike)
    return (
        f"the journal does not keep {places} of {Call(exchange)}, so it cannot tell whether that"
        " call is meant; leave it out, or put unittest.mock.ANY in its place"
    )


def of_overflow(found: Found, reason: str) -> str:
    """Say that calls were dropped which may have been the ones that are looked for."""
    name = found.criteria.operation or "these"
    return (
        f"nobody can tell how many calls of {name} there were: {reason}"
        f" ({len(found.matching)} of those that are left match). Call journal.clear() before the"
        " part that is looked at, or override the fixture fiskaly_mock_config with a ServerConfig"
        " of a larger journal_size"
    )


def _what_is_there(found: Found) -> str:
    total = len(found.matching) + len(found.others)
    if not total:
        since = found.criteria.since
        return f"no call came after request {since}" if since else EMPTY
    count = len(found.matching)
    if total == 1:
        return f"the only call in the journal {'matches' if count else 'does not match'}"
    verb = "match" if count > 1 else "matches"
    return f"{count or 'none'} of the {total} calls in the journal {verb}"


def _criteria(found: Found) -> Iterator[str]:
    lines = found.criteria.lines()
    if lines:
        yield "looked for:"
        yield from _indented(lines)


def _matching(found: Found) -> Iterator[str]:
    if found.matching:
        yield "matching:"
    for exchange in found.matching[:CALLS_SHOWN]:
        yield from _indented(_call(exchange, ()))
    if len(found.matching) > CALLS_SHOWN:
        yield f"  and {len(found.matching) - CALLS_SHOWN} more"


def _nearest(found: Found) -> Iterator[str]:
    if not found.others:
        return
    nearest = sorted(found.others, key=_distance)
    of_it = [one for one in nearest if not _is_another(one[1])]
    yield "nearest of the others:" if found.matching else "nearest:"
    for exchange, unlike in (of_it or nearest)[:CALLS_SHOWN]:
        yield from _indented(_call(exchange, unlike))
    if len(found.others) > min(CALLS_SHOWN, len(of_it or nearest)):
        counts = Counter(exchange.operation_id or "no operation" for exchange, _ in found.others)
        listed = ", ".join(f"{name} ({count})" for name, count in counts.items())
        yield f"in the journal: {listed}"


def _distance(found: tuple[Exchange, Sequence[Difference]]) -> tuple[bool, bool, int]:
    """Put calls of the operation first, then those that missed every one, then by what differs."""
    exchange, unlike = found
    return _is_another(unlike), bool(exchange.operation_id), sum(one.weight for one in unlike)


def _is_another(unlike: Sequence[Difference]) -> bool:
    return any(one.place == "operation" for one in unlike)


def _call(exchange: Exchange, unlike: Sequence[Difference]) -> Iterator[str]:
    yield str(Call(exchange))
    for one in unlike[:DIFFERENCES_SHOWN]:
        if one.place == "operation":  # as the line before says
            continue
        if one.hidden:
            yield f"  {one.place}: the journal does not keep it"
        else:
            yield f"  {one.place}: expected {one.expected}, got {one.got}"
    if len(unlike) > DIFFERENCES_SHOWN:
        yield f"  and {len(unlike) - DIFFERENCES_SHOWN} more differences"
    if exchange.breaches:
        listed = shortened(explain(meant(exchange.breaches)), VIOLATIONS_SHOWN)
        yield f"  the client broke the contract: {listed}"
    if exchange.refusal:
        yield f"  refused by {exchange.refusal}"
    if exchange.fault:
        yield f"  struck by {exchange.fault}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"  {line}"
