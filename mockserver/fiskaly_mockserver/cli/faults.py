"""`faults`: what goes wrong on demand in a running server."""

from typing import Any

import click

from fiskaly_mockserver.cli.fault_flags import fault_line, fault_options, rule_of, rule_words
from fiskaly_mockserver.cli.json_text import json_text, show_json
from fiskaly_mockserver.cli.target import Target, target_options
from fiskaly_mockserver.cli.verb_groups import VerbGroup


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
