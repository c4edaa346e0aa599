"""What holds for every test."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

UNMEASURED = tuple(str(Path(__file__).parent / name) for name in ("docs", "harness", "recipes"))
"""Where processes are started whose code is not ours, or is measured elsewhere."""


def pytest_configure(config: pytest.Config) -> None:
    """Do not measure the process that hands out tests to workers: it runs none of our code."""
    hands_out = config.getoption("tx", default=None) and not hasattr(config, "workerinput")
    measured = Coverage.current()
    if hands_out and measured is not None:
        measured.stop()


@pytest.fixture(scope="module", autouse=True)
def measured_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start no coverage in processes where it would tell nothing new: it doubles their time."""
    with pytest.MonkeyPatch.context() as patch:
        if str(request.path).startswith(UNMEASURED):
            patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Put the collected tests out of the garbage collector's sight.

    They are thousands, all stay, and whoever asks for a full collection would go through them:
    many tests, and each run of pytest inside one, five times.
    """
    gc.collect()
    gc.freeze()
