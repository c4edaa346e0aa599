"""`exec`: a server for the life of one command."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.conformance.findings import Report

from fiskaly_mockserver.cli.https_options import Https, WithOptionalHosts, https_options
from fiskaly_mockserver.cli.interception import (
    intercepting,
    summary,
    trusting,
    tunnels_to,
    why_silent,
)
from fiskaly_mockserver.cli.output import FiniteRange
from fiskaly_mockserver.cli.remote_server import (
    BASE_URL,
    MANAGEMENT_URLS,
    SIGN_DE_URL,
    VARIABLES,
    address_variables,
    key_variables,
)
from fiskaly_mockserver.cli.reporting import Reporting, reporting_options
from fiskaly_mockserver.cli.server_options import PORTS, option, server_options, set_up
from fiskaly_mockserver.cli.verbs.journal import describe_violations
from fiskaly_mockserver.cli.verbs.serve import raise_open_files
from fiskaly_mockserver.control.client import Control
from fiskaly_mockserver.proxy.environment import (
    NO_PROXY_VARIABLES,
    PROXY_VARIABLES,
    without_proxy,
)
from fiskaly_mockserver.server.mock_server import MockServer
from fiskaly_mockserver.world.journal.exchange import Exchange

FORWARDED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Windows has no SIGHUP."""
FAILED = 1
CANNOT_RUN = 126
NOT_FOUND = 127
PROXIES = {*map(str.lower, PROXY_VARIABLES), "all_proxy"}
SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a command."""


def _writable(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    if file is not None and not file.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(file.parent)!r}: make it first")
    return file


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
        raise_open_files()  # for the connections of the child, which keeps its own limit
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


def spared(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what keeps calls to this machine from the proxies of an environment.

    >>> spared({"HTTP_PROXY": "http://proxy.test", "NO_PROXY": "intern.test,localhost"})["NO_PROXY"]
    'intern.test,localhost,127.0.0.1,::1'
    """
    if not any(name.lower() in PROXIES for name in environment):
        return {}
    present = {name: environment.get(name, "") for name in NO_PROXY_VARIABLES}
    return {name: without_proxy(text) for name, text in present.items() if "*" not in text}


@click.command("exec", cls=WithOptionalHosts, context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--port",
    default=0,
    type=PORTS,
    metavar="N",
    help="Port to listen on; a free one unless told.",
)
@option(
    "--fail-on-violations",
    is_flag=True,
    help="Exit 1 if a request broke the contract, whatever was reset meanwhile.",
)
@option(
    "--coverage",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=_writable,
    metavar="FILE",
    help="Write how much of each API was used to FILE, as JSON.",
)
@option(
    "--coverage-fail-under",
    type=FiniteRange(0, 100),
    metavar="N",
    help="Exit 1 if less than N percent of an API that was called was used.",
)
@option(
    "--upstream",
    metavar="URL",
    help="Run no fake: lead COMMAND to this server, through a proxy that judges both.",
)
@option("--upstream-sign-de", metavar="URL", help="Where its SIGN DE is, if elsewhere.")
@option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.har",
    help="With --upstream: write what came by, without secrets.",
)
@reporting_options
@server_options(log_level="off")
@option("--expect-calls", is_flag=True, help="Exit 1 if no request reached the API.")
@https_options
@click.pass_context
def exec_command(
    ctx: click.Context,
    /,
    *,
    command: tuple[str, ...],
    fail_on_violations: bool,
    coverage: Path | None,
    coverage_fail_under: float | None,
    https: Https,
    expect_calls: bool,
    upstream: str | None,
    upstream_sign_de: str | None,
    record: Path | None,
    reporting: Reporting,
    **flags: Any,
) -> None:
    """Run COMMAND with a server of its own, and return its exit code.

    COMMAND finds FISKALY_BASE_URL (also as FISKALY_MANAGEMENT_BASE_URL and
    FISKALY_MANAGEMENT_URL), FISKALY_SIGN_DE_URL, FISKALY_API_KEY, FISKALY_API_SECRET,
    FISKALY_ORGANIZATION_ID and FISKALY_MANAGED_ORGANIZATION_ID in its environment, and
    FISKALY_MOCK_URL, which the other verbs obey; with --tills, FISKALY_MANAGED_API_KEY and
    FISKALY_MANAGED_API_SECRET, FISKALY_TSS_ID, FISKALY_CLIENT_ID, FISKALY_TSS_ADMIN_PIN and
    FISKALY_TSS_ADMIN_PUK too. Where a proxy is set, NO_PROXY spares this
    machine. 127 says that there is no such command.

    \b
    fiskaly-mockserver exec -- vendor/bin/phpunit
    fiskaly-mockserver exec --preset enterprise --seed 42 -- npm test
    fiskaly-mockserver exec --fail-on-violations --coverage=api.json -- npm test
    fiskaly-mockserver exec --intercept --expect-calls -- npm test
    fiskaly-mockserver exec --upstream https://stub.test --record run.har -- pytest
    """  # noqa: D301 - click keeps the lines after the escape together
    of_the_fake = (fail_on_violations, coverage, coverage_fail_under, expect_calls, https.hosts)
    _demand_one_server(upstream, (upstream_sign_de, record), of_the_fake)
    if upstream is not None:
        urls = upstream, upstream_sign_de
        ctx.exit(_run_behind_proxy(urls, record, command, reporting, judge=flags["judge"]))
    setup, requests = set_up(**flags), 0

    def count(exchange: Exchange) -> None:
        nonlocal requests
        requests += 1
        setup.log.write(exchange)

    config = replace(https.config(setup.config), on_exchange=count)
    with setup.log.take_over(), MockServer(config, tree=setup.tree) as server, ExitStack() as stack:
        others = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        variables = address_variables(
            server.base_url,
            server.control_url,
            sign_de_url=server.sign_de_url,
            token=setup.config.control_token,
            ca_file=server.ca_file if config.tls else None,
        )
        variables |= key_variables(server.control.tree())
        tunnels = None
        if https.hosts:
            tunnels = tunnels_to(https, server, setup.log.note)
            variables |= stack.enter_context(intercepting(others, server, tunnels))
        else:
            variables |= spared(others)
            variables |= stack.enter_context(trusting(others, server.ca_file))
        try:
            code = run_child(command, {**others, **variables})
        except CannotRun as error:
            click.echo(f"Error: {error}", err=True)
            code = error.code
        # Asked for only if wanted: what they need is imported then
        report = None if reporting == Reporting() else _violations_report(server, requests)
        failures: list[str] = []
        if fail_on_violations and report is None:
            failures += describe_violations(server.control.all_violations())
        if coverage is not None or coverage_fail_under is not None:
            failures += _judge_coverage(server.control, coverage, coverage_fail_under)
    if expect_calls and not requests:
        failures.append(f"Error: no request reached the API: {why_silent(tunnels)}")
    told = [] if tunnels is None else summary(tunnels, requests)
    for line in (*told, *failures):
        click.echo(line, err=True)
    told_code = 0
    if report is not None:
        told_code = _code_of(lambda: reporting.tell(report, fail=fail_on_violations))
    ctx.exit(code or told_code or (FAILED if failures else 0))


def _violations_report(server: MockServer, requests: int) -> Report:
    from fiskaly_mockserver.cli.reporting import (  # noqa: PLC0415 - as above
        violations_report,
    )

    origin = server.control_url.rpartition("/")[0]
    return violations_report(server.control.all_violations(), origin, requests)


def _code_of(check: Callable[[], None]) -> int:
    """Return the exit code that a check ends with; what is wrong is shown."""
    try:
        check()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return 0


def _demand_one_server(
    upstream: str | None, of_upstream: Sequence[object], of_the_fake: Sequence[object]
) -> None:
    """Refuse flags of the fake beside `--upstream`, and those of the proxy without it."""
    if upstream is None and any(of_upstream):
        raise click.UsageError("--upstream-sign-de and --record need --upstream")
    if upstream is not None and any(one not in {None, False, ()} for one in of_the_fake):
        raise click.UsageError("with --upstream there is no fake: leave its flags out")


def _run_behind_proxy(
    urls: tuple[str, str | None],
    record: Path | None,
    command: tuple[str, ...],
    reporting: Reporting,
    *,
    judge: Judge,
) -> int:
    """Run a command that calls another server through a proxy; its exit code, or the check's."""
    from fiskaly_mockserver.cli.verbs.proxy import (  # noqa: PLC0415 - few runs ask for it
        proxying,
        upstream_of,
    )

    with proxying(upstream_of(*urls), record, judge=judge) as (proxy, finish):
        environment = {**os.environ, **spared(os.environ)}
        environment |= dict.fromkeys((BASE_URL, *MANAGEMENT_URLS), f"{proxy.origin}/api/v0")
        environment[SIGN_DE_URL] = f"{proxy.origin}/api/v2"
        try:
            code = run_child(command, environment)
        except CannotRun as error:
            click.echo(f"Error: {error}", err=True)
            return error.code
    told_code = _code_of(lambda: finish(reporting))
    return code or told_code


def _judge_coverage(control: Control, file: Path | None, fail_under: float | None) -> Iterator[str]:
    """Write coverage to a file, and yield what is wrong with it."""
    from fiskaly_contracts.coverage import report  # noqa: PLC0415 - few runs ask for it

    coverage = report.from_json(control.coverage())
    if file is not None:
        try:
            report.dump(coverage, file)
        except report.CoverageError as error:
            yield f"Error: {error}"
        else:
            scores = {name: one.scores()["overall"] for name, one in coverage.used().items()}
            used = ", ".join(f"{score} of {name}" for name, score in scores.items())
            click.echo(f"{used} was used: {file}", err=True)
    if fail_under is not None:
        for name, score in coverage.under(fail_under).items():
            yield f"Error: {score} of {name} was used, less than {fail_under:g} %"
