"""Who looks for one letter, or for what was done to one, reads an index, however much was ever set aside or done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from asyncpg.connection import LoggedQuery

from recouvra.chassis.callers import Caller, Role
from recouvra.chassis.journal import Cause
from recouvra.chassis.letter_acts import DISCARD, discard_as_told
from recouvra.chassis.settings import Settings
from tests.servers.statements import noted, read_by
from tests.servers.till.at_work import CreateDatabase, Till, till
from tests.servers.till.counting import api


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    """A till with thousands of letters of one topic that wait, and as many lines of what was done, each to another."""
    async with till(postgres, "", tmp_path) as made:
        await made.connection.execute(
            'insert into dead_letter (topic, partition, "offset", header_names, header_values, reason, message_fr, '
            "message_en, at) select 'payment-reported', n % 3, n, '{}', '{}', 'invalid-json', '', '', now() "
            "from generate_series(1, 5000) n;"
            "insert into audit (at, who, act, subject) "
            "select now(), 'awa', 'replay', 'dead-letter/' || n from generate_series(1, 5000) n;"
            "analyze dead_letter; analyze audit"
        )
        yield made


def of(table: str, run: list[LoggedQuery]) -> LoggedQuery:
    """The one statement that selects from this table alone."""
    (found,) = {one.query: one for one in run if f" from {table} where" in one.query}.values()
    return found


async def test_what_was_done_to_a_letter_is_found_without_reading_over_all_that_was_done(
    it: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, app = noted(monkeypatch), api(Settings(kafka="127.0.0.1:9", database_url=it.url), [], it.reading())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://till") as client,
    ):
        letter = (await client.get("/v1/dead-letters/4321")).raise_for_status().json()
        asked = of("audit", run), of("dead_letter", run)
        run.clear()
        lines = (await client.get("/v1/audit?subject=dead-letter/4321")).raise_for_status().json()["rows"]
    assert [act["who"] for act in letter["acts"]] == [line["who"] for line in lines] == ["awa"]
    assert [await read_by(it.connection, one) for one in asked] == [{"audit_of_subject"}, {"dead_letter_pkey"}]
    assert await read_by(it.connection, of("audit", run)) == {"audit_of_subject"}


async def test_a_letter_is_found_by_where_its_record_stood_without_reading_over_all_letters(it: Till) -> None:
    told = Cause.new(DISCARD, {"topic": "payment-reported", "partition": 4321 % 3, "offset": 4321, "reason": "essai"})
    run = list[LoggedQuery]()
    with it.connection.query_logger(run.append):
        async with it.connection.transaction():
            await discard_as_told(it.connection, it.reading(), told, Caller("awa", Role.OPERATOR, by_token=True))
    found = await it.rows("select \"offset\" from dead_letter where state = 'discarded'")
    assert [row["offset"] for row in found] == [4321]
    (by_place,) = [one for one in run if "max(id)" in one.query]
    assert await read_by(it.connection, by_place) == {"dead_letter_of_place"}
    (taken_up,) = [one for one in run if "from dead_letter where id" in one.query]
    assert await read_by(it.connection, taken_up) == {"dead_letter_pkey"}
