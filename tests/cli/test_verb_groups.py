"""Verbs are imported when they are called, and no earlier."""

import subprocess
import sys

import click
import pytest
from cli.running import clean_environment
from fiskaly_mockserver.cli import cli
from fiskaly_mockserver.cli.verb_groups import LazyVerb, VerbGroup

PROGRAM = """
import sys
from fiskaly_mockserver.cli import cli
assert not [name for name in sys.modules if name.startswith("aiohttp")], "before any verb"
try:
    cli.main(["operations", "--help"], prog_name="x")
except SystemExit:
    pass
own = "fiskaly_mockserver.cli.verbs."
loaded = {name.removeprefix(own) for name in sys.modules if name.startswith(own)}
print(sorted(loaded & set(cli.list_commands(None))), file=sys.stderr)
"""


def test_a_verb_does_not_wait_for_the_others() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "['operations']\n"
    assert "List every operation" in done.stdout


def test_every_verb_can_be_loaded_and_has_the_name_that_is_typed() -> None:
    context = click.Context(cli)
    names = cli.list_commands(context)
    assert len(names) == len(set(names)) == 11
    for name in names:
        verb = cli.get_command(context, name)
        assert verb is not None
        assert verb.name == name


def test_a_group_may_hold_verbs_of_both_kinds() -> None:
    here = click.Command("here", help="Here.")
    later = LazyVerb("tree", "fiskaly_mockserver.cli.verbs.tree")
    group = VerbGroup(name="both", sections={"Verbs": [here, later]})
    context = click.Context(group)
    assert group.list_commands(context) == ["here", "tree"]
    assert group.get_command(context, "here") is here
    assert group.get_command(context, "nothing") is None
    shown = group.get_help(context)
    assert shown.index("here  Here.") < shown.index("tree  Print an organization tree")


def test_what_is_no_verb_is_told() -> None:
    with pytest.raises(TypeError, match=r"verbs\.tree has no command FORMATS"):
        LazyVerb("tree", "fiskaly_mockserver.cli.verbs.tree", "FORMATS").load()
