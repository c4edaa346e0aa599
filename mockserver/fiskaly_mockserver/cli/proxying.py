"""What `proxy` and `exec --upstream` share: a recording, and the report at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fiskaly_contracts import Contract
from fiskaly_contracts.checker import Judge
from fiskaly_contracts.conformance.exchanges import HttpExchange
from fiskaly_contracts.conformance.findings import Report
from fiskaly_contracts.conformance.sending import demand_address
from fiskaly_contracts.recordings.har import HarError
from fiskaly_contracts.recordings.redaction import write_redacted

from fiskaly_mockserver.cli.reporting import BadCheck, NobodyAnswers, Reporting
from fiskaly_mockserver.proxy.validating import Upstream, ValidatingProxy

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
    if record is not None and not record.parent.is_dir():
        raise BadCheck(f"there is no folder {str(record.parent)!r}: make it first")
    recording = Recording(record)
    proxy = ValidatingProxy(
        upstream, host=host, port=port, judge=judge, block=block, on_exchange=recording.add
    )

    def finish(reporting: Reporting) -> None:
        recording.write()
        reporting.tell(_report(proxy, recording))
        if proxy.unanswered and not proxy.check.exchanges:
            raise NobodyAnswers(next(iter(proxy.unanswered)))
        reporting.demand(proxy.check.exchanges)

    try:
        proxy.__enter__()
    except OSError as error:
        raise BadCheck(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
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
