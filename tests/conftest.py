"""What holds for every test."""

import gc

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Put the collected tests out of the garbage collector's sight.

    They are thousands, all stay, and whoever asks for a full collection would go through them:
    many tests, and each run of pytest inside one, five times.
    """
    gc.collect()
    gc.freeze()
