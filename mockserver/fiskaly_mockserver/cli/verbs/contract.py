"""`contract`: the OpenAPI documents themselves, and what changed between two of them."""

import json
from collections.abc import Iterable
from pathlib import Path

import click
from fiskaly_contracts.conformance.findings import Findings, Report
from fiskaly_contracts.diff.compare import compare
from fiskaly_contracts.diff.documents import DiffError, read_document, shown_name
from fiskaly_contracts.diff.rules import Change, Level

from fiskaly_mockserver.cli.reporting import BadCheck, Reporting, reporting_options


@click.group()
def contract() -> None:
    """Compare versions of a contract."""


@contract.command()
@click.argument("old")
@click.argument("new")
@click.option("--allow-url", is_flag=True, help="OLD and NEW may be addresses.")
@click.option(
    "--used",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="COVERAGE.json",
    help="What your suite used: a change of anything else is a warning at most.",
)
@reporting_options
def diff(old: str, new: str, *, allow_url: bool, used: Path | None, reporting: Reporting) -> None:
    """Tell what changed from OLD to NEW, and what breaks a client.

    OLD and NEW are files (YAML or JSON), or the contracts of this release: bundled (the
    Management API), bundled:sign-de, bundled:control.

    A request may only widen, an answer only narrow. Exit code 1: a change that breaks.
    """
    try:
        documents = [read_document(name, allow_url=allow_url) for name in (old, new)]
        changes = compare(*documents)
    except DiffError as error:
        raise BadCheck(str(error)) from error
    called = None if used is None else _called(used)
    findings = Findings()
    findings.add(
        *(
            one.finding(used=called is None or one.part == "servers" or one.operation in called)
            for one in _each_place_once(changes)
            if one.level is not Level.INFO
        )
    )
    reporting.finish(
        Report(
            check="contract diff",
            target=f"{shown_name(old)} {shown_name(new)}",
            findings=tuple(findings),
            counted={"changes": len(changes)},
            notes=[*map(_note, (one for one in changes if one.level is Level.INFO))],
        ),
        checked=1,
    )


def _each_place_once(changes: Iterable[Change]) -> Iterable[Change]:
    """Join what is said of one place by one rule, which is one finding: all of it is told."""
    places: dict[Change, list[str]] = {}
    for one in changes:
        places.setdefault(one._replace(message=""), []).append(one.message)
    return [one._replace(message="; ".join(said)) for one, said in places.items()]


def _note(change: Change) -> str:
    place = " ".join(filter(None, (change.operation, change.part, change.pointer)))
    return f"{change.rule}: {place}: {change.message}"


def _called(file: Path) -> frozenset[str]:
    """Return the operations that a coverage file says were called."""
    try:
        contracts = json.loads(file.read_bytes())["contracts"].values()
        return frozenset(
            name for one in contracts for name, use in one["operations"].items() if use["calls"] > 0
        )
    except OSError as error:
        raise BadCheck(f"cannot read {file}: {error.strerror or error}") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadCheck(f"{file} is no coverage of a contract") from error
