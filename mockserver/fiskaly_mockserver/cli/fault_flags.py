"""Fault rules on the command line: from flags to JSON, and from JSON to words."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, cast

import click

from fiskaly_mockserver.cli.options import Command
from fiskaly_mockserver.cli.times import duration
from fiskaly_mockserver.control.shapes import Fault, FaultEffect, FaultRule, FaultWhen
from fiskaly_mockserver.world.fault_effects import Kind
from fiskaly_mockserver.world.fault_phases import Phase

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
