"""SIGN DE as its backend, with a daily log of the time, and with the documented limits."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.domain.signing.model import LogKind, TssId

EXPORT = "00000000-0000-4000-8000-000000000003"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


def log_in(client: httpx.Client, server: MockServer) -> Any:
    """Sign in as the first customer, and return its TSS."""
    shop = next(one for one in server.tree.managed if one.all_tss)
    client.headers["Authorization"] = f"Bearer {server.token_for(shop.api_key)}"
    return shop.tss


def test_as_the_backend_it_has_nothing_of_the_middlewares(client: httpx.Client) -> None:
    with MockServer(sign_de_backend=True, tills=1, size=1) as server:
        tss = log_in(client, server)
        url = f"{server.sign_de_url}/tss/{tss.tss_id}"
        refused = client.patch(url, json={"state": "DISABLED"})
        assert (refused.status_code, refused.json()["code"]) == (432, "E_USE_MIDDLEWARE")
        assert client.get(url).status_code == 200


@pytest.mark.parametrize("daily", [True, False])
def test_a_tss_signs_once_a_day_that_its_time_was_set(client: httpx.Client, *, daily: bool) -> None:
    with MockServer(sign_de_daily_time=daily, tills=1, size=1) as server:
        tss = log_in(client, server)
        url = f"{server.sign_de_url}/tss/{tss.tss_id}"
        rows = server._service.world.rows

        def logs() -> list[Any]:
            return [*rows.logs.select("tss", TssId(tss.tss_id))]

        client.get(url)
        server.control.freeze_clock()
        before = len(logs())
        server.control.advance_clock("73h")
        log_in(client, server)
        counter = int(client.get(url).json()["signature_counter"])
        new = logs()[before:]
        assert len(new) in ((3, 4) if daily else (0,))
        assert counter == len(logs())
        assert all(one.kind is LogKind.SYSTEM and "updateTime" in one.name for one in new)
        assert [one.counter for one in logs()] == [*range(1, counter + 1)]
        times = [one.time for one in new]
        assert {late - early for early, late in pairwise(times)} == ({86_400} if daily else set())
        client.get(url)
        assert len(logs()) == before + len(new), "each day has one"


@pytest.mark.parametrize(
    ("path", "times"), [("/tx?limit=1", 20), (f"/export/{EXPORT}", 12)], ids=["lists", "exports"]
)
def test_the_documented_limits_hold_for_each_thing_apart(
    client: httpx.Client, path: str, times: int
) -> None:
    with MockServer(sign_de_limits=True, tills=1, size=1) as server:
        tss = log_in(client, server)
        server.control.freeze_clock()
        url = f"{server.sign_de_url}/tss/{tss.tss_id}"
        client.put(f"{url}/export/{EXPORT}", json={})
        met = [client.get(f"{url}{path}").status_code for _ in range(times)]
        assert met == [200] * times
        refused = client.get(f"{url}{path}")
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "60"
        assert list(refused.json()) == ["status_code", "error", "message"]
        assert client.get(url).status_code == 200
        assert client.get(f"{url}/export/{EXPORT[:-1]}9").status_code == 404
        server.control.advance_clock("61s")
        assert client.get(f"{url}{path}").status_code == 200


def test_without_being_asked_for_nothing_is_limited(client: httpx.Client) -> None:
    with MockServer(tills=1, size=1) as server:
        tss = log_in(client, server)
        url = f"{server.sign_de_url}/tss/{tss.tss_id}/tx?limit=1"
        assert {client.get(url).status_code for _ in range(30)} == {200}
