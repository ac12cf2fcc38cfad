"""A topic that takes no more records, as on a broker without room, and takes them again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from confluent_kafka import admin

from tests.servers.till.at_work import Till, until

_NOTHING, _WHAT_IT_TOOK = 100, 4 << 20


@asynccontextmanager
async def refusing(it: Till, topic: str) -> AsyncIterator[None]:
    """The broker refuses whatever is published on the topic for as long as the block lasts."""
    await asyncio.to_thread(_take_at_most, it.bootstrap, topic, _NOTHING)
    try:
        await until(lambda: _is_refused(it.bootstrap, topic))
        yield
    finally:
        await asyncio.to_thread(_take_at_most, it.bootstrap, topic, _WHAT_IT_TOOK)


def _take_at_most(bootstrap: str, topic: str, count: int) -> None:
    now = admin.AlterConfigOpType.SET  # type: ignore[attr-defined]
    entry = admin.ConfigEntry("max.message.bytes", str(count), incremental_operation=now)  # type: ignore[attr-defined]
    change = admin.ConfigResource("topic", topic, incremental_configs=[entry])  # type: ignore[attr-defined]
    client = admin.AdminClient({"bootstrap.servers": bootstrap})
    for done in client.incremental_alter_configs([change]).values():
        done.result(20)


async def _is_refused(bootstrap: str, topic: str) -> bool:
    """Whether a record of nobody's is too large."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"x" * 300, headers=[("ce_source", b"/nobody"), ("ce_id", b"none")])
    except MessageSizeTooLargeError:
        return True
    finally:
        await producer.stop()
    return False
