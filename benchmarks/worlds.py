"""Reset, new sandbox, snapshot and restore, for worlds of different sizes.

All of them should take the same time whatever the size: design section 6.
"""

from collections.abc import Mapping, Sequence
from itertools import count

from fiskaly_fixtures import OrganizationTree, generate
from fiskaly_mockserver.domain.account.access import Principal
from fiskaly_mockserver.domain.account.model import PrincipalKind
from fiskaly_mockserver.world.seeding import baseline_of
from fiskaly_mockserver.world.world import Seams, World
from fiskaly_mockserver.world.worlds import Worlds

from benchmarks.over_http import OverHttp
from benchmarks.setting import CHANGES, NEW, Setting
from benchmarks.timing import Task, machine, medians

SIZES = (100, 1_000, 10_000)
REPEATS = 25
MOST_TIMES = 2.0
"""How much longer the largest world may take than the smallest."""

OPERATIONS = ("reset", "new sandbox", "snapshot", "restore")


class InProcess(Setting):
    """The worlds themselves, without a server."""

    name = "in process"
    most_seconds = 0.001

    def tasks(self, tree: OrganizationTree) -> Mapping[str, Task]:
        """Return the measured operations on a world of that tree, by their names."""
        seams = Seams()
        world = World.on(baseline_of(tree, started_at=seams.clock.now()), seams)
        worlds, names = Worlds(world), (f"sandbox-{number}" for number in count())
        _change(world)
        world.snapshot("kept")

        def change() -> None:
            _change(world)

        def begin() -> None:
            world.reset()
            _change(world)

        return {
            "reset": Task(prepare=change, run=world.reset),
            "new sandbox": Task(prepare=begin, run=lambda: worlds.get(next(names))),
            "snapshot": Task(prepare=begin, run=lambda: world.snapshot("changed")),
            "restore": Task(prepare=change, run=lambda: world.restore("kept")),
        }

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""


SETTINGS: Sequence[type[Setting]] = (InProcess, OverHttp)


def report(rounds: int) -> str:
    """Measure everything and return the results as Markdown."""
    trees = {size: generate(size=size) for size in SIZES}
    settings = [setting() for setting in SETTINGS]
    try:
        tasks = {
            (setting.name, operation, size): task
            for setting in settings
            for size, tree in trees.items()
            for operation, task in setting.tasks(tree).items()
        }
        taken = medians(tasks, rounds=rounds, repeats=REPEATS)
    finally:
        for setting in settings:
            setting.close()
    measured = (
        f"Median of {rounds * REPEATS} runs in {rounds} rounds, all sizes in turn, each after"
        f" {CHANGES} changes; and how many times as long as with {SIZES[0]} organizations."
    )
    lines = [
        "# Reset, sandbox, snapshot and restore",
        "",
        measured,
        "",
        f"Measured on {machine()}.",
        "",
        *_table(settings, taken),
        "",
        *(_verdict(setting, taken) for setting in settings),
    ]
    return "\n".join(lines) + "\n"


def _table(settings: Sequence[Setting], taken: Mapping[tuple[str, str, int], float]) -> list[str]:
    head = ["operation", "organizations"]
    for setting in settings:
        head += [f"{setting.name} (ms)", "times"]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for operation in OPERATIONS:
        for size in SIZES:
            row = [operation, f"{size:,}".replace(",", " ")]
            for setting in settings:
                seconds = taken[setting.name, operation, size]
                times = seconds / taken[setting.name, operation, SIZES[0]]
                row += [f"{seconds * 1_000:.4f}", f"{times:.2f}"]
            rows.append(row)
    return [f"| {' | '.join(row)} |" for row in rows]


def _verdict(setting: Setting, taken: Mapping[tuple[str, str, int], float]) -> str:
    slowest = max(seconds for (name, *_), seconds in taken.items() if name == setting.name)
    steepest = max(
        taken[setting.name, operation, SIZES[-1]] / taken[setting.name, operation, SIZES[0]]
        for operation in OPERATIONS
    )
    kept = slowest < setting.most_seconds and steepest <= MOST_TIMES
    return (
        f"- {setting.name}: the slowest takes {slowest * 1_000:.3f} ms (goal: under"
        f" {setting.most_seconds * 1_000:.0f} ms), the largest world {steepest:.2f} times as long"
        f" as the smallest (goal: at most {MOST_TIMES:.0f}): {'kept' if kept else 'missed'}."
    )


def _change(world: World) -> None:
    """Make organizations with keys of the first one, and change the last ones there are."""
    key = next(iter(world.rows.api_keys))
    home = world.tables.organizations.get(key.organization_id)
    if home is None:
        return
    caller = Principal(
        id=key.principal_id,
        kind=PrincipalKind.API_KEY,
        env=key.env,
        home=home,
        memberships=(home,),
    )
    for _ in range(CHANGES):
        made = world.organizations.create(caller, NEW, managed_by=home.id)
        world.organizations.update(caller, made.id, {"display_name": "Bakery"})
