"""The topics from their beginning, by librdkafka, which reads every record that there is, whatever it holds.

The worker's client cannot read past a header key that is not UTF-8 (see the chassis's `aside`), and rebalances with
others of its group; this one belongs to no group and is told where to begin.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import confluent_kafka
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # not in its `__all__`

from recouvra.chassis.aside import record_of
from recouvra.chassis.positions import Place
from recouvra.contracts.record import Record
from services.reporting.rebuilding.failure import RebuildError

_MOST_RECORDS = 2_000  # in one transaction: four times the worker's, since no one waits for a single one of them
_MOST_BYTES = 4 << 20
_PATIENCE_SECONDS = 10
_SILENT_SECONDS = 60


class Topics:
    """Stretches of partitions, read one after the other. Everything here blocks."""

    def __init__(self, bootstrap: str) -> None:
        quiet: dict[str, Any] = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._admin = AdminClient(quiet)
        self._settings = quiet | {
            "group.id": "recouvra-rebuild",  # never joined, nothing is committed: assign() only
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",  # what is gone must be told, never stepped over
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "fetch.wait.max.ms": 50,
            # What is read ahead is bounded, however many partitions there are.
            "queued.max.messages.kbytes": 16 << 10,
            "fetch.message.max.bytes": 512 << 10,
            "fetch.max.bytes": 8 << 20,
        }
        self._consumer: confluent_kafka.Consumer | None = None
        self._stops: dict[Place, int] = {}
        self._heard_at = time.monotonic()

    def close(self) -> None:
        """Lets the broker go."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def bounds(self, topics: Sequence[str]) -> dict[Place, tuple[int, int]]:
        """Of every partition of these topics its first offset and its end, as they are now."""
        try:
            known = self._admin.list_topics(timeout=_PATIENCE_SECONDS).topics
            if lacking := sorted(set(topics) - set(known)):
                raise RebuildError(f"sujets absents / no such topics: {', '.join(lacking)} (recouvra topics)")
            places = [Place(topic, number) for topic in topics for number in known[topic].partitions]
            first = self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
            end = self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        except confluent_kafka.KafkaException as error:
            raise _away(error) from error
        return {place: (first[place], end[place]) for place in places}

    def _offsets(self, places: Sequence[Place], which: OffsetSpec) -> dict[Place, int]:
        asked = {confluent_kafka.TopicPartition(*place): which for place in places}
        answers = self._admin.list_offsets(asked, request_timeout=_PATIENCE_SECONDS)
        return {Place(tp.topic, tp.partition): answer.result().offset for tp, answer in answers.items()}

    def seek(self, stretches: Mapping[Place, tuple[int, int]]) -> None:
        """From now on these are read, each from its first offset up to before its second; empty ones are left out."""
        self.close()
        self._stops = {place: stop for place, (start, stop) in stretches.items() if start < stop}
        self._heard_at = time.monotonic()
        if self._stops:
            # A new one each time: one that is assigned a second time hears no more of what it had paused.
            self._consumer = confluent_kafka.Consumer(self._settings)
            self._consumer.assign(
                [confluent_kafka.TopicPartition(*place, stretches[place][0]) for place in self._stops]
            )

    @property
    def is_read(self) -> bool:
        """Whether every stretch was read to its end."""
        return not self._stops

    def take(self) -> list[Record]:
        """The next records, those of a partition in order: what has come within a moment, and maybe nothing.

        Raises:
            RebuildError: the broker says nothing any more, or a stretch is gone.
        """
        records: list[Record] = []
        size = 0
        while self._consumer is not None and self._stops and len(records) < _MOST_RECORDS and size < _MOST_BYTES:
            message: Any = self._consumer.poll(0 if records else 0.2)
            if message is None:
                break
            if message.error() is not None:
                self._judge(message)
                continue
            place, offset = Place(message.topic(), message.partition()), message.offset()
            if place not in self._stops:
                continue
            if offset < self._stops[place]:
                records.append(record_of(message))
                size += len(records[-1].value or b"")
            if offset >= self._stops[place] - 1:
                del self._stops[place]
                self._consumer.pause([confluent_kafka.TopicPartition(*place)])  # what follows is not fetched ahead
        if records:
            self._heard_at = time.monotonic()
        elif self._stops and time.monotonic() - self._heard_at > _SILENT_SECONDS:
            raise _away(None)
        return records

    def _judge(self, message: Any) -> None:
        """What came instead of a record: the end of what there is, or an error, which passes or not."""
        error = message.error()
        if error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
            # Before the stop there are only markers of transactions then.
            self._stops.pop(Place(message.topic(), message.partition()), None)
        elif error.code() == confluent_kafka.KafkaError._AUTO_OFFSET_RESET:
            raise RebuildError(
                f"{message.topic()}/{message.partition()} : des enregistrements ont disparu pendant la lecture / "
                "records disappeared while they were read"
            )
        elif error.fatal():
            raise _away(error)


def _away(error: object) -> RebuildError:
    return RebuildError(
        "Kafka ne répond pas ; relancez la commande quand il répond, elle reprend où elle en est / "
        f"Kafka does not answer; run the command again when it does, it goes on from where it stands ({error})"
    )
