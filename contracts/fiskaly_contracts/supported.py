"""Write `docs/SUPPORTED.md` from the contract, or check that it is up to date.

python -m fiskaly_contracts.supported [--check] [FILE]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fiskaly_contracts.document import Contract

DEFAULT = Path("docs") / "SUPPORTED.md"
_INTRODUCTION = """\
# Supported operations

Generated from the contract by `python -m fiskaly_contracts.supported`; a test fails if it drifts.

Version {version} of the Management API, {count} operations under `{base_path}`.

Confidence says how well an operation is known: *recorded* (seen in a recorded answer of the real
API), *documented* (stated by the vendor's public pages), *client* (relied upon by public clients),
*assumed* (our decision). The numbered assumptions are explained in `ASSUMPTIONS.md` beside the
contract; those that a parameter, a schema or an error rests on are cited there in the contract.

| operation | method and path | confidence | assumptions | statuses |
|---|---|---|---|---|
"""


def render(contract: Contract) -> str:
    r"""Return the page: one row for each operation, in the order of the contract.

    >>> render(Contract.bundled()).count("| `authenticate` |")
    1
    """
    introduction = _INTRODUCTION.format(
        version=contract.version,
        count=len(contract.operations),
        base_path=contract.base_path,
    )
    return introduction + "".join(_rows(contract))


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 is well, 1 means that the file is missing or differs."""
    parser = argparse.ArgumentParser(
        prog="python -m fiskaly_contracts.supported", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail on drift")
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT)
    options = parser.parse_args(arguments)
    page = render(Contract.bundled())
    if not options.check:
        options.file.write_text(page, encoding="utf-8")
        return 0
    if options.file.is_file() and options.file.read_text(encoding="utf-8") == page:
        return 0
    sys.stderr.write(
        f"{options.file} is not up to date: run python -m fiskaly_contracts.supported\n"
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
