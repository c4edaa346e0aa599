"""`replay`: a recording sent again, and what came back differently."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from fiskaly_contracts.conformance.exchanges import UnreachableError
from fiskaly_contracts.conformance.findings import Report
from fiskaly_contracts.conformance.verify import (
    MANAGEMENT_PATH,
    SIGN_DE_PATH,
    Settings,
)
from fiskaly_contracts.recordings.har import HarError, read_har
from fiskaly_contracts.recordings.replay import Replay

from fiskaly_mockserver.cli.reporting import (
    BadCheck,
    NobodyAnswers,
    Reporting,
    reporting_options,
)
from fiskaly_mockserver.cli.targets import Target, target_options
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.server.mock_server import MockServer


@click.command()
@click.argument(
    "archives",
    nargs=-1,
    required=True,
    metavar="FILE.har…",
    type=click.Path(dir_okay=False, path_type=Path),
)
@click.option(
    "--against", metavar="URL", help="The server to send to; without it a fresh fake is started."
)
@click.option("--sign-de", metavar="URL", help="Where SIGN DE is, if not at the same address.")
@target_options
@reporting_options
def replay(
    archives: tuple[Path, ...],
    *,
    against: str | None,
    sign_de: str | None,
    target: Target,
    reporting: Reporting,
) -> None:
    """Send recorded exchanges again, in order, and tell what comes back differently.

    Status, code, fields, types and their order are compared; times, ids and texts are not.
    Ids, tokens, keys and PUKs that the server hands out take the place of the recorded ones.
    The key and secret are those of FISKALY_API_KEY and FISKALY_API_SECRET, or the fresh fake's.

    Exit code 1: something differs; 3: nobody answers; 4: there was nothing to send.
    """
    with ExitStack() as stack:
        if against is None:
            settings = stack.enter_context(_fresh_fake())
        else:
            settings = target.settings(against, sign_de or against)
        sender = target.sender()
        stack.callback(sender.close)
        running = Replay(
            {MANAGEMENT_PATH: settings.management, SIGN_DE_PATH: settings.sign_de or ""},
            sender,
            (settings.key, settings.secret),
            fresh_ids=against is not None,
        )
        unreachable = ""
        try:
            for archive in archives:
                running.run(read_har(archive), archive.name)
        except HarError as error:
            raise BadCheck(str(error)) from error
        except UnreachableError as error:
            unreachable = str(error)
    called = dict.fromkeys(operation for operation, _ in running.check.calls)
    broken = {one.operation for one in running.findings}
    report = Report(
        check="replay",
        target=" ".join(map(str, archives)),
        findings=tuple(running.findings),
        counted={"exchanges": running.check.exchanges, "operations": len(called)},
        passed=tuple(name for name in called if name not in broken),
        not_verified=running.skipped,
    )
    reporting.tell(report)
    if unreachable:
        raise NobodyAnswers(unreachable)
    reporting.demand(running.check.exchanges)


@contextmanager
def _fresh_fake() -> Iterator[Settings]:
    with MockServer(ServerConfig(port=0, preset="single")) as server:
        yield Settings(
            management=server.base_url,
            sign_de=server.sign_de_url,
            key=server.credentials.key,
            secret=server.credentials.secret,
        )
