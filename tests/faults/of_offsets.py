"""Faults of what Kafka keeps of its readers and of the records' places: group offsets moved or lost, records again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from functools import partial
from uuid import uuid4

import confluent_kafka
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from recouvra.contracts.topics import READS
from tests.faults.fault import fault
from tests.faults.trial import Trial
from tests.oracle import PublishedRecord
from tests.stack.running import INBOUND, read_all, stack_kafka
from tests.standing.polling import eventually

BEYOND_A_SESSION_SECONDS = (8.0, 10.0)


async def moved_while_stopped(to: str, trial: Trial) -> None:
    """A service's worker is stopped in order; its group's offsets are moved or deleted meanwhile, for good reading."""
    service = trial.some_service()
    bootstrap = stack_kafka(await trial.stack.ready())
    async with trial.stack.away(service, "worker", signal.SIGTERM):
        await trial.moment()
        await eventually(lambda: _move(bootstrap, service, to), 30)  # its member's session must have ended first


for _to in ("beginning", "end", "deleted"):
    fault(f"offsets {_to} while stopped", times=2)(partial(moved_while_stopped, _to))


@fault("offsets deleted while running", times=2)
async def deleted_while_running(trial: Trial) -> None:
    """Kafka deletes no group with a member; so this one is frozen beyond its session, and finds its group gone."""
    service = trial.some_service()
    bootstrap = stack_kafka(await trial.stack.ready())
    with trial.stack.frozen(service, "worker"):
        await trial.moment(*BEYOND_A_SESSION_SECONDS)
        await eventually(lambda: _move(bootstrap, service, "deleted"), 30)


async def topic_again(renamed: bool, trial: Trial) -> None:
    """A topic is published again from its start, on the same partitions in the same order: other offsets."""
    bootstrap = stack_kafka(await trial.stack.ready())
    records = await read_all(bootstrap, [trial.dice.choice(INBOUND)])
    await asyncio.to_thread(_publish, bootstrap, records, renamed)


for _name, _renamed in (("topic again", False), ("topic again under other event ids", True)):
    fault(_name, times=2)(partial(topic_again, _renamed))


async def _move(bootstrap: str, service: str, to: str) -> None:
    """Moves or deletes the offsets of a service's group; AssertionError where the broker refuses for now."""
    try:
        await asyncio.to_thread(_moved, bootstrap, f"recouvra-{service}", READS[service], to)
    except KafkaException as error:
        raise AssertionError(f"{service}, {to}: {error}") from error


def _moved(bootstrap: str, group: str, topics: Sequence[str], to: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    if to == "deleted":
        admin.delete_consumer_groups([group])[group].result(10)
        return
    known = admin.list_topics(timeout=10).topics
    places = [TopicPartition(topic, number) for topic in topics for number in known[topic].partitions]
    if to == "end":
        consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "tests-ends"})
        try:
            for place in places:
                place.offset = consumer.get_watermark_offsets(place, timeout=10)[1]
        finally:
            consumer.close()
    else:
        for place in places:
            place.offset = 0
    asked = ConsumerGroupTopicPartitions(group, places)
    answered = admin.alter_consumer_group_offsets([asked])[group].result(10)
    for place in answered.topic_partitions:
        if place.error:
            raise KafkaException(place.error)


def _publish(bootstrap: str, records: Sequence[PublishedRecord], renamed: bool) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 4 << 20})
    for record in records:
        headers: list[tuple[str, str | bytes | None]] = list(record.headers)
        if renamed:
            headers = [(name, uuid4().hex.encode() if name == "ce_id" and value else value) for name, value in headers]
        producer.produce(record.topic, record.value, record.key, record.partition, headers=headers)
    assert producer.flush(60) == 0, "not all of it was acknowledged"
