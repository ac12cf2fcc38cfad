"""Registrations: each person once, in the month of the first registration, where they were last known to belong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import copy
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio

from recouvra.chassis.migrate import migrate
from recouvra.contracts.event import Event
from tests.servers.reporting_at_work import CreateDatabase, Reporting, at, batches, fact, registered, reporting

START = at("2026-02-01T00:00:00")
PEOPLE = "/v1/registrations"
PLACES = [
    ("A", "state", "0301002"),
    ("B", "local_authority", "0301"),
    ("C", "private_employer", "09"),
    (None, None, "01"),
]
KEYS = {"payer_kind": "payer_kind", "region": "region", "territory": "territory_code", "payer": "payer_id"}
Known = list[tuple[datetime, Event]]


@pytest_asyncio.fixture
async def empty(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    async with reporting(postgres) as it:
        yield it


def history() -> Known:
    """Sixty people, insured and dependants, who are registered once and move about; some facts share an instant."""
    dice = random.Random(3)
    known: Known = []
    moment, since = START, dict[str, date]()
    for _ in range(200):
        moment += timedelta(hours=dice.choice((0, 1, 9)))
        number = f"{dice.randrange(60):012}"
        on = since.setdefault(number, date(2025, 11, 1) + timedelta(days=dice.randrange(120)))
        payer, kind, place = dice.choice(PLACES)
        role = "dependant" if int(number) % 4 == 0 else "insured"
        known.append((moment, registered(number, payer, on, payer_kind=kind, territory_code=place, role=role)))
    return known


def expected(known: Known, as_of: datetime, group_by: list[str], **filters: str) -> list[dict[str, Any]]:
    """The rows, from the facts alone."""
    last = {said["insured_number"]: said for when, e in known if when <= as_of and (said := e.model_dump())}
    counts: Counter[tuple[Any, ...]] = Counter()
    for said in last.values():
        said["region"] = said["territory_code"][:2]
        if all(said[name] == value for name, value in filters.items()):
            keys = (*(said[KEYS[name]] for name in KEYS if name in group_by), said["registered_on"].isoformat()[:7])
            counts[(*keys, said["role"])] += 1
    names = [*(KEYS[name] for name in KEYS if name in group_by), "month"]
    groups = sorted({key[:-1] for key in counts}, key=lambda key: [value or "" for value in key])
    return [
        dict(zip(names, key, strict=True))
        | {"insured": counts[(*key, "insured")], "dependants": counts[(*key, "dependant")]}
        for key in groups
    ]


async def test_people_are_counted_where_they_were_last_known_to_belong_at_any_instant(postgres: CreateDatabase) -> None:
    known = history()
    instants = [when for when, _ in random.Random(1).sample(known, 8)] + [START - timedelta(seconds=1)]
    async with reporting(postgres) as it:
        for batch in batches([fact(event, when) for when, event in known], (1, 9, 50)):
            await it.feed(*batch)
        await it.complete()
        for instant in instants:
            for groups in ([], ["region"], ["payer", "payer_kind", "territory", "region"]):
                rows = await it.rows(PEOPLE, as_of=instant.isoformat(), group_by=groups, limit=3)
                assert rows == expected(known, instant, groups)
        for name, value in (("payer_kind", "state"), ("region", "03"), ("payer_id", "B"), ("region", "77")):
            answer = (await it.get(PEOPLE, group_by="region", **{name: value})).json()
            assert answer["rows"] == expected(known, known[-1][0], ["region"], **{name: value})
            for counted in ("insured", "dependants"):
                assert answer["total"][counted] == sum(row[counted] for row in answer["rows"])


async def test_a_transfer_moves_a_person_and_leaves_the_month_and_the_past(empty: Reporting) -> None:
    on, later = date(2025, 12, 31), START + timedelta(days=1)
    await empty.feed(fact(registered("1", "A", on, territory_code="0101"), START))
    await empty.feed(fact(registered("1", "B", on, territory_code="0902", payer_kind="state"), later))
    await empty.complete()
    then = {"as_of": (later - timedelta(microseconds=1)).isoformat()}
    assert await empty.rows(PEOPLE, group_by="region", **then) == [_row("01", "2025-12")]
    assert await empty.rows(PEOPLE, group_by="region") == [_row("09", "2025-12")]
    assert (await empty.get(PEOPLE, region="01", **then)).json()["total"]["insured"] == 1
    assert (await empty.get(PEOPLE, region="01")).json()["total"]["insured"] == 0
    assert (await empty.get(PEOPLE, payer_id="B", payer_kind="state")).json()["total"]["insured"] == 1


async def test_a_person_told_of_twice_counts_once_and_the_fact_published_last_holds(empty: Reporting) -> None:
    first = fact(registered("1", "A", date(2026, 1, 5), territory_code="01"), START, "one")
    second = fact(registered("1", "B", date(2026, 1, 5), territory_code="02"), START, "two")
    await empty.feed(first, second)
    await empty.feed(first)
    await empty.complete()
    assert await empty.rows(PEOPLE, group_by="region") == [_row("02", "2026-01")]


async def test_a_database_that_read_people_before_they_were_kept_reads_them_again(
    postgres: CreateDatabase, tmp_path: Path
) -> None:
    folder = Path(__file__).parents[2] / "services/reporting/migrations"
    older = tmp_path / "reporting/migrations"
    older.mkdir(parents=True)
    for path in sorted(folder.glob("000[12]_*.sql")):
        copy(path, older)
    url = await postgres(f"reporting_{uuid4().hex[:12]}")
    await migrate(url, older)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_READ_BEFORE)
        await migrate(url, folder)
        positions = await connection.fetch("select topic from position order by topic")
        assert [row["topic"] for row in positions] == ["contribution-assessed", "payer-affiliated"]
        claims = await connection.fetch("select source, event_id from inbox order by 1, 2")
        assert [tuple(row) for row in claims] == [("/contributions", "c-1"), ("/registration", "affiliated")]
        assert await connection.fetchval("select count(*) from complete") == 0
    finally:
        await connection.close()


_READ_BEFORE = """
insert into position values ('payer-affiliated', 0, 1), ('person-registered', 0, 1), ('person-registered', 1, 4),
    ('contribution-assessed', 0, 1);
insert into inbox values ('/registration', 'affiliated', ''), ('/registration', 'person', ''),
    ('/contributions', 'c-1', '');
insert into affiliation
    (event_id, known_at, payer_id, payer_kind, name, territory_code, filing_frequency, affiliated_on)
    values ('affiliated', now(), 'A', 'state', 'A', '01', 'monthly', '2020-01-01');
insert into complete values ('registration', now());
"""


def _row(region: str, month: str) -> dict[str, Any]:
    return {"region": region, "month": month, "insured": 1, "dependants": 0}
