"""The figures: exact as of any instant, whatever the order in which facts came and whatever is repeated."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest_asyncio

from recouvra.contracts.event import Event
from recouvra.contracts.record import Record
from tests.servers.reporting_at_work import (
    CreateDatabase,
    Reporting,
    affiliated,
    assessed,
    at,
    batches,
    fact,
    held,
    received,
    reporting,
)

START = at("2026-02-01T00:00:00")
PERIODS = ("2025-11", "2025-12", "2026-01")
KINDS = {
    "A": ("state", "0301002"),
    "B": ("local_authority", "0301"),
    "C": ("private_employer", "03"),
    "D": ("local_authority", "0102"),
}
Known = tuple[datetime, Event]


@pytest_asyncio.fixture
async def empty(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    async with reporting(postgres) as it:
        yield it


def _history(seed: int) -> list[Known]:
    """Facts in the order of their knowledge times, amounts of both signs, never more received than assessed."""
    dice = random.Random(seed)
    known: list[Known] = [(START, affiliated(p, kind, place)) for p, (kind, place) in KINDS.items()]
    moment = START
    due: dict[tuple[str, str], int] = {}
    paid: dict[tuple[str, str], int] = {}
    for n in range(160):
        moment += timedelta(microseconds=dice.choice((0, 1, 3_600_000_000, 40_000_000_000)))
        payer, period = dice.choice(list(KINDS)), dice.choice(PERIODS)
        kind, place = KINDS[payer]
        pair = payer, period
        open_xof = due.get(pair, 0) - paid.get(pair, 0)
        if open_xof == 0 or dice.random() < 0.4:
            xof = dice.randint(-open_xof, 900_000)
            due[pair] = due.get(pair, 0) + xof
            known.append((moment, assessed(payer, period, xof, kind, place)))
        else:
            xof = dice.randint(-paid.get(pair, 0), open_xof)
            paid[pair] = paid.get(pair, 0) + xof
            known.append((moment, received(payer, period, xof, kind, place, payment_id=f"P-{n}")))
    return known


def _expected(known: list[Known], as_of: datetime) -> list[dict[str, Any]]:
    """The rows by payer and period, from the facts alone."""
    sums: dict[tuple[str, str], list[int]] = {}
    for when, event in known:
        xof = getattr(event, "assessed_xof", None), getattr(event, "received_xof", None)
        if when <= as_of and xof != (None, None):
            row = sums.setdefault((event.payer_id, event.period), [0, 0])  # type: ignore[attr-defined]
            row[0] += xof[0] or 0
            row[1] += xof[1] or 0
    return [
        {"payer_id": p, "period": m, "payers": 1, "assessed_xof": a, "received_xof": r, "outstanding_xof": a - r}
        for (p, m), (a, r) in sorted(sums.items())
    ]


def _without_rate(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "collection_rate"} for row in rows]


async def test_a_figure_as_of_any_instant_is_that_of_the_facts_known_by_then_in_whatever_order_they_came(
    postgres: CreateDatabase,
) -> None:
    known = _history(7)
    records = [fact(event, when, f"e-{n}") for n, (when, event) in enumerate(known)]
    dice = random.Random(11)
    instants = [when for when, _ in dice.sample(known, 12)] + [START - timedelta(seconds=1)]
    for order in range(3):
        feed = list(records)
        if order:
            dice.shuffle(feed)
        async with reporting(postgres) as it:
            for batch in batches(feed, (1, 7, 40)):
                await it.feed(*batch)
            await it.complete()
            for instant in instants:
                rows = await it.rows(
                    "/v1/collection-rates", as_of=instant.isoformat(), group_by=["period", "payer"], limit=3
                )
                assert _without_rate(rows) == _expected(known, instant)


async def test_a_repeated_fact_counts_once_in_one_batch_in_another_and_after_a_restart(empty: Reporting) -> None:
    record = fact(assessed("A", "2026-01", 1_000), START, "same")
    assert (await empty.feed(record, record)).duplicates == 1
    assert (await empty.feed(record)).effects == 0
    await empty.complete()
    body = (await empty.get("/v1/collection-rates")).json()
    assert body["total"]["assessed_xof"] == 1_000


async def test_a_fact_with_a_known_id_and_another_content_is_set_aside_and_changes_no_figure(empty: Reporting) -> None:
    await empty.feed(fact(assessed("A", "2026-01", 1_000), START, "same"))
    await empty.feed(fact(assessed("A", "2026-01", 9_999), START, "same"))
    await empty.complete()
    assert (await empty.get("/v1/collection-rates")).json()["total"]["assessed_xof"] == 1_000
    letters = (await empty.get("/v1/dead-letters")).json()
    assert [row["reason"] for row in letters["rows"]] == ["conflicting-duplicate"]


async def test_a_rate_is_rounded_half_even_and_null_where_nothing_is_assessed(empty: Reporting) -> None:
    for payer, due, paid in (("A", 20_000, 1), ("B", 20_000, 3), ("C", 0, 0), ("D", 3, 2), ("E", 7, 7)):
        await empty.feed(fact(assessed(payer, "2026-01", due), START), fact(received(payer, "2026-01", paid), START))
    await empty.complete()
    rows = await empty.rows("/v1/collection-rates", group_by="payer")
    rates = {row["payer_id"]: row["collection_rate"] for row in rows}
    assert rates == {"A": "0.0000", "B": "0.0002", "C": None, "D": "0.6667", "E": "1.0000"}


async def test_a_fact_stands_under_its_own_kind_and_territory_after_its_payer_changed(empty: Reporting) -> None:
    await empty.feed(
        fact(affiliated("A", "local_authority", "0101"), START),
        fact(assessed("A", "2026-01", 500), START),
        fact(affiliated("A", "private_employer", "0901"), START + timedelta(days=1)),
        fact(assessed("A", "2026-02", 70, "private_employer", "0901"), START + timedelta(days=2)),
    )
    await empty.complete()
    rows = await empty.rows("/v1/collection-rates", group_by=["region", "payer_kind", "territory"])
    assert [(r["payer_kind"], r["region"], r["territory_code"], r["payers"], r["assessed_xof"]) for r in rows] == [
        ("local_authority", "01", "0101", 1, 500),
        ("private_employer", "09", "0901", 1, 70),
    ]
    total = (await empty.get("/v1/collection-rates", group_by="region")).json()["total"]
    assert total["payers"] == 1


async def test_money_stands_by_channel_and_month_of_its_value_date_and_always_adds_up(empty: Reporting) -> None:
    march: dict[str, Any] = {"received_on": date(2026, 3, 3), "channel": "treasury"}
    await empty.feed(
        fact(affiliated("A", "state", "0901"), START),
        fact(received("A", "2026-01", 600, "state", "0901"), START),
        fact(held("A", 400), START),
        fact(held(None, 250, "suspense", payment_id="P-2", **march), START, key=b"REF-9"),
        fact(held(None, -250, "suspense", payment_id="P-2", **march), START + timedelta(hours=1), key=b"REF-9"),
        fact(held("A", 250, payment_id="P-2", **march), START + timedelta(hours=1)),
    )
    await empty.complete()
    before = (await empty.get("/v1/money", as_of=START.isoformat())).json()
    assert before["rows"] == [
        _money("bank", "2026-02", 600, 400, 0),
        _money("treasury", "2026-03", 0, 0, 250),
    ]
    after = (await empty.get("/v1/money")).json()
    assert after["rows"] == [_money("bank", "2026-02", 600, 400, 0), _money("treasury", "2026-03", 0, 250, 0)]
    assert after["total"] == {"received_xof": 600, "credit_xof": 650, "suspense_xof": 0, "total_xof": 1_250}
    assert before["total"]["total_xof"] == after["total"]["total_xof"]


async def test_money_of_some_payers_leaves_suspense_out_and_takes_credit_by_what_was_known_of_its_payer(
    empty: Reporting,
) -> None:
    await empty.feed(
        fact(affiliated("A", "state", "0901"), START),
        fact(affiliated("A", "state", "0201"), START + timedelta(days=1)),
        fact(received("A", "2026-01", 600, "state", "0901"), START),
        fact(held("A", 400), START),
        fact(held("A", 9, "suspense", payment_id="P-2"), START),
    )
    await empty.complete()

    async def region(code: str, **query: Any) -> dict[str, int]:
        total: dict[str, int] = (await empty.get("/v1/money", region=code, **query)).json()["total"]
        return total

    assert await region("09", as_of=START.isoformat()) == _total(600, 400, 0)
    assert await region("09") == _total(600, 0, 0)
    assert await region("02") == _total(0, 400, 0)
    assert (await empty.get("/v1/money", payer_id="A")).json()["total"] == _total(600, 400, 0)
    assert (await empty.get("/v1/money")).json()["total"] == _total(600, 400, 9)


async def test_a_payer_shows_its_periods_when_each_was_wholly_paid_and_the_facts_behind(empty: Reporting) -> None:
    later = START + timedelta(days=30)
    await empty.feed(
        fact(affiliated("A", "state", "0901", "Trésor"), START),
        fact(assessed("A", "2026-01", 1_000, "state", "0901", filed_on=date(2026, 2, 9)), START, "a-1"),
        fact(assessed("A", "2026-01", 500, "state", "0901", declaration_id="D-2"), later, "a-2"),
        fact(received("A", "2026-01", 700, received_on=date(2026, 2, 20)), START, "r-1"),
        fact(received("A", "2026-01", 300, received_on=date(2026, 2, 1), payment_id="P-0"), START, "r-2"),
        fact(held("A", 40, payment_id="P-4"), START),
    )
    await empty.complete()
    path = "/v1/payers/A"
    then = (await empty.get(path, as_of=START.isoformat())).json()
    assert then["name"] == "Trésor"
    assert then["credit_xof"] == 40
    assert then["collection_rate"] == "1.0000"
    (period,) = then["periods"]
    assert (period["due_on"], period["filed_on"], period["paid_on"]) == ("2026-02-15", "2026-02-09", "2026-02-20")
    assert [f["event_id"] for f in period["facts"]] == ["a-1", "r-1", "r-2"]
    assert sum(f["amount_xof"] for f in period["facts"]) == 2_000
    (period,) = (await empty.get(path)).json()["periods"]
    assert (period["outstanding_xof"], period["paid_on"]) == (500, None)


async def test_a_payer_is_unknown_until_something_is_known_of_it(empty: Reporting) -> None:
    await empty.feed(fact(affiliated("A"), START))
    await empty.complete()
    early = await empty.get("/v1/payers/A", as_of=(START - timedelta(microseconds=1)).isoformat())
    assert early.status_code == 404
    assert early.headers["content-type"] == "application/problem+json"
    assert (await empty.get("/v1/payers/Z")).status_code == 404
    known = (await empty.get("/v1/payers/A")).json()
    assert (known["assessed_xof"], known["collection_rate"], known["periods"]) == (0, None, [])


async def test_sums_beyond_64_bits_stay_exact(empty: Reporting) -> None:
    most = 10**18
    await empty.feed(*(fact(assessed("A", "2026-01", most), START) for _ in range(12)))
    await empty.complete()
    assert (await empty.get("/v1/collection-rates")).json()["total"]["assessed_xof"] == 12 * most


def _total(received_xof: int, credit_xof: int, suspense_xof: int) -> dict[str, int]:
    names = ("received_xof", "credit_xof", "suspense_xof", "total_xof")
    amounts = (received_xof, credit_xof, suspense_xof, received_xof + credit_xof + suspense_xof)
    return dict(zip(names, amounts, strict=True))


def _money(channel: str, month: str, *amounts: int) -> dict[str, Any]:
    return {"channel": channel, "month": month} | _total(*amounts)


def test_the_history_of_these_tests_holds_corrections_and_equal_knowledge_times() -> None:
    known: list[tuple[datetime, Event]] = _history(7)
    assert any(getattr(event, "received_xof", 0) < 0 for _, event in known)
    assert len({when for when, _ in known}) < len(known)
    assert all(isinstance(fact(event, when), Record) for when, event in known)
