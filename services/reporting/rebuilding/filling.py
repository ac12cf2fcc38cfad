"""The topics taken in by the new read models, by the very code with which the worker takes them in.

Positions, inbox and rows commit together there too: whenever this is killed, it goes on exactly where it stood.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import asyncpg

from recouvra.chassis import positions
from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER, connect, is_of_the_record, is_of_the_size
from recouvra.chassis.positions import Place
from recouvra.chassis.rereading import Stretch, extents, reread
from recouvra.contracts.record import Record
from recouvra.contracts.topics import FACTS, MARKS
from services.reporting.rebuilding.beside import BESIDE
from services.reporting.rebuilding.failure import RebuildError

# A crash of the server may take the last batches back, positions and all: they are read again.
_FILLER = WRITER | {"application_name": "recouvra-rebuild", "search_path": BESIDE, "synchronous_commit": "off"}
_TOLD_EVERY_SECONDS = 1
_LETTERS = 500
_AT_ONCE = 2_000  # in one transaction: four times the worker's, since no one waits for a single one of them …
_MUCH_BYTES = 1 << 20  # … but of large ones no more than come at once

Told = Callable[[int, int], None]
"""Is told, time after time, how many records of the topics are in, and how many there are."""


class Filling:
    """Brings the new read models to the topics' ends.

    What was set aside stays set aside: the record of a dead letter that waits or was discarded is not read, it keeps
    its letter. That of one that was replayed is, since it had its effect.
    """

    def __init__(self, connection: asyncpg.Connection, reading: Reading, bootstrap: str, serving: str, told: Told):
        self.connection, self._reading, self._bootstrap, self._serving = connection, reading, bootstrap, serving
        self._told, self._told_at = told, 0.0
        self._at: dict[Place, int] = {}
        self._total = 0
        self._replayed = -1
        self._aside: Mapping[Place, set[int]] = {}

    @classmethod
    async def open(cls, url: str, reading: Reading, bootstrap: str, serving: str, told: Told) -> Filling:
        """Starts from where the new read models stand."""
        return cls(await connect(url, _FILLER), reading, bootstrap, serving, told)

    def close(self) -> None:
        """Ends its session."""
        self.connection.terminate()

    async def to_the_ends(self) -> int:
        """Takes in all that stands on the topics now, then what was replayed; how many records that were.

        The marks' end is looked at first and they are read last: every mark refers to facts that are in by then, so
        that each counts at once and none has to wait, and the figures are complete up to the last of them. Where marks
        of a service are on their topic no more (they stay a day), what they told once still holds: all that the tables
        that serve had read then is in.
        """
        complete = await self.connection.fetch(f"select * from {self._serving}.complete")  # noqa: S608
        marks = await self._bounds([MARKS])
        facts = await self._bounds(list(FACTS))
        self._at = await positions.stored(self.connection)
        await self._check(facts)
        self._aside = await self._set_aside()
        first = {place: low for place, (low, _) in (facts | marks).items()}
        stretches = {p: (max(self._at.get(p, low), low), end) for p, (low, end) in (facts | marks).items()}
        self._total = sum(end - first[place] for place, (_, end) in stretches.items())
        count = await self._read({place: stretches[place] for place in facts}, first)
        count += await self._read({place: stretches[place] for place in marks}, first)
        self._tell(first, at_once=True)
        await self.connection.executemany(
            "insert into complete (service, up_to) values ($1, $2) on conflict do nothing", list(map(tuple, complete))
        )
        return count + await self.what_was_replayed()

    async def to_the_very_ends(self) -> None:
        """Takes in all that the tables that serve hold, whose writers wait meanwhile; it is on the disk then."""
        await self.to_the_ends()

    async def _bounds(self, topics: Sequence[str]) -> dict[Place, Stretch]:
        return await asyncio.to_thread(extents, self._bootstrap, topics)

    async def _check(self, facts: Mapping[Place, Stretch]) -> None:
        """Raises RebuildError where the topics are no longer all that was read from them once."""
        read = await self.connection.fetch(f"select * from {self._serving}.position")  # noqa: S608 - a schema's name
        served = {Place(row["topic"], row["partition"]): row["next_offset"] for row in read}
        for place, (low, end) in sorted(facts.items()):
            if low > 0 or max(served.get(place, 0), self._at.get(place, 0)) > end:
                raise RebuildError(
                    f"{place.topic}/{place.partition} ({low}–{end}) : le sujet n'a plus tous ses faits ; les tables "
                    "qui servent restent / the topic no longer has all of its facts; the tables that serve stay"
                )

    async def _set_aside(self) -> Mapping[Place, set[int]]:
        """The places whose records have no effect."""
        rows = await self.connection.fetch(
            f'select topic, partition, "offset" from {self._serving}.dead_letter l '  # noqa: S608 - a schema's name
            "left join position p using (topic, partition) "  # what stands before its own is not read again
            "where state <> 'replayed' and l.\"offset\" >= coalesce(p.next_offset, 0)"
        )
        aside = defaultdict[Place, set[int]](set)
        for topic, partition, offset in rows:
            aside[Place(topic, partition)].add(offset)
        return aside

    async def _read(self, stretches: Mapping[Place, Stretch], first: Mapping[Place, int]) -> int:
        """Reads the stretches to their ends; the next records are fetched while those before are taken in."""
        count, chunks = 0, reread(self._bootstrap, stretches)
        coming = asyncio.create_task(asyncio.to_thread(_gathered, chunks))
        try:
            while records := await asyncio.shield(coming):
                coming = asyncio.create_task(asyncio.to_thread(_gathered, chunks))
                await self._take(records, moving=True)
                count += len(records)
                self._tell(first)
            return count
        finally:
            await asyncio.wait({coming})  # a thread can't be stopped: none may outlive the consumer
            chunks.close()

    async def _take(self, records: Sequence[Record], *, moving: bool, failed: Exception | None = None) -> None:
        """Takes records in, in one transaction or, where that fails, in smaller ones; what fails alone is set aside.

        Args:
            records: any number, those of a partition in order.
            moving: False for records read out of their turn, which move no position.
        """
        moves = dict[Place, tuple[int, int]]()
        for record in records if moving else ():
            place = Place(record.topic, record.partition)
            start = moves[place][0] if place in moves else self._at.get(place, record.offset)
            moves[place] = start, record.offset + 1
        wanted = [record for record in records if not moving or not self._is_aside(record)]
        try:
            await self._reading.take(self.connection, moves, wanted, failed)
        except Exception as error:
            if failed is not None or not (is_of_the_record(error) or is_of_the_size(error)):
                raise
            if len(records) > 1:
                for half in (records[: len(records) // 2], records[len(records) // 2 :]):
                    await self._take(half, moving=moving)
                return
            if not is_of_the_record(error):
                raise  # of one record no half is left to try: it may be good, and time or a session was what lacked
            await self._take(records, moving=moving, failed=error)
            return
        self._at.update({place: to for place, (_, to) in moves.items()})

    def _is_aside(self, record: Record) -> bool:
        return record.offset in self._aside.get(Place(record.topic, record.partition), ())

    async def what_was_replayed(self) -> int:
        """Takes in the letters replayed, if more were since; how many they are. The inbox counts each once."""
        letters = f"{self._serving}.dead_letter where state = 'replayed'"
        known = await self.connection.fetchval(f"select count(*) from {letters}")  # noqa: S608 - a schema's name
        if known == self._replayed:  # that state is a letter's last
            return 0
        after, count = 0, 0
        while rows := await self.connection.fetch(
            f'select id, topic, partition, "offset", key, value, header_names, header_values from {letters} '  # noqa: S608
            "and id > $1 order by id limit $2",
            after,
            _LETTERS,
        ):
            after = rows[-1]["id"]
            count += len(rows)
            await self._take([_record(row) for row in rows], moving=False)
        self._replayed = known
        return count

    def _tell(self, first: Mapping[Place, int], *, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._told_at > _TOLD_EVERY_SECONDS:
            self._told_at = time.monotonic()
            read = sum(self._at[place] - low for place, low in first.items() if place in self._at)
            self._told(max(0, read), self._total)


def _gathered(chunks: Iterator[list[Record]]) -> list[Record]:
    """Some of the next records, in one transaction's measure; none once all were read. Blocking."""
    records: list[Record] = []
    while len(records) < _AT_ONCE and (more := next(chunks, None)):
        records += more
        if sum(len(record.value or b"") for record in more) > _MUCH_BYTES:
            break
    return records


def _record(row: asyncpg.Record) -> Record:
    headers = tuple(zip(row["header_names"], row["header_values"], strict=True))
    return Record(row["topic"], row["partition"], row["offset"], row["key"], row["value"], headers)
