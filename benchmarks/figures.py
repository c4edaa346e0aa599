"""What is measured once a round, and what is made of it: medians, ratios, spread."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value a round; `None` where the round was invalid."""

    rounds: tuple[float | None, ...]

    @property
    def valid(self) -> list[float]:
        """The values of the valid rounds, in the order of the rounds."""
        return [value for value in self.rounds if value is not None]

    @property
    def median(self) -> float | None:
        """The middle of the valid rounds, `None` if there is none."""
        return median(self.valid) if self.valid else None

    @property
    def spread(self) -> float | None:
        """The distance from the least to the most as a share of the median, 0.1 for 10 %."""
        middle = self.median
        return (max(self.valid) - min(self.valid)) / middle if middle else None

    def over(self, other: "Figure") -> "Figure":
        """Return how many times the other each round is: what slows both cancels out."""
        return Figure(
            tuple(
                None if one is None or not base else one / base
                for one, base in zip(self.rounds, other.rounds, strict=True)
            )
        )

    def minus(self, other: "Figure") -> "Figure":
        """Return how much more than the other each round is."""
        return Figure(
            tuple(
                None if one is None or base is None else one - base
                for one, base in zip(self.rounds, other.rounds, strict=True)
            )
        )


def figure(values: Iterable[float | None]) -> Figure:
    """Return the figure of one value a round."""
    return Figure(tuple(values))


def shown(value: float | None, digits: int = 0, unit: str = "") -> str:
    """Write a number for a table, its thousands apart; a dash where there is none."""
    return "-" if value is None else f"{value:,.{digits}f}{unit}".replace(",", " ")


def percent(share: float | None) -> str:
    """Write a share such as 0.1 as `10 %`."""
    return "-" if share is None else f"{share * 100:.0f} %"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> list[str]:
    """Return the lines of a Markdown table; all but the first `left` columns are numbers."""
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should come to.

    Attributes:
        what: The figure in words.
        value: What it came to, `None` if it could not be measured.
        bound: What it should be, at least or at most.
        at_least: Which of the two.
        digits: How many decimals are worth showing.
        unit: What stands after the number.
    """

    what: str
    value: float | None
    bound: float
    at_least: bool = False
    digits: int = 2
    unit: str = ""

    def row(self) -> list[str]:
        """Return the row of a table of goals."""
        sign = "≥" if self.at_least else "≤"
        verdict = "not measured"
        if self.value is not None:
            kept = self.value >= self.bound if self.at_least else self.value <= self.bound
            verdict = "kept" if kept else "missed"
        goal = f"{sign} {shown(self.bound, self.digits, self.unit)}"
        return [self.what, shown(self.value, self.digits, self.unit), goal, verdict]


def goals(wanted: Iterable[Goal]) -> list[str]:
    """Return a table of goals."""
    return table(["figure", "measured", "goal", "verdict"], [goal.row() for goal in wanted])
