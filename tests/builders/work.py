"""How much work something is, counted, so that no clock has a say."""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """Calls of functions, each step of a generator among them, and the most bytes held."""

    calls: int
    held: int


def work_of(action: Callable[[], object]) -> Work:
    """Do something and tell how much work it was."""
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(before)
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        gc.enable()
    return Work(calls, held)
