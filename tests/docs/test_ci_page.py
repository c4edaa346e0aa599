"""The pipelines of docs/CI.md are YAML, and their commands are ours."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import click
import pytest
import yaml
from docs.documents import ROOT
from fiskaly_mockserver.cli import cli
from pytest_fiskaly.options import SETTINGS

TEXT = (ROOT / "docs" / "CI.md").read_text(encoding="utf-8")
PIPELINES = [part.partition("```")[0] for part in TEXT.split("```yaml\n")[1:]]
FLAGS = {setting.flag for setting in SETTINGS}


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a YAML value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def commands() -> Iterator[str]:
    """Yield every command line of ours."""
    found = [text for pipeline in PIPELINES for text in texts(yaml.safe_load(pipeline))]
    for text in (*found, *re.findall(r"`([^`\n]+)`", TEXT)):
        for line in text.splitlines():
            match = re.search(r"fiskaly-mockserver ([a-z][^\"&)]*)", line)
            if match:
                yield match[1]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=range(len(PIPELINES)))
def test_a_pipeline_is_yaml_and_names_its_file(pipeline: str) -> None:
    assert re.match(r"# [\w./-]+\.ya?ml\n", pipeline)
    assert isinstance(yaml.safe_load(pipeline), dict)


def test_every_command_of_ours_can_be_parsed() -> None:
    found = list(commands())
    assert {line.split()[0] for line in found} == {
        *("exec", "serve", "wait", "env", "journal", "qr", "verify", "check", "replay", "contract")
    }
    for line in found:
        name, *arguments = shlex.split(line.replace("=N", "=1"))
        verb: Any = cli.get_command(click.Context(cli), name)
        if isinstance(verb, click.Group):
            names = verb.list_commands(click.Context(verb))
            chosen = arguments.pop(0) if arguments and arguments[0] in names else names[0]
            verb = verb.get_command(click.Context(verb), chosen)
        with verb.make_context(name, arguments):
            pass


def test_every_option_of_the_plugin_is_one() -> None:
    found = set(re.findall(r"--fiskaly-[a-z-]+", TEXT))
    assert found
    assert found <= FLAGS
