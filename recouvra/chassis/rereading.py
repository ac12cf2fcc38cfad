"""Reads topics again, beside whoever reads them for good: whole stretches of many partitions, in no group."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import confluent_kafka

from recouvra.chassis.aside import AsideError, record_of
from recouvra.chassis.positions import Place
from recouvra.contracts.record import Record

_AT_ONCE = 500
_PATIENCE_SECONDS = 20.0
_ANSWER_SECONDS = 5.0  # for what is no record
Stretch = tuple[int, int]
"""From which offset on, and before which."""


def _consumer(bootstrap: str) -> Any:
    return confluent_kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "recouvra-rereading",  # never joined, nothing is committed: assign() only
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "queued.max.messages.kbytes": 8 << 10,  # what is fetched ahead is memory …
            "fetch.queue.backoff.ms": 5,  # … and who has read it does not wait a second for more
            "fetch.wait.max.ms": 50,
            "log_level": 0,
        }
    )


def extents(bootstrap: str, topics: Collection[str]) -> dict[Place, Stretch]:
    """Where each partition of these topics begins and ends now. Blocking.

    Raises:
        AsideError: the broker does not answer, or lacks one of the topics.
    """
    consumer = _consumer(bootstrap)
    try:
        found = {}
        known = consumer.list_topics(timeout=_ANSWER_SECONDS).topics
        for topic in topics:
            if topic not in known or known[topic].error is not None:
                raise AsideError(f"{topic}: no such topic")
            for partition in known[topic].partitions:
                asked = confluent_kafka.TopicPartition(topic, partition)
                found[Place(topic, partition)] = consumer.get_watermark_offsets(asked, timeout=_ANSWER_SECONDS)
        return found
    except confluent_kafka.KafkaException as error:
        raise AsideError(f"Kafka: {error}") from None
    finally:
        consumer.close()


def reread(bootstrap: str, stretches: Mapping[Place, Stretch]) -> Iterator[list[Record]]:
    """The records of these stretches, a few hundred at a time; of one partition in order. Blocking.

    What lies in a stretch and holds no record (markers of transactions) is passed over.

    Raises:
        AsideError: the broker did not answer for a while; nothing can be said of the rest.
    """
    left = {place: stop for place, (start, stop) in stretches.items() if start < stop}
    if not left:
        return
    consumer = _consumer(bootstrap)
    try:
        consumer.assign([confluent_kafka.TopicPartition(*place, stretches[place][0]) for place in left])
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while left:
            messages = _polled(consumer)
            if messages:
                deadline = time.monotonic() + _PATIENCE_SECONDS
            elif time.monotonic() > deadline:
                raise AsideError(f"Kafka: no answer in {_PATIENCE_SECONDS} s")
            if records := _judged(messages, left):
                yield records
    finally:
        consumer.close()


def _polled(consumer: Any) -> list[Any]:
    """What has come, at most `_AT_ONCE`: waits for the first of it alone, and not for ever."""
    messages, message = [], consumer.poll(0.2)
    while message is not None:
        messages.append(message)
        message = consumer.poll(0) if len(messages) < _AT_ONCE else None
    return messages


def _judged(messages: Collection[Any], left: dict[Place, int]) -> list[Record]:
    """The records among what was polled that lie in their stretch; a stretch that has come to its end leaves `left`."""
    records = []
    for message in messages:
        place = Place(message.topic(), message.partition())
        if (error := message.error()) is not None:
            if error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                left.pop(place, None)
            elif error.fatal() or error.code() == confluent_kafka.KafkaError._AUTO_OFFSET_RESET:
                raise AsideError(str(error))
            continue
        if place not in left:
            continue
        if message.offset() < left[place]:
            records.append(record_of(message))
        if message.offset() >= left[place] - 1:
            del left[place]
    return records
