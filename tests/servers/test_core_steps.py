"""A batch is one transaction: whoever looks, dies or fails at any step of it finds all as it was before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from recouvra.contracts.record import Record
from tests.servers.till.at_work import CreateDatabase, Till, delivered, till, until
from tests.servers.till.steps import at, everything, standing

STEPS = [("position", "update"), ("sum_of_key", "update"), ("counted", "insert")]
STEPS += [("inbox", "insert"), ("dead_letter", "insert"), ("journal", "insert"), ("outbox", "insert")]
STEPS += [("position", "commit")]
at_each_step = pytest.mark.parametrize(("table", "act"), STEPS)


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    """A till that has counted one payment, K1's, and set one record aside."""
    async with till(postgres, "", tmp_path) as made:
        await made.take(made.record(made.payment(0)), made.record(made.payment(0).broken("", value=b"{")))
        yield made


def a_batch(it: Till) -> list[Record]:
    """Two payments, one of them of a key that is known, a repeat, and a record that is refused."""
    drafts = [it.payment(1), it.payment(0), it.payment(2, 70, key="K2"), it.payment(3).broken("", value=b"{")]
    return [it.record(draft) for draft in drafts]


async def check_taken_once(it: Till) -> None:
    """The batch has had its whole effect, once."""
    rows = await it.rows("select key, sum_xof from sum_of_key order by key")
    assert [tuple(row) for row in rows] == [(f"{it.name}-K1", 200), (f"{it.name}-K2", 70)]
    tables = ("counted", "inbox", "dead_letter")
    assert [await it.count(table) for table in tables] == [3, 3, 2]
    told = await it.rows("select topic, count(*) from outbox group by topic order by topic")
    assert [tuple(row) for row in told] == [("payment-held", 3), ("record-refused", 2)]
    assert [row["next_offset"] for row in await it.rows("select next_offset from position")] == [6]


@at_each_step
async def test_nobody_sees_anything_of_a_batch_before_all_of_it(it: Till, table: str, act: str) -> None:
    before, session = await everything(it), await it.session()
    async with standing(it, table, act) as somebody:
        taking = asyncio.create_task(it.take(*a_batch(it), connection=session))
        await somebody()
        assert await everything(it) == before
    await taking
    await session.close()
    await check_taken_once(it)


@at_each_step
async def test_a_worker_that_dies_at_a_step_leaves_no_trace_and_the_next_takes_the_batch(
    it: Till, table: str, act: str
) -> None:
    before, batch, session = await everything(it), a_batch(it), await it.session()
    async with standing(it, table, act) as somebody:
        taking = asyncio.create_task(it.take(*batch, connection=session))
        await it.end_session(await somebody())
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            await taking
        assert await everything(it) == before
    await it.take(*batch)
    await check_taken_once(it)


@at_each_step
async def test_a_reader_whose_session_ends_at_a_step_takes_the_batch_again_by_itself(
    it: Till, table: str, act: str
) -> None:
    batch, reader = a_batch(it), it.reader()
    async with standing(it, table, act) as somebody:
        taking = asyncio.create_task(reader.take(delivered(*batch)))
        await it.end_session(await somebody())
        await until(lambda: reader.counters.retries == 1)
    await asyncio.wait_for(taking, 20)
    await reader.stop()
    await check_taken_once(it)


@at_each_step
async def test_a_step_that_the_database_refuses_undoes_those_before_it(it: Till, table: str, act: str) -> None:
    """As a full disk, or a standby that takes over, would."""
    before, batch = await everything(it), a_batch(it)
    await it.connection.execute(
        "create function refuse() returns trigger language plpgsql as "
        "$$ begin raise exception 'no' using errcode = '53100'; end $$;"
        f"create {'constraint' if act == 'commit' else ''} trigger refusing {at(table, act)} execute function refuse()"
    )
    with pytest.raises(asyncpg.DiskFullError):
        await it.take(*batch)
    assert await everything(it) == before
    await it.connection.execute("drop function refuse cascade")
    await it.take(*batch)
    await check_taken_once(it)
