"""Measuring things in turn, so that whatever slows the machine down slows all of them."""

import os
import platform
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import TypeVar

PACKAGES = ("aiohttp", "openapi-core", "jsonschema-rs", "orjson", "uvloop")
"""What a measurement of ours depends on."""

Label = TypeVar("Label", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be timed: `run`, each time after an untimed `prepare`."""

    prepare: Callable[[], object]
    run: Callable[[], object]

    def nanoseconds(self) -> int:
        """Do it once and return how long it took."""
        self.prepare()
        start = perf_counter_ns()
        self.run()
        return perf_counter_ns() - start


def medians(tasks: Mapping[Label, Task], *, rounds: int, repeats: int) -> Mapping[Label, float]:
    """Return the median seconds of each task, over all rounds but a first one.

    In every round each task gets its turn of `repeats` runs.
    """
    taken: dict[Label, list[int]] = {label: [] for label in tasks}
    for number in range(rounds + 1):
        for label, task in tasks.items():
            times = [task.nanoseconds() for _ in range(repeats)]
            if number:
                taken[label] += times
    return {label: median(times) / 1e9 for label, times in taken.items()}


def machine() -> str:
    """Say what it was measured on."""
    return (
        f"{_processor()}, {os.cpu_count()} CPUs, {platform.system()};"
        f" Python {platform.python_version()},"
        f" fiskaly-mockserver {version('fiskaly-mockserver')}"
    )


def versions(names: Iterable[str] = PACKAGES) -> str:
    """Say which versions of the packages that count were measured."""
    return ", ".join(f"{name} {_version(name)}" for name in names)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
