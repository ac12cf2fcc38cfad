"""Collection rates by any grouping, under any filter, as of any instant, are what a recount of the facts gives."""

from __future__ import annotations

import csv
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from recouvra.chassis.migrate import CHASSIS, bring_up, files_of, migrate
from services.reporting.app import MIGRATIONS
from tests.recount import reports as recount
from tests.servers.reporting_at_work import (
    CreateDatabase,
    Known,
    Reporting,
    affiliated,
    as_facts,
    assessed,
    at,
    feed_all,
    received,
    reporting,
)

START = at("2026-02-01T00:00:00")
RATES = "/v1/collection-rates"
PERIODS = ("2025-10", "2025-11", "2025-12", "2026-01")
KINDS = ("private_employer", "local_authority", "state")
TERRITORIES = ("01", "0101001", "0102", "02", "0201003")


def history(seed: int) -> list[Known]:
    """Facts of some forty pairs, many known at one instant; payers that changed; nothing due, money taken back."""
    dice = random.Random(seed)
    pairs = {
        (f"P{n:02}", period): (dice.choice(KINDS), dice.choice(TERRITORIES))
        for n in range(14)
        for period in dice.sample(PERIODS, 3)
    }
    known = []
    for (payer, period), place in pairs.items():
        due_on = date(2026, 1 + PERIODS.index(period), 15)
        owed = paid = 0
        moment = START + timedelta(days=dice.randint(0, 9))
        for _ in range(dice.randint(1, 6)):
            moment += timedelta(hours=dice.choice((0, 0, 1, 24, 100)))
            if not owed or dice.random() < 0.3:
                owed += (xof := dice.choice((0, 7_000, dice.randint(-(owed - paid), 90_000))))
                known.append((moment, assessed(payer, period, xof, *place, due_on=due_on)))
            else:
                paid += (xof := dice.randint(-paid, owed - paid))
                on = due_on + timedelta(days=dice.randint(-20, 400))
                known.append((moment, received(payer, period, xof, *place, received_on=on)))
    for n in range(8):  # of some payers, sooner or later than their first facts; of P06 two
        moment = START + timedelta(days=dice.randint(0, 12), microseconds=n + 1)
        known.append((moment, affiliated(f"P{min(n, 6):02}", dice.choice(KINDS), dice.choice(TERRITORIES))))
    return known


@pytest.fixture(scope="module")
def known() -> list[Known]:
    """The facts, in the order in which they come: at random, so that each may be the earliest yet of its pair."""
    facts = history(17)
    random.Random(18).shuffle(facts)
    return facts


@pytest_asyncio.fixture(scope="module")
async def fed(postgres: CreateDatabase, known: Sequence[Known]) -> AsyncIterator[Reporting]:
    """Reporting with all of them."""
    async with reporting(postgres) as it:
        await feed_all(it, known, (1, 9, 30))
        yield it


@pytest.mark.parametrize("seed", range(6))
async def test_any_question_is_answered_as_a_recount_of_the_facts_answers_it(
    fed: Reporting, known: Sequence[Known], seed: int
) -> None:
    """Now and in the past: at facts' own instants, a microsecond before, at the ends of days, before everything."""
    dice, facts = random.Random(seed), as_facts(known)
    moments = [moment for moment, _ in known]
    for _ in range(40):
        groups = dice.sample(["payer_kind", "region", "territory", "payer", "period"], dice.choice((0, 0, 1, 1, 2, 3)))
        filters: dict[str, str] = {}
        if dice.random() < 0.6:
            name, values = dice.choice(
                [
                    ("payer_kind", KINDS),
                    ("region", ("01", "02", "09")),
                    ("territory", ("0", "01", "0101")),
                    ("payer_id", ("P03",)),
                ]
            )
            filters[name] = dice.choice(values)
        if dice.random() < 0.4:
            filters[dice.choice(("period_from", "period_to"))] = dice.choice(PERIODS)
        moment = dice.choice(moments)
        as_of = dice.choice(
            [None, moment, moment - timedelta(microseconds=1), moment.date(), START - timedelta(days=1)]
        )
        query = filters | ({} if as_of is None else {"as_of": as_of.isoformat()})
        asked: dict[str, Any] = {"group_by": groups, **query}
        told = (await fed.get(RATES, **asked, limit=500)).raise_for_status().json()
        assert told["rows"] == recount.as_of(facts, as_of, groups, **filters), asked
        assert told["total"] == recount.as_of(facts, as_of, **filters)[0], asked
        if groups:
            file = (await fed.get(RATES, **asked, format="csv")).raise_for_status().content.decode("utf-8-sig")
            in_file = list(csv.DictReader(file.splitlines()))
            assert [{name: value or None for name, value in row.items()} for row in in_file] == [
                {name: None if value is None else str(value) for name, value in row.items()} for row in told["rows"]
            ], asked
        if groups and not filters:
            page = await fed.rows(RATES, **asked, limit=2)
            assert page == told["rows"], asked


async def test_every_sum_is_that_of_the_versions(fed: Reporting) -> None:
    """By now, by day of knowledge and by payer; what comes to nothing may have a row of zeros, or none."""
    by_now, of_day, of_month, of_payer = (defaultdict[tuple[Any, ...], Counter[str]](Counter) for _ in range(4))
    first: dict[tuple[Any, ...], datetime] = {}
    for row in await fed.connection.fetch("select * from standing"):
        version, said = dict(row), _summed(dict(row))
        key = (
            *(version["payer_kind"], version["territory_code"][:2], version["period"], version["due_on"]),
            *(version["last_kind"], version["last_territory"] and version["last_territory"][:2]),
            *(version["filing_frequency"], version["is_affiliated"]),
        )
        payer = version["payer_id"], version["payer_kind"], version["territory_code"]
        first[payer] = min(version["known_from"], first.get(payer, version["known_from"]))
        of_day[version["known_from"].date(), *key].update(said)
        of_month[version["known_from"].date().replace(day=1), *key].update(said)
        if version["known_to"].year < 9999:
            of_day[version["known_to"].date(), *key].subtract(said)
            of_month[version["known_to"].date().replace(day=1), *key].subtract(said)
        else:
            by_now[key].update(said)
            of_payer[payer].update({name: said[name] for name in ("pairs", "assessed_xof", "received_xof")})
    keys = ["payer_kind", "region", "period", "due_on", "last_kind", "last_region", "filing_frequency", "is_affiliated"]
    assert await _kept(fed, "summed", keys) == _without_zeros(by_now)
    assert await _kept(fed, "summed_of_day", ["known_on", *keys]) == _without_zeros(of_day)
    assert await _kept(fed, "summed_of_month", ["known_on", *keys]) == _without_zeros(of_month)
    payers = await fed.connection.fetch("select * from summed_of_payer")
    assert {tuple(row)[:3]: row["known_from"] for row in payers} == first
    rows = Counter(payer_id for payer_id, *_ in first)
    assert {row["payer_id"]: row["has_others"] for row in payers} == {one: count > 1 for one, count in rows.items()}
    assert len(set(rows.values())) > 1
    assert await _kept(fed, "summed_of_payer", ["payer_id", "payer_kind", "territory_code"]) == _without_zeros(of_payer)


def _summed(version: Mapping[str, Any]) -> dict[str, int]:
    due, on_time = version["assessed_xof"], version["received_0_xof"]
    amounts = {name: int(value) for name, value in version.items() if name.endswith("_xof")}
    filed_on_time = version["due_on"] is not None and version["filed_on"] <= version["due_on"]
    counts = {"pairs": 1, "pairs_with_dues": int(due > 0), "pairs_on_time": int(0 < due <= on_time)}
    return amounts | counts | {"pairs_filed_on_time": int(filed_on_time)}


async def _kept(it: Reporting, table: str, keys: Sequence[str]) -> dict[tuple[Any, ...], dict[str, int]]:
    rows = await it.connection.fetch(f"select * from {table}")  # noqa: S608 - constants
    sums = {
        tuple(row[key] for key in keys): {
            name: int(value) for name, value in row.items() if name not in (*keys, "known_from", "has_others")
        }
        for row in rows
    }
    return _without_zeros(sums)


def _without_zeros(sums: Mapping[tuple[Any, ...], Mapping[str, int]]) -> dict[tuple[Any, ...], dict[str, int]]:
    return {key: dict(said) for key, said in sums.items() if any(said.values())}


async def test_a_database_of_the_version_before_is_filled_as_if_all_had_come_now(
    fed: Reporting, postgres: CreateDatabase
) -> None:
    connection = await asyncpg.connect(url := await postgres("reporting_of_before"))
    try:
        before = [one for one in files_of(CHASSIS, MIGRATIONS) if one[0] < "reporting/0005"]
        await bring_up(connection, before)
        for table in ("assessed", "received", "affiliation"):
            rows = [dict(row) for row in await fed.connection.fetch(f"select * from {table}")]  # noqa: S608 - constants
            columns = [name for name in rows[0] if name != "in_standing"]
            await connection.copy_records_to_table(
                table, columns=columns, records=[[row[name] for name in columns] for row in rows]
            )
        assert await migrate(url, MIGRATIONS)
        for table in DERIVED:
            asked = f"select * from {table} as row where {DERIVED[table]} order by row"  # noqa: S608 - constants
            assert await connection.fetch(asked) == await fed.connection.fetch(asked), table
    finally:
        await connection.close()


NOT_ALL_ZERO = "(pairs, pairs_with_dues, pairs_on_time, assessed_xof, received_365_xof) <> (0, 0, 0, 0, 0)"
DERIVED = {
    **dict.fromkeys(("standing", "summed_of_payer", "known_in_year"), "true"),
    "amount_of_day": "xof <> 0",
    **dict.fromkeys(("summed", "summed_of_day", "summed_of_month"), NOT_ALL_ZERO),
}
