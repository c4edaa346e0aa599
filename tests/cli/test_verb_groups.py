"""Verbs are imported when they are called, and what they say of themselves."""

import gc
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from types import ModuleType

import click
import pytest
from cli.callers import Outcome, run_verb
from cli.running import clean_environment, run
from fiskaly_contracts import Contract
from fiskaly_mockserver.cli import LazyVerb, VerbGroup, cli

SECTIONS = {
    "Run a server:": ["serve", "exec"],
    "Control a running server:": ["reset", "clock", "faults", "journal"],
    "Find a running server:": ["wait", "doctor", "env"],
    "Check servers, clients, recordings:": [
        "verify",
        "proxy",
        "check",
        "redact",
        "replay",
        "fuzz",
        "contract",
    ],
    "Look without a server:": ["tree", "operations", "qr"],
}
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
ALONE = {
    "serve",
    "exec",
    "verify",
    "proxy",
    "check",
    "redact",
    "replay",
    "fuzz",
    "contract",
    "tree",
    "operations",
}
"""Verbs that speak to no running fake."""
MANY = 10_000


def verbs(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        verb = group.get_command(context, name)
        assert verb is not None
        assert verb.name == name
        yield (*path, name), verb
        if isinstance(verb, click.Group):
            yield from verbs(verb, *path, name)


ALL_VERBS = dict(verbs(cli))


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


def test_the_module_is_the_command() -> None:
    outcome = run("-V")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("fiskaly-mockserver ")


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_it_tells_its_version(flag: str) -> None:
    own = version("fiskaly-mockserver")
    assert run_verb(flag) == Outcome(0, f"fiskaly-mockserver {own}\n", "")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_groups_the_verbs_by_what_they_are_for(flag: str) -> None:
    outcome = run_verb(flag)
    assert outcome.code == 0
    blocks = [block.splitlines() for block in outcome.out.split("\n\n")]
    shown = {
        lines[0]: re.findall(r"^  (\w+)", "\n".join(lines[1:]), re.MULTILINE) for lines in blocks
    }
    assert {heading: shown[heading] for heading in SECTIONS} == SECTIONS
    assert "..." not in outcome.out.partition("Run a server:")[2]


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


@pytest.mark.parametrize("path", ALL_VERBS, ids=" ".join)
def test_every_verb_and_flag_is_explained(path: tuple[str, ...]) -> None:
    verb = ALL_VERBS[path]
    assert run_verb(*path, "--help").code == 0
    assert verb.help
    for parameter in verb.params:
        assert isinstance(parameter, click.Argument) or parameter.help, parameter.name


def test_every_verb_of_a_running_server_can_be_told_which() -> None:
    for path, verb in ALL_VERBS.items():
        if isinstance(verb, click.Group) or path[0] in ALONE:
            continue
        variables = {parameter.envvar for parameter in verb.params if parameter.envvar}
        assert {
            "FISKALY_MOCK_URL",
            "FISKALY_MOCK_CONTROL_TOKEN",
            "FISKALY_MOCK_SANDBOX",
        } <= variables, path


def test_every_flag_of_serve_has_its_environment_variable() -> None:
    text = run_verb("serve", "--help").out
    flags = set(re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)) - {"--help"}
    assert {"--host", "--port", "--preset", "--data", "--loose", "--log-format"} <= flags
    squeezed = re.sub(r"\s+", "", text)
    for flag in flags:
        variable = "FISKALY_MOCK_" + flag[2:].replace("-", "_").upper()
        assert f"envvar:{variable}" in squeezed


def test_operations_lists_each_operation_with_its_evidence() -> None:
    outcome = run_verb("operations")
    assert outcome.code == 0
    operations = Contract.bundled().operations
    assert len(operations) == 20
    lines = [line for line in outcome.out.splitlines() if re.match(r"[A-Z]+ +/", line)]
    assert len(lines) == 20
    for line, operation in zip(lines, operations.values(), strict=True):
        method, path, name, confidence, *assumptions = line.split()
        assert (method, path) == (operation.method, f"/api/v0{operation.path}")
        assert (name, confidence) == (operation.operation_id, operation.confidence)
        assert assumptions == list(operation.assumptions)


@pytest.fixture
def large_verb(monkeypatch: pytest.MonkeyPatch) -> LazyVerb:
    """A verb whose loading makes many objects that stay."""

    class Module(ModuleType):
        def __getattr__(self, name: str) -> click.Command:
            self.made: list[list[int]] = [[] for _ in range(MANY)]
            return click.Command(name)

    monkeypatch.setitem(sys.modules, "verb_for_test", Module("verb_for_test"))
    return LazyVerb("greet", "verb_for_test", "greet")


def test_the_garbage_collector_does_not_go_through_what_a_verb_imports(
    large_verb: LazyVerb,
) -> None:
    before = gc.get_freeze_count()
    collections = gc.get_stats()[0]["collections"]
    large_verb.load()
    assert gc.isenabled()
    assert gc.get_freeze_count() - before >= MANY
    assert gc.get_stats()[0]["collections"] - collections <= 1
    assert gc.get_count()[0] < MANY


def test_a_collector_that_was_off_stays_off(large_verb: LazyVerb) -> None:
    gc.disable()
    try:
        large_verb.load()
        assert not gc.isenabled()
    finally:
        gc.enable()
