"""What was set on the command line and in the ini file, checked."""

from __future__ import annotations

from typing import Any, Final

import pytest

from pytest_fiskaly.settings import BY_NAME, CONTRACT_LEVELS, SETTINGS, Setting
from pytest_fiskaly.words import shown, unknown

GREATEST_SEED: Final = 2**63 - 1


class Given:
    """What option and ini key say, checked; `None` where neither says anything."""

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
            for place, told, values in (
                (setting.flag, config.getoption(setting.ini), self._options),
                (setting.ini, config.getini(setting.ini), self._inis),
            ):
                if told == "" and values is self._options and setting.optional != told:
                    # Most likely a variable that is not set: the default would be a surprise.
                    raise pytest.UsageError(
                        f"{place} is empty: give {setting.values.replace('`', '')}, or leave it out"
                    )
                if told is not None and (told or setting.optional == told):
                    values[setting.name] = _checked(setting, str(told), place)

    def text(self, name: str) -> str | None:
        """Return a setting: the option's value, else the ini key's."""
        return self._options.get(name, self._inis.get(name))

    def place(self, name: str) -> str:
        """Return where a setting was made, for complaints: the option, or the ini key."""
        setting = BY_NAME[name]
        return setting.flag if name in self._options else setting.ini

    def number(self, name: str) -> float | None:
        """Return a setting that is a number."""
        told = self.text(name)
        return None if told is None else float(told)

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
            from fiskaly_fixtures.presets import PRESETS

            if value not in PRESETS:
                raise ValueError(unknown(place, value, PRESETS))
        case "seed":
            if not (value.isascii() and value.isdigit() and int(value) <= GREATEST_SEED):
                raise ValueError(f"{place} {shown(value)} is no integer from 0 to {GREATEST_SEED}")
        case "coverage":
            from pytest_fiskaly.usage_options import demand_a_file

            demand_a_file(value, place)
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
