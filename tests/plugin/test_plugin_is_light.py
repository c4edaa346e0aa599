"""What the plugin costs a run that does not use it."""

import subprocess
import sys
import time

import pytest

HEAVY = (
    "aiohttp",
    "faker",
    "yaml",
    "jwt",
    "openapi_core",
    "jsonschema_rs",
    "orjson",
    "uvloop",
    "fiskaly_mockserver",
    "fiskaly_contracts",
    "fiskaly_fixtures",
    "urllib.request",
)


def test_a_run_that_uses_no_fixture_loads_no_more_than_the_plugin(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import sys
        from pathlib import Path

        def test_one():
            Path("modules").write_text(" ".join(sys.modules))
        """
    )
    suite.makepyprojecttoml('[tool.pytest]\nstrict = true\nfilterwarnings = ["error"]\n')
    loaded = []
    for arguments in ((), ("-p", "pytest_fiskaly.plugin")):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=suite.path,
            env={**_environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert "1 passed" in done.stdout
        loaded.append(set((suite.path / "modules").read_text(encoding="utf-8").split()))
    without, with_plugin = loaded
    assert "pytest_fiskaly.plugin" in with_plugin - without
    more = {name for name in with_plugin - without if not name.startswith("pytest_fiskaly")}
    assert more - set(sys.stdlib_module_names) == set()
    assert more & set(HEAVY) == set()


def test_importing_it_takes_a_few_milliseconds() -> None:
    """Of its own: the least of several runs, since the machine does other things too."""
    code = """
import time
import pytest
import _pytest.pytester
began = time.perf_counter()
import pytest_fiskaly.plugin, pytest_fiskaly.usage
print(time.perf_counter() - began)
"""
    costs: list[float] = []
    until = time.monotonic() + 10
    while not costs or (min(costs) > 0.015 and time.monotonic() < until):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
        )
        costs.append(float(done.stdout))
    assert min(costs) < 0.015


def _environment() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
