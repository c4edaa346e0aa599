"""What one look at a server or this machine came to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

NAME_WIDTH = 9


class Level(StrEnum):
    """How good it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class CheckJson(TypedDict):
    """A check, as `doctor --json` prints it."""

    name: str
    level: str
    said: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A finding in words, and what to do about it; `fix` is empty where all is well."""

    name: str
    level: Level = Level.OK
    said: str
    fix: str = ""

    def line(self) -> str:
        """Return it in one line."""
        fix = f" -> {self.fix}" if self.fix else ""
        return f"{self.level.ljust(4)}  {self.name.ljust(NAME_WIDTH)} {self.said}{fix}"

    def as_json(self) -> CheckJson:
        """Return it for programs."""
        return {
            "name": self.name,
            "level": self.level.value,
            "said": self.said,
            "fix": self.fix,
        }


def ok(name: str, said: str) -> Check:
    """Return that all is well."""
    return Check(name=name, said=said)


def warn(name: str, said: str, fix: str) -> Check:
    """Return what may be meant so, or fails in some clients."""
    return Check(name=name, level=Level.WARN, said=said, fix=fix)


def fail(name: str, said: str, fix: str) -> Check:
    """Return what does not work."""
    return Check(name=name, level=Level.FAIL, said=said, fix=fix)


def all_well(checks: Iterable[Check]) -> bool:
    """Tell whether nothing failed."""
    return all(check.level is not Level.FAIL for check in checks)
