"""Positions are the truth: whatever becomes of the group's offsets, whoever believes to own what, each counts once."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import AdminClient

from recouvra.chassis import positions
from recouvra.chassis.database import Connection
from recouvra.chassis.positions import Place, PositionLost
from tests.builders import Draft
from tests.servers.till.at_work import PARTITIONS, PAYMENTS, CreateDatabase, Till, till, until
from tests.servers.till.claims import check_counted_once, check_order_of_keys
from tests.standing.polling import eventually


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        yield made


def payments(it: Till, first: int, count: int) -> list[Draft]:
    return [it.payment(number, 1_000 + number, f"K{number % 7}") for number in range(first, first + count)]


async def drained(it: Till, count: int) -> None:
    async def counted_and_published() -> bool:
        return await it.count("counted") == count and await it.count("outbox") == 0

    await until(counted_and_published)


async def group_offsets_deleted(it: Till) -> None:
    group = f"recouvra-{it.name}"
    admin = AdminClient({"bootstrap.servers": it.bootstrap})
    await until(lambda: admin.delete_consumer_groups([group])[group].exception(10) is None)


async def group_offsets_at(it: Till, end: bool) -> None:
    group = f"recouvra-{it.name}"
    consumer = AIOKafkaConsumer(bootstrap_servers=it.bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(PAYMENTS, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.commit(await consumer.end_offsets(places) if end else dict.fromkeys(places, 0))
    finally:
        await consumer.stop()


async def group_offsets_at_the_beginning(it: Till) -> None:
    await group_offsets_at(it, end=False)


async def group_offsets_at_the_end(it: Till) -> None:
    await group_offsets_at(it, end=True)


@pytest.mark.parametrize(
    "befalls",
    [group_offsets_deleted, group_offsets_at_the_beginning, group_offsets_at_the_end],
    ids=lambda befalls: befalls.__name__,
)
async def test_each_payment_counts_once_whatever_becomes_of_the_groups_offsets_meanwhile(
    it: Till, befalls: Callable[[Till], Awaitable[None]]
) -> None:
    good = payments(it, 0, 60)
    async with it.worker() as worker:
        await it.publish(*good[:30])
        await drained(it, 30)
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0
    await it.publish(*good[30:])
    await befalls(it)
    async with it.worker():
        await drained(it, 60)
    await check_counted_once(it, good)
    await check_order_of_keys(it, good)


async def test_a_partition_never_read_starts_at_its_beginning_whatever_the_group_says(it: Till) -> None:
    good = payments(it, 0, 20)
    await it.publish(*good)
    await group_offsets_at_the_end(it)
    await it.connection.execute("delete from position")
    async with it.worker():
        mine = "select count(*) = 20 from counted where source = $1"
        await until(lambda: it.connection.fetchval(mine, f"/{it.name}/bank"))
        ends = set((await _ends(it)).values())
        await eventually(lambda: _stands_at(it, ends))  # other partitions hold older records, of other tests


async def _stands_at(it: Till, ends: set[int]) -> None:
    assert {row["next_offset"] for row in await it.rows("select next_offset from position")} == ends


async def _ends(it: Till) -> dict[int, int]:
    ends = dict(it.since[PAYMENTS])
    for record in await it.records(PAYMENTS):
        ends[record.partition] = record.offset + 1
    return ends


async def test_two_workers_that_both_own_every_partition_count_each_payment_once(it: Till) -> None:
    good = payments(it, 0, 400)
    async with it.worker(), it.worker(f"{it.name}-twin"):
        await until(lambda: it.connection.fetchval("select count(*) = 2 from pulse"))
        for start in range(0, 400, 50):
            await it.publish(*good[start : start + 50])
        await drained(it, 400)
    await check_counted_once(it, good)
    await check_order_of_keys(it, good)


Move = Callable[[Connection, Mapping[Place, tuple[int, int]]], Awaitable[None]]


async def check_the_second_owner_changes_nothing(it: Till) -> None:
    """Batches of a second owner that start where the first has been already."""
    first, second, third = (it.record(it.payment(number), partition=1) for number in range(3))
    other = it.record(it.payment(3), partition=2)
    await it.take(first, second)
    before = await _all(it)
    zombie = await it.session()
    try:
        for batch in ([first], [first, second], [first, second, third], [other, second]):
            with pytest.raises(PositionLost):
                await it.take(*batch, connection=zombie)
            assert await _all(it) == before
    finally:
        await zombie.close()


async def _all(it: Till) -> list[str]:
    tables = ("position", "inbox", "outbox", "sum_of_key", "counted", "dead_letter")
    return [str(row) for table in tables for row in await it.rows(f"select * from {table} order by 1, 2")]  # noqa: S608


async def test_a_batch_that_starts_where_another_owner_has_been_is_undone_whole(it: Till) -> None:
    await check_the_second_owner_changes_nothing(it)


async def test_without_compare_and_set_the_same_check_fails(it: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(connection: Connection, moves: Mapping[Place, tuple[int, int]]) -> None:
        await connection.executemany(
            "insert into position values ($1, $2, $3) on conflict (topic, partition) do update set next_offset = $3",
            [(*place, to) for place, (_, to) in moves.items()],
        )

    monkeypatch.setattr(positions, "move", put)
    with pytest.raises(pytest.fail.Exception):
        await check_the_second_owner_changes_nothing(it)


async def test_a_worker_killed_inside_its_transaction_leaves_no_trace_and_the_next_one_counts_once(it: Till) -> None:
    good = payments(it, 0, 10)
    async with it.gate("counted", "insert") as somebody:
        async with it.worker() as worker:
            await it.publish(*good)
            session = await somebody()
            worker.send(signal.SIGKILL)
            assert await worker.ended() == -signal.SIGKILL
        await it.end_session(session)
        assert [await it.count(table) for table in ("counted", "inbox", "outbox", "sum_of_key")] == [0, 0, 0, 0]
    async with it.worker():
        await drained(it, 10)
    await check_counted_once(it, good)


async def test_a_worker_killed_after_its_commit_and_before_the_groups_counts_once(it: Till) -> None:
    good = payments(it, 0, 40)
    for start in (0, 20):
        async with it.worker(RECOUVRA_REPLICA="one") as worker:
            # The group is told at the first batch, then once a second: of the second it has mostly not heard.
            for first in (start, start + 10):
                await it.publish(*good[first : first + 10])
                await until(lambda wanted=first + 10: _counted(it, wanted))  # type: ignore[misc]
            worker.send(signal.SIGKILL)
            assert await worker.ended() == -signal.SIGKILL
    async with it.worker(RECOUVRA_REPLICA="one"):
        await drained(it, 40)
    await check_counted_once(it, good)
    await check_order_of_keys(it, good)


async def group_offsets(it: Till) -> dict[int, int]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=it.bootstrap, group_id=f"recouvra-{it.name}", enable_auto_commit=False
    )
    await consumer.start()
    try:
        places = [TopicPartition(PAYMENTS, number) for number in range(PARTITIONS)]
        return {place.partition: await consumer.committed(place) or 0 for place in places}
    finally:
        await consumer.stop()


async def test_the_group_is_never_told_that_a_record_is_read_which_has_not_counted(it: Till) -> None:
    """Lag tools, and whoever should ever go by the group's offsets, must not see it as read."""
    good = payments(it, 0, 20)
    async with it.worker() as worker:
        await it.publish(*good[:10])
        await drained(it, 10)
        await it.connection.execute("alter table counted rename to elsewhere")
        await it.publish(*good[10:])
        await until(lambda: "batch again" in (it.folder / "worker.log").read_text())
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0
    stored = {row["partition"]: row["next_offset"] for row in await it.rows("select * from position")}
    told = await group_offsets(it)
    assert {number: at for number, at in told.items() if at > stored[number]} == {}
    await it.connection.execute("alter table elsewhere rename to counted")
    async with it.worker():
        await drained(it, 20)
    await check_counted_once(it, good)


async def _counted(it: Till, wanted: int) -> bool:
    return await it.count("counted") == wanted
