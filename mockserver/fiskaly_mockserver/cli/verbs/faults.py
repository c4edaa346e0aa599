"""`faults`: what goes wrong on demand in a running server."""

from collections.abc import Mapping
from typing import Any, cast

import click

from fiskaly_mockserver.cli import VerbGroup
from fiskaly_mockserver.cli.output import duration, json_text, show_json
from fiskaly_mockserver.cli.remote_server import RemoteServer, remote_server_options
from fiskaly_mockserver.control.shapes import Fault, FaultEffect, FaultRule, FaultWhen
from fiskaly_mockserver.world.faults.rules import Kind

KINDS = tuple(kind.value for kind in Kind)


def rule_from(flags: Mapping[str, Any]) -> FaultRule:
    """Return the rule that flags describe; the server says whether it makes sense.

    Raises:
        click.UsageError: They do not say what goes wrong.
    """
    named = {name: value for name, value in flags.items() if value is not None}
    effect = {name: named[name] for name in ("kind", "status", "seconds") if name in named}
    if "status" in effect:
        effect = {"kind": Kind.STATUS.value, **effect}
    elif "seconds" in effect:
        effect = {"kind": Kind.DELAY.value, **effect}
    elif "kind" not in effect:
        raise click.UsageError(
            f"say what goes wrong: --status, --seconds, or --kind {'|'.join(KINDS)}; or give a"
            " RULE in JSON"
        )
    rule: dict[str, Any] = {"effect": effect}
    if "operation" in named:
        rule["operation"] = named["operation"]
    if "first" in named:
        rule["when"] = {"first": named["first"]}
    return cast("FaultRule", rule)


def describe_rule(rule: FaultRule) -> str:
    """Return what a rule does in one line.

    >>> describe_rule({"operation": "createApiKey", "when": {"first": 2}, "phase": "before",
    ...                "effect": {"kind": "status", "status": 503}})
    'createApiKey, the first 2, before: status 503'
    """
    scope = [str(rule[name]) for name in ("operation", "method", "path") if name in rule]
    heads = [
        " ".join(scope) or "every operation",
        _describe_when(rule.get("when", {})),
        rule.get("phase", ""),
    ]
    return f"{', '.join(head for head in heads if head)}: {_describe_effect(rule['effect'])}"


def _describe_when(when: FaultWhen) -> str:
    if "first" in when:
        return f"the first {when['first']}"
    if "every" in when:
        return f"every {when['every']}."
    if "probability" in when:
        return f"with probability {when['probability']:g} (seed {when.get('seed', 1)})"
    return ""


def _describe_effect(effect: FaultEffect) -> str:
    fields = {name: value for name, value in effect.items() if name not in {"kind", "headers"}}
    if effect["kind"] == Kind.STATUS:
        parts = [f"status {fields.pop('status', '')}"]
    else:
        parts = [effect["kind"]]
    parts += [f"{name} {value}" for name, value in fields.items()]
    parts += [f"{name}: {value}" for name, value in effect.get("headers", {}).items()]
    return ", ".join(parts)


def fault_line(fault: Fault) -> str:
    """Return an armed fault in one line, with how often it has struck."""
    rule = describe_rule(fault["rule"])
    return f"{fault['id']}  {rule}  (hits {fault['hits']} of {fault['seen']})"


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@remote_server_options
def list_faults(server: RemoteServer, *, as_json: bool) -> None:
    """List the armed faults and how often each has struck (what `faults` alone does)."""
    armed = server.connect().faults()
    if as_json:
        show_json(armed)
        return
    for fault in armed:
        click.echo(fault_line(fault))
    if not armed:
        click.echo("No fault is armed.", err=True)


@click.command(
    epilog=f"Kinds: {', '.join(KINDS)}. All fields of a rule: docs/CONTROL.md, section Faults."
)
@click.argument("rule", type=json_text, required=False)
@click.option("--recipe", metavar="NAME", help="Arm a named outage; `faults recipes` lists them.")
@click.option("--operation", metavar="NAME", help="Strike that operation only, as createApiKey.")
@click.option("--kind", type=click.Choice(KINDS), metavar="KIND", help="What goes wrong.")
@click.option("--status", type=int, metavar="CODE", help="Answer with that status.")
@click.option("--seconds", type=duration, metavar="SPAN", help="How long, as 2 or 500ms.")
@click.option("--first", type=int, metavar="N", help="Strike the first N requests only.")
@click.option("--json", "as_json", is_flag=True, help="Print the armed fault as JSON.")
@remote_server_options
def arm(
    server: RemoteServer, *, rule: Any, recipe: str | None, as_json: bool, **flags: Any
) -> None:
    """Arm a fault: a RULE in JSON (written out, @FILE, or - for standard input), or flags.

    --status alone means the kind status, --seconds alone the kind delay.

    \b
    faults arm --operation createApiKey --status 503 --first 2
    faults arm '{"operation": "listUsers", "when": {"every": 3},
                 "effect": {"kind": "delay", "seconds": 2}}'
    """  # noqa: D301 - click keeps the lines after the escape together
    if (rule is not None) + (recipe is not None) + any(
        value is not None for value in flags.values()
    ) > 1:
        raise click.UsageError("give a RULE, a --recipe, or the flags of a rule: each says it all")
    if recipe is not None:
        _arm_recipe(server, recipe, as_json=as_json)
        return
    if rule is None:
        rule = rule_from(flags)
    elif not isinstance(rule, dict):
        raise click.BadParameter("a rule is a JSON object", param_hint="RULE")
    fault = server.connect().arm_fault(rule)
    if as_json:
        show_json(fault)
    else:
        click.echo(f"Armed {fault['id']}: {describe_rule(fault['rule'])}")


def _arm_recipe(server: RemoteServer, name: str, *, as_json: bool) -> None:
    armed = server.connect().arm_recipe(name)
    if as_json:
        show_json(armed)
        return
    for fault in armed:
        click.echo(f"Armed {fault['id']}: {describe_rule(fault['rule'])}")


@click.command("recipes")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, with their rules.")
@remote_server_options
def list_recipes(server: RemoteServer, *, as_json: bool) -> None:
    """List the named outages that `faults arm --recipe NAME` arms."""
    recipes = server.connect().fault_recipes()
    if as_json:
        show_json(recipes)
        return
    for recipe in recipes:
        click.echo(f"{recipe['name']:20} {recipe['description']}")


@click.command()
@click.argument("fault_id", required=False, metavar="ID")
@remote_server_options
def clear(server: RemoteServer, *, fault_id: str | None) -> None:
    """Disarm the fault of that ID, or all."""
    server.connect().clear_faults(fault_id)
    click.echo(f"Cleared {fault_id or 'all faults'}.")


@click.group(cls=VerbGroup, sections={"Commands": [list_faults, list_recipes, arm, clear]})
def faults() -> None:
    """List, arm or clear faults of a running server."""
