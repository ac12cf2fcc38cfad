"""What tests do with a stack, whatever it runs on: publish, read back, ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from operator import methodcaller
from typing import Any

import confluent_kafka
import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from recouvra.chassis.rereading import RereadError, extents
from tests.making.drafts import Draft
from tests.oracle import PublishedRecord
from tests.standing.polling import eventually, turn
from tests.standing.servers import Up

__all__ = ["INBOUND", "Up", "ask", "ends_of", "eventually", "publish", "read_all", "stack_kafka", "turn"]
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


async def ends_of(bootstrap: str, topics: Sequence[str]) -> dict[tuple[str, int], int]:
    """Behind which offset the records of each partition end, of those that have some; AssertionError while unknown."""
    try:
        found = await asyncio.to_thread(extents, bootstrap, topics)
    except RereadError as error:
        raise AssertionError(f"{bootstrap}: {error}") from error
    return {(place.topic, place.partition): end for place, (_, end) in found.items() if end}


async def read_all(bootstrap: str, topics: Sequence[str]) -> list[PublishedRecord]:
    """Every record that stands on these topics now, from the first offset; AssertionError while that cannot be read.

    A record with a header key that is not UTF-8 has no headers here.
    """
    try:
        return await asyncio.to_thread(_read_all, bootstrap, topics)
    except confluent_kafka.KafkaException as error:
        raise AssertionError(f"{bootstrap}: {error}") from error


def _read_all(bootstrap: str, topics: Sequence[str]) -> list[PublishedRecord]:
    """By another client than the product's readers: aiokafka reads nothing behind a header key that is no text."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "tests", "enable.auto.commit": False, "enable.partition.eof": True}
    )
    try:
        known = consumer.list_topics(timeout=10).topics
        first = confluent_kafka.OFFSET_BEGINNING
        places = [confluent_kafka.TopicPartition(t, p, first) for t in topics for p in known[t].partitions]
        consumer.assign(places)
        found, deadline = list[PublishedRecord](), time.monotonic() + _PATIENCE_SECONDS
        left = {(place.topic, place.partition) for place in places}  # an end is told again when it has moved
        while left:
            for message in consumer.consume(500, 0.05):  # it waits so long for the last of the 500
                error, deadline = message.error(), time.monotonic() + _PATIENCE_SECONDS
                if error is None:
                    found.append(_record(message))
                elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    left.discard((message.topic(), message.partition()))
                else:
                    raise confluent_kafka.KafkaException(error)
            assert time.monotonic() < deadline, f"{bootstrap} does not answer"
        return found
    finally:
        consumer.close()


def _record(message: Any) -> PublishedRecord:
    try:
        headers = _headers(message) or []
    except (UnicodeDecodeError, SystemError):
        headers = []
    return PublishedRecord(
        message.topic(), message.partition(), message.offset(), message.key(), message.value(), headers
    )


# Called from C the interpreter sees at once that the client left an error pending; called from Python, later anywhere.
_headers = methodcaller("headers")
_PATIENCE_SECONDS = 20


async def ask(stack: Up, service: str, path: str, **query: Any) -> httpx.Response:
    """One answer of a service's API."""
    address = (await stack.ready())["services"][service]
    # Nothing here speaks TLS, and reading the machine's certificates takes longer than an answer.
    async with httpx.AsyncClient(timeout=20, trust_env=False, verify=False) as http:
        response = await http.get(address + path, params=query)
    assert response.status_code == 200, response.text
    return response


def stack_kafka(told: dict[str, Any]) -> str:
    """The broker's address."""
    return str(told["kafka"])
