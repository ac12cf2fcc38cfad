"""Days come back from the database as they went in, and it can reckon with all of them."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from recouvra.chassis.database import READER, WRITER, Database, connect
from tests.servers.conftest import CreateDatabase

DAYS = [date(1, 1, 1), date(1, 1, 2), date(1999, 12, 31), date(2000, 1, 1), date(2026, 2, 28), date(9999, 12, 31)]


@pytest.mark.parametrize("settings", [WRITER, READER])
async def test_a_session_keeps_every_day_and_reckons_with_it(
    postgres: CreateDatabase, settings: dict[str, str]
) -> None:
    connection = await connect(await postgres(f"days_{uuid4().hex[:12]}"), settings)
    await connection.execute("create temporary table said (on_day date)")
    await connection.copy_records_to_table("said", records=[(day,) for day in DAYS[:2]], columns=["on_day"])
    await connection.execute("insert into said select * from unnest($1::date[])", DAYS[2:])
    rows = await connection.fetch(
        "select on_day, to_char(on_day, 'YYYY-MM') as month, on_day - $1 as days from said", DAYS[0]
    )
    assert [row["on_day"] for row in rows] == DAYS
    assert [row["month"] for row in rows] == [day.isoformat()[:7] for day in DAYS]
    assert [row["days"] for row in rows] == [(day - DAYS[0]).days for day in DAYS]
    await connection.close()


async def test_the_pool_of_an_api_does_too(postgres: CreateDatabase) -> None:
    database = Database(await postgres(f"days_{uuid4().hex[:12]}"))
    async with (await database.pool()).acquire() as connection:
        assert await connection.fetchval("select array(select isfinite(day) from unnest($1::date[]) as day)", DAYS) == [
            True
        ] * len(DAYS)
        assert await connection.fetchval("select $1::date[]", DAYS) == DAYS
        assert await connection.fetchval("select null::date") is None
    await database.close()
