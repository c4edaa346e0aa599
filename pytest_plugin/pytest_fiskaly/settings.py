"""Every option, ini key and marker argument, in one table.

Registration, validation and the table in the plugin's README are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pytest

CONTRACT_LEVELS: Final = ("enforce", "observe", "off")
"""What a breach of the contract does to its test, the strictest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that can be set.

    Attributes:
        name: The marker's argument, and the end of option and ini key.
        values: The values that are allowed, in words.
        default: What holds where nothing is set, in words.
        help: What it does, in one sentence without a full stop.
        option: Whether there are an option and an ini key.
        marker: Whether the marker takes it.
        metavar: What stands for the option's value in `--help`.
        choices: The only values of option and ini key, where they can be listed.
        optional: What the option means without a value; `None` if it needs one.
    """

    name: str
    values: str
    default: str
    help: str
    option: bool = True
    marker: bool = False
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    optional: str | None = None

    @property
    def flag(self) -> str:
        """The option on the command line, as `--fiskaly-seed`."""
        return "--" + self.ini.replace("_", "-")

    @property
    def ini(self) -> str:
        """The key in the ini file, as `fiskaly_seed`."""
        return f"fiskaly_{self.name}"


SETTINGS: Final = (
    Setting(
        name="url",
        values="the base URL of a server",
        default="a fake of the run's own",
        help="run against another server, with the credentials of the environment",
        metavar="URL",
    ),
    Setting(
        name="preset",
        values="the name of a preset",
        default="`individual-customers`",
        help="the organizations that every test starts with",
        marker=True,
        metavar="NAME",
    ),
    Setting(
        name="seed",
        values="an integer from 0 on",
        default="1",
        help="what ids, names and secrets of the organizations are drawn from",
        marker=True,
        metavar="N",
    ),
    Setting(
        name="size",
        values="an integer from 0 to 100000",
        default="5",
        help="how many managed organizations there are",
        option=False,
        marker=True,
    ),
    Setting(
        name="country",
        values="DE, AT, ES, FR or IT",
        default="DE",
        help="where the organizations are",
        option=False,
        marker=True,
    ),
    Setting(
        name="clock",
        values="ISO 8601 with a zone, unix seconds, or an aware datetime",
        default="the real time",
        help="the instant, past or future, at which the fake's time stands still",
        option=False,
        marker=True,
    ),
    Setting(
        name="contract",
        values="`enforce`, `observe` or `off`",
        default="`enforce`",
        help="whether breaches of the contract fail their test, are only reported, or neither;"
        " as an option it softens marked tests too, but hardens none",
        marker=True,
        metavar="LEVEL",
        choices=CONTRACT_LEVELS,
    ),
    Setting(
        name="faults",
        values="a fault rule, or a list of them",
        default="none",
        help="what goes wrong from the start, as `control.arm_fault` takes it",
        option=False,
        marker=True,
    ),
    Setting(
        name="allow_violations",
        values="an operation, a rule, `operation:rule`, a list of these, or `True`",
        default="none",
        help="the breaches that do not fail the test",
        option=False,
        marker=True,
    ),
    Setting(
        name="coverage",
        values="a file for JSON, or nothing",
        default="off",
        help="report how much of the contract the run exercised, also as JSON to a file",
        metavar="FILE",
        optional="",
    ),
    Setting(
        name="coverage_fail_under",
        values="a percentage from 0 to 100",
        default="off",
        help="fail the run if it exercised less of the contract",
        metavar="N",
    ),
)
"""All there are; the order is that of the documentation."""

BY_NAME: Final = {setting.name: setting for setting in SETTINGS}
MARKER_ARGUMENTS: Final = tuple(setting.name for setting in SETTINGS if setting.marker)


def register(parser: pytest.Parser) -> None:
    """Add the options and ini keys."""
    group = parser.getgroup("fiskaly", "fiskaly-mockserver")
    for setting in SETTINGS:
        if not setting.option:
            continue
        # What values are allowed is checked here, in one way for option and ini key.
        more: dict[str, Any] = (
            {} if setting.optional is None else {"nargs": "?", "const": setting.optional}
        )
        group.addoption(
            setting.flag,
            dest=setting.ini,
            default=None,
            metavar=setting.metavar,
            help=f"{setting.help} ({setting.values}; default: {setting.default})".replace("`", ""),
            **more,
        )
        parser.addini(setting.ini, f"as {setting.flag}", type="string", default=None)


def table() -> str:
    """Return the table of the README, in Markdown."""
    head = "| marker argument | option | ini key | values | default | meaning |"
    lines = [head, "|---|---|---|---|---|---|"]
    for setting in SETTINGS:
        shown = (
            f"`{setting.name}`" if setting.marker else "",
            f"`{_synopsis(setting)}`" if setting.option else "",
            f"`{setting.ini}`" if setting.option else "",
            setting.values,
            setting.default,
            setting.help,
        )
        lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _synopsis(setting: Setting) -> str:
    choices = ",".join(setting.choices)
    value = f"{{{choices}}}" if choices else setting.metavar
    return f"{setting.flag}[={value}]" if setting.optional == "" else f"{setting.flag}={value}"
