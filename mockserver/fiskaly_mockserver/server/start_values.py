"""How a server starts over."""

from dataclasses import dataclass

from fiskaly_fixtures import TreeArguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """How a server is to start over.

    Attributes:
        preset: The tree's preset; `None` here and below leaves the server's own.
        seed: The tree's seed.
        size: How many managed organizations the tree has.
        country: Where they are.
        ids_from: Any text that the ids and secrets of new things are drawn from, so that
            they are the same in every run; `None` for such as nobody can foresee.
        at: Unix seconds at which the time stands still, also in the past; `None` for
            the real time.
    """

    preset: str | None = None
    seed: int | None = None
    size: int | None = None
    country: str | None = None
    ids_from: str | None = None
    at: float | None = None

    @property
    def names_a_tree(self) -> bool:
        """Whether anything is said of the tree."""
        return any(one is not None for one in (self.preset, self.seed, self.size, self.country))

    def tree(self, own: TreeArguments) -> TreeArguments:
        """Return the tree that is asked for; the rest as a server's own.

        Raises:
            TreeError: The preset, seed, size or country does not exist.
        """
        return own.changed(preset=self.preset, seed=self.seed, size=self.size, country=self.country)


AS_CONFIGURED = Beginning()
