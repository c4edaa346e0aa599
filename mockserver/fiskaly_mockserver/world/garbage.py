"""Objects by the hundred thousand that all stay, and Python's garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_AND_MIDDLE = 1
"""The generations that a collection before the work goes through: what has not grown old yet."""


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Make objects that all stay, without the collector looking through them again and again.

    It does so each time their number has grown by a quarter, which doubles the time that a
    large tree takes, and some dozens of times while a server is imported. The collector is
    the whole process's; it is left as it was found. A process that put its own start out of
    the collector's sight (`gc.freeze`, as `serve` does) does the same with what was made
    here: else the next collection holds every thread up while it goes through all of it.
    """
    if not gc.isenabled():
        yield
        return
    frozen = gc.get_freeze_count() > 0
    if frozen:
        gc.collect(YOUNG_AND_MIDDLE)  # frozen garbage would stay for good
    gc.disable()
    try:
        yield
    finally:
        if frozen:
            gc.freeze()
        gc.enable()
