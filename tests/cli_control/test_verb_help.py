"""What the verbs say of themselves."""

import doctest
import re
from collections.abc import Iterator
from importlib import import_module

import click
import pytest
from cli_control.callers import run_verb
from fiskaly_mockserver.cli import cli

SECTIONS = {
    "Run a server:": ["serve", "exec"],
    "Control a running server:": ["reset", "clock", "faults", "journal"],
    "Find a running server:": ["wait", "doctor", "env"],
    "Look without a server:": ["tree", "operations"],
}


def verbs(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        verb = group.get_command(context, name)
        assert verb is not None
        yield (*path, name), verb
        if isinstance(verb, click.Group):
            yield from verbs(verb, *path, name)


ALL_VERBS = dict(verbs(cli))


def test_help_groups_the_verbs_by_what_they_are_for() -> None:
    outcome = run_verb("--help")
    assert outcome.code == 0
    blocks = [block.splitlines() for block in outcome.out.split("\n\n")]
    shown = {
        lines[0]: re.findall(r"^  (\w+)", "\n".join(lines[1:]), re.MULTILINE) for lines in blocks
    }
    assert {heading: shown[heading] for heading in SECTIONS} == SECTIONS
    assert "..." not in outcome.out.partition("Run a server:")[2]


@pytest.mark.parametrize("path", ALL_VERBS, ids=" ".join)
def test_every_verb_and_flag_is_explained(path: tuple[str, ...]) -> None:
    verb = ALL_VERBS[path]
    assert run_verb(*path, "--help").code == 0
    assert verb.help
    for parameter in verb.params:
        assert isinstance(parameter, click.Argument) or parameter.help, parameter.name


@pytest.mark.parametrize("path", ALL_VERBS, ids=" ".join)
def test_every_verb_of_a_running_server_can_be_told_which(path: tuple[str, ...]) -> None:
    if path[0] in {"serve", "exec", "tree", "operations"} or isinstance(
        ALL_VERBS[path], click.Group
    ):
        return
    variables = {parameter.envvar for parameter in ALL_VERBS[path].params if parameter.envvar}
    assert {
        "FISKALY_MOCK_URL",
        "FISKALY_MOCK_CONTROL_TOKEN",
        "FISKALY_MOCK_SANDBOX",
    } <= variables


@pytest.mark.parametrize("name", ["target", "times", "fault_flags", "snippets", "terminal"])
def test_examples_in_docstrings_hold(name: str) -> None:
    found = doctest.testmod(import_module(f"fiskaly_mockserver.cli.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
