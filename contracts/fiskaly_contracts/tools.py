"""Write what is made from the contracts, or check that it is up to date.

python -m fiskaly_contracts.tools compact [--check]
    Each contract as compact JSON beside its YAML. It loads in a millisecond where YAML takes tens
    of them and a library; people edit the YAML.
python -m fiskaly_contracts.tools supported [--check] [FILE]
    `docs/SUPPORTED.md`: the operations and how well each is known.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from fiskaly_contracts.document import Contract

FOLDER = Path(__file__).parent / "openapi"
SUPPORTED = Path("docs") / "SUPPORTED.md"
_INTRODUCTION = """\
# Supported operations

Generated from the contract by `python -m fiskaly_contracts.tools supported`; a test fails if it
drifts.

Confidence says how well an operation is known: *recorded* (seen in a recorded answer of the real
API), *documented* (stated by the vendor's public pages), *client* (relied upon by public clients),
*assumed* (our decision). The numbered assumptions are explained in `ASSUMPTIONS.md` beside the
contract; those that a parameter, a schema or an error rests on are cited there in the contract.
"""
_SECTION = """\

## {title}

Version {version}, {count} operations under `{base_path}`.

| operation | method and path | confidence | assumptions | statuses |
|---|---|---|---|---|
"""


def compact(text: str) -> str:
    """Turn a contract's YAML into JSON: keys in their order, one line, nothing escaped.

    >>> compact("info: {version: '1'}").strip()
    '{"info":{"version":"1"}}'
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: Any = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def compact_pages(folder: Path = FOLDER) -> Iterator[tuple[Path, str]]:
    """Yield the JSON file that belongs beside each YAML file, and what it should hold."""
    for source in sorted(folder.glob("*.yaml")):
        yield source.with_suffix(".json"), compact(source.read_text(encoding="utf-8"))


def supported(*contracts: Contract) -> str:
    r"""Return the page: a table for each contract, a row for each operation, in their order.

    >>> supported(Contract.bundled()).count("| `authenticate` |")
    1
    """
    return _INTRODUCTION + "".join(_section(contract) for contract in contracts)


def _section(contract: Contract) -> str:
    info: Any = contract.document["info"]
    section = _SECTION.format(
        title=info["title"].removesuffix(" (unofficial contract)"),
        version=contract.version,
        count=len(contract.operations),
        base_path=contract.base_path,
    )
    return section + "".join(_rows(contract))


def _rows(contract: Contract) -> Iterator[str]:
    for operation in contract.operations.values():
        cells = (
            f"`{operation.operation_id}`",
            f"`{operation.method} {operation.path}`",
            operation.confidence,
            " ".join(operation.assumptions) or "none",
            " ".join(map(str, operation.statuses)),
        )
        yield f"| {' | '.join(cells)} |\n"


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Run a command; 0 is well, 1 means that a file is missing or differs."""
    parser = argparse.ArgumentParser(
        prog="python -m fiskaly_contracts.tools", description=(__doc__ or "").split("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    flags = argparse.ArgumentParser(add_help=False)
    flags.add_argument("--check", action="store_true", help="write nothing, fail on drift")
    commands.add_parser("compact", parents=[flags])
    page_of = commands.add_parser("supported", parents=[flags])
    page_of.add_argument("file", nargs="?", type=Path, default=SUPPORTED)
    options = parser.parse_args(arguments)
    pages: Iterable[tuple[Path, str]] = compact_pages(folder)
    if options.command == "supported":
        pages = [(options.file, supported(Contract.bundled(), Contract.sign_de()))]
    code = 0
    for file, page in pages:
        if not options.check:
            file.write_text(page, encoding="utf-8")
        elif not file.is_file() or file.read_text(encoding="utf-8") != page:
            sys.stderr.write(
                f"{file.name} is not up to date:"
                f" run python -m fiskaly_contracts.tools {options.command}\n"
            )
            code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())
