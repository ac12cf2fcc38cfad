"""Reads topics again with another client (librdkafka), in no group: where aiokafka cannot, did not, or need not read.

aiokafka raises on a record whose header key is not UTF-8, can read nothing that follows it in the same record batch,
and forgets what it had drained from other partitions in the same call although their positions have moved. So every
gap between the stored position and what is delivered is read here before it is believed; and who reads a topic from
its beginning, to verify or to make read models again, reads every record that there is, whatever it holds.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Generator, Iterator, Mapping
from operator import methodcaller
from types import TracebackType
from typing import Any, Literal, Self

import confluent_kafka
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # not in its `__all__`

from recouvra.chassis.positions import Place
from recouvra.contracts.record import Record

MOST_RECORDS = 500
MOST_BYTES = 4 << 20
# For a header key that is not UTF-8 the client leaves its error pending and returns as if all were well; called from C
# the interpreter checks for that at once, called from Python it may surface anywhere later.
_headers = methodcaller("headers")
_SETTINGS = {
    "group.id": "recouvra-rereading",  # never joined, nothing is committed: assign() only
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "allow.auto.create.topics": False,
    "queued.max.messages.kbytes": 8 << 10,  # what is fetched ahead is memory …
    "fetch.queue.backoff.ms": 5,  # … and who has read it does not wait a second for more
    "fetch.wait.max.ms": 50,
    "log_level": 0,
}

Stretch = tuple[int, int]
"""From which offset on, and before which."""


class RereadError(RuntimeError):
    """The broker did not answer in time, or no longer has what was asked for; nothing can be said about the rest."""


class Rereader:
    """Reads partitions forwards from where each is started, in stretches, as they are asked for. Blocking.

    One partition is fetched at a time, and never more than a stretch ahead of what was asked for is held of another:
    many can be read in turns, in memory that does not grow with them.
    """

    def __init__(
        self,
        bootstrap: str,
        starts: Mapping[Place, int],
        seconds: float = 10,
        expired: Literal["earliest", "error"] = "earliest",
    ) -> None:
        """Starts each partition at its offset; what the topic no longer has is stepped over, or is an error."""
        self._seconds = seconds
        self._next = dict(starts)  # of each partition, the offset before which all was received
        self._ahead: dict[Place, deque[Record]] = {place: deque() for place in starts}
        self._fetched: Place | None = None
        self._consumer = confluent_kafka.Consumer(
            _SETTINGS | {"bootstrap.servers": bootstrap, "auto.offset.reset": expired}
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
            RereadError: the broker did not answer in time.
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
        """Every record of the partition before offset `stop`, from where it was read to; raises RereadError."""
        whole = False
        while not whole:
            records, whole = self.some(place, stop)
            yield from records

    def _fetch(self, place: Place, stop: int) -> None:
        """Receives of one partition until `stop` or its end, and what has come beyond: the others wait."""
        if place != self._fetched:
            if self._fetched is not None:
                self._consumer.pause([confluent_kafka.TopicPartition(*self._fetched)])
            self._consumer.resume([confluent_kafka.TopicPartition(*place)])
            self._fetched = place
        ahead = self._ahead[place]
        size, deadline = 0, time.monotonic() + self._seconds
        while len(ahead) < MOST_RECORDS and size < MOST_BYTES:
            message = self._consumer.poll(0.2 if self._next[place] < stop else 0)
            if message is None:
                if self._next[place] >= stop:
                    return
                if time.monotonic() > deadline:
                    raise RereadError(f"{_told(place)}: Kafka ne répond pas / does not answer ({self._seconds} s)")
                continue
            if not self._receive(message) and time.monotonic() > deadline:
                raise RereadError(f"{_told(place)}: {message.error()}")
            if message.error() is None:
                size += len(message.value() or b"")
                deadline = time.monotonic() + self._seconds

    def _receive(self, message: Any) -> bool:
        """Keeps a record, or how far the end is; False for an error that may pass."""
        place = Place(message.topic(), message.partition())
        error = message.error()
        if error is not None and error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
            self._next[place] = max(self._next[place], message.offset())  # before it stands nothing more
        elif error is not None and error.code() == confluent_kafka.KafkaError._AUTO_OFFSET_RESET:
            raise RereadError(f"{_told(place)} : des enregistrements ont disparu / records have disappeared")
        elif error is not None and error.fatal():
            raise RereadError(str(error))
        elif error is None and message.offset() >= self._next[place]:
            self._ahead[place].append(_record(message))
            self._next[place] = message.offset() + 1
        return error is None or error.code() == confluent_kafka.KafkaError._PARTITION_EOF


def read_aside(bootstrap: str, place: Place, start: int, stop: int) -> tuple[list[Record], bool]:
    """The records from offset `start` up to before `stop`, as `Rereader.some` gives them. Blocking."""
    with Rereader(bootstrap, {place: start}) as reader:
        return reader.some(place, stop)


def reread(bootstrap: str, stretches: Mapping[Place, Stretch]) -> Generator[list[Record], None, None]:
    """The records of whole stretches, a few hundred at a time, one partition after the other, in order. Blocking.

    What lies in a stretch and holds no record (markers of transactions) is passed over.

    Raises:
        RereadError: the broker did not answer for a while, or a stretch has expired.
    """
    starts = {place: start for place, (start, stop) in stretches.items() if start < stop}
    if not starts:
        return
    with Rereader(bootstrap, starts, seconds=20, expired="error") as reader:
        for place in starts:
            whole = False
            while not whole:
                records, whole = reader.some(place, stretches[place][1])
                if records:
                    yield records


def extents(bootstrap: str, topics: Collection[str], seconds: float = 5) -> dict[Place, Stretch]:
    """Where each partition of these topics begins and ends now, asked in two requests. Blocking.

    Raises:
        RereadError: the broker does not answer within so many seconds, or lacks one of the topics.
    """
    deadline = time.monotonic() + seconds
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        known = admin.list_topics(timeout=seconds).topics
        if lacking := sorted(topic for topic in topics if topic not in known or known[topic].error is not None):
            raise RereadError(f"{', '.join(lacking)} : sujets absents / no such topics (recouvra topics)")
        places = [Place(topic, number) for topic in topics for number in known[topic].partitions]
        asked = [
            admin.list_offsets(
                {confluent_kafka.TopicPartition(*place): which for place in places},
                request_timeout=max(0.1, deadline - time.monotonic()),
            )
            for which in (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        ]
        first, end = ({Place(tp.topic, tp.partition): of.result().offset for tp, of in one.items()} for one in asked)
        return {place: (first[place], end[place]) for place in places}
    except confluent_kafka.KafkaException as error:
        raise RereadError(f"Kafka: {error}") from None


def _record(message: Any) -> Record:
    """librdkafka's message as a record; headers that cannot be decoded are left out, and the record says so."""
    try:
        headers, readable = tuple(_headers(message) or ()), True
    except (UnicodeDecodeError, SystemError):
        headers, readable = (), False
    return Record(
        message.topic(), message.partition(), message.offset(), message.key(), message.value(), headers, readable
    )


def _told(place: Place) -> str:
    return f"{place.topic}/{place.partition}"
