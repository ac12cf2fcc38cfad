"""The same random records through a whole stack: a real broker, the four workers and their relays as processes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import confluent_kafka

from recouvra.contracts.topics import READS
from recouvra.local.ports import free_ports
from tests.fuzz.records import Made, made
from tests.fuzz.values import World
from tests.standing.processes import LocalUp

_PATIENCE_SECONDS = 1_200


class Books:
    """What the databases of a running stack say."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._root, self._kafka = told["postgres"].rpartition("/")[0], told["kafka"]
        self._ends = confluent_kafka.Consumer(
            {"bootstrap.servers": self._kafka, "group.id": "fuzz-ends", "log_level": 0}
        )

    async def rows(self, service: str, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Rows of one service's database."""
        connection = await asyncpg.connect(f"{self._root}/{service}")
        try:
            found: list[asyncpg.Record] = await connection.fetch(sql, *values)
            return found
        finally:
            await connection.close()

    async def behind(self) -> int:
        """How many records are not read yet, and facts not published, by anyone."""
        count = 0
        topics = self._ends.list_topics(timeout=10).topics
        for service, reads in READS.items():
            rows = await self.rows(service, "select topic, partition, next_offset from position")
            stored = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            for topic in reads:
                for number in topics[topic].partitions:
                    place = confluent_kafka.TopicPartition(topic, number)
                    found = self._ends.get_watermark_offsets(place, timeout=10)
                    if found is None:  # counted as 0 it would hide what others have to be read
                        raise RuntimeError(f"the broker does not tell where {topic}/{number} ends")
                    count += found[1] - stored.get((topic, number), 0)
            count += (await self.rows(service, "select count(*) as n from outbox"))[0]["n"]
        return count

    async def balances(self) -> list[tuple[str, bool]]:
        """Every service's balance as a line, and whether it is even, without anything `internal`."""
        return [await self._balance(service) for service in READS]

    async def _balance(self, service: str) -> tuple[str, bool]:
        read = (
            await self.rows(
                service,
                "select sum(next_offset)::bigint as n from position where topic = any($1)",
                list(READS[service]),
            )
        )[0]["n"]
        claimed = (await self.rows(service, "select count(*) as n from inbox"))[0]["n"]
        letters = {
            row["reason"]: row["n"]
            for row in await self.rows(
                service, 'select reason, count(distinct (topic, partition, "offset")) as n from dead_letter group by 1'
            )
        }
        pulses = [json.loads(row["counters"]) for row in await self.rows(service, "select counters from pulse")]
        duplicates = sum(pulse["duplicates"] for pulse in pulses)
        even = read == claimed + duplicates + sum(letters.values()) and "internal" not in letters
        by_reason = ", ".join(f"{reason} {count:,}" for reason, count in sorted(letters.items()))
        return (
            f"{service:14}{read:>10,} read = {claimed:,} effects + {duplicates:,} duplicates + "
            f"{sum(letters.values()):,} dead letters ({by_reason}); tries again {sum(p['retries'] for p in pulses)}",
            even,
        )


async def run(folder: Path, records: int, seed: int, topics: list[str]) -> int:
    """Publishes, waits until all is read and published, and tells; exit code 1 where anything is wrong."""
    up = LocalUp(folder / "stack", "system", free_ports().first)
    await up.start()
    try:
        told = await up.ready()
        books, started, pids = Books(told), time.monotonic(), up.pids()
        await _publish(told["kafka"], books, records, seed, topics)
        print(f"{records:,} published in {time.monotonic() - started:.0f} s")
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while behind := await books.behind():
                print(f"\r{behind:,} to be read or published  {time.monotonic() - started:.0f} s ", end="", flush=True)
                await asyncio.sleep(1)
        print(f"\nall read after {time.monotonic() - started:.0f} s")
        async with asyncio.timeout(20):  # the workers tell their counters every few seconds
            while not all(even for _, even in await books.balances()):  # noqa: ASYNC110 - other processes tell nobody
                await asyncio.sleep(1)
    except TimeoutError:
        print("\nnot even in time")
    finally:
        same = up.pids() == pids
        balances = await books.balances()
        await up.end()
    print("\n".join(line for line, _ in balances))
    fine = same and all(even for _, even in balances)
    print("nothing crashed, nothing was lost, no internal" if fine else f"WRONG (every process is the same: {same})")
    return 0 if fine else 1


async def _publish(bootstrap: str, books: Books, records: int, seed: int, topics: list[str]) -> None:
    world, chance = World(), Random(seed)
    settings = {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "message.max.bytes": 4 << 20}
    producer = confluent_kafka.Producer(settings | {"linger.ms": 20, "acks": "all"})
    for number in range(records):
        world.window = number // 4_000
        if number % 1_000 == 0:
            known = await books.rows("registration", "select insured_number from person order by random() limit 200")
            world.insured.extend(row["insured_number"] for row in known)
        _send(producer, made(chance.choice(topics), world, chance))
    producer.flush()


def _send(producer: confluent_kafka.Producer, one: Made) -> None:
    headers: Iterable[tuple[str, Any]] = one.headers
    while True:
        try:
            producer.produce(one.topic, one.value, one.key, headers=list(headers))
            producer.poll(0)
            return
        except BufferError:
            producer.poll(0.1)
