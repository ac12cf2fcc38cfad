"""Rosters that workers keep in memory are never behind the database, and careers are found through them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from recouvra.chassis.database import WRITER, connect
from recouvra.chassis.migrate import migrate
from services.contributions.store.rosters import Rosters
from tests.builders import Draft, declaration
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import MIGRATIONS, Desk, Office, affiliated, office, person
from tests.servers.meeting import blocked

N1, N2, N3, ODD = "000000000001", "000000000002", "000000000003", "N-4"
AT = datetime(2020, 1, 1, tzinfo=UTC)
LATER = "2021-01-01T08:00:00Z"


@pytest_asyncio.fixture
async def place(postgres: CreateDatabase) -> AsyncIterator[Office]:
    """A new database with two payers, and three persons of the first."""
    async with office(postgres) as opened:
        await opened.desk.take(affiliated("P1"), affiliated("P2"), person(N1), person(N2), person(ODD))
        yield opened


async def found(desk: Desk, payer_id: str, declaration_id: str, *numbers: str, **said: Any) -> list[tuple[str, str]]:
    """What is found of these numbers when a payer declares them at 40,000 each, as (code, number)."""
    lines = [(number, 40_000) for number in numbers]
    await desk.take(declaration(payer_id, lines=lines, declaration_id=declaration_id, **said))
    answers = [one for one in await desk.facts("declaration-answered") if one["declaration_id"] == declaration_id]
    return [(one["code"], one["received"]) for one in answers[-1]["anomalies"]]


async def career(place: Office, number: str) -> list[tuple[str, str]]:
    """(payer, declaration) of each line of a career."""
    answer = await place.http.get(f"/v1/insured/{number}/contributions")
    assert answer.status_code == 200, answer.text
    return [(row["payer_id"], row["declaration_id"]) for row in answer.json()["rows"]]


async def versions(place: Office) -> dict[str, UUID]:
    """Of each payer that has a roster, its version."""
    rows = await place.desk.connection.fetch("select payer_id, version from roster")
    return {row["payer_id"]: row["version"] for row in rows}


async def test_a_worker_that_keeps_a_roster_sees_what_another_worker_changed(
    place: Office, postgres: CreateDatabase
) -> None:
    here, there = place.desk, Desk(await connect(place.url, WRITER), 1, "event")
    try:
        assert await found(here, "P1", "D1", N1, N2, N3, ODD) == [("unknown-insured", N3)]
        assert await found(there, "P1", "D2", N1, N2, N3, period="2026-02") == [("unknown-insured", N3)]
        await there.take(person(N1, "P2", at=LATER), person(N3, "P1"))
        for desk, name, period in ((here, "D3", "2026-03"), (there, "D4", "2026-04")):
            assert await found(desk, "P1", name, N1, N2, N3, period=period) == [("not-employed-here", N1)]
        await here.take(person(N2, None, at=LATER))
        for desk, name, period in ((there, "D5", "2026-05"), (here, "D6", "2026-06")):
            said = [("not-employed-here", N1), ("not-employed-here", N2)]
            assert await found(desk, "P1", name, N1, N2, N3, period=period) == said
            assert await found(desk, "P2", name, N1, N3, period=period) == [("not-employed-here", N3)]
    finally:
        await there.connection.close()


async def test_who_is_told_of_within_a_batch_counts_for_the_records_after_it_alone(place: Office) -> None:
    await place.desk.take(
        declaration("P1", lines=[(N1, 40_000), (N3, 40_000)], declaration_id="D1"),
        person(N3),
        person(N1, "P2", at=LATER),
        declaration("P1", "2026-02", lines=[(N1, 40_000), (N3, 40_000)], declaration_id="D2"),
    )
    first, second = await place.desk.facts("declaration-answered")
    assert [(one["code"], one["received"]) for one in first["anomalies"]] == [("unknown-insured", N3)]
    assert [(one["code"], one["received"]) for one in second["anomalies"]] == [("not-employed-here", N1)]


async def test_a_career_goes_on_with_whoever_declares_it_and_keeps_those_who_did(place: Office) -> None:
    await found(place.desk, "P1", "D1", N1, ODD)
    await place.desk.take(person(N1, "P2", at=LATER), person(ODD, "P2", at=LATER))
    await found(place.desk, "P2", "D2", N1, ODD, period="2026-02")
    await found(place.desk, "P1", "D3", N1, N3, period="2026-03")
    assert await career(place, N1) == [("P1", "D1"), ("P2", "D2"), ("P1", "D3")]
    assert await career(place, ODD) == [("P1", "D1"), ("P2", "D2")]
    assert await career(place, N3) == [("P1", "D3")]
    await place.desk.take(person(N1, None, at="2022-01-01T08:00:00Z"))
    assert await career(place, N1) == [("P1", "D1"), ("P2", "D2"), ("P1", "D3")]


async def test_a_version_is_renewed_by_what_changes_a_roster_and_by_nothing_else(place: Office) -> None:
    before = await versions(place)
    assert before.keys() == {"P1"}
    await place.desk.take(person(N1, at=LATER))
    assert await versions(place) == before
    await place.desk.take(person(N1, "P2", at="2022-01-01T08:00:00Z"))
    after = await versions(place)
    assert after.keys() == {"P1", "P2"}
    assert after["P1"] != before["P1"]


async def test_rosters_beyond_what_is_kept_are_read_again(place: Office) -> None:
    connection = place.desk.connection
    await place.desk.take(*(person(f"{n:012d}", f"P{n % 5}") for n in range(10, 40)))
    kept, fresh = Rosters(most=7), Rosters()
    for payers in (["P0"], ["P1", "P2", "P3"], ["P0", "P4"], ["P9"], ["P0", "P1", "P2", "P3", "P4"]):
        expected = {
            payer_id: sorted(int(number) for number in numbers if number != ODD)
            for payer_id, numbers in await connection.fetch(
                "select payer_id, array_agg(insured_number) from insured where payer_id = any($1) group by 1", payers
            )
        }
        for rosters in (kept, fresh):
            assert {
                payer: roster.tolist() for payer, roster in (await rosters.of(connection, payers)).items()
            } == expected


async def test_a_database_of_the_version_before_has_rosters_after_its_migration(
    postgres: CreateDatabase, tmp_path: Path
) -> None:
    before = tmp_path / MIGRATIONS.parent.name / MIGRATIONS.name
    before.mkdir(parents=True)
    for file in sorted(MIGRATIONS.glob("*.sql"))[:3]:
        shutil.copy(file, before)
    url = await postgres("contributions_before_rosters")
    await migrate(url, before)
    connection = await connect(url, WRITER)
    try:
        await connection.execute(
            "insert into insured (insured_number, payer_id, at) values ($1, 'P1', $3), ($2, null, $3)", N1, N2, AT
        )
        await migrate(url, MIGRATIONS)
        read = await Rosters().of(connection, ["P1", "P2"])
        assert {payer_id: roster.tolist() for payer_id, roster in read.items()} == {"P1": [1]}
    finally:
        await connection.close()


async def test_of_a_part_that_comes_twice_the_one_that_takes_effect_is_judged_by_what_is_known(place: Office) -> None:
    taken = declaration("P1", lines=[(N1, 40_000)], declaration_id="D1")
    await place.desk.take(person(N3, "P2"), taken)
    first = declaration("P1", "2026-02", lines=[(N2, 40_000)], declaration_id="D2")
    again = declaration("P1", "2026-02", lines=[(N3, 40_000), (ODD, 40_000)], declaration_id="D2")
    conflicting = replace(first, headers=taken.headers)  # its event id is taken: it is set aside
    await place.desk.take(conflicting, again)
    answer = (await place.desk.facts("declaration-answered"))[-1]
    assert [(one["code"], one["received"]) for one in answer["anomalies"]] == [("not-employed-here", N3)]


async def test_who_was_a_payers_within_a_batch_alone_is_found_by_what_was_declared_then(place: Office) -> None:
    await place.desk.take(
        person(N3, "P1"),
        declaration("P1", lines=[(N3, 40_000)], declaration_id="D1"),
        person(N3, "P2", at=LATER),
    )
    assert await career(place, N3) == [("P1", "D1")]


N4, N5 = "000000000004", "000000000005"
HIRES, HIRES_TOO = person(N4, "P1"), person(N5, "P2")
DECLARES, DECLARES_TOO = (
    declaration(payer_id, lines=[(number, 40_000)], declaration_id="D1")
    for payer_id, number in (("P1", N4), ("P2", N5))
)


@pytest.mark.parametrize(
    ("earlier", "later", "found_of_each"),
    [(HIRES, HIRES_TOO, []), (HIRES, DECLARES, [[]]), (DECLARES, HIRES, [["unknown-insured"]])],
)
async def test_who_changes_employment_and_who_goes_by_it_wait_for_each_other(
    place: Office, earlier: Draft, later: Draft, found_of_each: list[list[str]]
) -> None:
    other = await Desk.opened(place.url, partition=1)
    async with place.desk.connection.transaction():
        await place.desk.take(earlier)
        waiting = asyncio.create_task(other.take(later))
        await blocked(other.connection, place.desk.connection)
    await waiting
    await other.connection.close()
    answers = await place.desk.facts("declaration-answered")
    assert [[one["code"] for one in answer["anomalies"]] for answer in answers] == found_of_each


async def test_declarations_do_not_wait_for_each_other(place: Office) -> None:
    other = await Desk.opened(place.url, partition=1)
    async with place.desk.connection.transaction():
        await place.desk.take(DECLARES)
        async with asyncio.timeout(30):
            await other.take(DECLARES_TOO)
    await other.connection.close()
    assert len(await place.desk.facts("declaration-answered")) == 2
