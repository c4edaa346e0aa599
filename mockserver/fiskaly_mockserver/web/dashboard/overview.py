"""The first page: what there is at a glance, and what to do next."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from fiskaly_mockserver.domain.signing.model import (
    ClientState,
    Revision,
    Transaction,
    TransactionState,
    TssState,
)
from fiskaly_mockserver.domain.store import Paging
from fiskaly_mockserver.web.dashboard.account import shown_once
from fiskaly_mockserver.web.dashboard.frame import Page, Visit
from fiskaly_mockserver.web.dashboard.signing import receipt_in, tss_in_view

DAYS = 30
MOST_COUNTED = 5_000
"""Transactions that the charts are drawn from: of more, only the latest."""
LATEST = 8


class Share(NamedTuple):
    """One part of a whole, in euros, and how much of a hundred it is."""

    name: str
    amount: Decimal
    percent: float


def overview(visit: Visit) -> Mapping[str, object]:
    """Show counts, charts, the latest transactions, and the next step of onboarding."""
    principal, world = visit.principal, visit.world
    organizations = world.organizations.list(principal, Paging(limit=1)).count
    found: dict[str, object] = {
        "organizations": organizations,
        "steps": _steps(visit),
        **shown_once(visit),
    }
    if not visit.signs:
        return found
    place = (visit.organization.id, visit.session.env)
    tss = tss_in_view(visit)
    transactions = world.rows.transactions.select("place", place)
    latest = transactions.page(0, MOST_COUNTED, descending=True).rows
    today = visit.local(world.clock.now()).date()
    closed = [row for row in latest if row.time_end]
    per_day = Counter(visit.local(row.time_end).date() for row in closed)
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    return {
        **found,
        "tss_states": Counter(row.state for row in tss),
        "clients": len(world.rows.clients.select("place", place)),
        "transactions": len(transactions),
        # More may have come today than are looked at
        "today": sum(visit.local(row.time_start).date() == today for row in latest),
        "open": sum(row.active_transactions for row in tss),
        "exports": len(world.rows.exports.select("place", place)),
        "days": [(day, per_day[day]) for day in days],
        "most": max([1, *(per_day[day] for day in days)]),
        "vat": shares(closed, "amounts_per_vat_rate", "vat_rate"),
        "payments": shares(closed, "amounts_per_payment_type", "payment_type"),
        "latest": latest[:LATEST],
        "counted": MOST_COUNTED if len(transactions) > MOST_COUNTED else 0,
    }


def shares(rows: Iterable[Transaction], amounts: str, name: str) -> list[Share]:
    """Return how the turnover of finished receipts divides up, the largest part first."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.state is TransactionState.FINISHED:
            for key, amount in _amounts(row.latest, amounts, name):
                sums[key] += amount
    total = sum(map(abs, sums.values())) or 1
    return [
        Share(key, amount, float(100 * abs(amount) / total))
        for key, amount in sorted(sums.items(), key=lambda one: one[1], reverse=True)
    ]


def _amounts(one: Revision, amounts: str, name: str) -> Iterable[tuple[str, Decimal]]:
    for line in (receipt_in(one) or {}).get(amounts) or ():
        try:
            yield str(line[name]), Decimal(str(line["amount"]))
        except (KeyError, InvalidOperation):
            continue


def _steps(visit: Visit) -> list[tuple[str, str, bool]]:
    """Return the steps of the official onboarding: name, page, and whether it is done."""
    tables, rows, organization = visit.world.tables, visit.world.rows, visit.organization
    place = (organization.id, visit.session.env)
    below = tables.organizations.select("branch", place)
    steps = [
        ("step_managed", "organizations/new", not organization.is_main or len(below) > 0),
        ("step_key", "api-keys", len(tables.api_keys.select("place", place)) > 0),
    ]
    if visit.signs:
        states = {row.state for row in rows.tss.select("place", place)}
        clients = rows.clients.select("place", place)
        steps += [
            ("step_tss", "tss", bool(states)),
            ("step_initialized", "tss", TssState.INITIALIZED in states),
            ("step_client", "tss", any(one.state is ClientState.REGISTERED for one in clients)),
            ("step_transaction", "reference", len(rows.transactions.select("place", place)) > 0),
        ]
    return steps


PAGES = (Page("GET", "/overview", overview, "overview.html"),)
"""The one page."""
