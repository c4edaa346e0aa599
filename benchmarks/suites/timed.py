"""A pytest plugin that writes down how long each test took, set-up and teardown included.

The file is named by the variable TIMED; its JSON holds seconds, a number a test.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest

TIMES = pytest.StashKey[list[float]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with none."""
    config.stash[TIMES] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Time a test with everything that belongs to it."""
    begun = perf_counter()
    result = yield
    item.config.stash[TIMES].append(perf_counter() - begun)
    return result


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write them down."""
    Path(os.environ["TIMED"]).write_text(json.dumps(config.stash[TIMES]), encoding="utf-8")
