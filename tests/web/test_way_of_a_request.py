"""How long the way of a request is: calls of our functions, and the files that they stand in.

Whoever makes it longer should have to. Only what a second request of the same kind passes is
counted: the first one compiles the contract.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import fiskaly_contracts
import fiskaly_fixtures
import fiskaly_mockserver
import pytest
from builders.accounts import SHOP, VENDOR
from fiskaly_mockserver.web.service import Service
from web.api import Api

OURS = tuple(
    str(Path(package.__file__ or "").parent)
    for package in (fiskaly_contracts, fiskaly_fixtures, fiskaly_mockserver)
)
CAFE: Mapping[str, Any] = {
    "name": "Cafe",
    "address_line1": "Ring 1",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
    "managed_by_organization_id": VENDOR,
}


class Way(list[tuple[str, str]]):
    """The calls of our functions, each by file and name."""

    @property
    def files(self) -> set[str]:
        return {file for file, _ in self}

    def __str__(self) -> str:
        return "\n".join(f"{Path(file).name} {name}" for file, name in self)


@contextmanager
def followed() -> Iterator[Way]:
    """Count what is called in this thread, client and server."""
    way = Way()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS):
            way.append((code.co_filename, code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield way
    finally:
        sys.setprofile(before)


class Request(NamedTuple):
    """What is asked, what comes back, and the longest way that it may take."""

    method: str
    path: str
    body: Mapping[str, Any] | None
    status: int
    calls: int
    files: int


REQUESTS = {
    "created": Request("POST", "/organizations", CAFE, 200, 80, 20),
    "refused": Request("POST", "/organizations", {**CAFE, "zip": 3}, 400, 150, 30),
    "retrieved": Request("GET", f"/organizations/{SHOP}", None, 200, 40, 18),
}


@pytest.mark.parametrize("one", REQUESTS.values(), ids=list(REQUESTS))
async def test_the_way_of_a_warm_request(api: Api, service: Service, one: Request) -> None:
    headers = {"Authorization": f"Bearer {api.account.token('vendor_test')}"}
    for _ in range(3):
        await api.call(one.method, one.path, by=None, body=one.body, headers=headers)
    for served in service.apis:
        served.coverage.count()  # a hundred at once, of other tests too
    with followed() as way:
        answer = await api.call(one.method, one.path, by=None, body=one.body, headers=headers)
    assert answer.status == one.status
    assert len(way) <= one.calls, f"{len(way)} calls:\n{way}"
    assert len(way.files) <= one.files, f"{len(way.files)} files: {sorted(way.files)}"
