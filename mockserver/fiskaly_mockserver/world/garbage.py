"""Objects by the hundred thousand that all stay, and Python's garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Make objects that all stay, without the collector looking through them again and again.

    It does so each time their number has grown by a quarter, which doubles the time that a
    large tree takes, and some dozens of times while a server is imported. The collector is
    the whole process's; it is left as it was found.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
