"""How a server starts over."""

from dataclasses import dataclass, replace

from fiskaly_mockserver.server.config import ServerConfig


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

    def config(self, own: ServerConfig) -> ServerConfig:
        """Return a server's settings with the tree that is asked for."""
        return replace(
            own,
            preset=own.preset if self.preset is None else self.preset,
            seed=own.seed if self.seed is None else self.seed,
            size=own.size if self.size is None else self.size,
            country=own.country if self.country is None else self.country,
        )


AS_CONFIGURED = Beginning()
