"""Ages of what is unpaid, the points of a curve, and the bridge between two instants: cases worked by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.servers.reporting_at_work import (
    CreateDatabase,
    Reporting,
    affiliated,
    assessed,
    at,
    fact,
    received,
    reporting,
)

DUE = date(2026, 2, 15)
KNOWN, LATER, LAST = at("2026-02-10T00:00:00"), at("2026-03-01T00:00:00"), at("2026-04-01T00:00:00")
AGES = ["days_1_30_xof", "days_31_90_xof", "days_91_180_xof", "days_181_365_xof", "days_over_365_xof"]


def _day(days: int) -> str:
    return (DUE + timedelta(days=days)).isoformat()


@pytest_asyncio.fixture(scope="module")
async def fund(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    """A owes 1,000 of January and pays in four parts; Q owes 500 of it by the end of its quarter; N owes nothing."""

    def paid(n: int, xof: int, on: date, known: datetime = KNOWN) -> Any:
        return fact(received("A", "2026-01", xof, received_on=on, payment_id=f"P-{n}"), known)

    quarterly: dict[str, Any] = {"kind": "private_employer", "territory": "0901", "due_on": date(2026, 4, 15)}
    async with reporting(postgres) as it:
        await it.feed(
            fact(affiliated("A"), KNOWN),
            fact(assessed("A", "2026-01", 1_000), KNOWN),
            paid(1, 100, date(2025, 12, 31)),
            paid(2, 200, date(2026, 1, 1)),
            paid(3, 300, DUE + timedelta(days=30), LATER),
            paid(4, 50, DUE + timedelta(days=31), LATER),
            paid(4, -50, DUE + timedelta(days=31), LAST),  # bounced
            fact(assessed("Q", "2026-01", 500, **quarterly), KNOWN),
            fact(assessed("N", "2025-12", 0, due_on=date(2026, 1, 15)), KNOWN),
        )
        await it.complete("2028-01-01T00:00:00Z")
        yield it


async def _total(fund: Reporting, path: str, **query: Any) -> dict[str, Any]:
    body: dict[str, Any] = (await fund.get(path, **query)).raise_for_status().json()
    return dict(body["total"])


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, None), (1, 0), (30, 0), (31, 1), (90, 1), (91, 2), (180, 2), (181, 3), (365, 3), (366, 4), (600, 4)],
)
async def test_what_is_unpaid_grows_old_from_the_day_after_its_due_day(
    fund: Reporting, days: int, age: int | None
) -> None:
    today = DUE + timedelta(days=days)
    unpaid = 700 if today < LATER.date() else 350 if today < LAST.date() else 400
    total = await _total(fund, "/v1/arrears", payer_id="A", as_of=_day(days))
    expected = [unpaid if place == age else 0 for place in range(len(AGES))]
    assert [total[name] for name in AGES] == expected
    assert total["arrears_xof"] == sum(expected)
    assert total["older_than_12_months_share"] == (None if age is None else "1.0000" if age == 4 else "0.0000")


async def test_arrears_are_held_against_the_receipts_of_the_calendar_year(fund: Reporting) -> None:
    ratios = {}
    for day in ("2026-02-20", "2026-03-20", "2026-12-31", "2027-01-01"):
        total = await _total(fund, "/v1/arrears", payer_id="A", as_of=day)
        ratios[day] = (total["arrears_xof"], total["arrears_to_collections"])
    assert ratios == {
        "2026-02-20": (700, "3.5000"),  # 100 came in the year before
        "2026-03-20": (350, "0.6364"),
        "2026-12-31": (400, "0.8000"),
        "2027-01-01": (400, None),
    }


async def test_a_group_without_arrears_has_its_row_and_one_without_facts_has_none(fund: Reporting) -> None:
    rows = await fund.rows("/v1/arrears", group_by=["payer", "period"], as_of="2026-04-15", limit=1)
    told = {(row["payer_id"], row["period"]): (row["arrears_xof"], row["older_than_12_months_share"]) for row in rows}
    assert told == {("A", "2026-01"): (400, "0.0000"), ("N", "2025-12"): (0, None), ("Q", "2026-01"): (0, None)}
    assert await fund.rows("/v1/arrears", group_by="payer", payer_id="Z") == []
    (none,) = await fund.rows("/v1/arrears", payer_id="Z")
    assert {name: none[name] for name in AGES} == dict.fromkeys(AGES, 0)


async def test_a_point_is_told_from_its_day_on_once_every_payer_with_dues_has_reached_it(fund: Reporting) -> None:
    async def curve(day: str, **query: Any) -> list[str | None]:
        total = await _total(fund, "/v1/cohorts", as_of=day, **query)
        return [total[f"rate_{days}"] for days in (0, 30, 60, 90, 180, 365)]

    async def unpaid(day: str, **query: Any) -> list[str | None]:
        total = await _total(fund, "/v1/unpaid-rates", as_of=day, **query)
        return [total[f"unpaid_rate_{days}"] for days in (0, 30, 90)]

    alone = {"payer_id": "A"}
    assert await curve(_day(1), **alone) == ["0.3000", None, None, None, None, None]
    assert await curve(_day(29), **alone) == ["0.3000", None, None, None, None, None]
    assert await curve(_day(30), **alone) == ["0.3000", "0.6000", None, None, None, None]
    assert await curve(_day(364), **alone) == ["0.3000", *["0.6000"] * 4, None]
    assert await curve(_day(365), **alone) == ["0.3000", *["0.6000"] * 5]
    assert await unpaid(_day(29), **alone) == ["0.7000", None, None]
    assert await unpaid(_day(90), **alone) == ["0.7000", "0.4000", "0.4000"]
    assert await curve("2026-04-14") == [None] * 6  # of all, until the quarterly filer's day
    assert await curve("2026-04-15") == ["0.2000", None, None, None, None, None]
    assert await unpaid("2026-07-13") == ["0.8000", "0.6000", None]
    assert await unpaid("2026-07-14", period_to="2025-12") == [None, None, None]  # nothing is due of it


async def test_a_payment_of_a_bounced_cheque_counts_while_nobody_knows_that_it_bounced(fund: Reporting) -> None:
    period: dict[str, Any] = {"payer_id": "A", "period_from": "2026-01"}
    before = await _total(fund, "/v1/cohorts", as_of="2026-03-31", **period)
    assert (before["rate_30"], before["rate_60"]) == ("0.6000", None)
    rows = await fund.rows("/v1/cohorts", group_by="payer_kind", as_of=_day(60), **period)
    assert [list(row)[:3] for row in rows] == [["payer_kind", "period", "assessed_xof"]]
    assert rows[0]["rate_60"] == "0.6000"
    owed = await _total(fund, "/v1/arrears", as_of="2026-03-31", **period)
    assert owed["arrears_xof"] == 350


async def test_the_bridge_tells_what_came_and_what_was_taken_back_and_adds_up(postgres: CreateDatabase) -> None:
    async with reporting(postgres) as it:
        await it.feed(
            fact(assessed("A", "2026-01", 1_000), KNOWN),
            fact(received("A", "2026-01", 600), KNOWN),
            fact(assessed("A", "2026-01", -200, basis="replacement"), LATER),
            fact(assessed("A", "2026-02", 400, basis="estimated", kind="state", territory="0901"), LATER),
            fact(assessed("A", "2026-02", 30, basis="adjustment", kind="state", territory="0901"), LATER),
            fact(assessed("B", "2026-02", 70), LATER),
            fact(received("A", "2026-01", -600), LATER),  # of one payment: away, back in part
            fact(received("A", "2026-01", 450), LAST),
            fact(received("A", "2026-02", 25, kind="state", territory="0901"), LATER),
            fact(received("B", "2026-02", 70, payment_id="P-9"), LATER),
            fact(received("B", "2026-02", -70, payment_id="P-9"), LAST),  # came and went: nothing moved
            fact(received("B", "2026-02", 5, payment_source="/treasury", payment_id="P-9"), LAST),
        )
        await it.complete("2026-06-01T00:00:00Z")

        async def bridge(since: datetime, to: str | None, **query: Any) -> list[Any]:
            instants = {"from": since.isoformat()} | ({} if to is None else {"to": to})
            body = (await it.get("/v1/bridge", **instants, **query)).raise_for_status().json()
            assert body["rows"] == [body["total"]]
            told = list(body["total"].values())
            assert told[0] + sum(told[1:5]) == told[5]
            assert told[6] + told[7] + told[8] == told[9]
            assert body["as_of"] == ("2026-06-01T00:00:00Z" if to is None else to)
            return told

        whole = [1_000, 70, -200, 400, 30, 1_300, 600, 30, -150, 480]
        assert await bridge(KNOWN, None) == [*whole, "0.6000", "0.3692"]
        to = LATER.isoformat().replace("+00:00", "Z")
        assert await bridge(KNOWN, to) == [1_000, 70, -200, 400, 30, 1_300, 600, 95, -600, 95, "0.6000", "0.0731"]
        assert (await bridge(LATER, None))[6:10] == [95, 455, -70, 480]
        assert await bridge(KNOWN, None, region="09") == [0, 0, 0, 400, 30, 430, 0, 25, 0, 25, None, "0.0581"]
        assert await bridge(KNOWN, None, period_to="2026-01", payer_id="A") == [
            *(1_000, 0, -200, 0, 0, 800, 600, 0, -150, 450),
            *("0.6000", "0.5625"),
        ]
        same = await bridge(LAST, LAST.isoformat().replace("+00:00", "Z"))
        assert same == [1_300, 0, 0, 0, 0, 1_300, 480, 0, 0, 480, "0.3692", "0.3692"]
        beyond = (await it.get("/v1/bridge", **{"from": "2030-01-01"})).json()
        assert (beyond["as_of"], beyond["total"]["declared_xof"]) == ("2026-06-01T00:00:00Z", 0)
