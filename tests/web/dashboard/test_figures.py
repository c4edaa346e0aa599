"""The figures of the pages, each to the last digit."""

import marshal
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fiskaly_mockserver.domain.account.model import Environment, OrganizationId
from fiskaly_mockserver.domain.signing.model import TransactionId, TransactionState, TssId
from fiskaly_mockserver.web.dashboard import overview
from fiskaly_mockserver.web.dashboard.overview import Share, shares
from fiskaly_mockserver.web.service import Service
from web.dashboard.browser import Browser, home_of, person


class TestOfAShop:
    """One shop with one till and some receipts."""

    @pytest.fixture
    def tree(self) -> dict[str, Any]:
        return {"tills": 1, "receipts": 4, "size": 1}

    async def test_shares_are_of_finished_receipts_and_the_largest_comes_first(
        self, service: Service
    ) -> None:
        row = next(row for row in service.world.rows.transactions if row.time_end)
        last = row.latest

        def sent(schema: dict[str, Any]) -> bytes:
            return marshal.dumps({"schema": schema})

        def sold(*amounts: tuple[str, object], state: Any = TransactionState.FINISHED) -> Any:
            lines = [{"vat_rate": rate, "amount": amount} for rate, amount in amounts]
            schema = {"standard_v1": {"receipt": {"amounts_per_vat_rate": lines}}}
            return row._replace(revisions=(last._replace(state=state, sent=sent(schema)),))

        rows = [
            sold(("NORMAL", "10.00"), ("NULL", "-10.00")),
            sold(("NORMAL", "10.00"), ("REDUCED_1", "20.00"), ("NORMAL", "many")),
            sold(("NORMAL", "99.00"), state=TransactionState.CANCELLED),
            row._replace(revisions=(last._replace(sent=sent({"raw": {}})),)),
        ]
        assert shares(rows, "amounts_per_vat_rate", "vat_rate") == [
            Share("NORMAL", Decimal(20), 40.0),
            Share("REDUCED_1", Decimal(20), 40.0),
            Share("NULL", Decimal(-10), 20.0),
        ]
        assert shares(rows[2:], "amounts_per_vat_rate", "vat_rate") == []
        nothing = [sold(("NORMAL", "0.00"))]
        assert shares(nothing, "amounts_per_vat_rate", "vat_rate") == [
            Share("NORMAL", Decimal(0), 0.0)
        ]

    async def test_the_overview_has_a_bar_for_each_of_30_days(
        self, service: Service, admin: Browser
    ) -> None:
        tss = next(iter(service.world.rows.tss))
        await admin.post("/choose", organization_id=tss.organization_id)
        text = (await admin.get("/overview")).text
        days = re.findall(r"<tr><td>(\d{4}-\d\d-\d\d)</td><td>(\d+)</td></tr>", text)
        assert len(days) == 30
        assert [day for day, _ in days] == sorted(day for day, _ in days)
        closed = [row for row in service.world.rows.transactions if row.time_end]
        assert sum(int(number) for _, number in days) == len(closed) == 4
        bars = re.findall(r'height="([0-9.]+)" class="bar"><title>', text)
        assert max(float(bar) for bar in bars) == 58

    async def test_the_overview_counts_by_the_days_of_the_chosen_zone(
        self, service: Service, admin: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = service.world.rows
        tss, row = next(iter(rows.tss)), next(iter(rows.transactions))
        rows.tss.put(replace(tss, active_transactions=3))
        day = 86_400
        today_in_tokyo = (int(service.world.clock.now()) // day + 400) * day - 9 * 3600
        service.world.clock.freeze(today_in_tokyo + day - 1)

        def add(number: int, start: int, end: int = 0) -> None:
            first, *_, last = row.revisions
            steps = [
                step._replace(log=replace(step.log, time=today_in_tokyo + at))
                for step, at in ((first, start), (last, end))[: 2 if end else 1]
            ]
            rows.transactions.put(
                row._replace(id=TransactionId(f"t{number}"), number=number, revisions=(*steps,))
            )

        add(5, -30 * day, -29 * day - 1)
        add(6, -30 * day, -29 * day)
        add(7, -1, -1)
        add(8, -1, 1)
        add(9, 0)
        await admin.post("/choose", organization_id=tss.organization_id)
        await admin.post("/choose", zone="Asia/Tokyo")
        text = (await admin.get("/overview")).text
        assert _tiles(text)[1:] == [1, 1, 9, 0]
        assert "1 today · 3 open" in text
        found = re.findall(r"<tr><td>\d{4}-\d\d-\d\d</td><td>(\d+)</td></tr>", text)
        assert found == ["1", *"0" * 27, "1", "1"]
        latest = re.findall(r'/transactions/[^"]+">(\d+)<', text)
        assert latest == ["9", "8", "7", "6", "5", "4", "3", "2"]
        assert "charts show the latest" not in text
        for most, drawn in ((9, False), (8, True), (1, True)):
            monkeypatch.setattr(overview, "MOST_COUNTED", most)
            text = (await admin.get("/overview")).text
            assert (f"The charts show the latest {most}<" in text) is drawn
            assert ("1+ today" in text) is (most == 1)
        found = re.findall(r"<tr><td>\d{4}-\d\d-\d\d</td><td>(\d+)</td></tr>", text)
        assert not sum(map(int, found))

    async def test_the_overview_counts_what_is_in_view(
        self, service: Service, admin: Browser
    ) -> None:
        tss = next(iter(service.world.rows.tss))
        home = home_of(person(service, managed=False))
        seen = [row for row in service.world.rows.organizations if home in row.viewers]
        assert _tiles((await admin.get("/overview")).text) == [len(seen), 0, 0, 0, 0]
        await admin.post("/choose", organization_id=tss.organization_id)
        await admin.post("/exports", tss_id=tss.id)
        await admin.post("/tss")
        text = (await admin.get("/overview")).text
        assert _tiles(text) == [len(seen), 2, 1, 4, 1]
        assert "1 INITIALIZED 1 CREATED" in text

    async def test_what_is_billed_are_the_live_tss_of_the_last_twelve_months_with_any(
        self, service: Service, admin: Browser
    ) -> None:
        home = home_of(person(service, managed=False))
        row = next(iter(service.world.rows.tss))

        def add(number: int, **changes: Any) -> None:
            place = {"organization_id": OrganizationId(home), "env": Environment.LIVE}
            tss = replace(row, id=TssId(f"t{number}"), **{**place, **changes})
            service.world.rows.tss.put(tss)

        june_2020, new_year_2022_in_berlin = 1_592_000_000, 1_640_991_600
        add(1, time_init=june_2020, time_disable=new_year_2022_in_berlin - 1)
        add(2, time_init=new_year_2022_in_berlin - 1, time_disable=new_year_2022_in_berlin)
        add(3, time_init=0, time_disable=0)
        add(4, time_init=june_2020, env=Environment.TEST)
        text = (await admin.get("/billing")).text
        found = re.findall(r"<td>(\d{4}-\d\d)</td><td>[^<]+</td><td>(\d+)</td>", text)
        assert found == [
            *((f"2021-{month:02}", "1") for month in range(2, 12)),
            ("2021-12", "2"),
            ("2022-01", "1"),
        ]


def _tiles(text: str) -> list[int]:
    """Return the numbers of organizations, TSS, clients, transactions and exports."""
    found = re.findall(r"</a></dt><dd>(\d+)</dd>", text)
    assert len(found) == 5
    return [int(number) for number in found]
