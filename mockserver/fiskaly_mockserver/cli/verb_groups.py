"""Groups of verbs: one of them goes without saying, and help keeps their order."""

import gc
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click

from fiskaly_mockserver.world.garbage import collector_at_rest

WHOLE = 200
"""Characters of a verb's first sentence that help shows: all of it, on two lines if need be."""


class LazyVerb(NamedTuple):
    """A verb whose module is imported when it is called, or told about in help.

    Attributes:
        name: What is typed.
        module: Where it lives.
        attribute: What it is called there; its name unless that is taken.
    """

    name: str
    module: str
    attribute: str = ""

    def load(self) -> click.Command:
        """Import it.

        Raises:
            TypeError: What stands there is no command.
        """
        with collector_at_rest():
            found = getattr(import_module(self.module), self.attribute or self.name)
            gc.freeze()  # modules stay: the first collection would go through all of them
        if not isinstance(found, click.Command):
            raise TypeError(f"{self.module} has no command {self.attribute or self.name}")
        return found


class VerbGroup(click.Group):
    """Verbs under headings; without one, or with flags alone, the first of all is meant."""

    def __init__(
        self, *, sections: Mapping[str, Sequence[click.Command | LazyVerb]], **settings: Any
    ) -> None:
        """Take the verbs by heading, in the order that help shows them."""
        verbs = [verb for section in sections.values() for verb in section]
        super().__init__(
            commands=[verb for verb in verbs if isinstance(verb, click.Command)], **settings
        )
        self.sections = {
            heading: [str(verb.name) for verb in section] for heading, section in sections.items()
        }
        self.later = {verb.name: verb for verb in verbs if isinstance(verb, LazyVerb)}
        self.default_verb = str(verbs[0].name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default verb before flags that stand alone."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = [self.default_verb, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb, imported if need be."""
        later = self.later.get(cmd_name)
        return super().get_command(ctx, cmd_name) if later is None else later.load()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in their order, not by the alphabet."""
        return [name for names in self.sections.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list of verbs for each heading, all of one width."""
        widest = max(len(name) for name in self.list_commands(ctx))
        for heading, names in self.sections.items():
            verbs = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (name.ljust(widest), verb.get_short_help_str(WHOLE))
                        for name, verb in verbs
                        if verb is not None
                    ]
                )
