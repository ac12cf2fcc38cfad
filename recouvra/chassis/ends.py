"""Where partitions end now, in one request."""

from __future__ import annotations

from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, TopicPartition


async def end_offsets(consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """The next offset of each partition, asked by a consumer that reads nothing else.

    They are assigned to it, paused, first: of partitions that it does not have the client asks topic by topic.
    """
    if set(partitions) != consumer.assignment():
        consumer.assign(list(partitions))
        consumer.pause(*partitions)
    found: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return found
