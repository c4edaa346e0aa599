"""The examples in the docstrings of the server, its domain, its interfaces and its commands."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import fiskaly_mockserver
import pytest

MODULES = [
    one.name
    for one in walk_packages(fiskaly_mockserver.__path__, "fiskaly_mockserver.")
    if not one.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
