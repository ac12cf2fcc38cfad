"""Reading stretches of partitions with another client (librdkafka), where aiokafka cannot, did not, or need not.

aiokafka raises on a record whose header key is not UTF-8, can read nothing that follows it in the same record batch,
and forgets what it had drained from other partitions in the same call although their positions have moved. So every
gap between the stored position and what is delivered is read here before it is believed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from operator import methodcaller
from types import TracebackType
from typing import Any, Self

import confluent_kafka

from recouvra.chassis.positions import Place
from recouvra.contracts.record import Record

MOST_RECORDS = 500
# For a header key that is not UTF-8 the client leaves its error pending and returns as if all were well; called from C
# the interpreter checks for that at once, called from Python it may surface anywhere later.
_headers = methodcaller("headers")
MOST_BYTES = 4 << 20


class AsideError(RuntimeError):
    """The broker did not answer in time; nothing can be said about the stretch."""


class Rereader:
    """Reads partitions forwards from where each is started, in stretches, as they are asked for. Blocking.

    Never more than a stretch ahead of what was asked for is held of a partition, so that many can be read in turns.
    """

    def __init__(self, bootstrap: str, starts: Mapping[Place, int], seconds: float = 10) -> None:
        self._seconds = seconds
        self._next = dict(starts)  # of each partition, the offset from which nothing was received yet
        self._ahead: dict[Place, deque[Record]] = {place: deque() for place in starts}
        self._consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "recouvra-aside",  # never joined, nothing is committed: assign() only
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "allow.auto.create.topics": False,
                "fetch.wait.max.ms": 50,
                "queued.max.messages.kbytes": 8 << 10,  # what is fetched ahead is memory
                "log_level": 0,
            }
        )
        self._consumer.assign([confluent_kafka.TopicPartition(*place, at) for place, at in starts.items()])
        self._consumer.pause([confluent_kafka.TopicPartition(*place) for place in starts])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._consumer.close()

    def some(self, place: Place, stop: int) -> tuple[list[Record], bool]:
        """The partition's next records before offset `stop`, at most `MOST_RECORDS` or about `MOST_BYTES`.

        Returns:
            The records, and whether all before `stop` were read: then what is missing holds no record (transaction
            markers, compaction, retention).

        Raises:
            AsideError: the broker did not answer in time.
        """
        ahead = self._ahead[place]
        if self._next[place] < stop and len(ahead) < MOST_RECORDS:
            self._fetch(place, stop)
        records: list[Record] = []
        size = 0
        while ahead and ahead[0].offset < stop and len(records) < MOST_RECORDS and size < MOST_BYTES:
            records.append(ahead.popleft())
            size += len(records[-1].value or b"")
        return records, self._next[place] >= stop and not (ahead and ahead[0].offset < stop)

    def all(self, place: Place, stop: int) -> Iterator[Record]:
        """Every record of the partition before offset `stop`, from where it was read to; raises AsideError."""
        whole = False
        while not whole:
            records, whole = self.some(place, stop)
            yield from records

    def _fetch(self, place: Place, stop: int) -> None:
        """Receives of one partition until `stop` or its end, and what has come beyond: the others wait."""
        at = confluent_kafka.TopicPartition(*place)
        self._consumer.resume([at])
        ahead = self._ahead[place]
        size, deadline = 0, time.monotonic() + self._seconds
        while len(ahead) < MOST_RECORDS and size < MOST_BYTES:
            message = self._consumer.poll(0.2 if self._next[place] < stop else 0)
            if message is None:
                if self._next[place] >= stop:
                    break
                if time.monotonic() > deadline:
                    raise AsideError(f"{place.topic}/{place.partition}: no answer in {self._seconds} s")
                continue
            received = Place(str(message.topic()), message.partition() or 0)
            if (error := message.error()) is not None:
                if error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    if received == place and (message.offset() or 0) >= stop:
                        self._next[place] = stop
                elif error.fatal() or time.monotonic() > deadline:
                    raise AsideError(str(error))
                continue
            offset: int = message.offset()  # type: ignore[assignment] # a message without error has one
            if offset >= self._next[received]:
                self._ahead[received].append(record_of(message))
                self._next[received] = offset + 1
                size += len(self._ahead[received][-1].value or b"")
            deadline = time.monotonic() + self._seconds
        self._consumer.pause([at])


def read_aside(
    bootstrap: str, topic: str, partition: int, start: int, stop: int, seconds: float = 10
) -> tuple[list[Record], bool]:
    """The records from offset `start` up to before `stop`, at most `MOST_RECORDS` or `MOST_BYTES`; as `Rereader.some`.

    Blocking.
    """
    place = Place(topic, partition)
    with Rereader(bootstrap, {place: start}, seconds) as reader:
        return reader.some(place, stop)


def record_of(message: Any) -> Record:
    """librdkafka's message as a record; headers that cannot be decoded are left out, and the record says so."""
    try:
        headers, readable = tuple(_headers(message) or ()), True
    except (UnicodeDecodeError, SystemError):
        headers, readable = (), False
    return Record(
        message.topic(), message.partition(), message.offset(), message.key(), message.value(), headers, readable
    )
