"""A lane: some of a worker's partitions, taken in on a session of its own, one slice after the other.

Most workers have two. While the database takes in what the one has decided, the other decides: one interpreter, which
would wait, has something to do. To the database and to each other they are two workers: what keeps those exact keeps
lanes (ADR 12).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from contextlib import suppress

import asyncpg

from recouvra.chassis.ahead import Ahead
from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER, connect, is_of_the_record, is_of_the_size
from recouvra.chassis.decoding import NOTHING, Decoded
from recouvra.chassis.outcome import Retry
from recouvra.chassis.partitions import Partitions
from recouvra.chassis.positions import Place, PositionLost
from recouvra.chassis.slices import by_bytes
from recouvra.contracts.record import Record

log = logging.getLogger(__name__)


class Lane:
    """Has each slice taken in, however often that needs trying."""

    def __init__(self, database_url: str, reading: Reading, partitions: Partitions) -> None:
        self._url, self._reading, self._partitions = database_url, reading, partitions
        self._progress, self._counters = partitions.progress, partitions.counters
        self._next: dict[Place, int] = {}  # anchored: equal to the stored position when last committed
        self._connection: asyncpg.Connection | None = None
        self._ahead = Ahead(reading.decode, self._until_taken)
        self._untold: dict[Place, int] = {}
        self._stopping, self._told_group_at = False, 0.0

    async def hand_over(self, records: Sequence[Record]) -> None:
        """Comes back when all is taken in but the last slice, which is under way."""
        for slice_ in by_bytes(records):
            await self._ahead.hand(slice_)

    async def settled(self) -> None:
        """Waits until all that was handed over is taken in."""
        while self._ahead.is_busy:  # what was handed over behind a slice begins when that one ends
            await self._ahead.settled()

    @property
    def is_busy(self) -> bool:
        """Whether a slice is being taken in."""
        return self._ahead.is_busy

    def is_anchored(self, place: Place) -> bool:
        """Whether it knows where the partition stands, from having moved it."""
        return place in self._next

    def forget(self) -> None:
        """Asks for each partition's position again before it goes on."""
        self._next.clear()

    async def stop(self) -> None:
        """Lets the slice in flight end, or gives it up undone after some seconds, and closes the session."""
        self._stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(4):
                await self._ahead.settled()
        if self._connection is not None:
            self._connection.terminate()

    async def _until_taken(self, records: list[Record], decoded: Decoded) -> None:
        """Tries until the batch is committed or the worker stops; a record that alone fails is set aside."""
        pause, failed, tries = 0.05, None, 0
        while not self._stopping:
            # Each try is bounded in time: waiting for a database is no stuck client.
            self._progress.polled_at = time.monotonic()
            try:
                return await self._once(records, decoded, failed)
            except (PositionLost, Retry) as moved:
                self._counters.positions_lost += 1
                log.info("batch again, %s: %s", type(moved).__name__, moved)
            except Exception as error:
                self._counters.retries += 1
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
        moved = {place: to for place, (_, to) in moves.items()}
        self._next |= moved
        self._untold |= moved
        self._progress.committed(moved)
        self._counters.add(tally)
        if time.monotonic() - self._told_group_at > 1:
            self._told_group_at = time.monotonic()
            await self._partitions.tell_group(self._untold)
            self._untold.clear()  # each once: a partition that another lane has by now is told by that one

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
            at |= await self._partitions.positions(connection, fresh)
        runs = {}
        for place, delivered in by_place.items():
            expected, run = at[place], list[Record]()
            for record in delivered:
                if record.offset < expected:
                    continue
                if record.offset > expected:
                    lost, whole = await self._partitions.aside(place, expected, record.offset)
                    run += lost
                    if not whole:  # a long stretch: its rest is read in its turn
                        self._partitions.seek(place, lost[-1].offset + 1)
                        break
                run.append(record)
                expected = record.offset + 1
            if run:
                runs[place] = at[place], run
            elif at[place] > delivered[-1].offset + 1:  # all of it is known, and more
                self._partitions.seek(place, at[place])
        return runs
