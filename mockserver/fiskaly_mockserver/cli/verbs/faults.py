"""`faults`: what goes wrong on demand in a running server."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, cast

import click

from fiskaly_mockserver.cli.output import json_text, show_json
from fiskaly_mockserver.cli.remote_server import Target, target_options
from fiskaly_mockserver.cli.server_options import Command
from fiskaly_mockserver.cli.times import duration
from fiskaly_mockserver.cli.verb_groups import VerbGroup
from fiskaly_mockserver.control.shapes import Fault, FaultEffect, FaultRule, FaultWhen
from fiskaly_mockserver.world.faults import Phase
from fiskaly_mockserver.world.faults.rules import Kind

SCOPE = ("operation", "path", "method")
WHEN = ("first", "every", "probability", "seed")
UNIFORM = ("min", "max")
LOGNORMAL = ("median", "sigma")
EFFECT = ("status", "code", "message", "headers", "seconds", *UNIFORM, *LOGNORMAL, "bytes")
DELAYS = ("seconds", *UNIFORM, *LOGNORMAL)


def fault_options(command: Command) -> Command:
    """Add a flag for every field of a fault rule."""
    for add in reversed(_FLAGS):
        command = add(command)
    return command


def rule_of(flags: Mapping[str, Any]) -> FaultRule:
    """Return the rule that the flags describe; the server says whether it makes sense.

    Raises:
        click.UsageError: They do not say what goes wrong.
    """
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    if "headers" in given:
        given["headers"] = dict(given["headers"])
    rule: dict[str, Any] = {name: given[name] for name in (*SCOPE, "phase") if name in given}
    when = {name: given[name] for name in WHEN if name in given}
    if when:
        rule["when"] = when
    effect = {name: given[name] for name in EFFECT if name in given}
    rule["effect"] = {"kind": given.get("kind") or _kind_of(effect), **effect}
    if effect.keys() & set(UNIFORM):
        rule["effect"]["distribution"] = "uniform"
    elif effect.keys() & set(LOGNORMAL):
        rule["effect"]["distribution"] = "lognormal"
    return cast("FaultRule", rule)


def rule_words(rule: FaultRule) -> str:
    """Return what a rule does in one line.

    >>> rule_words({"operation": "createApiKey", "when": {"first": 2}, "phase": "before",
    ...             "effect": {"kind": "status", "status": 503}})
    'createApiKey, the first 2, before: status 503'
    """
    scope = " ".join(str(rule[name]) for name in ("method", "path") if name in rule)
    parts = [part for part in (rule.get("operation", ""), scope) if part]
    when = _when_words(rule.get("when", {}))
    heads = [" ".join(parts) or "every operation", when, rule.get("phase", "")]
    return f"{', '.join(head for head in heads if head)}: {_effect_words(rule['effect'])}"


def fault_line(fault: Fault) -> str:
    """Return an armed fault in one line, with how often it has struck."""
    return f"{fault['id']}  {rule_words(fault['rule'])}  (hits {fault['hits']} of {fault['seen']})"


def _kind_of(effect: Mapping[str, Any]) -> str:
    if "status" in effect:
        return Kind.STATUS
    if effect.keys() & set(DELAYS):
        return Kind.DELAY
    raise click.UsageError(f"say what goes wrong: --status, --seconds, or --kind {'|'.join(Kind)}")


def _when_words(when: FaultWhen) -> str:
    if "first" in when:
        return f"the first {when['first']}"
    if "every" in when:
        return f"every {when['every']}."
    if "probability" in when:
        return f"with probability {when['probability']:g} (seed {when.get('seed', 1)})"
    return ""


def _effect_words(effect: FaultEffect) -> str:
    told = {name: value for name, value in effect.items() if name not in {"kind", "headers"}}
    if effect["kind"] == Kind.STATUS:
        words = [f"status {told.pop('status', '')}"]
    else:
        words = [effect["kind"]]
    words += [f"{name} {value}" for name, value in told.items()]
    words += [f"{name}: {value}" for name, value in effect.get("headers", {}).items()]
    return ", ".join(words)


def _headers(_: click.Context, __: click.Parameter, lines: tuple[str, ...]) -> Any:
    """Return names with values; a name without a colon is no header."""
    pairs = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(f"{line!r} is no header: give 'Retry-After: 2'")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _flag(name: str, help_text: str, **settings: Any) -> Callable[[Command], Command]:
    return click.option(f"--{name}", help=help_text, **settings)


def _one_of(words: Iterable[StrEnum]) -> "click.Choice[str]":
    return click.Choice([word.value for word in words])


_FLAGS = (
    _flag("operation", "Strike that operation, as createApiKey.", metavar="NAME"),
    _flag("path", "Strike paths like that, as '/organizations/*'.", metavar="GLOB"),
    _flag("method", "Strike that method.", metavar="VERB"),
    _flag("first", "Strike the first N requests only.", type=int, metavar="N"),
    _flag("every", "Strike every Nth request.", type=int, metavar="N"),
    _flag("probability", "Strike with probability P.", type=float, metavar="P"),
    _flag("seed", "What that probability is drawn from.", type=int, metavar="N"),
    _flag(
        "phase",
        "Before the operation or after its success.",
        type=_one_of(Phase),
    ),
    _flag("kind", "What goes wrong.", type=_one_of(Kind)),
    _flag("status", "Answer with that status.", type=int, metavar="CODE"),
    _flag("code", "The error's code, as E_API_KEY_CONFLICT.", metavar="TEXT"),
    _flag("message", "The error's message.", metavar="TEXT"),
    click.option(
        "--header",
        "headers",
        multiple=True,
        callback=_headers,
        metavar="'NAME: VALUE'",
        help="A header of the answer, as 'Retry-After: 2'; may be repeated.",
    ),
    _flag("seconds", "How long it takes, as 2 or 500ms.", type=duration, metavar="SPAN"),
    _flag("min", "A delay drawn evenly from that,", type=duration, metavar="SPAN"),
    _flag("max", "up to that.", type=duration, metavar="SPAN"),
    _flag("median", "A lognormal delay around that,", type=duration, metavar="SPAN"),
    _flag("sigma", "with that spread.", type=float, metavar="X"),
    _flag("bytes", "How much of a truncated body is sent.", type=int, metavar="N"),
)


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@target_options
def list_faults(target: Target, *, as_json: bool) -> None:
    """List the armed faults and how often each has struck (what `faults` alone does)."""
    armed = target.connect().faults()
    if as_json:
        show_json(armed)
        return
    for fault in armed:
        click.echo(fault_line(fault))
    if not armed:
        click.echo("No fault is armed.", err=True)


@click.command()
@click.argument("rule", type=json_text, required=False)
@fault_options
@click.option("--json", "as_json", is_flag=True, help="Print the armed fault as JSON.")
@target_options
def arm(target: Target, *, rule: Any, as_json: bool, **flags: Any) -> None:
    """Arm a fault that flags describe, or a RULE in JSON: written out, @FILE or @-.

    Without --first, --every or --probability it strikes always, without --operation and
    --path everywhere. Its default phase hangs on the kind: what damages a good answer
    comes after the operation, the rest before.

    \b
    faults arm --operation createApiKey --status 503 --first 2 --header 'Retry-After: 2'
    faults arm --operation createOrganization --kind connection_reset --phase after
    faults arm '{"operation": "listUsers", "effect": {"kind": "delay", "seconds": 2}}'
    """  # noqa: D301 - click keeps the lines after the escape together
    if rule is None:
        rule = rule_of(flags)
    elif any(value not in (None, ()) for value in flags.values()):
        raise click.UsageError("RULE says it all: it goes with none of the flags of a rule")
    elif not isinstance(rule, dict):
        raise click.BadParameter("a rule is a JSON object", param_hint="RULE")
    fault = target.connect().arm_fault(rule)
    if as_json:
        show_json(fault)
    else:
        click.echo(f"Armed {fault['id']}: {rule_words(fault['rule'])}")


@click.command()
@click.argument("fault_id", required=False, metavar="ID")
@target_options
def clear(target: Target, *, fault_id: str | None) -> None:
    """Disarm the fault of that ID, or all."""
    target.connect().clear_faults(fault_id)
    click.echo(f"Cleared {fault_id or 'all faults'}.")


@click.group(cls=VerbGroup, sections={"Commands": [list_faults, arm, clear]})
def faults() -> None:
    """List, arm or clear faults of a running server."""
