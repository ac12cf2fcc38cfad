"""Registration's worker on a broker and a database of its own, killed while it reads: every answer, once and right."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from recouvra.chassis.migrate import migrate
from recouvra.contracts.topics import WRITES
from recouvra.local.topics import create_topics
from tests.builders import Draft, country, interleave, repeated
from tests.oracle import PublishedRecord, differences, fold, recompute
from tests.servers.conftest import CreateDatabase
from tests.servers.registration_desk import MIGRATIONS
from tests.standing.servers import Standing

READ = ("affiliation-requested", "registration-requested")
PARTITIONS = 3


class Place(NamedTuple):
    """Where a worker works, and how one is started."""

    bootstrap: str
    environment: dict[str, str]

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A worker process; killed at the end of the block where it still runs."""
        command = [sys.executable, "-m", "services.registration", "--worker"]
        child = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        try:
            yield child
        finally:
            child.kill()
            child.wait()


@pytest_asyncio.fixture
async def place(tmp_path: Path, postgres: CreateDatabase, standing: Standing) -> AsyncIterator[Place]:
    """A broker of its own, so that the topics hold nothing else, and a new database."""
    url = await postgres(f"registration_{uuid4().hex[:12]}")
    await migrate(url, MIGRATIONS)
    async with standing.broker(tmp_path) as kafka:
        await create_topics(kafka.bootstrap, PARTITIONS)
        settings = {
            "RECOUVRA_KAFKA": kafka.bootstrap,
            "RECOUVRA_DATABASE_URL": url,
            "RECOUVRA_CLOCK": "event",
            "RECOUVRA_REPLICA": "test",
        }
        yield Place(kafka.bootstrap, os.environ | settings)


async def publish(bootstrap: str, drafts: Sequence[Draft]) -> None:
    """Publishes drafts, in their order."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=4 << 20
    )
    await producer.start()
    try:
        for draft in drafts:
            await producer.send(draft.topic, draft.value, key=draft.key, headers=list(draft.headers))
        await producer.flush()
    finally:
        await producer.stop()


async def records_of(bootstrap: str, topics: Sequence[str]) -> list[PublishedRecord]:
    """All that stands on these topics now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, n) for topic in topics for n in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends, found = await consumer.end_offsets(partitions), list[PublishedRecord]()
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [PublishedRecord(r.topic, r.partition, r.offset, r.key, r.value, r.headers) for r in batch]
        return found
    finally:
        await consumer.stop()


async def until(holds: Callable[[list[PublishedRecord]], bool], bootstrap: str) -> list[PublishedRecord]:
    """The facts on the topics, once they are as wanted."""
    async with asyncio.timeout(90):
        while True:
            facts = await records_of(bootstrap, WRITES["registration"])
            if holds(facts):
                return facts
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("seed", [1])
async def test_a_worker_that_is_killed_answers_every_request_as_the_oracle_does(place: Place, seed: int) -> None:
    made = country(seed, payers=30, employees=20)
    poison = [bad for bad in made.poison if bad.topic in READ]
    drafts = interleave(repeated([*made.affiliations, *made.changes, *made.hires, *poison], seed), seed)
    half = len(drafts) // 2
    with place.worker():
        await publish(place.bootstrap, drafts[:half])
        await until(lambda facts: len(facts) > half // 2, place.bootstrap)
    await publish(place.bootstrap, drafts[half:])
    inbound = await records_of(place.bootstrap, READ)
    with place.worker() as worker:
        await until(lambda facts: not differences(recompute(inbound, facts), fold(facts)), place.bootstrap)
        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 20)
        assert worker.returncode == 0
    facts = await records_of(place.bootstrap, WRITES["registration"])
    assert differences(recompute(inbound, facts), fold(facts)) == []
