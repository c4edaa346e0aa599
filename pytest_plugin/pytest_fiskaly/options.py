"""Every option, ini key and marker argument in one table, and what a run has set of them.

Registration, validation and the table in the plugin's README are made from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

COVERAGE: Final = "--fiskaly-coverage"
COVERAGE_SUFFIX: Final = ".json"

TREE_ARGUMENTS: Final[tuple[str, ...]] = (
    "preset",
    "seed",
    "size",
    "country",
    "tills",
    "receipts",
)
"""The fields of `fiskaly_fixtures.TreeArguments`."""
OFF: Final = "off"
CONTRACT_LEVELS: Final = ("enforce", "observe", OFF)
AUDIT_LEVELS: Final = ("report", "enforce")
"""What a breach of the contract does to its test, the strictest first."""


class Setting(NamedTuple):
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
        name="tills",
        values="an integer from 0 to 199",
        default="0",
        help="how many clients of an initialized TSS each managed organization has",
        option=False,
        marker=True,
    ),
    Setting(
        name="receipts",
        values="an integer from 0 to 10000",
        default="0",
        help="how many finished receipts each of those clients has",
        option=False,
        marker=True,
    ),
    Setting(
        name="clock",
        values="ISO 8601 with a zone, unix seconds, an aware datetime, or `process`",
        default="the real time",
        help="the instant, past or future, at which the fake's time stands still; or the time of"
        " the tests' process, as freezegun or time-machine have it",
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
        values="a fault rule, the name of an outage, or a list of them",
        default="none",
        help="what goes wrong from the start, as `control.arm_fault` and `arm_recipe` take it",
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
        name="audit",
        values="`report` or `enforce`",
        default="`report`",
        help="whether what SIGN DE signs and an auditor would reject is only told in the summary,"
        " or fails the test",
        option=False,
        marker=True,
    ),
    Setting(
        name="intercept",
        values="`True` or `False`",
        default="`False`",
        help="lead the real https hosts to the fake, as the fixture `fiskaly_intercept` does",
        option=False,
        marker=True,
    ),
    Setting(
        name="guard",
        values="`on` or `off`",
        default="`on`",
        help="whether a test that uses `fiskaly_mock` is kept from real hosts of fiskaly, and fails"
        " if it connects to one",
        metavar="SWITCH",
        choices=("on", OFF),
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


class RunSettings:
    """What, checked; `None` where neither says anything."""

    def __init__(self, config: pytest.Config) -> None:
        """Read the settings of a run.

        Raises:
            pytest.UsageError: A value is wrong; the message names the allowed ones.
        """
        self._options: dict[str, str] = {}
        self._inis: dict[str, str] = {}
        for setting in SETTINGS:
            if not setting.option:
                continue
            for place, value, values in (
                (setting.flag, config.getoption(setting.ini), self._options),
                (setting.ini, config.getini(setting.ini), self._inis),
            ):
                if value == "" and values is self._options and setting.optional != value:
                    # Most likely a variable that is not set: the default would be a surprise.
                    raise pytest.UsageError(
                        f"{place} is empty: give {setting.values.replace('`', '')}, or leave it out"
                    )
                if value is not None and (value or setting.optional == value):
                    values[setting.name] = _checked(setting, str(value), place)

    def text(self, name: str) -> str | None:
        """Return a setting: the option's value, else the ini key's."""
        return self._options.get(name, self._inis.get(name))

    def place(self, name: str) -> str:
        """Return where a setting was made, for complaints: the option, or the ini key."""
        setting = BY_NAME[name]
        return setting.flag if name in self._options else setting.ini

    def number(self, name: str) -> float | None:
        """Return a setting that is a number."""
        text = self.text(name)
        return None if text is None else float(text)

    @property
    def tree(self) -> dict[str, Any]:
        """What is said of the organizations to start with, as `ServerConfig` takes it."""
        preset, seed = self.text("preset"), self.text("seed")
        return {
            **({} if preset is None else {"preset": preset}),
            **({} if seed is None else {"seed": int(seed)}),
        }

    def contract(self, marked: str | None) -> str:
        """Return what holds for a test, which its marker may have a word on.

        The marker is closest to the test and wins over the ini key. An option on the
        command line softens a whole run, markers or not, but hardens no test: of the two
        the softer holds.
        """
        typed = self._options.get("contract")
        level = marked or typed or self._inis.get("contract") or CONTRACT_LEVELS[0]
        return level if typed is None else max(level, typed, key=CONTRACT_LEVELS.index)


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


def demand_json_file(value: str, place: str) -> None:
    """Demand the name of a JSON file, or no value at all.

    `pytest --fiskaly-coverage tests` takes `tests` for the file, as argparse does with every
    option whose value may be left out. So that no test is overwritten, only a name that ends
    in .json is a file.

    Raises:
        ValueError: It is neither.
    """
    if value and not value.endswith(COVERAGE_SUFFIX):
        raise ValueError(
            f"{place}={value}: the file to write should end in {COVERAGE_SUFFIX}, as"
            f" {place}=coverage{COVERAGE_SUFFIX}; if {value!r} is what to test, put it before the"
            f" option: pytest {value} {COVERAGE}"
        )


def unknown(what: str, value: object, allowed: Iterable[object]) -> str:
    """Word the refusal of a value outside a list, with the nearest of it.

    >>> unknown("preset", "enterprize", ["empty", "enterprise"])
    "preset 'enterprize' is not one of empty, enterprise (did you mean enterprise?)"
    """
    from fiskaly_contracts.wording import did_you_mean

    words = [str(one) for one in allowed]
    hint = did_you_mean(value, words)
    return f"{what} {shown(value)} is not one of {', '.join(words)}{hint}"


def shown(value: object, width: int = 60) -> str:
    """Return a value as Python writes it, cut to a width in characters."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def _checked(setting: Setting, value: str, place: str) -> str:
    try:
        _demand(setting, value, place)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    return value


def _demand(setting: Setting, value: str, place: str) -> None:
    if setting.choices and value not in setting.choices:
        raise ValueError(unknown(place, value, setting.choices))
    match setting.name:
        case "preset":
            from fiskaly_fixtures import TreeArguments, TreeError

            try:
                TreeArguments(value)
            except TreeError as error:
                raise ValueError(f"{place}: {error}") from None
        case "seed":
            from fiskaly_fixtures import MAX_INTEGER

            if not (value.isascii() and value.isdigit() and int(value) <= MAX_INTEGER):
                raise ValueError(f"{place} {shown(value)} is no integer from 0 to {MAX_INTEGER}")
        case "coverage":
            demand_json_file(value, place)
        case "coverage_fail_under":
            _demand_a_percentage(value, place)
        case _:
            pass


def _demand_a_percentage(value: str, place: str) -> None:
    try:
        percent = float(value)
    except ValueError:
        percent = -1
    if not 0 <= percent <= 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{place} {shown(value)} is no percentage from 0 to 100")


def _synopsis(setting: Setting) -> str:
    choices = ",".join(setting.choices)
    value = f"{{{choices}}}" if choices else setting.metavar
    return f"{setting.flag}[={value}]" if setting.optional == "" else f"{setting.flag}={value}"
