"""Print the oldest release of each dependency that pyproject.toml allows, as constraints of pip.

Of what users install, that is: the tools of the extra `dev` stay as in constraints.txt.
"""

import re
import sys
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print one line a package, `name==version`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *chain.from_iterable(wanted for name, wanted in extras.items() if name != "dev"),
    ]
    lowest = dict(re.findall(r"^([\w.-]+)(?:\[\w+\])?>=([\d.]+)", "\n".join(wanted), re.MULTILINE))
    oldest = {plain(name): version for name, version in lowest.items()}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("==")
        if version:
            sys.stdout.write(f"{name}=={oldest.get(plain(name), version)}\n")


def plain(name: str) -> str:
    """Return a package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
