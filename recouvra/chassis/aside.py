"""Reading a stretch of a partition with another client (librdkafka), where aiokafka cannot or did not.

aiokafka raises on a record whose header key is not UTF-8, can read nothing that follows it in the same record batch,
and forgets what it had drained from other partitions in the same call although their positions have moved. So every
gap between the stored position and what is delivered is read here before it is believed.
"""

from __future__ import annotations

import time
from operator import methodcaller
from typing import Any

import confluent_kafka

from recouvra.contracts.record import Record

MOST_RECORDS = 500
# For a header key that is not UTF-8 the client leaves its error pending and returns as if all were well; called from C
# the interpreter checks for that at once, called from Python it may surface anywhere later.
_headers = methodcaller("headers")
MOST_BYTES = 4 << 20


class AsideError(RuntimeError):
    """The broker did not answer in time; nothing can be said about the stretch."""


def read_aside(
    bootstrap: str, topic: str, partition: int, start: int, stop: int, seconds: float = 10
) -> tuple[list[Record], bool]:
    """The records from offset `start` up to before `stop`, at most `MOST_RECORDS` or `MOST_BYTES`. Blocking.

    Returns:
        The records, and whether the stretch was read to its end: then what is missing in it holds no record
        (transaction markers, compaction, retention).

    Raises:
        AsideError: no answer within `seconds`.
    """
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "recouvra-aside",  # never joined, nothing is committed: assign() only
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "fetch.wait.max.ms": 50,
            "log_level": 0,
        }
    )
    records: list[Record] = []
    whole = False
    size, deadline = 0, time.monotonic() + seconds
    try:
        consumer.assign([confluent_kafka.TopicPartition(topic, partition, start)])
        while not whole and len(records) < MOST_RECORDS and size < MOST_BYTES:
            message = consumer.poll(0.2)
            if message is None:
                if time.monotonic() > deadline:
                    raise AsideError(f"{topic}/{partition}@{start}: no answer in {seconds} s")
                continue
            if (error := message.error()) is not None:
                if error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    whole = True
                    continue
                if error.fatal() or time.monotonic() > deadline:
                    raise AsideError(str(error))
                continue
            offset: int = message.offset()  # type: ignore[assignment] # a message without error has one
            if offset < stop:
                records.append(record_of(message))
                size += len(records[-1].value or b"")
            whole = offset >= stop - 1
            deadline = time.monotonic() + seconds
    finally:
        consumer.close()
    return records, whole


def record_of(message: Any) -> Record:
    """librdkafka's message as a record; headers that cannot be decoded are left out, and the record says so."""
    try:
        headers, readable = tuple(_headers(message) or ()), True
    except (UnicodeDecodeError, SystemError):
        headers, readable = (), False
    return Record(
        message.topic(), message.partition(), message.offset(), message.key(), message.value(), headers, readable
    )
