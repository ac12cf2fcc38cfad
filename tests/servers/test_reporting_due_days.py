"""What fell due and how it came in, of made countries: every report equals the recount, as of any instant."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from typing import Any

import pytest
import pytest_asyncio

from recouvra.contracts.record import Record
from tests.builders import country, interleave, repeated
from tests.recount.facts import Fact, facts_of
from tests.recount.reports import instants
from tests.recount.reports_of_moves import bridge
from tests.recount.reports_of_pairs import (
    arrears,
    cohorts,
    cohorts_total,
    timeliness,
    unpaid_rates,
    unpaid_rates_total,
)
from tests.servers.reporting_at_work import CreateDatabase, Reporting, batches, reporting
from tests.unit.whole.fund import Fund

LAST = datetime(2028, 1, 1, tzinfo=UTC)  # long after every due day: ages and points that lie beyond a year
GROUPINGS = ("payer_kind", "region", "territory", "payer", "period")
EVERY_GROUPING = [list(some) for n in range(len(GROUPINGS) + 1) for some in combinations(GROUPINGS, n)]
TOPICS = ("payer-affiliated", "contribution-assessed", "contribution-received")


class Country:
    """A made country in the reports, and its facts to recount."""

    def __init__(self, at_work: Reporting, facts: Sequence[Fact]) -> None:
        self.at_work, self.facts = at_work, facts

    async def answers(self, path: str, **query: Any) -> Any:
        """What is answered: every row, and the total."""
        first = (await self.at_work.get(path, limit=1, **query)).raise_for_status().json()
        return await self.at_work.rows(path, limit=500, **query), first["total"]

    def instants(self, dice: random.Random, count: int) -> list[datetime]:
        """Knowledge times, days on which something is due, reaches an age or a point, and ends of years."""
        due = [date.fromisoformat(f.body["due_on"]) for f in self.facts if f.topic == "contribution-assessed"]
        days = [dice.choice(due) + timedelta(days=n) for n in (-1, 0, 1, 30, 31, 60, 90, 91, 180, 181, 365, 366, 400)]
        days += [date(year, month, day) for year in (2025, 2026) for month, day in ((12, 31), (1, 1))]
        known = dice.sample(instants(self.facts), count)
        return [*known, *(datetime.combine(day, time(dice.randrange(24)), UTC) for day in days)]


@pytest_asyncio.fixture(scope="module", params=[1, 4], ids=["known_as_it_happened", "known_at_once"])
async def made(request: pytest.FixtureRequest, postgres: CreateDatabase) -> AsyncIterator[Country]:
    """A country read by the rules of all services in memory; its facts come in any order of their topics."""
    seed = request.param
    fund = Fund(seed, "event" if seed % 2 else "system")
    for drafts in (country(seed).people_first, country(seed).rest):
        fund.publish(*repeated(interleave(drafts, seed), seed))
        fund.work()
    facts = [fact for fact in facts_of(fund.facts) if fact.topic in TOPICS]
    async with reporting(postgres) as it:
        told = [Record(*one[:5], tuple(one.headers)) for one in fund.facts if one.topic in TOPICS]
        for batch in batches(told, (1, 30, 200)):
            await it.feed(*batch)
        await it.complete(LAST.isoformat())
        yield Country(it, facts)


def _filters(dice: random.Random, facts: Sequence[Fact]) -> dict[str, str]:
    """Some filters, none in one case of three."""
    body = dice.choice([fact.body for fact in facts if fact.topic == "contribution-assessed"])
    every = {
        "payer_kind": body["payer_kind"],
        "region": body["territory_code"][:2],
        "territory": body["territory_code"][: dice.choice((1, 3, 4))],
        "payer_id": body["payer_id"],
        "period_from": dice.choice(("2009-01", "2025-06", body["period"])),
        "period_to": dice.choice(("2030-01", body["period"])),
    }
    return {name: every[name] for name in dice.sample(list(every), dice.choice((0, 1, 2)))}


@pytest.mark.parametrize("group_by", EVERY_GROUPING, ids="-".join)
async def test_every_grouping_equals_the_recount(made: Country, group_by: list[str]) -> None:
    dice = random.Random(f"{group_by} {len(made.facts)}")
    for path, recount in (("/v1/timeliness", timeliness), ("/v1/arrears", arrears)):
        at, filters = dice.choice(made.instants(dice, 20)), _filters(dice, made.facts)
        rows, total = await made.answers(path, group_by=group_by, as_of=at.isoformat(), **filters)
        assert rows == recount(made.facts, at, group_by, **filters), (path, at, filters)
        assert total == recount(made.facts, at, **filters)[0], (path, at, filters)
    at, filters = dice.choice(made.instants(dice, 20)), _filters(dice, made.facts)
    rows, total = await made.answers("/v1/cohorts", group_by=group_by, as_of=at.isoformat(), **filters)
    assert rows == cohorts(made.facts, at, group_by, **filters), (at, filters)
    assert total == cohorts_total(made.facts, at, **filters), (at, filters)


async def test_unpaid_rates_and_the_bridge_equal_the_recount(made: Country) -> None:
    dice = random.Random(3)
    chosen = made.instants(dice, 20)
    for at in dice.sample(chosen, 12):
        filters = _filters(dice, made.facts)
        rows, total = await made.answers("/v1/unpaid-rates", as_of=at.isoformat(), **filters)
        assert rows == unpaid_rates(made.facts, at, **filters), (at, filters)
        assert total == unpaid_rates_total(made.facts, at, **filters), (at, filters)
        first, last = sorted((at, dice.choice(chosen)))
        query = {"from": first.isoformat(), "to": last.isoformat()}
        rows, total = await made.answers("/v1/bridge", **query, **filters)
        assert rows == [total] == [bridge(made.facts, first, last, **filters)], (first, last, filters)
