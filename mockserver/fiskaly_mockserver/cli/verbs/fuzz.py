"""`fuzz`: schemathesis with our configuration, its exchanges judged as all others are."""

import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import click
from fiskaly_contracts import Contract, Severity
from fiskaly_contracts.conformance.checks import ExchangeCheck
from fiskaly_contracts.conformance.exchanges import (
    CannotSendError,
    HttpExchange,
    HttpSender,
    UnreachableError,
)
from fiskaly_contracts.conformance.findings import Finding, Findings, Report, Side
from fiskaly_contracts.conformance.verify import SIGN_DE_PATH, Settings
from fiskaly_contracts.recordings.har import HarError, read_har

from fiskaly_mockserver.cli.reporting import (
    BadCheck,
    NobodyAnswers,
    NothingChecked,
    Reporting,
    reporting_options,
)
from fiskaly_mockserver.cli.targets import Target, target_options

PHASES = "examples,coverage,fuzzing,stateful"
KNOWN_AT_MOST = 50
"""Ids of each list that are drawn from."""
_CONFIG = """\
hooks = {hooks}
headers = {{ Authorization = {authorization} }}

[generation]
database = "none"
"""
_MANAGEMENT = """
# These bodies name other things, and the API answers 404 if one of those does not exist (recorded).
# The check takes any 404 below something new for a sign that the new thing is missing.
[[operations]]
include-operation-id = ["createApiKey", "updateOrganization"]
checks.ensure_resource_availability.enabled = false
"""
_SIGN_DE = """
# The state of things stands against valid data with 400 and 423 here (recorded, documented).
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "423", "429"]
"""
_PLACES = {
    "/organizations": ("path.organization_id", "body.managed_by_organization_id"),
    "/organizations/{own}/api-keys": ("path.key_id",),
    "/organizations/{own}/users": ("path.user_id",),
    "/billing-addresses": ("path.address_id", "body.billing_address_id"),
    "/tss": ("path.tss_id",),
    "/client": ("path.client_id", "query.client_id", "body.client_id"),
    "/tx": ("path.tx_id_or_number",),
    "/export": ("path.export_id",),
}
"""The lists of both APIs, and where the ids of their rows belong; without ids nearly all is 404."""
_OFTEN = 0.7


@click.command()
@click.argument("base_url", metavar="BASE_URL")
@click.option("--sign-de", is_flag=True, help="BASE_URL is SIGN DE's.")
@click.option("--writes", is_flag=True, help="Also make, change and delete; nothing is cleaned up.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same run.")
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    default=15,
    show_default=True,
    metavar="N",
    help="Generated cases for each operation and phase.",
)
@click.option(
    "--phases", default=PHASES, show_default=True, metavar="LIST", help="Those of schemathesis."
)
@target_options
@reporting_options
def fuzz(
    base_url: str,
    *,
    sign_de: bool,
    writes: bool,
    seed: int,
    examples: int,
    phases: str,
    target: Target,
    reporting: Reporting,
) -> None:
    """Send generated requests to a server, and tell where its answers break the contract.

    It runs schemathesis (pip install 'fiskaly-mockserver[fuzz]') with what it must know of
    these APIs, logged in with FISKALY_API_KEY and FISKALY_API_SECRET. Its own checks and ours
    become findings. With --writes it leaves much behind: fuzz a fake, not a real account.

    Exit code 1: findings; 3: nobody answers; 4: no operation could be tested.
    """
    if find_spec("schemathesis") is None:
        raise BadCheck("schemathesis is not there: pip install 'fiskaly-mockserver[fuzz]'")
    contract = Contract.sign_de() if sign_de else Contract.bundled()
    settings = target.settings(base_url.rstrip("/").removesuffix(SIGN_DE_PATH), None)
    url = settings.management.removesuffix("/api/v0") + contract.base_path
    with TemporaryDirectory(prefix="fiskaly-fuzz-") as folder:
        flags = ["--phases", phases, "--seed", str(seed), "--max-examples", str(examples)]
        flags += [] if writes else ["--include-method", "GET"]
        config = _config(contract, url, settings, target.sender(), writes=writes)
        told = _run(Path(folder), contract, url, config, flags)
        checking, findings = ExchangeCheck(contract), Findings()
        findings.add(*_own_findings(told, contract))
        reached = set[str]()
        try:
            for index, exchange in enumerate(read_har(Path(folder) / "run.har")):
                found = checking.findings(exchange, f"generated case {index}")
                findings.add(*(one for one in found if one.side is Side.RESPONSE))
                called = checking.routes.find(exchange.method, exchange.path)
                if called and called.operation and _reached(exchange):
                    reached.add(called.operation.operation_id)
        except HarError as error:
            raise BadCheck(f"schemathesis wrote no recording: {error}") from error
    operations = dict.fromkeys(operation for operation, _ in checking.calls)
    broken = {one.operation for one in findings}
    reporting.finish(
        Report(
            check="fuzz",
            target=url,
            findings=tuple(findings),
            counted={"cases": checking.exchanges, "operations": len(operations)},
            passed=tuple(name for name in operations if name not in broken),
            not_verified=[*_not_verified(told, contract, reached, writes=writes)],
        ),
        checked=len(operations),
    )


def _config(
    contract: Contract, url: str, settings: Settings, sender: HttpSender, *, writes: bool
) -> str:
    """Log in and look around, with SIGN DE open a till; return what schemathesis has to know."""
    body = json.dumps({"api_key": settings.key, "api_secret": settings.secret}).encode()
    try:
        answer = sender("POST", f"{url}/auth", (("Content-Type", "application/json"),), body)
        try:
            session = json.loads(answer.response_body)
            bearer = f"Bearer {session['access_token']}"
            own = session["access_token_claims"]["organization_id"]
        except (KeyError, TypeError, ValueError) as error:
            said = f"no token: logging in was answered {answer.status}"
            raise NothingChecked(said) from error
        if writes and contract.base_path == SIGN_DE_PATH:
            known = _till(sender, url, bearer)
        else:
            known = [*_known_ids(contract, sender, url, (own, bearer))]
    except UnreachableError as error:
        raise NobodyAnswers(str(error)) from error
    except CannotSendError as error:
        raise NothingChecked(f"the token is of no use: {error}") from error
    finally:
        sender.close()
    from fiskaly_contracts import conformance  # noqa: PLC0415 - for where it is

    hooks = Path(str(conformance.__file__)).with_name("fuzz_hooks.py")
    lines = [_CONFIG.format(hooks=json.dumps(str(hooks)), authorization=json.dumps(bearer))]
    lines += [_SIGN_DE if contract.base_path == SIGN_DE_PATH else _MANAGEMENT]
    for number, (_, ids) in enumerate(known):
        lines += [f"[dictionaries.ids{number}]", f"values = {json.dumps(ids)}"]
    lines += ["[parameters]"] if known else []
    for number, (places, _) in enumerate(known):
        drawn = f'{{ dictionary = "ids{number}", probability = {_OFTEN} }}'
        lines += [f'"{place}" = {drawn}' for place in places]
    return "\n".join(lines)


Known = list[tuple[tuple[str, ...], list[str]]]
"""Where words belong, and the words."""
_PIN = "123456"


def _till(sender: HttpSender, url: str, bearer: str) -> Known:
    """Open a till with something of each kind, and a TSS that may come to its end."""
    sent = (("Content-Type", "application/json"), ("Authorization", bearer))

    def call(method: str, path: str, body: object) -> Any:
        answer = sender(method, url + path, sent, json.dumps(body).encode())
        if answer.status != HTTPStatus.OK:
            raise NothingChecked(f"no till: {method} {path} was answered {answer.status}")
        return json.loads(answer.response_body)

    ids = [str(uuid4()) for _ in range(9)]
    tss, spare, first, second, *others = ids
    transactions, exports = others[:2], others[2:]
    puks = []
    for one in (tss, spare):
        puk = call("PUT", f"/tss/{one}", {})["admin_puk"]
        call("PATCH", f"/tss/{one}", {"state": "UNINITIALIZED"})
        call("PATCH", f"/tss/{one}/admin", {"admin_puk": puk, "new_admin_pin": _PIN})
        call("POST", f"/tss/{one}/admin/auth", {"admin_pin": _PIN})
        call("PATCH", f"/tss/{one}", {"state": "INITIALIZED"})
        puks.append(puk)
    for number, client in enumerate((first, second)):
        call("PUT", f"/tss/{tss}/client/{client}", {"serial_number": f"KASSE-{number}"})
    start = {"state": "ACTIVE", "client_id": first}
    for transaction in transactions:
        call("PUT", f"/tss/{tss}/tx/{transaction}?tx_revision=1", start)
    for number, export in enumerate(exports):
        call("PUT", f"/tss/{tss}/export/{export}?start_signature_counter={number}", {})
    return [
        (("path.tss_id",), [*[tss] * 9, spare]),
        (("path.client_id", "query.client_id", "body.client_id"), [first, second]),
        (("path.tx_id_or_number",), transactions),
        (("path.export_id",), exports),
        (("body.admin_puk",), puks),
        (("body.admin_pin", "body.new_admin_pin"), [_PIN]),
    ]


def _known_ids(
    contract: Contract, sender: HttpSender, url: str, caller: tuple[str, str]
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield the ids of what is there, and where they belong."""
    own, bearer = caller
    paths = {one.path.replace("{organization_id}", "{own}") for one in contract.operations.values()}
    for path, places in _PLACES.items():
        if path not in paths:
            continue
        listed = sender("GET", url + path.format(own=own), (("Authorization", bearer),), b"")
        try:
            ids = [str(row["_id"]) for row in json.loads(listed.response_body)["data"]]
        except (KeyError, TypeError, ValueError):
            continue
        if ids:
            yield places, ids[:KNOWN_AT_MOST]


def _run(folder: Path, contract: Contract, url: str, config: str, flags: list[str]) -> Any:
    """Run schemathesis, and return its report; the token stands in a file that goes again."""
    file, document, report = folder / "st.toml", folder / "contract.json", folder / "st.json"
    file.touch(mode=0o600)
    file.write_text(config, encoding="utf-8")
    document.write_text(json.dumps(contract.served_at(url)), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run"),
            *(str(document), "--url", url, *flags, "--no-color", "--report", "json,har"),
            *("--report-json-path", str(report)),
            *("--report-har-path", str(folder / "run.har")),
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    try:
        return json.loads(report.read_bytes())
    except (OSError, ValueError) as error:
        # Its output may show the token
        raise BadCheck(f"schemathesis did not come to its end (exit code {done.returncode})") from (
            error
        )


def _own_findings(told: Any, contract: Contract) -> Iterator[Finding]:
    """Yield what schemathesis found by checks of its own."""
    for one in told["failures"]:
        for name in one["operations"]:
            yield Finding(
                operation=_operation_id(name, contract),
                rule=one["code"],
                side=Side.RESPONSE,
                severity=Severity.ERROR,
                message=f"{one['title']} (schemathesis: {one['type']})",
                count=one["count"],
            )


_NOT_REACHED = (0, 401, 404, 405, 413, 415)
"""Statuses of calls that met nothing, or were refused for their form or their token."""
_OF_THE_FORM = ("E_FAILED_SCHEMA_VALIDATION", "E_PARSER")


def _reached(exchange: HttpExchange) -> bool:
    """Tell whether a call met what is there; a rule may have refused it."""
    if exchange.status != HTTPStatus.BAD_REQUEST:
        return exchange.status not in _NOT_REACHED
    try:
        code = json.loads(exchange.response_body)["code"]
    except (KeyError, TypeError, ValueError):
        return False
    return code not in _OF_THE_FORM


def _not_verified(
    told: Any, contract: Contract, reached: Collection[str], *, writes: bool
) -> Iterator[tuple[str, str]]:
    for name in told["warnings"].get("missing_test_data", ()):
        operation_id = _operation_id(name, contract)
        if operation_id not in reached:
            yield operation_id, "no generated case found anything that is there"
    for one in told["errors"]:
        yield "schemathesis", str(one.get("title") or one)[:200]
    if not writes:
        yield "everything but GET", "it changes something: give --writes"


def _operation_id(name: str, contract: Contract) -> str:
    method, _, path = name.partition(" ")
    return next(
        (
            one.operation_id
            for one in contract.operations.values()
            if (one.method, one.path) == (method, path)
        ),
        name,
    )
