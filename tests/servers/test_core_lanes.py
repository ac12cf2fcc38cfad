"""Two lanes of a worker: neither waits for the other, and a partition that changes between them is read once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import AsyncMock, Mock

import pytest
import pytest_asyncio
from aiokafka import TopicPartition

from recouvra.chassis import lane
from tests.servers.till.at_work import PAYMENTS, CreateDatabase, Till, delivered, till, until
from tests.servers.till.claims import check_counted_once


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        yield made


def partitions(*numbers: int) -> set[TopicPartition]:
    return {TopicPartition(PAYMENTS, number) for number in numbers}


async def test_what_one_lane_waits_for_does_not_hold_up_the_other(it: Till) -> None:
    reader = it.reader()
    await reader.on_partitions_assigned(partitions(0, 1))
    first = [it.payment(number, key=f"K{number}") for number in range(2)]
    await reader.take(delivered(*(it.record(draft, partition) for partition, draft in enumerate(first))))
    somebody = await it.session()
    async with somebody.transaction():
        await somebody.execute("select from sum_of_key where key = $1 for update", f"{it.name}-K0")
        waiting, free = it.payment(2, key="K0"), it.payment(3, key="K1")
        await reader.hand_over(delivered(it.record(waiting, 0), it.record(free, 1)))
        await until(lambda: it.connection.fetchval("select count(*) = 3 from counted"))
        rows = await it.rows("select next_offset from position where partition < 2 order by partition")
        assert [row["next_offset"] for row in rows] == [it.since[PAYMENTS][0] + 1, it.since[PAYMENTS][1] + 2]
    await until(lambda: it.connection.fetchval("select count(*) = 4 from counted"))
    await somebody.close()
    await reader.stop()


async def test_a_partition_that_changes_lanes_while_it_is_taken_in_is_read_once_and_in_order(it: Till) -> None:
    drafts = [it.payment(number) for number in range(6)]
    await it.publish(*drafts, partition=1)
    records = [it.record(draft, 1) for draft in drafts]
    reader = it.reader()
    await reader.on_partitions_assigned(partitions(0, 1))
    async with it.gate("counted", "insert") as somebody:
        await reader.hand_over(delivered(*records[:3]))  # by the second lane
        holder = await somebody()
        await reader.on_partitions_assigned(partitions(1))
        await reader.hand_over(delivered(*records[3:]))  # by the first, to which three are missing
        waits = "select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid)))"
        await until(lambda: it.connection.fetchval(waits, holder))
    await asyncio.wait_for(reader.take(delivered()), 30)
    await reader.stop()
    assert reader.counters.positions_lost == 1
    async with it.relay():
        await until(lambda: it.connection.fetchval("select count(*) = 0 from outbox"))
    await check_counted_once(it, drafts)


async def test_a_lane_tells_the_group_each_position_once(it: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one that another lane, or another worker, has by now would be told again at where it stood here."""
    now = 1_000.0
    monkeypatch.setattr(lane, "time", SimpleNamespace(monotonic=lambda: now))
    group, reader = Mock(), it.reader()
    group.assignment.return_value = partitions(0, 1)
    group.commit = AsyncMock()
    monkeypatch.setattr(reader, "_subscriber", SimpleNamespace(consumer=group))
    monkeypatch.setattr(reader._partitions, "subscriber", SimpleNamespace(consumer=group))
    await reader.on_partitions_assigned(partitions(1))  # all to the first lane
    first, second = (TopicPartition(PAYMENTS, number) for number in range(2))
    at = [it.since[PAYMENTS][number] for number in range(2)]
    await reader.take(delivered(it.record(it.payment(0), 0)))
    await reader.take(delivered(it.record(it.payment(1), 1)))  # within the second
    now += 2
    await reader.take(delivered(it.record(it.payment(2), 1)))
    await reader.stop()
    told = [call.args[0] for call in group.commit.await_args_list]
    assert told == [{first: at[0] + 1}, {second: at[1] + 2}]
