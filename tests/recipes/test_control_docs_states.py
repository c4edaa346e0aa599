"""What docs/CONTROL.md says that a reset and its like return to is what they do."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from fiskaly_fixtures import generate
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.control.client import Control
from fiskaly_mockserver.world.rate_limits import RateLimit

DOCUMENT = Path(__file__).parents[2] / "docs" / "CONTROL.md"
HOURLY = 9
SEEDED, ANEW = 3, 2
"""Organizations of the tree at first, and of the tree that is seeded instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a world stands, in numbers; each grows with every step of `do_something`."""

    organizations: int
    minutes: int
    faults: int
    used: int
    exchanges: int


ACTIONS: dict[str, Callable[[Control, Any], object]] = {
    "`POST /reset`": lambda control, _: control.reset(),
    "`POST /seed`": lambda control, _: control.seed(size=ANEW - 1),
    "restoring a snapshot": lambda control, _: control.restore_snapshot("kept"),
    "`PUT /state`": lambda control, exported: control.import_state(exported),
}


def table() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield for each action what the document says of each part of a world."""
    text = DOCUMENT.read_text(encoding="utf-8")
    _, _, rest = text.partition("\n## Reset, seed, snapshots\n")
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    for at, action in enumerate(head[1:], 1):
        yield action, {row[0]: row[at] for row in rows}


def authenticate(server: MockServer) -> str:
    body = {"api_key": server.credentials.key, "api_secret": server.credentials.secret}
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{server.base_url}/auth", json.dumps(body).encode(), headers)) as answer:
        return str(json.load(answer)["access_token"])


def list_organizations(server: MockServer, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with urlopen(Request(f"{server.base_url}/organizations", headers=headers)) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def do_something(server: MockServer, number: int) -> None:
    """Change every part of the world, and use up one call of the rate limit."""
    control = server.control
    control.sign_up(f"{number}@example.com", "p", organization={"name": f"Shop {number}"})
    control.advance_clock("1m")
    control.arm_fault({"operation": "listUsers", "effect": {"kind": "no_answer"}})
    assert list_organizations(server, authenticate(server)) == 200


def look(server: MockServer) -> Seen:
    """Look at the world; that uses up what is left of the rate limit, so it comes last."""
    control = server.control
    exchanges = control.count()
    minutes = round(control.clock()["offset"] / 60)
    token = authenticate(server)
    left = sum(list_organizations(server, token) == 200 for _ in range(HOURLY))
    return Seen(
        organizations=len(control.export_state()["organizations"]),  # type: ignore[arg-type]
        minutes=minutes,
        faults=len(control.faults()),
        used=HOURLY - left,
        exchanges=exchanges,
    )


def test_every_action_is_tried() -> None:
    assert [action for action, _ in table()] == list(ACTIONS)


@pytest.mark.parametrize(("action", "said"), list(table()), ids=list(ACTIONS))
def test_what_is_said_of_it_happens(action: str, said: dict[str, str]) -> None:
    config = ServerConfig(port=0, rate_limit=RateLimit(HOURLY, 3_600))
    with MockServer(config, tree=generate(size=SEEDED - 1)) as server:
        control = server.control
        do_something(server, 1)
        control.save_snapshot("kept")
        exported = control.export_state()
        session = authenticate(server)
        do_something(server, 2)
        exchanges = control.count()

        ACTIONS[action](control, exported)

        snapshots = control.snapshots()
        seen = look(server)
        same_session = authenticate(server) == session
        control.reset()
        later = len(control.export_state()["organizations"])  # type: ignore[arg-type]

    one, two = "as kept", "stay"
    happened = {
        "organizations, keys, users, invitations, addresses": {
            SEEDED: "as seeded",
            ANEW: "the new tree",
            SEEDED + 1: "as exported" if action.startswith("`PUT") else one,
        }[seen.organizations],
        "sessions": one if same_session else "forgotten",
        "clock": {0: "real time", 1: "as exported" if action.startswith("`PUT") else one}[
            seen.minutes
        ],
        "armed faults and their hits": {0: "disarmed", 1: one, 2: two}[seen.faults],
        "what is used up of rate limits": {0: "forgotten", 1: one, 2: "stays"}[seen.used],
        "journal": {0: "emptied", exchanges: "stays"}[seen.exchanges],
        "named snapshots (100 at most)": two if snapshots else "dropped",
        "what a later reset returns to": {SEEDED: "stays", ANEW: "the new tree"}[later],
    }
    assert happened == said
