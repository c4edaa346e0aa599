"""What a benchmark is asked, and what it says."""

import os
from dataclasses import dataclass, field
from pathlib import Path


def peers_folder() -> Path:
    """Return where peers are installed unless told otherwise: outside the repository."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "fiskaly-mockserver-benchmarks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks of a benchmark.

    Attributes:
        rounds: How many rounds; 0 leaves it to the benchmark.
        quick: Few and short rounds: to see that it works, not what it measures.
        peers: Where `python -m benchmarks.peers install` put the peers.
        only: Names of the candidates to run; all if there is none.
    """

    rounds: int = 0
    quick: bool = False
    peers: Path = field(default_factory=peers_folder)
    only: tuple[str, ...] = ()

    def rounds_or(self, usual: int, quick: int) -> int:
        """Return how many rounds to run."""
        return self.rounds or (quick if self.quick else usual)


@dataclass(frozen=True, slots=True)
class Report:
    """A table in Markdown, and its plot as SVG (`""` if there is none)."""

    text: str
    plot: str = ""

    def write(self, folder: Path, name: str) -> None:
        """Keep it as `name.md` and `name.svg`."""
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.md").write_text(self.text, encoding="utf-8")
        if self.plot:
            (folder / f"{name}.svg").write_text(self.plot, encoding="utf-8")
