"""The command `fiskaly-mockserver`.

Exit codes: 0 ok, 1 findings, 2 usage (a bad flag or data file, or a refused control
call), 3 the address cannot be listened on, or no server answers, 4 nothing could be
checked, 141 the reader of the output went away. `exec` returns its command's own. A flag
beats its environment variable, which beats the default.
"""

import errno
import gc
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import click

from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.world.garbage import collector_off

READER_GONE = 141
"""As a shell tells that SIGPIPE ended a command: it is no finding."""
NO_ROOM = (errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC))
WHOLE = 200
"""Characters of a verb's first sentence that help shows: all of it, on two lines if need be."""


class LazyVerb(NamedTuple):
    """A verb whose module is imported when it is called, or told about in help.

    Attributes:
        name: What is typed.
        module: Where it lives.
        attribute: What it is called there; its name unless that is taken.
        calls_nobody: Whether it never opens a TLS connection of aiohttp's to anybody.
    """

    name: str
    module: str
    attribute: str = ""
    calls_nobody: bool = False

    def load(self) -> click.Command:
        """Import it.

        Raises:
            TypeError: What stands there is no command.
        """
        with collector_off(), _no_authorities() if self.calls_nobody else nullcontext():
            found = getattr(import_module(self.module), self.attribute or self.name)
            gc.freeze()  # modules stay: the first collection would go through all of them
        if not isinstance(found, click.Command):
            raise TypeError(f"{self.module} has no command {self.attribute or self.name}")
        return found


AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""By what variables OpenSSL finds the CAs that a machine trusts."""


@contextmanager
def _no_authorities() -> Iterator[None]:
    """Let TLS contexts that are made meanwhile trust nobody.

    With its import aiohttp makes one for its client, and reads every CA of the machine for
    it: a sixth of the start of a server, which calls nobody. Would it do so one day, it would
    trust no answer. The variables are the process's: call it before there are threads.
    """
    before = {name: os.environ.get(name) for name in AUTHORITIES}
    os.environ.update(dict.fromkeys(AUTHORITIES, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


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


class BadInput(click.ClickException):
    """A flag or a data file is wrong."""

    exit_code = 2


class CannotServe(click.ClickException):
    """The address cannot be listened on."""

    exit_code = 3


class Cli(VerbGroup):
    """All verbs; what the server or a tree refuses is one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb that the command line names."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError as error:
            _write_no_more()
            raise click.exceptions.Exit(READER_GONE) from error
        except Exception as error:
            refused = _refused(error)
            if refused is None:
                raise
            raise refused from error


def _write_no_more() -> None:
    """Let what still waits to be written to stdout go nowhere, instead of failing at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refused(error: Exception) -> click.ClickException | None:
    """Return what a server or a tree refused as one line and an exit code; None for a defect."""
    # By now they are imported, or it is none of them: a start shall not wait for them here,
    # where the collector looks through all that is imported
    from fiskaly_fixtures.spec import TreeError  # noqa: PLC0415

    from fiskaly_mockserver.server.errors import CannotListen, ServerError  # noqa: PLC0415

    if isinstance(error, CannotListen):
        return CannotServe(str(error))
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        _write_no_more()
        return BadInput(f"cannot write {error.filename or 'the output'}: {error.strerror}")
    return BadInput(str(error)) if isinstance(error, (ServerError, TreeError)) else None


def _verb(name: str, attribute: str = "", *, calls_nobody: bool = False) -> LazyVerb:
    """Name a verb of the module of its name: `serve` shall not wait for all the others."""
    return LazyVerb(name, f"{__name__}.verbs.{name}", attribute, calls_nobody)


@click.group(
    cls=Cli,
    sections={
        "Run a server": [_verb("serve", calls_nobody=True), _verb("exec", "exec_command")],
        "Control a running server": [
            _verb("reset"),
            _verb("clock"),
            _verb("faults"),
            _verb("journal"),
        ],
        "Find a running server": [_verb("wait"), _verb("doctor"), _verb("env")],
        "Check servers, clients, recordings": [
            _verb("verify"),
            _verb("proxy"),
            _verb("check"),
            _verb("redact"),
            _verb("replay"),
            _verb("fuzz"),
            _verb("contract"),
        ],
        "Look without a server": [_verb("tree"), _verb("operations"), _verb("qr")],
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Without a verb it serves: `fiskaly-mockserver --port 0` is `serve --port 0`.",
)
@click.version_option(VERSION, "-V", "--version", message="fiskaly-mockserver %(version)s")
def cli() -> None:
    """Run an unofficial, offline fake of the fiskaly Management API."""


def main() -> None:
    """Run the command and leave with its exit code.

    What the console's code page lacks is escaped: a name in another script is no reason to
    fail. Where a stream was closed, nothing is read or written.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - it stays
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli.main(prog_name="fiskaly-mockserver")
