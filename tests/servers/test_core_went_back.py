"""A worker under which the database goes back in time ends itself, and tells nothing anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from recouvra.chassis.clock import DatabaseBehind
from recouvra.chassis.positions import Place
from recouvra.chassis.progress import Progress
from tests.servers.conftest import CreateDatabase
from tests.servers.till.at_work import PAYMENTS, Till, till, until
from tests.servers.till.told import counted, places, told


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        yield made


@pytest.mark.parametrize("how", ["it says so", "its positions went back"])
async def test_a_worker_that_lives_through_a_restore_ends_itself_and_decides_nothing_more(it: Till, how: str) -> None:
    async with it.worker() as worker:
        await it.publish(*told(it)[:40])
        await counted(it, 40)
        before = await places(it)
        if how == "it says so":
            await it.connection.execute("update clock set is_behind = true")
        else:
            await it.connection.execute("update position set next_offset = next_offset - 1 where next_offset > 0")
        await it.publish(*told(it)[40:80])
        assert await worker.ended() == 1
    assert b"restored under this process" in (it.folder / "worker.log").read_bytes()
    assert await it.count("counted") == 40
    assert await places(it) == before


async def test_a_batch_that_commits_while_positions_are_looked_at_is_no_restore(it: Till) -> None:
    await it.connection.execute("update position set next_offset = 0")
    place, progress = Place(PAYMENTS, 0), Progress()
    progress.committed({place: 0})
    other = await it.session()
    try:
        async with other.transaction():
            await other.execute("lock table position in access exclusive mode")
            looking = asyncio.create_task(progress.stored(it.connection))
            await until(lambda: other.fetchval("select exists (select from pg_locks where not granted)"))
            progress.committed({place: 7})
        assert (await looking)[place] == 0
        with pytest.raises(DatabaseBehind):
            await progress.stored(it.connection)
    finally:
        await other.close()
