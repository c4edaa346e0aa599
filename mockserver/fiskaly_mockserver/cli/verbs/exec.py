"""`exec`: a server for the life of one command."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from fiskaly_mockserver.cli.remote_server import VARIABLES, address_variables, key_variables
from fiskaly_mockserver.cli.server_options import PORTS, server_options, set_up
from fiskaly_mockserver.server.mock_server import MockServer

FORWARDED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Windows has no SIGHUP."""
CANNOT_RUN = 126
NOT_FOUND = 127
SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a command."""


class CannotRun(Exception):
    """The command cannot be started; `code` is what a shell would have answered."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def run_child(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command to its end, hand it the signals meant for this one.

    Call it in the main thread.

    Returns:
        Its exit code, or 128 and the number of the signal that ended it.

    Raises:
        CannotRun: There is no such command, or it is no program.
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, _: FrameType | None) -> None:
        if child is None:
            early.append(number)
        elif not (number == signal.SIGINT and _terminal_signals_all()):
            child.send_signal(number)

    with _handled_by(forward):
        child = _started(command, env)
        for number in early:
            child.send_signal(number)
        code = child.wait()
    return code if code >= 0 else SIGNALLED - code


def _started(command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=env)  # noqa: S603 - running it is the task
    except FileNotFoundError as error:
        if shutil.which(command[0], path=env.get("PATH")) is None:
            raise CannotRun(f"there is no command {command[0]!r}", NOT_FOUND) from error
        raise CannotRun(f"{command[0]!r} names an interpreter that is missing", CANNOT_RUN) from (
            error
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotRun(f"{command[0]!r} cannot be run: {reason}", CANNOT_RUN) from error


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in FORWARDED}
    try:
        yield
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)


def _terminal_signals_all() -> bool:
    """Tell whether Ctrl+C has reached the child already, as every process in front.

    Told twice, some programs give up their orderly end. A console of Windows tells every
    process, and a program there cannot pass Ctrl+C on.
    """
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


@click.command("exec", context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--port",
    default=0,
    type=PORTS,
    metavar="N",
    help="Port to listen on; a free one unless told.",
)
@server_options(log_level="off")
@click.pass_context
def exec_command(ctx: click.Context, /, *, command: tuple[str, ...], **flags: Any) -> None:
    """Run COMMAND with a server of its own, and return its exit code.

    COMMAND finds FISKALY_BASE_URL, FISKALY_API_KEY, FISKALY_API_SECRET and
    FISKALY_ORGANIZATION_ID in its environment, and FISKALY_MOCK_URL, which the other
    verbs obey. 127 says that there is no such command.

    \b
    fiskaly-mockserver exec -- vendor/bin/phpunit
    fiskaly-mockserver exec --preset enterprise --seed 42 -- npm test
    """  # noqa: D301 - click keeps the lines after the escape together
    setup = set_up(**flags)
    with setup.log.take_over(), MockServer(setup.config, tree=setup.tree) as server:
        others = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        addresses = address_variables(
            server.base_url, server.control_url, token=setup.config.control_token
        )
        try:
            code = run_child(
                command, {**others, **addresses, **key_variables(server.control.tree())}
            )
        except CannotRun as error:
            click.echo(f"Error: {error}", err=True)
            code = error.code
    ctx.exit(code)
