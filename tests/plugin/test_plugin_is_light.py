"""What the plugin costs a run that does not use it: the modules that it imports are counted."""

import os
import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp",
    "asyncio",
    "faker",
    "fiskaly_contracts",
    "fiskaly_fixtures",
    "fiskaly_mockserver",
    "jsonschema_rs",
    "jwt",
    "openapi_core",
    "orjson",
    "urllib.request",
    "uvloop",
    "yaml",
}
OWN_AT_MOST = 12
"""Modules of the plugin that a run without its fixtures imports."""


def imported(suite: pytest.Pytester, *arguments: str) -> set[str]:
    """Run a test that uses nothing of the plugin, and return what was imported in its run."""
    suite.makepyfile(
        """
        import sys
        from pathlib import Path

        def test_one():
            Path("modules").write_text(" ".join(sys.modules))
        """
    )
    suite.makepyprojecttoml('[tool.pytest]\nstrict = true\nfilterwarnings = ["error"]\n')
    clean = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=suite.path,
        env={**clean, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=True,
    )
    return set((suite.path / "modules").read_text(encoding="utf-8").split())


def test_a_run_that_uses_no_fixture_loads_no_more_than_the_plugin(suite: pytest.Pytester) -> None:
    more = imported(suite, "-p", "pytest_fiskaly.plugin") - imported(suite)
    own = {name for name in more if name.startswith("pytest_fiskaly")}
    assert "pytest_fiskaly.plugin" in own
    assert len(own) <= OWN_AT_MOST, sorted(own)
    assert more - own - set(sys.stdlib_module_names) == set()
    assert more & HEAVY == set()
