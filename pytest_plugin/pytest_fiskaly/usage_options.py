"""The file that `--fiskaly-coverage=FILE` names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".json"
OPTION = "--fiskaly-coverage"


def coverage_file(value: str, folder: Path) -> Path:
    """Return the file to write, relative names below `folder`.

    `pytest --fiskaly-coverage tests` takes `tests` for the file, as argparse does with every
    option whose value may be left out. So only a name that ends in .json is one.

    Raises:
        pytest.UsageError: It is no such name, or cannot be written.
    """
    if not value.endswith(SUFFIX):
        raise pytest.UsageError(
            f"{OPTION}={value}: the file to write should end in {SUFFIX}, as"
            f" {OPTION}=coverage{SUFFIX}; if {value!r} is what to test, put it before the option:"
            f" pytest {value} {OPTION}"
        )
    path = folder / value
    if path.is_dir():
        raise pytest.UsageError(f"{OPTION}={value}: this is a folder, not a file")
    if not path.parent.is_dir():
        raise pytest.UsageError(
            f"{OPTION}={value}: there is no folder {os.path.dirname(value)!r}: make it first"  # noqa: PTH120 - as it was written
        )
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise pytest.UsageError(f"{OPTION}={value}: this file may not be written")
    return path
