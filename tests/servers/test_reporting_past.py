"""What had come in, and who owed what, as of any instant of a year, be fewer facts known before it or since."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.recount import reports as recount
from tests.servers.reporting_at_work import (
    CreateDatabase,
    Known,
    Reporting,
    affiliated,
    as_facts,
    assessed,
    at,
    fact,
    feed_all,
    held,
    received,
    reporting,
)

START = at("2025-03-01T00:00:00")
PERIODS = ("2025-01", "2025-02", "2025-06")
PLACES = (("state", "0101"), ("private_employer", "0102"), ("private_employer", "02"), ("local_authority", "0201003"))


def history(seed: int) -> list[Known]:
    """A year of facts: several a day, of one instant too, money taken back wholly, payers that changed."""
    dice = random.Random(seed)
    known: list[Known] = []
    for n in range(12):
        payer = f"P{n:02}"
        for place, day in zip(dice.sample(PLACES, 2), (-1, dice.randint(0, 360)), strict=True):
            known.append((START + timedelta(days=day), affiliated(payer, *place)))
        for period in PERIODS:
            kind, place_of = dice.choice(PLACES)
            moment = START + timedelta(days=dice.randint(0, 300), hours=n)
            known.append((moment, assessed(payer, period, 10_000, kind, place_of)))
            for part in range(dice.randint(0, 3)):
                moment += timedelta(hours=dice.choice((0, 1, 5, 700)))
                paid = {"payment_id": f"{payer}-{period}-{part}", "channel": dice.choice(("bank", "treasury"))}
                on = date(2025, dice.choice((5, 6, 11)), 1 + part)
                known.append((moment, received(payer, period, 3_000, kind, place_of, received_on=on, **paid)))
                if dice.random() < 0.4:
                    moment += timedelta(hours=dice.choice((0, 2, 900)))
                    known.append((moment, received(payer, period, -3_000, kind, place_of, received_on=on, **paid)))
                    known.append((moment, held(payer, 3_000, received_on=on, **paid)))
    return known


@pytest.fixture(scope="module")
def known() -> list[Known]:
    """The facts, in the order in which they come: at random."""
    facts = history(5)
    random.Random(6).shuffle(facts)
    return facts


@pytest_asyncio.fixture(scope="module")
async def fed(postgres: CreateDatabase, known: Sequence[Known]) -> AsyncIterator[Reporting]:
    """Reporting with all of them."""
    async with reporting(postgres) as it:
        await feed_all(it, known, (1, 7, 40))
        yield it


@pytest.mark.parametrize("seed", range(3))
async def test_money_and_debtors_of_any_instant_are_a_recount_of_the_facts(
    fed: Reporting, known: Sequence[Known], seed: int
) -> None:
    dice = random.Random(seed)
    facts = as_facts(sorted(known, key=lambda one: one[0]))
    seen = set[int]()
    for _ in range(30):
        moment = dice.choice(known)[0] + timedelta(microseconds=dice.choice((0, -1)), days=dice.choice((0, 0, -30)))
        as_of = dice.choice((None, moment, moment, moment, moment.date()))
        filters: dict[str, str] = dice.choice(({}, {"region": "02"}, {"payer_kind": "state"}, {"territory": "0102"}))
        query = filters | ({} if as_of is None else {"as_of": as_of.isoformat()})
        money = (await fed.get("/v1/money", **query)).raise_for_status().json()
        assert money["rows"] == recount.money(facts, as_of, **filters), query
        groups = dice.choice((["payer"], ["payer_kind", "payer"], ["territory"]))
        rates = (await fed.get("/v1/collection-rates", group_by=groups, **query)).raise_for_status().json()
        assert rates["rows"] == recount.as_of(facts, as_of, groups, **filters), (groups, query)
        assert rates["total"] == recount.as_of(facts, as_of, **filters)[0], query
        seen.add(len(rates["rows"]))
    assert len(seen) > 5  # of many sizes


async def test_a_month_that_came_to_nothing_has_its_row_and_one_known_later_that_day_has_none(
    postgres: CreateDatabase,
) -> None:
    """Though the sums of days tell of both as 0."""
    async with reporting(postgres) as it:
        april: dict[str, Any] = {"received_on": date(2025, 4, 2)}
        hour = timedelta(hours=1)
        await it.feed(
            fact(received("A", "2025-01", 5, **april), START),
            fact(received("A", "2025-01", -5, **april), START + hour),
            fact(received("A", "2025-01", 7, received_on=date(2025, 5, 2)), START + 3 * hour),
        )
        await it.complete()
        told = (await it.get("/v1/money", as_of=(START + 2 * hour).isoformat())).json()["rows"]
        assert [(row["month"], row["total_xof"]) for row in told] == [("2025-04", 0)]
