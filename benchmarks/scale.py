"""100 000 organizations under one main one against 10 000 and 100.

Every call should take the same time whatever the size, and the memory stay within bounds:
design section 6.
"""

import gc
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from fiskaly_fixtures import OrganizationTree, generate
from fiskaly_mockserver.world.seeding import baseline_of

from benchmarks.scale_in_process import InProcess
from benchmarks.scale_over_http import Server
from benchmarks.timing import Task, machine, medians

SIZES = (100, 10_000, 100_000)
REPEATS = 25
MOST_TIMES = 2.0
"""How much longer a call on the largest world may take than on the smallest."""
MOST_MEBIBYTES = 300
"""What the largest world may add to an empty server."""
TRACED = 10_000
"""Organizations of the tree whose bytes are counted one by one, which is slow."""

Taken = Mapping[tuple[str, str, int], float]


class Setting(Protocol):
    """A world of one size, and a way to reach it."""

    @property
    def name(self) -> str:
        """The heading."""
        ...

    def tasks(self) -> Mapping[str, Task]:
        """Return the calls that should take the same time in a world of any size."""
        ...

    def first_tasks(self) -> Mapping[str, Task]:
        """Return what is worked out from all rows, once after a change."""
        ...

    def close(self) -> None:
        """Give back whatever it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Growth:
    """What it takes to have a tree of one size: seconds, and memory of the server in MiB."""

    generated: float
    seeded: float
    resident: float


def report(rounds: int) -> str:
    """Measure everything and return the results as Markdown."""
    with ExitStack() as open_servers:
        empty = Server(None)
        open_servers.callback(empty.close)
        base = empty.resident_mebibytes()
        growth, settings = {}, list[tuple[int, Setting]]()
        for size in SIZES:
            server = Server(size)
            open_servers.callback(server.close)
            resident = server.resident_mebibytes()
            start = perf_counter()
            tree = generate(size=size)
            generated = perf_counter()
            baseline_of(tree, started_at=0)
            growth[size] = Growth(generated - start, perf_counter() - generated, resident)
            settings += [(size, InProcess(tree)), (size, server)]
        gc.freeze()
        taken = medians(
            _tasks(settings, lambda setting: setting.tasks()), rounds=rounds, repeats=REPEATS
        )
        first = medians(
            _tasks(settings, lambda setting: setting.first_tasks()), rounds=rounds, repeats=1
        )
    measured = (
        f"Median of {rounds * REPEATS} runs in {rounds} rounds, all sizes in turn, in"
        f" microseconds; and how many times as long as with {SIZES[0]} organizations. All are"
        " managed by one main organization, whose key calls. Lists are pages of 20; the"
        " middle is offset 50 of 100, 5 000 of 10 000 and 50 000 of 100 000."
    )
    lines = [
        "# Worlds of 100, 10 000 and 100 000 organizations",
        "",
        measured,
        "",
        f"Measured on {machine()}.",
        "",
        *_table(taken),
        "",
        _first(first),
        "",
        *_memory(growth, base),
        "",
        *_verdicts(taken, growth, base),
    ]
    return "\n".join(lines) + "\n"


def _tasks(
    settings: Sequence[tuple[int, Setting]], tasks_of: Callable[[Setting], Mapping[str, Task]]
) -> Mapping[tuple[str, str, int], Task]:
    """Return the tasks of all settings, those that are compared one after the other."""
    tasks = {
        (setting.name, name, size): task
        for size, setting in settings
        for name, task in tasks_of(setting).items()
    }
    places = list(dict.fromkeys(label[:2] for label in tasks))
    return dict(sorted(tasks.items(), key=lambda item: places.index(item[0][:2])))


def _table(taken: Taken) -> list[str]:
    rows = [["call", "reached"]]
    rows[0] += [f"{_spaced(size)} (µs)" for size in SIZES] + ["times"]
    rows.append(["---", "---", *["---:"] * (len(SIZES) + 1)])
    for setting, name in dict.fromkeys((setting, name) for setting, name, _ in taken):
        times = [taken[setting, name, size] for size in SIZES]
        shown = [f"{seconds * 1e6:.1f}" for seconds in times]
        rows.append([name, setting, *shown, f"{times[-1] / times[0]:.2f}"])
    return [f"| {' | '.join(row)} |" for row in rows]


def _first(first: Taken) -> str:
    names = dict.fromkeys(name for _, name, _ in first)
    shown = (
        f"{name}: "
        + ", ".join(f"{first[InProcess.name, name, size] * 1e3:.1f} ms" for size in SIZES)
        for name in names
    )
    return (
        "Other orders and filters are worked out once after a change of what is listed, in"
        f" process: {'; '.join(shown)}."
    )


def _memory(growth: Mapping[int, Growth], base: float) -> list[str]:
    of_tree, of_rows = _bytes_of_one()
    each = (
        f"An empty server takes {base:.0f} MiB of resident memory. One organization is"
        f" {of_tree + of_rows:.0f} bytes: {of_tree:.0f} of the tree, whose texts the rows share,"
        f" and {of_rows:.0f} of its rows and indexes with those of its key and users."
    )
    lines = [
        each,
        "",
        "| organizations | tree made (s) | seeded (s) | more than empty (MiB) |",
        "| ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {_spaced(size)} | {one.generated:.2f} | {one.seeded:.2f} | {one.resident - base:.0f} |"
        for size, one in growth.items()
    ]
    return lines


def _bytes_of_one() -> tuple[float, float]:
    """Return the bytes of one organization: of the tree, and of what is made from it."""
    generate(size=1)  # the names that all trees draw from
    tracemalloc.start()
    tree: OrganizationTree = generate(size=TRACED)
    gc.collect()
    of_tree, _ = tracemalloc.get_traced_memory()
    kept = baseline_of(tree, started_at=0)
    gc.collect()
    of_both, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return of_tree / TRACED, (of_both - of_tree) / TRACED


def _verdicts(taken: Taken, growth: Mapping[int, Growth], base: float) -> list[str]:
    small, large = SIZES[0], SIZES[-1]
    lines = []
    for setting in dict.fromkeys(setting for setting, _, _ in taken):
        ratio = (
            taken[setting, "list from the middle", large]
            / taken[setting, "list from the start", small]
        )
        lines.append(
            f"- {setting}: 20 from the middle of {_spaced(large)} take {ratio:.2f} times as long"
            f" as the first 20 of {small} (goal: at most {MOST_TIMES:.0f}):"
            f" {_kept(ratio <= MOST_TIMES)}."
        )
        names = [name for one, name, size in taken if one == setting and size == small]
        steepest = max(
            names, key=lambda name: taken[setting, name, large] / taken[setting, name, small]
        )
        ratio = taken[setting, steepest, large] / taken[setting, steepest, small]
        lines.append(
            f"- {setting}: the steepest call is “{steepest}”, {ratio:.2f} times as long (goal: at"
            f" most {MOST_TIMES:.0f}): {_kept(ratio <= MOST_TIMES)}."
        )
    more = growth[large].resident - base
    lines.append(
        f"- memory: {_spaced(large)} organizations take {more:.0f} MiB more than none (goal: at"
        f" most {MOST_MEBIBYTES}): {_kept(more <= MOST_MEBIBYTES)}."
    )
    return lines


def _kept(reached: bool) -> str:  # noqa: FBT001 - a yes or no is all there is to say
    return "kept" if reached else "missed"


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")
