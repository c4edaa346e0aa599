"""Groups of verbs: one of them goes without saying, and help keeps their order."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

WHOLE = 200
"""Characters of a verb's first sentence that help shows: all of it, on two lines if need be."""


class VerbGroup(click.Group):
    """Verbs under headings; without one, or with flags alone, the first of all is meant."""

    def __init__(self, *, sections: Mapping[str, Sequence[click.Command]], **settings: Any) -> None:
        """Take the verbs by heading, in the order that help shows them."""
        verbs = [verb for section in sections.values() for verb in section]
        super().__init__(commands=verbs, **settings)
        self.sections = sections
        self.default_verb = str(verbs[0].name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default verb before flags that stand alone."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = [self.default_verb, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in their order, not by the alphabet."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list of verbs for each heading, all of one width."""
        del ctx
        widest = max(len(name) for name in self.commands)
        for heading, verbs in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (str(verb.name).ljust(widest), verb.get_short_help_str(WHOLE))
                        for verb in verbs
                    ]
                )
