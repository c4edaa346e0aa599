"""The figures of the pages, each to the last digit."""

import marshal
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fiskaly_mockserver.domain.account.model import Environment, OrganizationId
from fiskaly_mockserver.domain.signing.model import TransactionState, TssId
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
