"""Lists of SIGN DE: filters in all the forms in which clients write them, and what was deleted."""

from dataclasses import replace

import pytest
from fiskaly_mockserver.domain.signing.model import TssId, TssState
from web.sign_de.till import CLIENT, EXPORT, PIN, SERIAL, TSS, Till

STATES = [
    "states=ACTIVE",
    "states[]=ACTIVE",
    "states%5B%5D=ACTIVE",
    "states[0]=ACTIVE",
    "states%5B0%5D=FINISHED&states%5B1%5D=ACTIVE",
    "?states=ACTIVE",
    "states=ACTIVE&states=CANCELLED",
]


@pytest.mark.parametrize("query", STATES)
async def test_an_array_may_be_written_in_any_form(till: Till, query: str) -> None:
    await till.open()
    await till.sign(1)
    for path in ("/tx", f"/tss/{TSS}/tx", f"/tss/{TSS}/client/{CLIENT}/tx"):
        found = await till.get(f"{path}?{query}")
        assert (found.status, found.body["count"]) == (200, 1)
        assert "X-Mock-Violations" not in found.headers
        none = await till.get(f"{path}?{query.replace('ACTIVE', 'FINISHED')}")
        assert (none.status, none.body["count"]) == (200, 0)


async def test_tss_are_narrowed_by_their_states(till: Till) -> None:
    await till.deploy()
    for states, count in (
        ("UNINITIALIZED", 1),
        ("CREATED", 0),
        ("CREATED&states=UNINITIALIZED", 1),
    ):
        assert (await till.get(f"/tss?states={states}")).body["count"] == count


@pytest.mark.parametrize("path", ["/tx", f"/tss/{TSS}/tx", f"/tss/{TSS}/client/{CLIENT}/tx"])
async def test_transactions_come_in_the_order_that_is_asked_for(till: Till, path: str) -> None:
    await till.open()
    for number in (2, 1, 3):
        tx = f"00000000-0000-4000-8000-00000000000{number}"
        body: dict[str, object] = {"state": "ACTIVE", "client_id": CLIENT}
        assert (await till.put(f"/tss/{TSS}/tx/{tx}?tx_revision=1", body)).status == 200
    schema = {"raw": {"process_type": "x", "process_data": ""}}
    first = f"/tss/{TSS}/tx/00000000-0000-4000-8000-000000000002?tx_revision=2"
    body = {"state": "CANCELLED", "client_id": CLIENT, "schema": schema}
    assert (await till.put(first, body)).status == 200
    for query, numbers in (
        ("", [1, 2, 3]),
        ("order_by=state&order=asc", [2, 3, 1]),
        ("order_by=state&order=desc&limit=1", [1]),
        ("order=desc", [3, 2, 1]),
        ("order_by=number&order=asc", [1, 2, 3]),
        ("order_by=number&order=desc&limit=2", [3, 2]),
        ("order_by=number&order=desc&offset=2", [1]),
    ):
        found = (await till.get(f"{path}?{query}")).body
        assert ([row["number"] for row in found["data"]], found["count"]) == (numbers, 3), query


async def test_numbers_of_several_tss_are_in_order(till: Till) -> None:
    await till.open()
    other = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0002"
    client = "0b7a5f3e-1c2d-4e3f-8a4b-5c6d7e8f9a0c"
    puk = (await till.put(f"/tss/{other}")).body["admin_puk"]
    await till.patch(f"/tss/{other}", {"state": "UNINITIALIZED"})
    await till.patch(f"/tss/{other}/admin", {"admin_puk": puk, "new_admin_pin": PIN})
    await till.post(f"/tss/{other}/admin/auth", {"admin_pin": PIN})
    await till.patch(f"/tss/{other}", {"state": "INITIALIZED"})
    await till.put(f"/tss/{other}/client/{client}", {"serial_number": SERIAL})
    for at, (tss, signer) in enumerate([(TSS, CLIENT), (TSS, CLIENT), (other, client)]):
        body: dict[str, object] = {"state": "ACTIVE", "client_id": signer}
        tx = f"00000000-0000-4000-8000-00000000000{at}"
        assert (await till.put(f"/tss/{tss}/tx/{tx}?tx_revision=1", body)).status == 200
    for order, numbers in (("asc", [1, 1, 2]), ("desc", [2, 1, 1])):
        found = (await till.get(f"/tx?order_by=number&order={order}")).body
        assert [row["number"] for row in found["data"]] == numbers


async def test_tss_without_the_time_that_is_sorted_by_come_last(till: Till) -> None:
    await till.open()
    fresh = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0000"
    await till.put(f"/tss/{fresh}")
    for query in ("order_by=time_init", "order_by=time_init&order=desc"):
        found = (await till.get(f"/tss?{query}")).body
        assert [row["_id"] for row in found["data"]] == [TSS, fresh]


async def test_what_the_service_deleted_is_shown_unless_told_otherwise(till: Till) -> None:
    await till.open()
    await till.sign(1)
    await till.put(f"/tss/{TSS}/export/{EXPORT}")
    rows = till.api.account.world.rows
    tss = rows.tss.get(TssId(TSS))
    assert tss is not None
    lists = ["/tss", "/client", "/tx", "/export"]
    lists += [f"/tss/{TSS}{path}" for path in ("/client", "/tx", "/export")]
    lists += [f"/tss/{TSS}/client/{CLIENT}/tx"]
    counts = {path: (await till.get(f"{path}?show_deleted=false")).body["count"] for path in lists}
    assert set(counts.values()) == {1}
    rows.tss.put(replace(tss, state=TssState.DELETED))
    for path in lists:
        assert (await till.get(path)).body["count"] == 1, path
        assert (await till.get(f"{path}?show_deleted=false")).body["count"] == 0, path
    assert (await till.get("/tss?states=DELETED&show_deleted=false")).body["count"] == 0


async def test_a_browser_is_let_in_from_any_page(till: Till) -> None:
    asked = {
        "Origin": "https://till.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = await till.api.call("OPTIONS", f"/tss/{TSS}", headers=asked)
    assert (answer.status, answer.raw) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, PATCH, PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert "X-Mock-Violations" not in answer.headers


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"/tss/{TSS}", {}, 405),
        (f"/tss/{TSS}", {"Origin": "https://till.example"}, 405),
        (
            "/nowhere",
            {"Origin": "https://till.example", "Access-Control-Request-Method": "PUT"},
            404,
        ),
    ],
)
async def test_any_other_options_is_refused(
    till: Till, path: str, headers: dict[str, str], status: int
) -> None:
    assert (await till.api.call("OPTIONS", path, headers=headers)).status == status
