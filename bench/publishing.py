"""Publishing as fast as the broker takes it, before anything is measured; and where topics end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.failing import BenchFailed
from bench.made import Made
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.topics import MARKS
from recouvra.local.topics import create_topics, wanted_topics

AT = datetime(2026, 2, 5, tzinfo=UTC)
"""The `ce_time` of all that is published here, unless it tells its own."""

_PATIENCE_SECONDS = 300.0
Ends = dict[str, int]
"""By topic, how many records stand on it: the sum of the next offsets of its partitions."""


class Publisher:
    """One client for as long as a bench publishes; `publish` blocks until all is acknowledged."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "log_level": 2,  # that a new broker's coordinator still loads is no news
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "batch.size": 1 << 20,
                "message.max.bytes": 4 << 20,
                "queue.buffering.max.messages": 2_000_000,
                "queue.buffering.max.kbytes": 1 << 20,
            }
        )
        self._run, self._count = uuid4().hex[:12], 0
        self._refused: list[str] = []

    def send(self, made: Made, at: datetime = AT) -> None:
        """Hands one record over; it is on its way at once."""
        self._count += 1
        envelope = Envelope(f"{self._run}-{self._count}", made.source, made.event_type, at)
        self.bare(made.topic, made.key, made.value, binary_headers(envelope))

    def bare(self, topic: str, key: bytes, value: bytes, headers: Any = None) -> None:
        """The same for a record that has no envelope."""
        while True:
            try:
                self._producer.produce(topic, value, key, headers=headers, on_delivery=self._told)
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)

    def publish(self, records: Iterable[Made]) -> int:
        """Publishes records and waits for every acknowledgement; how many they were."""
        before = self._count
        for made in records:
            self.send(made)
        self.flush()
        return self._count - before

    def flush(self) -> None:
        """Waits for every acknowledgement.

        Raises:
            BenchFailed: the broker refused a record, or takes too long.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while left := self._producer.flush(1.0):
            if time.monotonic() > deadline:
                raise BenchFailed(f"{left} records not acknowledged after {_PATIENCE_SECONDS:.0f} s")
        if self._refused:
            raise BenchFailed(f"the broker refused a record: {self._refused[0]}")

    def mark(self, service: str) -> None:
        """A mark of a service that does not run here: of it nothing will come any more."""
        value = f'{{"service":"{service}","up_to":"2098-01-01T00:00:00Z","offsets":{{}}}}'
        self._producer.produce(MARKS, value.encode(), service.encode())
        self.flush()

    def _told(self, error: Any, _: Any) -> None:
        if error is not None:
            self._refused.append(str(error))


async def ends(bootstrap: str, topics: Sequence[str]) -> Ends:
    """Where topics end now."""
    return await asyncio.to_thread(_ends, bootstrap, topics)


def _ends(bootstrap: str, topics: Sequence[str]) -> Ends:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-ends", "enable.auto.commit": False})
    try:
        found = dict.fromkeys(topics, 0)
        there = consumer.list_topics(timeout=30).topics
        for topic in topics:
            for number in there[topic].partitions:
                _, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30)
                found[topic] += end
        return found
    finally:
        consumer.close()


async def fresh_topics(bootstrap: str) -> None:
    """All topics of ours, empty: those that are there are deleted first."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=30_000)
    await admin.start()
    try:
        ours, deadline = {topic.name for topic in wanted_topics()}, time.monotonic() + 60
        while there := sorted(ours & set(await admin.list_topics())):
            await admin.delete_topics(there)
            if time.monotonic() > deadline:
                raise BenchFailed(f"{len(there)} topics are still there after a minute")
            await asyncio.sleep(0.2)
    finally:
        await admin.close()
    await create_topics(bootstrap)
