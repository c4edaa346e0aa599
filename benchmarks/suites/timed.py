"""A pytest plugin that writes down how long each test took, set-up and teardown included.

The file is named by the variable TIMED; its JSON holds two numbers a test:
seconds on the clock, and seconds of CPU in all threads.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

import pytest

TIMES = pytest.StashKey[list[tuple[float, float]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with none."""
    config.stash[TIMES] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Time a test with everything that belongs to it."""
    begun, before = perf_counter(), process_time()
    result = yield
    item.config.stash[TIMES].append((perf_counter() - begun, process_time() - before))
    return result


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write them down."""
    Path(os.environ["TIMED"]).write_text(json.dumps(config.stash[TIMES]), encoding="utf-8")
