"""The project's files as a reader of the repository finds them."""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


def files() -> Iterator[Path]:
    """Yield every file of the project, without what .gitignore leaves out."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    yield from _below(ROOT, [".git", *(line.strip("/") for line in lines)])


def _below(folder: Path, ignored: list[str]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if any(fnmatch(path.name, pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from _below(path, ignored)
        else:
            yield path


def documents() -> list[Path]:
    """Return every Markdown file."""
    return [path for path in files() if path.suffix == ".md"]


def block(name: str) -> str:
    """Return the code after `<!-- run: NAME -->` in the README, as .ci/run cuts it out."""
    _, found, rest = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition(f"<!-- run: {name} -->\n```sh\n")
    )
    assert found, f"README.md has no block {name}"
    return rest.partition("```\n")[0]


def blocks(language: str) -> list[str]:
    """Return every code block of the README in a language."""
    parts = (ROOT / "README.md").read_text(encoding="utf-8").split(f"```{language}\n")[1:]
    return [part.partition("```")[0] for part in parts]
