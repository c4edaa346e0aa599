"""Write each shipped contract as compact JSON beside its YAML, or check that it is up to date.

python -m fiskaly_contracts.compact [--check]

JSON loads in a millisecond where YAML takes tens of them and a library; people edit the YAML.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "openapi"


def render(text: str) -> str:
    """Turn a contract's YAML into JSON: keys in their order, one line, nothing escaped.

    >>> render("info: {version: '1'}").strip()
    '{"info":{"version":"1"}}'
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: Any = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def pages(folder: Path = FOLDER) -> Iterator[tuple[Path, str]]:
    """Yield the JSON file that belongs beside each YAML file, and what it should hold."""
    for source in sorted(folder.glob("*.yaml")):
        yield source.with_suffix(".json"), render(source.read_text(encoding="utf-8"))


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Run the command; 0 is well, 1 means that a file is missing or differs."""
    parser = argparse.ArgumentParser(
        prog="python -m fiskaly_contracts.compact", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail on drift")
    options = parser.parse_args(arguments)
    code = 0
    for file, page in pages(folder):
        if not options.check:
            file.write_text(page, encoding="utf-8")
        elif not file.is_file() or file.read_text(encoding="utf-8") != page:
            sys.stderr.write(
                f"{file.name} is not up to date: run python -m fiskaly_contracts.compact\n"
            )
            code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())
