"""`proxy`: between any client and any server, judging both."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, get_args

import click
from fiskaly_contracts import Contract
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.conformance.exchanges import HttpExchange, demand_address
from fiskaly_contracts.conformance.findings import Report
from fiskaly_contracts.recordings.har import HarError
from fiskaly_contracts.recordings.redaction import write_redacted

from fiskaly_mockserver.cli.reporting import (
    BadCheck,
    NobodyAnswers,
    Reporting,
    demand_folder,
    reporting_options,
)
from fiskaly_mockserver.cli.server_options import PORTS
from fiskaly_mockserver.proxy.validating import Upstream, ValidatingProxy

DEFAULT_PORT = 8723
LOOK = 0.5
"""Seconds between two looks for Ctrl+C, which a console of Windows does not break a wait with."""
RECORDED_AT_MOST = 256 * 1024 * 1024
"""Bytes of bodies that a recording holds: it is in memory until all secrets are known."""


class Recording:
    """Exchanges to be written without their secrets, when all of these are known."""

    def __init__(self, file: Path | None) -> None:
        """Record nothing where there is no file."""
        self._file = file
        self._exchanges: list[HttpExchange] = []
        self._bytes = 0
        self.left_out = 0

    def add(self, exchange: HttpExchange) -> None:
        """Keep an exchange, as long as there is room."""
        if self._file is None:
            return
        self._bytes += len(exchange.request_body) + len(exchange.response_body)
        if self._bytes > RECORDED_AT_MOST:
            self.left_out += 1
        else:
            self._exchanges.append(exchange)

    def write(self) -> None:
        """Write the file.

        Raises:
            BadCheck: It cannot be written, or would hold a secret.
        """
        if self._file is None:
            return
        try:
            write_redacted(self._exchanges, self._file, (Contract.bundled(), Contract.sign_de()))
        except HarError as error:
            raise BadCheck(str(error)) from error


def upstream_of(url: str, sign_de: str | None) -> Upstream:
    """Return where requests go.

    Raises:
        BadCheck: An address is none.
    """
    try:
        for one in (url, *(() if sign_de is None else (sign_de,))):
            demand_address(one)
    except ValueError as error:
        raise BadCheck(str(error)) from error
    return Upstream(url, sign_de)


@contextmanager
def proxying(
    upstream: Upstream,
    record: Path | None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    judge: Judge = "jsonschema-rs",
    block: bool = False,
) -> Iterator[tuple[ValidatingProxy, Callable[[Reporting], None]]]:
    """Run a proxy for a block; yield it, and what reports to call after the block.

    Raises:
        BadCheck: The address cannot be listened on, or the recording not be written.
    """
    demand_folder(record)
    recording = Recording(record)
    proxy = ValidatingProxy(
        upstream, host=host, port=port, judge=judge, block=block, on_exchange=recording.add
    )

    def finish(reporting: Reporting) -> None:
        report = _report(proxy, recording)
        try:
            recording.write()
        except BadCheck:
            reporting.tell(report, fail=False)
            raise
        reporting.tell(report)
        if proxy.unanswered and not proxy.check.exchanges:
            raise NobodyAnswers(next(iter(proxy.unanswered)))
        reporting.demand(proxy.check.exchanges)

    try:
        proxy.__enter__()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadCheck(f"cannot listen on {host}:{port}: {reason}") from error
    try:
        yield proxy, finish
    finally:
        proxy.__exit__(None, None, None)


def _report(proxy: ValidatingProxy, recording: Recording) -> Report:
    check = proxy.check
    called = dict.fromkeys(operation for operation, _ in check.calls)
    broken = {one.operation for one in proxy.findings}
    return Report(
        check="proxy",
        target=proxy.upstream.management,
        findings=tuple(proxy.findings),
        counted={
            "exchanges": check.exchanges,
            "operations": len(called),
            **({"of other services": check.ignored} if check.ignored else {}),
        },
        passed=tuple(name for name in called if name not in broken),
        not_verified=[
            *((f"{count} bodies", note) for note, count in check.notes.items()),
            *(
                (f"{count} requests", f"the upstream did not answer: {why}")
                for why, count in proxy.unanswered.items()
            ),
        ],
        notes=[f"{recording.left_out} exchanges are not in the recording: it is full"]
        if recording.left_out
        else [],
    )


@click.command()
@click.argument("upstream", metavar="UPSTREAM")
@click.option("--sign-de", metavar="URL", help="Where SIGN DE is, if not at the same address.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=PORTS,
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.har",
    help="Write what came by, without secrets, at the end.",
)
@click.option(
    "--judge",
    type=click.Choice(get_args(Judge)),
    default="jsonschema-rs",
    show_default=True,
    help="Who decides; openapi-core is the reference, and slower.",
)
@click.option("--block", is_flag=True, help="Refuse a request that breaks the contract.")
@reporting_options
def proxy(
    upstream: str,
    *,
    sign_de: str | None,
    host: str,
    port: int,
    record: Path | None,
    judge: Judge,
    block: bool,
    reporting: Reporting,
) -> None:
    """Forward everything to UPSTREAM, and tell at the end what broke the contract.

    Give the client the proxy's address in place of the server's. Both directions are judged:
    what the client broke, and what the server did. SIGTERM or Ctrl+C ends it with a report.

    Exit code 1: findings; 3: the upstream never answered; 4: nothing came by.
    """
    stopped = Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopped.set()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        target = upstream_of(upstream, sign_de)
        settings: Any = {"host": host, "port": port, "judge": judge, "block": block}
        with proxying(target, record, **settings) as (running, finish):
            click.echo(f"Proxy       {running.origin}\nUpstream    {target.management}", err=True)
            while not stopped.wait(LOOK):
                pass
        finish(reporting)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
