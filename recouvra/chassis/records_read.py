"""What stands on a service's topics before its positions, as a temporary table beside what the service keeps.

`record_read` has a row for each record: its place, its identity, and of the topics whose content is asked for, or whose
record nobody claimed, its content and fields; `record_gone` has one for each partition whose beginning has expired. So
what was read and what is kept are compared by joins, in memory that does not grow with the topics.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from recouvra.chassis import positions
from recouvra.chassis.database import Connection
from recouvra.chassis.positions import Place
from recouvra.chassis.rereading import RereadError, Stretch, extents, reread
from recouvra.chassis.verifying import Look
from recouvra.contracts.envelope import MalformedEnvelope as Malformed
from recouvra.contracts.envelope import header_attributes, is_structured, read_envelope, told
from recouvra.contracts.reading import Refusal, read
from recouvra.contracts.record import Record

_TABLE = """
create temporary table if not exists record_read (
    topic     text collate "C", partition int, "offset" bigint,
    source    text collate "C", event_id text collate "C", at timestamptz,
    key       text collate "C", content bytea, said text[]
)
"""
# Where a partition begins later than at 0: what stood before is gone, and nothing can be said of it.
_GONE = """
create temporary table if not exists record_gone (topic text collate "C", partition int, before bigint)
"""
_COLUMNS = ("topic", "partition", "offset", "source", "event_id", "at", "key", "content", "said")


def told_on(topic: str) -> str:
    """A SELECT of `key`, `at` and `said` of the records of a topic that had an effect.

    A record that was set aside claims nothing; one that repeats another says the same, perhaps at another time, and has
    no effect of its own, whichever of both was read first.
    """
    return (
        "select distinct on (r.source, r.event_id) r.key, r.at, r.said from record_read r "  # noqa: S608 - constants
        'join position p on p.topic = r.topic and p.partition = r.partition and r."offset" < p.next_offset '
        f"join inbox i on i.source = r.source and i.event_id = r.event_id and i.content = r.content "
        f"where r.topic = '{topic}' order by r.source, r.event_id, r.at"
    )


async def extents_of(look: Look, topics: Collection[str]) -> dict[Place, Stretch]:
    """Where each partition of these topics begins and ends; a broker that did not answer is asked once in a run."""
    if "away" in look.known:
        raise look.known["away"]
    try:
        return await asyncio.to_thread(extents, look.settings.kafka, topics)
    except RereadError as error:
        look.known["away"] = error
        raise


@asynccontextmanager
async def beside_topics(look: Look) -> AsyncIterator[Connection]:
    """A snapshot in which `record_read` holds every record before the positions that the snapshot shows.

    Nearly all of it is read before the snapshot is taken, once for all invariants; only what came meanwhile is read
    within it.
    """
    reading = look.known.get("reading") or await _start(look)
    await reading.up_to(await positions.stored(look.connection))
    async with look.snapshot() as connection:
        await reading.up_to(await positions.stored(connection))
        yield connection


async def _start(look: Look) -> _Reading:
    ends = await extents_of(look, look.reads)
    await look.connection.execute(_TABLE + ";" + _GONE)
    look.known["reading"] = reading = _Reading(look, {place: begin for place, (begin, _) in ends.items()})
    gone = [(*place, begin) for place, (begin, _) in ends.items() if begin > 0]
    await look.connection.copy_records_to_table("record_gone", records=gone)
    await reading.up_to(await positions.stored(look.connection))
    # Nobody else does it for a temporary table: joins planned in ignorance take the square of what was read.
    await look.connection.execute("analyze record_read, record_gone")
    return reading


class _Reading:
    """How far each partition was read into the table."""

    def __init__(self, look: Look, at: dict[Place, int]) -> None:
        self._look, self._at = look, at

    async def up_to(self, stored: Mapping[Place, int]) -> None:
        """Reads on; a position beyond the end of its partition is another invariant's to tell."""
        ends = await extents_of(self._look, self._look.reads)
        stretches: dict[Place, Stretch] = {}
        for place, (begin, end) in ends.items():
            start = self._at.setdefault(place, begin)
            stop = min(stored.get(place, 0), end)
            if start < stop:
                stretches[place], self._at[place] = (start, stop), stop
        chunks = reread(self._look.settings.kafka, stretches)
        while (records := await asyncio.to_thread(next, chunks, None)) is not None:
            await self._keep(records)

    async def _keep(self, records: Sequence[Record]) -> None:
        connection, keeps = self._look.connection, self._look.keeps
        rows = await asyncio.to_thread(lambda: [_row(record, keeps) for record in records])
        claimed = {
            (row["source"], row["event_id"])
            for row in await connection.fetch(
                "select source, event_id from inbox join unnest($1::text[], $2::text[]) w(source, event_id) "
                "using (source, event_id)",
                [row[3] for row in rows],
                [row[4] for row in rows],
            )
        }
        for place, (record, row) in enumerate(zip(records, rows, strict=True)):
            if (row[3], row[4]) not in claimed and row[7] is None:
                rows[place] = _row(record, {record.topic: ()})
        await connection.copy_records_to_table("record_read", columns=_COLUMNS, records=rows)


Row = tuple[Any, ...]


def _row(record: Record, keeps: Mapping[str, Sequence[str]]) -> Row:
    """A record as a row; what cannot be read has a place alone."""
    place = record.topic, record.partition, record.offset
    key = _text(record.key)
    if record.topic not in keeps and not is_structured(dict(record.headers)):
        return (*place, *_envelope(record), key, None, None)
    try:
        received = read(record)
    except Refusal as refusal:
        return (*place, refusal.source, refusal.event_id, None, key, None, None)
    envelope = received.envelope
    said = [_told(getattr(received.event, name)) for name in keeps.get(record.topic, ())]
    return (*place, envelope.source, envelope.event_id, envelope.time, key, received.content, said)


def _envelope(record: Record) -> tuple[str | None, str | None, datetime | None]:
    attributes = header_attributes(dict(record.headers))
    try:
        envelope = read_envelope(attributes, None)
    except Malformed:
        return (*told(attributes), None)
    return envelope.source, envelope.event_id, envelope.time


def _text(key: bytes | None) -> str | None:
    try:
        return None if key is None else key.decode().replace("\x00", "␀")
    except UnicodeDecodeError:
        return None


def _told(value: Any) -> str | None:
    return None if value is None else str(value)
