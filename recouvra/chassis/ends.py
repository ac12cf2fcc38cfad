"""Where partitions end now, in one request."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from recouvra.chassis.positions import Place


async def end_offsets(consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """The next offset of each partition, asked by a consumer that reads nothing else.

    They are assigned to it, paused, first: of partitions that it does not have the client asks topic by topic.
    """
    if set(partitions) != consumer.assignment():
        consumer.assign(list(partitions))
        consumer.pause(*partitions)
    found: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return found


async def ends_of(bootstrap: str, topics: Collection[str], seconds: float = 10) -> dict[Place, int]:
    """Where every partition of these topics ends; raises what the client raises, TimeoutError after so long."""
    patience = {"bootstrap_servers": bootstrap, "request_timeout_ms": int(seconds * 1000)}
    admin, consumer = AIOKafkaAdminClient(**patience), AIOKafkaConsumer(**patience)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(admin.start(), consumer.start())
            described = await admin.describe_topics(list(topics))
            # Asked of the broker: a consumer knows the partitions of no topic that it has not subscribed to.
            places = [TopicPartition(of["topic"], p["partition"]) for of in described for p in of["partitions"]]
            found = await end_offsets(consumer, places)
    finally:
        await asyncio.wait({asyncio.ensure_future(admin.close()), asyncio.ensure_future(consumer.stop())}, timeout=1)
    return {Place(tp.topic, tp.partition): end for tp, end in found.items()}
