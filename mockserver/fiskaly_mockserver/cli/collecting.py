"""When the cyclic garbage collector looks at what a start makes: not at all."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Keep the collector from looking for garbage among modules and trees that stay.

    It would look some dozens of times while a server starts, in vain, and several times as
    long again while it grows a large tree.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
