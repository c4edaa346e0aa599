"""Objects by the hundred thousand that all stay, and Python's garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_AND_MIDDLE = 1
"""The generations that a collection before the work goes through: what has not grown old yet."""
MANY = 50_000
"""Objects that a collection needs some ten milliseconds for."""


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the collector off for a while. It is the whole process's, and left as it was found."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Make objects that all stay, without the collector looking through them again and again.

    It does so each time their number has grown by a quarter, which doubles the time that a
    large tree takes. A process that put its own start out of the collector's sight
    (`gc.freeze`, as `serve` does) does the same with what was made here, if it is much: else the
    next collection holds every thread up while it goes through all of it. To ask whether it
    did takes milliseconds, and tens of them where much is frozen, so what makes little does not
    ask.
    """
    if not gc.isenabled():
        yield
        return
    gc.collect(YOUNG_AND_MIDDLE)  # frozen garbage would stay for good
    with collector_off():
        try:
            yield
        finally:
            if gc.get_count()[0] >= MANY and gc.get_freeze_count() > 0:
                gc.freeze()
