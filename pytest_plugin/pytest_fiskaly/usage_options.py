"""The file that `--fiskaly-coverage=FILE` names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".json"
OPTION = "--fiskaly-coverage"


def demand_a_file(value: str, place: str) -> None:
    """Demand the name of a JSON file, or no value at all.

    `pytest --fiskaly-coverage tests` takes `tests` for the file, as argparse does with every
    option whose value may be left out. So that no test is overwritten, only a name that ends
    in .json is a file.

    Raises:
        ValueError: It is neither.
    """
    if value and not value.endswith(SUFFIX):
        raise ValueError(
            f"{place}={value}: the file to write should end in {SUFFIX}, as"
            f" {place}=coverage{SUFFIX}; if {value!r} is what to test, put it before the option:"
            f" pytest {value} {OPTION}"
        )


def coverage_file(value: str, folder: Path) -> Path:
    """Return the file to write, relative names below `folder`.

    Raises:
        pytest.UsageError: It cannot be written.
    """
    path = folder / value
    problem = ""
    if path.is_dir():
        problem = "this is a folder, not a file"
    elif not path.parent.is_dir():
        problem = f"there is no folder {str(path.parent)!r}: make it first"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "this file may not be written"
    if problem:
        raise pytest.UsageError(f"{OPTION}={value}: {problem}")
    return path
