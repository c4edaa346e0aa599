"""Which operations a request was most likely for, whose path leads nowhere."""

from collections.abc import Callable, Iterable, Sequence

from fiskaly_contracts import Operation

LONGEST_COMPARED = 300
"""Characters of the longest path that is compared; that costs time, and the client sends it."""
_MOST_SEGMENTS = 8
_ALIKE = 0.6

Likeness = Callable[[str, str], float]


def nearest_route(method: str, segments: Sequence[str], operations: Iterable[Operation]) -> str:
    """Return the route that is most like a path, as `GET /organizations`, or "" for none.

    Of a route that is not called with the method, all that it is called with are named.

    Args:
        method: The request's method.
        segments: Its path, without empty segments.
        operations: Those of the contract.
    """
    if not segments or len(segments) > _MOST_SEGMENTS or sum(map(len, segments)) > LONGEST_COMPARED:
        return ""
    methods: dict[str, list[str]] = {}
    for operation in operations:
        methods.setdefault(operation.path, []).append(operation.method)
    alike = _likeness()
    # a wrong base path goes before the right segments, so less of the front is worth less
    ranked = [
        (_score(path, segments[skipped:], alike) - skipped / 100, method in allowed, path)
        for skipped in range(len(segments))
        for path, allowed in methods.items()
    ]
    score, is_allowed, path = max(ranked, key=lambda rank: rank[:2])
    if score <= 0:
        return ""
    return f"{method if is_allowed else ' or '.join(methods[path])} {path}"


def _score(path: str, segments: Sequence[str], alike: Likeness) -> float:
    """Return how alike the named segments are, 0 to 1; 0 where one of them is not alike."""
    wanted = path.strip("/").split("/")
    if len(wanted) != len(segments):
        return 0
    found = [
        alike(want, got)
        for want, got in zip(wanted, segments, strict=True)
        if not want.startswith("{")
    ]
    return sum(found) / len(found) if min(found) >= _ALIKE else 0


def _likeness() -> Likeness:
    # only who goes astray pays for the import
    from difflib import SequenceMatcher  # noqa: PLC0415

    known: dict[tuple[str, str], float] = {}

    def alike(want: str, got: str) -> float:
        if (want, got) not in known:
            matcher = SequenceMatcher(None, want, got.lower())
            # a longer word for the same, as /authenticate
            least = _ALIKE if got.lower().startswith(want) else 0
            known[want, got] = max(
                least, matcher.ratio() if matcher.real_quick_ratio() >= _ALIKE else 0
            )
        return known[want, got]

    return alike
