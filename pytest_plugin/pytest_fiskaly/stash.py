"""Where the plugin keeps what belongs to a run or to a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pytest_fiskaly.distance import Distance
    from pytest_fiskaly.given import Given
    from pytest_fiskaly.stage import Stage
    from pytest_fiskaly.usage import Usage
    from pytest_fiskaly.verdict import Watch

GIVEN: Final[pytest.StashKey[Given]] = pytest.StashKey()
"""Options and ini keys; on the config."""
USAGE: Final[pytest.StashKey[Usage]] = pytest.StashKey()
"""What hears of every exchange; on the config."""
STAGE: Final[pytest.StashKey[Stage]] = pytest.StashKey()
"""The servers of a run, from the first test on that needs one; on the config."""
PRESENT: Final[pytest.StashKey[pytest.Item | None]] = pytest.StashKey()
"""The test that is under way, if it uses the session's server; on the config."""
STRAYS: Final[pytest.StashKey[list[dict[str, str]]]] = pytest.StashKey()
"""What clients did wrong outside any test, in words; on the config."""
DISTANCE: Final[pytest.StashKey[Distance]] = pytest.StashKey()
"""The server of `--fiskaly-url`; on the config, only if there is one."""
WATCH: Final[pytest.StashKey[Watch]] = pytest.StashKey()
"""What is held against a test; on the item, only if the test uses the fake."""
