"""One subscriber over all the topics of a service: batches by bytes, from the stored positions, never past a record.

What carries exactness is the transaction (batch.py). The group's own offsets, the listener's seeks and the order of
rebalances are only speed: each may be wrong, and then a batch finds its positions moved or a gap before it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CorruptRecordException
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from recouvra.chassis.ahead import Ahead
from recouvra.chassis.batch import Reading
from recouvra.chassis.clock import Clock
from recouvra.chassis.database import WRITER, connect, is_of_the_record, is_of_the_size
from recouvra.chassis.decoding import NOTHING, Decoded
from recouvra.chassis.outcome import Retry
from recouvra.chassis.positions import Place, PositionLost
from recouvra.chassis.progress import ClientStuck, Counters, Progress
from recouvra.chassis.rereading import read_aside
from recouvra.chassis.slices import as_record, by_bytes
from recouvra.chassis.subscription import SUBSCRIPTION, tell_group
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
        self._bootstrap, self._url, self._reading = bootstrap, database_url, reading
        self.counters = Counters()
        self.polled_at = time.monotonic()
        self._next: dict[Place, int] = {}  # anchored: equal to the stored position when last committed
        self._connection: asyncpg.Connection | None = None
        self._ahead = Ahead(reading.decode, self._until_taken)
        self._stopping, self._told_group_at = False, 0.0
        self._getmany: Any = None
        self._progress = Progress(reading.tells)
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
        """Lets the batch in flight end, or gives it up undone after some seconds, and closes the session."""
        self._stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(4):
                await self._ahead.settled()
        if self._connection is not None:
            self._connection.terminate()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Lets the batch in flight end, so that the next owner seldom collides; exactness does not need it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while self._ahead.is_busy:  # what was handed over behind a slice begins when that one ends
                    await self._ahead.settled()
        self._next.clear()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Seeks, for partitions on which nothing new will arrive; records may be taken before this has run."""
        self.counters.rebalances += 1
        self._next.clear()
        try:
            connection = await connect(self._url, WRITER)
            try:
                stored = await self._positions(connection, [Place(tp.topic, tp.partition) for tp in assigned])
            finally:
                await connection.close()
            for place, at in stored.items():
                if place not in self._next:  # a batch that came first has anchored it already
                    self._seek(place, at)
        except Exception as error:
            log.warning("no seek at assignment: %r", error)

    async def _positions(self, connection: asyncpg.Connection, places: Sequence[Place]) -> dict[Place, int]:
        """Stored positions; a partition never read starts at its beginning, whatever the group's offsets say.

        Raises:
            DatabaseBehind: they went back behind what this process committed: the database was restored under it.
        """
        known = await self._progress.stored(connection)
        if fresh := [TopicPartition(*place) for place in places if place not in known]:
            for tp, at in (await self._subscriber.consumer.beginning_offsets(fresh)).items():
                known[Place(tp.topic, tp.partition)] = at
        return {place: known[place] for place in places}

    def _seek(self, place: Place, at: int) -> None:
        tp = TopicPartition(*place)
        if tp in self._subscriber.consumer.assignment():  # else it was revoked meanwhile, and seek raises
            self._subscriber.consumer.seek(tp, at)

    async def check_progress(self) -> None:
        """Looks whether the topics are still those that were read, and whether records that wait are taken.

        Raises:
            TopicReplaced, ClientStuck: see progress.py.
            DatabaseBehind: the database was restored under this process.
        """
        consumer = self._subscriber.consumer
        connection = await connect(self._url, WRITER)
        try:
            known = await self._progress.stored(connection)  # before the ends, which may move meanwhile
            await Clock.base(connection)
        finally:
            await connection.close()
        held = list(consumer.assignment())
        ends = {Place(*tp): end for tp, end in (await consumer.end_offsets(held)).items()} if held else {}
        for place, at in self._progress.suspected(known, ends, self.counters.batches):
            if not self._ahead.is_busy and (await self._aside(place, at, ends[place]))[0]:
                raise ClientStuck(f"{place.topic}/{place.partition}@{at}")

    async def _guarded_getmany(self, *args: Any, **kwargs: Any) -> dict[TopicPartition, list[Any]]:
        """The consumer's own; where it raises on a record, every partition is read aside from its stored position."""
        self.polled_at = time.monotonic()
        try:
            return dict(await self._getmany(*args, **kwargs))
        except UNREADABLE as error:
            log.warning("aiokafka cannot read a record: %r", error)
            self._next.clear()  # what was drained from the other partitions in this call is gone
            try:
                return await self._around_unreadable()
            except Exception as failure:
                log.warning("not read aside yet: %r", failure)
                await asyncio.sleep(0.5)
                return {}

    async def _around_unreadable(self) -> dict[TopicPartition, list[Any]]:
        """What follows the stored position of every assigned partition, by the other client."""
        consumer = self._subscriber.consumer
        connection = await connect(self._url, WRITER)
        try:
            stored = await self._positions(connection, [Place(tp.topic, tp.partition) for tp in consumer.assignment()])
        finally:
            await connection.close()
        ends = await consumer.end_offsets([TopicPartition(*place) for place in stored])
        found: dict[TopicPartition, list[Any]] = {}
        for place, at in sorted(stored.items()):
            tp = TopicPartition(*place)
            records, whole = await self._aside(place, at, ends[tp])
            if records:
                found[tp] = list(records)
            self._seek(place, ends[tp] if whole else records[-1].offset + 1)
        return found

    async def _aside(self, place: Place, start: int, stop: int) -> tuple[list[Record], bool]:
        if start >= stop:
            return [], True
        self.counters.read_aside += 1
        return await asyncio.to_thread(read_aside, self._bootstrap, place, start, stop)

    async def hand_over(self, message: KafkaMessage) -> None:
        """FastStream's handler: comes back when all is taken in but the last slice, which is under way.

        Never raises: FastStream would log it and go on to the next batch.
        """
        for records in by_bytes([as_record(raw) for raw in message.raw_message]):
            await self._ahead.hand(records)

    async def take(self, message: KafkaMessage) -> None:
        """Comes back when all is taken in."""
        await self.hand_over(message)
        await self._ahead.settled()

    async def _until_taken(self, records: list[Record], decoded: Decoded) -> None:
        """Tries until the batch is committed or the worker stops; a record that alone fails is set aside."""
        pause, failed, tries = 0.05, None, 0
        while not self._stopping:
            self.polled_at = time.monotonic()  # each try is bounded in time: waiting for a database is no stuck client
            try:
                return await self._once(records, decoded, failed)
            except (PositionLost, Retry) as moved:
                self.counters.positions_lost += 1
                log.info("batch again, %s: %s", type(moved).__name__, moved)
            except Exception as error:
                self.counters.retries += 1
                tries += 1
                # A key that is there already may be another worker's, a moment ago; thrice it is this record's.
                raced = isinstance(error, asyncpg.UniqueViolationError) and tries < 3
                blamed = is_of_the_record(error) and not raced and failed is None
                if not blamed:
                    log.warning("batch again: %r", error)
                    self._disconnect()
                if len(records) > 1 and (blamed or (is_of_the_size(error) and tries > 1)):
                    for half in (records[: len(records) // 2], records[len(records) // 2 :]):
                        await self._until_taken(half, decoded)
                    return None
                if blamed:
                    failed = error
                    continue
            self._next.clear()
            decoded = NOTHING  # who may publish may be another by now
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 2.0)
        return None

    def _disconnect(self) -> None:
        self._next.clear()  # whether the last commit took place is unknown: ask again
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _once(self, records: list[Record], decoded: Decoded, failed: Exception | None) -> None:
        """Continues each partition exactly where its stored position stands, in one transaction."""
        self._connection = self._connection or await connect(self._url, WRITER)
        runs = await self._continuous(self._connection, records)
        if not runs:
            return
        moves = {place: (at, run[-1].offset + 1) for place, (at, run) in runs.items()}
        ordered = [record for _, run in runs.values() for record in run]
        if failed is not None and len(ordered) > 1:  # it failed together with what filled a gap before it: blame none
            await self._until_taken(ordered, decoded)
            return
        tally = await self._reading.take(self._connection, moves, ordered, failed, decoded)
        self._next.update({place: to for place, (_, to) in moves.items()})
        self._progress.committed(self._next)
        self.counters.add(tally)
        if time.monotonic() - self._told_group_at > 1:
            self._told_group_at = time.monotonic()
            await tell_group(self._subscriber.consumer, self._next)

    async def _continuous(
        self, connection: asyncpg.Connection, records: list[Record]
    ) -> dict[Place, tuple[int, list[Record]]]:
        """Each partition's position and the records that continue it without a gap; repeats are dropped.

        A gap is read aside: what is found there comes first (aiokafka had lost it), and only where nothing is found
        is the gap a legal one (transaction markers, compaction, retention).
        """
        by_place: dict[Place, list[Record]] = {}
        for record in records:
            by_place.setdefault(Place(record.topic, record.partition), []).append(record)
        fresh = [place for place in by_place if place not in self._next]
        at = {place: self._next[place] for place in by_place if place in self._next}
        if fresh:
            at |= await self._positions(connection, fresh)
        runs = {}
        for place, delivered in by_place.items():
            expected, run = at[place], list[Record]()
            for record in delivered:
                if record.offset < expected:
                    continue
                if record.offset > expected:
                    lost, whole = await self._aside(place, expected, record.offset)
                    run += lost
                    if not whole:  # a long stretch: its rest is read in its turn
                        self._seek(place, lost[-1].offset + 1)
                        break
                run.append(record)
                expected = record.offset + 1
            if run:
                runs[place] = at[place], run
            elif at[place] > delivered[-1].offset + 1:  # all of it is known, and more
                self._seek(place, at[place])
        return runs
