"""What coverage amounts to: a score, and what was made of one operation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

_STEPS = 10
"""Steps of one percent that are told apart."""


@dataclass(frozen=True, slots=True)
class Score:
    """So many of so many."""

    exercised: int
    total: int

    @property
    def percent(self) -> float:
        """The exact percentage; 100.0 where there is nothing to exercise."""
        return 100 * self.exercised / self.total if self.total else 100.0

    def __str__(self) -> str:
        """Return the percentage for people, never rounded up: `66.6 %`."""
        return f"{self.rounded} %"

    @property
    def rounded(self) -> float:
        """The percentage, cut after one decimal: only what is complete is 100.0."""
        whole = 100 * _STEPS
        return (whole * self.exercised // self.total if self.total else whole) / _STEPS

    @classmethod
    def of(cls, exercised: Collection[object], left: Collection[object]) -> Self:
        """Count what was exercised and what is left."""
        return cls(len(exercised), len(exercised) + len(left))

    def __add__(self, other: "Score") -> "Score":
        return Score(self.exercised + other.exercised, self.total + other.total)


NOTHING = Score(0, 0)
"""What sums start with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCoverage:
    """What was made of one operation.

    Attributes:
        operation_id: Its name.
        method: Upper case.
        path: Below the base path.
        calls: All of them, whatever the answer.
        statuses: How often each status that counts was met, ascending.
        statuses_left: Those never met.
        other_statuses: How often each status that does not count was met; 0 is no answer.
        fields: The request fields that were sent, those of the query first.
        fields_left: Those never sent.
    """

    operation_id: str
    method: str
    path: str
    calls: int
    statuses: Mapping[int, int]
    statuses_left: tuple[int, ...]
    other_statuses: Mapping[int, int]
    fields: tuple[str, ...]
    fields_left: tuple[str, ...]

    @property
    def exercised(self) -> bool:
        """Whether a call got a status that counts."""
        return bool(self.statuses)
