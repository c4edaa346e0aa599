"""Many clients at once, each in a sandbox of its own."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fiskaly_mockserver import MockServer
from web.control.wire import Shop

CLIENTS = 16
OPERATIONS = 200
SAME_NAME = "Teehaus"


def work(server: MockServer, number: int) -> tuple[list[str], list[int]]:
    """Do 200 operations in one sandbox; return the ids that were made, and every status."""
    sandbox, statuses, made = f"client-{number}", list[int](), list[str]()
    key = server.credentials
    with Shop.of(server).wire.kept_open() as wire:
        shop = Shop(wire, sandbox, by_path=bool(number % 2))
        statuses.append(shop.log_in(api_key=key.key, api_secret=key.secret).status)
        for turn in range((OPERATIONS - 2) // 2):
            created = shop.create(SAME_NAME, metadata={"client": str(number), "turn": str(turn)})
            statuses.append(created.status)
            made.append(created.body["_id"])
            read = shop.call("GET", f"/organizations/{made[-1]}")
            statuses.append(read.status)
            assert read.body["metadata"] == {"client": str(number), "turn": str(turn)}
        listed = shop.call("GET", "/organizations?limit=5000")
        statuses.append(listed.status)
        rows = [row for row in listed.body["data"] if row["name"] == SAME_NAME]
        assert [row["_id"] for row in rows] == made
        assert {row["metadata"]["client"] for row in rows} == {str(number)}
    return made, statuses


def test_sixteen_clients_see_their_own_world_only(serve: Any) -> None:
    server = serve()
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = list(pool.map(lambda number: work(server, number), range(CLIENTS)))
    assert [len(statuses) for _, statuses in done] == [OPERATIONS] * CLIENTS
    assert {status for _, statuses in done for status in statuses} == {200}
    ids = [made_id for made, _ in done for made_id in made]
    assert len(set(ids)) == len(ids) == CLIENTS * 99
    control = server.control
    told = {one["name"]: one["exchanges"] for one in control.sandboxes()["sandboxes"]}
    assert told == {f"client-{number}": OPERATIONS for number in range(CLIENTS)}
    assert control.count() == 0
    for number in range(CLIENTS):
        sandbox = control.sandbox(f"client-{number}")
        assert sandbox.count({"operation": "createOrganization", "status": 200}) == 99
        assert sandbox.violations()["exchanges"] == []
