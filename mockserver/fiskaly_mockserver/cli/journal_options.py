"""The flags that say which exchanges of a journal are meant."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

import click

from fiskaly_mockserver.cli.output import json_text
from fiskaly_mockserver.control.shapes import JournalQuery

FIELDS = ("operation", "status", "method", "path", "body")


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for every field of a journal query, and pass it on as `query`."""

    @wraps(command)
    def with_query(*arguments: Any, **values: Any) -> Any:
        query = _query_of({name: values.pop(name) for name in FIELDS})
        return command(*arguments, query=query, **values)

    for add in reversed(
        (
            click.option("--operation", metavar="NAME", help="Calls of that operation."),
            click.option("--status", type=int, metavar="CODE", help="Calls answered with it."),
            click.option("--method", metavar="VERB", help="Calls of that method."),
            click.option(
                "--path", metavar="GLOB", help="Calls of such paths, as '/organizations/*'."
            ),
            click.option(
                "--body",
                type=json_text,
                metavar="JSON",
                help='Calls with that in their body, as \'{"country_code": "DEU"}\'.',
            ),
        )
    ):
        with_query = add(with_query)
    return with_query


def _query_of(flags: Mapping[str, Any]) -> JournalQuery:
    given = {name: value for name, value in flags.items() if value is not None}
    return cast("JournalQuery", given)
