"""One subscriber over all the topics of a service; its lanes share its partitions and take in what it delivers.

What carries exactness is the transaction (batch.py). The group's own offsets, the listener's seeks and the order of
rebalances are only speed: each may be wrong, and then a batch finds its positions moved or a gap before it (lane.py).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CorruptRecordException
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from recouvra.chassis.batch import Reading
from recouvra.chassis.clock import Clock
from recouvra.chassis.database import WRITER, connect
from recouvra.chassis.lane import Lane
from recouvra.chassis.partitions import Partitions
from recouvra.chassis.positions import Place
from recouvra.chassis.progress import ClientStuck
from recouvra.chassis.slices import as_record
from recouvra.chassis.subscription import SUBSCRIPTION
from recouvra.contracts.record import Record

log = logging.getLogger(__name__)
UNREADABLE = (CorruptRecordException, UnicodeDecodeError)  # of aiokafka's pure Python and of its compiled parser


class Reader(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Reads a service's topics and has each batch taken in, however often that needs trying."""

    def __init__(
        self,
        broker: KafkaBroker,
        bootstrap: str,
        database_url: str,
        reading: Reading,
        topics: Sequence[str],
        replica: str,
    ) -> None:
        self._url = database_url
        self._partitions = Partitions(bootstrap, reading.tells)
        self.counters, self.progress = self._partitions.counters, self._partitions.progress
        self._lanes = [Lane(database_url, reading, self._partitions) for _ in range(reading.lanes)]
        self._lane_of: dict[int, Lane] = {}  # by the number of a partition
        self._getmany: Any = None
        self._subscriber: Any = broker.subscriber(
            *topics,
            group_id=f"recouvra-{reading.service}",
            group_instance_id=f"{reading.service}-{replica}" if replica else None,
            **SUBSCRIPTION,
            listener=self,
            parser=self._parse,
            decoder=self._decode,
        )
        self._subscriber(self.hand_over)
        self._partitions.subscriber = self._subscriber

    async def _parse(self, batch: Any) -> KafkaAckableMessage:
        """Never looks at headers: they may be null or not UTF-8, and FastStream would drop the whole batch."""
        consumer = self._subscriber.consumer
        return KafkaAckableMessage(
            body=b"", headers={}, raw_message=batch, message_id="-", correlation_id="-", consumer=consumer
        )

    async def _decode(self, message: Any) -> Any:
        return message.body

    def started(self) -> None:
        """To be called when the broker has started: puts the guard on the consumer, where FastStream has no door."""
        self._getmany = self._subscriber.consumer.getmany
        self._subscriber.consumer.getmany = self._guarded_getmany

    async def stop(self) -> None:
        """Lets what is in flight end, or gives it up undone after some seconds, and closes the sessions."""
        await asyncio.gather(*(lane.stop() for lane in self._lanes))

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Lets what is in flight end, so that the next owner seldom collides; exactness does not need it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self._settled()
        self._forget()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Shares them out, and seeks, for those on which nothing new will arrive; records may come before this has run.

        The topics' partitions of one number go to one lane: they have the same keys, and so the same accounts' locks.
        """
        self.counters.rebalances += 1
        self._forget()
        numbers = sorted({tp.partition for tp in assigned})
        self._lane_of = {number: self._lanes[rank % len(self._lanes)] for rank, number in enumerate(numbers)}
        try:
            connection = await connect(self._url, WRITER)
            try:
                stored = await self._partitions.positions(connection, [Place(*tp) for tp in assigned])
            finally:
                await connection.close()
            for place, at in stored.items():
                if not self._lane(place).is_anchored(place):  # else a batch that came first has moved it already
                    self._partitions.seek(place, at)
        except Exception as error:
            log.warning("no seek at assignment: %r", error)

    async def check_progress(self) -> None:
        """Looks whether the topics are still those that were read, and whether records that wait are taken.

        Raises:
            TopicReplaced, ClientStuck: see progress.py.
            DatabaseBehind: the database was restored under this process.
        """
        consumer = self._subscriber.consumer
        connection = await connect(self._url, WRITER)
        try:
            known = await self.progress.stored(connection)  # before the ends, which may move meanwhile
            await Clock.base(connection)
        finally:
            await connection.close()
        held = list(consumer.assignment())
        ends = {Place(*tp): end for tp, end in (await consumer.end_offsets(held)).items()} if held else {}
        for place, at in self.progress.suspected(known, ends, self.counters.batches):
            if self._is_busy or not (await self._partitions.aside(place, at, ends[place]))[0]:
                continue
            raise ClientStuck(f"{place.topic}/{place.partition}@{at}")

    async def _guarded_getmany(self, *args: Any, **kwargs: Any) -> dict[TopicPartition, list[Any]]:
        """The consumer's own; where it raises on a record, every partition is read aside from its stored position."""
        self.progress.polled_at = time.monotonic()
        try:
            return await self._some_for_each_lane(*args, **kwargs)
        except UNREADABLE as error:
            log.warning("aiokafka cannot read a record: %r", error)
            self._forget()  # what was drained from the other partitions in this call is gone
            try:
                return await self._around_unreadable()
            except Exception as failure:
                log.warning("not read aside yet: %r", failure)
                await asyncio.sleep(0.5)
                return {}

    async def _some_for_each_lane(self, *args: Any, **kwargs: Any) -> dict[TopicPartition, list[Any]]:
        """What the client gives; it empties one partition before the next, so then what it has for the other lanes."""
        found: dict[TopicPartition, list[Any]] = dict(await self._getmany(*args, **kwargs))
        served = {self._lane(Place(*tp)) for tp in found}
        held = self._subscriber.consumer.assignment() if served else ()
        if others := [tp for tp in held if self._lane(Place(*tp)) not in served]:
            found |= await self._getmany(*others, **kwargs | {"timeout_ms": 0})
        return found

    async def _around_unreadable(self) -> dict[TopicPartition, list[Any]]:
        """What follows the stored position of every assigned partition, by the other client."""
        consumer = self._subscriber.consumer
        connection = await connect(self._url, WRITER)
        try:
            stored = await self._partitions.positions(connection, [Place(*tp) for tp in consumer.assignment()])
        finally:
            await connection.close()
        ends = await consumer.end_offsets([TopicPartition(*place) for place in stored])
        found: dict[TopicPartition, list[Any]] = {}
        for place, at in sorted(stored.items()):
            tp = TopicPartition(*place)
            records, whole = await self._partitions.aside(place, at, ends[tp])
            if records:
                found[tp] = list(records)
            self._partitions.seek(place, ends[tp] if whole else records[-1].offset + 1)
        return found

    async def hand_over(self, message: KafkaMessage) -> None:
        """FastStream's handler: comes back when all is taken in but each lane's last slice, which is under way.

        Never raises: FastStream would log it and go on to the next batch.
        """
        shares: dict[Lane, list[Record]] = {}
        for record in map(as_record, message.raw_message):
            shares.setdefault(self._lane(record), []).append(record)
        await asyncio.gather(*(lane.hand_over(share) for lane, share in shares.items()))

    async def take(self, message: KafkaMessage) -> None:
        """Comes back when all is taken in."""
        await self.hand_over(message)
        await self._settled()

    def _lane(self, at: Place | Record) -> Lane:
        return self._lane_of.get(at.partition, self._lanes[0])

    @property
    def _is_busy(self) -> bool:
        return any(lane.is_busy for lane in self._lanes)

    async def _settled(self) -> None:
        await asyncio.gather(*(lane.settled() for lane in self._lanes))

    def _forget(self) -> None:
        for lane in self._lanes:
            lane.forget()
