"""What tests do with a stack, whatever it runs on: publish, read back, ask."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.making.drafts import Draft
from tests.oracle import PublishedRecord
from tests.standing.polling import eventually, turn
from tests.standing.servers import Up

__all__ = ["INBOUND", "Up", "ask", "eventually", "publish", "read_all", "stack_kafka", "turn"]
INBOUND = (
    "affiliation-requested",
    "registration-requested",
    "payroll-declared",
    "payment-reported",
    "care-form-submitted",
)


async def publish(bootstrap: str, drafts: Sequence[Draft]) -> None:
    """Publishes drafts in this order, all acknowledged; a broker that is restarted meanwhile is waited for."""
    sender = await eventually(lambda: _producer(bootstrap))
    try:
        sent = [
            await sender.send(draft.topic, draft.value, draft.key, headers=[(n, v) for n, v in draft.headers])
            for draft in drafts
        ]
        await asyncio.wait_for(asyncio.gather(*sent), 90)
    finally:
        await sender.stop()


async def _producer(bootstrap: str) -> AIOKafkaProducer:
    sender = AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_request_size=4 << 20, acks="all", request_timeout_ms=60_000
    )
    try:
        await sender.start()
    except KafkaError:
        await sender.stop()
        raise
    return sender


async def read_all(bootstrap: str, topics: Sequence[str]) -> list[PublishedRecord]:
    """Every record that stands on these topics now, from the first offset."""
    partitions = await _partitions(bootstrap, topics)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[PublishedRecord] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                found += [
                    PublishedRecord(tp.topic, tp.partition, r.offset, r.key, r.value, list(r.headers)) for r in records
                ]
        return found
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    return [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]


async def ask(stack: Up, service: str, path: str, **query: Any) -> httpx.Response:
    """One answer of a service's API."""
    address = (await stack.ready())["services"][service]
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        response = await http.get(address + path, params=query)
    assert response.status_code == 200, response.text
    return response


def stack_kafka(told: dict[str, Any]) -> str:
    """The broker's address."""
    return str(told["kafka"])
