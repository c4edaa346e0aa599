"""Print the oldest release of each dependency that pyproject.toml allows, as constraints of pip.

Of what users install, that is: of the tools of the extra `dev`, and of what those and these
need, pip takes the newest that goes together with them. Of pytest it is the oldest that this
project's own suite runs under, which reads its settings as pytest 9 does.
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
        *chain.from_iterable(
            wanted for name, wanted in extras.items() if name not in ("dev", "mutation")
        ),
    ]
    wanted += [one for one in extras["dev"] if one.startswith("pytest>=")]
    bounds = re.findall(r"^([\w.-]+)(?:\[\w+\])?>=([\d.]+)", "\n".join(wanted), re.MULTILINE)
    sys.stdout.writelines(f"{name}=={version}\n" for name, version in sorted(dict(bounds).items()))


if __name__ == "__main__":
    main()
