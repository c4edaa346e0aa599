"""docs/CONTROL.md tells what the control API is, and nothing else."""

import json
import re
import shlex
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import click
import pytest
from fiskaly_contracts import Checker, Contract, RequestData
from fiskaly_fixtures import generate
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.cli import cli
from fiskaly_mockserver.world.clock import parse_instant
from fiskaly_mockserver.world.faults.rules import PHASES, FaultRule, Kind

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "CONTROL.md"
RECIPES = sorted(path.name for path in HERE.iterdir() if path.stem.lower() == "recipe")


def section(title: str) -> str:
    """Return what stands under a heading of the second level."""
    _, found, rest = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {title}\n")
    assert found, f"there is no section {title}"
    return rest.partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the rows of a section's last table."""
    table = [line for line in section(title).splitlines() if line.startswith("|")]
    last = max(at for at, line in enumerate(table) if line.startswith("|---"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[last + 1 :]]


def fenced(text: str, mark: str) -> str:
    """Return the code block that follows a mark."""
    _, found, rest = text.partition(f"<!-- {mark} -->\n```")
    assert found, f"there is no block {mark}"
    return rest.partition("\n")[2].partition("```")[0]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def verbs_of(group: click.Group) -> dict[str, click.Command]:
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: verb for name, verb in found.items() if verb is not None}


def parsed(command: str) -> click.Context:
    """Parse a command line as the command does, without doing it."""
    program, *arguments = shlex.split(command)
    assert program == "fiskaly-mockserver"
    verb: click.Command = cli
    name = program
    while isinstance(verb, click.Group) and arguments and arguments[0] in verbs_of(verb):
        name, *arguments = arguments
        verb = verbs_of(verb)[name]
    if isinstance(verb, click.Group):  # a group without a verb does what its first one does
        verb = next(iter(verbs_of(verb).values()))
    return verb.make_context(name, arguments)


def test_the_table_has_every_call_with_its_method_path_and_summary() -> None:
    told = [(*code(call), what) for call, what, _ in rows("All calls")]

    assert told == [
        (f"{one.method} {one.path}", f"{one.summary} (`{one.operation_id}`)")
        for one in Contract.control().operations.values()
    ]


def test_the_bodies_of_the_table_are_those_that_the_calls_take() -> None:
    contract = Contract.control()
    checker = Checker(contract)
    takers = {name for name, one in contract.operations.items() if one.has_body}
    told = set()
    for _, what, body in rows("All calls"):
        [operation_id] = code(what)
        if not body:
            continue
        told.add(operation_id)
        for example in code(body):
            if example.startswith("{"):
                request = RequestData(
                    operation_id=operation_id,
                    path_parameters={},
                    query=(),
                    content_type="application/json",
                    body=example.encode(),
                )
                assert checker.request(request) == [], example

    assert told == takers


def test_every_change_of_the_clock_is_told_and_taken() -> None:
    examples = [json.loads(example) for cells in rows("Time") for example in code(cells[0])]
    control = Contract.control()
    known: Any = control.document["components"]
    checker = Checker(control)

    told = {name for example in examples for name in example}
    assert told == set(known["schemas"]["ClockChange"]["properties"])
    for example in examples:
        assert checker.value("ClockChange", example) == []
        for value in example.values():
            if isinstance(value, str) and value.endswith("Z"):
                parse_instant(value)


def test_every_kind_of_fault_is_told_with_its_phases_the_default_first() -> None:
    table = {code(kind)[0]: phases.split(", ") for kind, _, phases, _ in rows("Faults")}

    assert table == {kind.value: [*PHASES[kind]] for kind in Kind}


def test_the_effects_of_the_table_are_taken_and_show_every_form_that_there_is() -> None:
    examples = [
        json.loads(example)
        for row in rows("Faults")
        for cell in row
        for example in code(cell)
        if example.startswith('{"kind"')
    ]
    checker = Checker(Contract.control())
    known: Any = Contract.control().document["components"]
    fitting = {
        name
        for name in known["schemas"]
        if name.startswith("Effect")
        for example in examples
        if not checker.value(name, example)
    }
    forms = {
        branch["$ref"].rpartition("/")[2] for branch in known["schemas"]["FaultEffect"]["oneOf"]
    }

    assert fitting == forms
    for row in rows("Faults"):
        [example, *_] = code(row[1])
        rule = FaultRule.from_json({"effect": json.loads(example)})
        assert rule.phase == row[2].split(", ")[0]


def test_every_part_of_a_query_of_the_journal_is_told() -> None:
    known: Any = Contract.control().document["components"]

    told = {part for cells in rows("Journal") for part in code(cells[0])}

    assert told == set(known["schemas"]["JournalQuery"]["properties"])


def test_the_explanation_it_shows_is_the_real_one() -> None:
    shown = json.loads(fenced(section("Explain"), "explained"))

    with MockServer(tree=generate()) as server:
        vendor, managed = server.spec.organizations[:2]
        login = {"api_key": server.credentials.key, "api_secret": server.credentials.secret}
        session, _ = _post(f"{server.base_url}/auth", login)
        body = {
            "name": "Kiosk am Hafen",
            "address_line1": "Hafenstrasse 1",
            "zip": "20359",
            "town": "Hamburg",
            "country_code": "DEU",
            "managed_by_organization_id": managed.id,
        }
        _, refused = _post(
            f"{server.base_url}/organizations",
            body,
            {"Authorization": f"Bearer {session['access_token']}"},
        )
        request_id = refused["X-Request-Id"]
        explained = server.control.explain(request_id)

    assert managed.managed_by_organization_id == vendor.id
    assert {**shown, "request_id": request_id} == explained


@pytest.mark.parametrize("part", ["the till", "time and journal"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_the_shown_part_of_a_recipe_stands_in_it(recipe: str, part: str) -> None:
    text = section("Recipes")
    shown = fenced(text, f"from: {recipe}, {part}")
    lines = (HERE / recipe).read_text(encoding="utf-8").splitlines(keepends=True)
    length = len(shown.splitlines())

    assert f"](../tests/recipes/{recipe})" in text
    assert length > 3
    assert any(
        dedent("".join(lines[at : at + length])) == shown for at in range(len(lines) - length + 1)
    )


@pytest.mark.parametrize("cells", rows("From the command line"), ids=lambda cells: cells[0])
def test_every_verb_it_tells_is_one(cells: list[str]) -> None:
    for command in code(cells[0]):
        with parsed(command):
            pass


def test_every_verb_for_a_running_server_is_told() -> None:
    commands = {code(cells[0])[0].split()[1] for cells in rows("From the command line")}

    elsewhere = {"serve", "tree", "operations", *cli.sections["Check servers, clients, recordings"]}
    assert commands == set(verbs_of(cli)) - elsewhere


def test_the_links_within_it_lead_to_headings() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^##+ (.+)$", text, re.MULTILINE)
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


def _post(url: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[Any, Message]:
    """Return body and headers of an answer, whatever its status."""
    every = {"Content-Type": "application/json", **(headers or {})}
    try:
        with urlopen(Request(url, json.dumps(body).encode(), every)) as answer:
            return json.load(answer), answer.headers
    except HTTPError as error:
        with error:
            return json.load(error), error.headers
