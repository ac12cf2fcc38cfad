"""Records sent in batches of our own making: a partition's share is one request, one checksum, one acknowledgement.

aiokafka's own way, a record at a time, costs a future and a look at its partition's queue for each: several times as
much as all else that the relay does with a fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

PRODUCER: dict[str, Any] = {
    "enable_idempotence": True,
    "acks": "all",
    "linger_ms": 5,
    "compression_type": "lz4",
    "max_batch_size": 256 << 10,  # before it is compressed; a record that is larger by itself goes alone
    "max_request_size": 4 << 20,  # what the topics take
    "request_timeout_ms": 10_000,
}
"""How a service publishes: nothing counts before every replica has it, and no try of the client's own stands twice."""


class Outgoing(NamedTuple):
    """A record to send, to the partition of its key where none is given; of no key that is the first."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    partition: int | None = None

    def place(self, count: int) -> TopicPartition:
        """Where it goes, on a topic of so many partitions: where every client of Kafka sends its key."""
        partition = self.partition
        if partition is None:
            partition = 0 if self.key is None else _hash(self.key) % count
        return TopicPartition(self.topic, partition)


Round = list[tuple[TopicPartition, BatchBuilder]]
"""At most one batch of each partition: the next of a partition is sent when this one is acknowledged."""


async def rounds(producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> list[Round]:
    """Batches of records, each partition's in the order given, by the round in which they are to be sent."""
    counts = {topic: len(await producer.partitions_for(topic)) for topic in {record.topic for record in records}}
    filled: dict[TopicPartition, list[BatchBuilder]] = {}
    for record in records:
        batches = filled.setdefault(record.place(counts[record.topic]), [])
        if not batches or not _appended(batches[-1], record):
            batches.append(producer.create_batch())
            _appended(batches[-1], record)
    for batches in filled.values():
        for batch in batches:
            batch.close()  # nobody adds to it, so that it need not linger
    return [
        [(place, batch) for place, batch in zip(filled, abreast, strict=True) if batch is not None]
        for abreast in zip_longest(*filled.values())
    ]


def _appended(batch: BatchBuilder, record: Outgoing) -> bool:
    """Whether there was room; for a batch's first record there always is."""
    appended = batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
    return appended is not None


@lru_cache(65_536)  # the facts of one key come close to one another, and aiokafka hashes in Python
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF
