"""The relay: publishes committed facts in key order, deletes what was acknowledged, and marks how far it is true.

One relay of a service works at a time, elected by an advisory lock of its database session. Whatever dies between
publishing and deleting publishes again under the same event id, and readers count an event once (ADR 3). A fact goes
out when the journal holds its cause: who finds it on its topic finds there how it came about (ADR 9).

A mark says: "every fact of mine with a knowledge time up to `up_to` stands before these offsets" (ADR 6). It is
computed by snapshots, in three statements whose order matters:
1. the clock is read and made a floor for later writers;
2. a number is drawn as every writing transaction draws one: who draws a later one will date its facts above the
   reading, and all others are waited for, so that the reading is closed once none of them runs any more. One snapshot
   tells who runs, and what of those who have ended is not yet published: of the closed reading that is left out;
3. the topics' ends are read, and the mark is published.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from recouvra.chassis.database import RELAY, connect
from recouvra.chassis.sending import PRODUCER, Outgoing, Round, rounds
from recouvra.contracts.envelope import headers_of
from recouvra.contracts.record_refused import RecordRefused
from recouvra.contracts.topics import EVENTS, MARKS, journal_of

log = logging.getLogger(__name__)
_ELECTION = 7_300_000_002
_BATCH = 2_000
_BATCH_BYTES = 4 << 20
_POLL_SECONDS = 0.05
_MARK_SECONDS = 0.1  # between two marks, while a fact is published that none tells of yet …
_WHEN_ALL_IS_TOLD = 4  # … and times as long while there is none
_MOST_CREEP_SECONDS = 0.2
_TICK = timedelta(microseconds=1)
# The oldest transaction that may still date a fact, and one that begins after the reading: our own. (A snapshot's end
# is one past the latest transaction that has ended; who runs beyond it is listed nowhere.) `verify` fills temporary
# tables, for which PostgreSQL counts it among the writers, and may take minutes: it dates nothing.
_RUNNING = """
select coalesce(least_running, next) as oldest, pg_current_xact_id()::text::bigint as number,
    (select min(known_at) from outbox) as unsent, (select published_at from clock) as published_at
from (
    select pg_snapshot_xmax(s)::text::bigint as next, (
        select min(running::text::bigint) from pg_snapshot_xip(s) running
        where running::xid not in (
            select backend_xid from pg_stat_activity
            where application_name = 'recouvra-verify' and backend_xid is not null and datname = current_database()
        )
    ) as least_running
    from pg_current_snapshot() s
) seen
"""
_UP_TO_DATE = "not (select is_behind from clock)"  # a database restored under a relay that lives on tells nothing


class Relay:
    """Publishes one service's outbox for as long as it is asked to run."""

    def __init__(self, service: str, bootstrap: str, database_url: str, writes: Sequence[str], clock: str) -> None:
        self._service, self._bootstrap, self._url = service, bootstrap, database_url
        self._writes, self._by_events = writes, clock == "event"
        self._source = f"/{service}"
        self._headers = {topic: headers_of(self._source, event.event_type()) for topic, event in EVENTS.items()}
        self.published = 0
        self._published_to = datetime.min.replace(tzinfo=UTC)  # the latest knowledge time of all

    async def run(self) -> None:
        """For ever: stand for election, publish while elected; on any error a new session, election and producer."""
        while True:
            connection = None
            try:
                connection = await connect(self._url, RELAY)
                while not await connection.fetchval("select pg_try_advisory_lock($1)", _ELECTION):  # noqa: ASYNC110
                    await asyncio.sleep(0.5)
                log.info("relay of %s elected", self._service)
                await self._publish_while_elected(connection)
            except Exception as error:
                log.warning("relay of %s again: %r", self._service, error)
                await asyncio.sleep(0.2)
            finally:
                if connection is not None:
                    connection.terminate()

    async def _publish_while_elected(self, connection: asyncpg.Connection) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, **PRODUCER)
        ends = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
        try:
            await asyncio.wait_for(asyncio.gather(producer.start(), ends.start()), 3.5)
            marks = _Marks(connection, ends, self._by_events)
            while True:
                published = await self._publish_some(connection, producer)
                if marks.are_due(self._published_to):
                    # The producer's own partitions at this moment: those that its facts may have gone to.
                    mark = await marks.next(self._service, await self._partitions(producer))
                    if mark is not None:
                        sent = await producer.send(MARKS, mark, self._service.encode())
                        await _acknowledged(connection, [sent])
                if not published:
                    await asyncio.sleep(_POLL_SECONDS)
        finally:
            await asyncio.wait({asyncio.ensure_future(client.stop()) for client in (producer, ends)}, timeout=3)

    async def _partitions(self, producer: AIOKafkaProducer) -> list[TopicPartition]:
        found = []
        for topic in self._writes:
            found += [TopicPartition(topic, p) for p in sorted(await producer.partitions_for(topic))]
        return found

    async def _publish_some(self, connection: asyncpg.Connection, producer: AIOKafkaProducer) -> int:
        """Publishes the oldest facts and deletes them once all are acknowledged; no transaction is open meanwhile.

        A key's facts are committed under its account's lock, so their ids are in the order of their truth; a late
        commit of another key may bring a lower id later, which is why rows are deleted and never skipped by id.

        The journal is read after the outbox, and so has the cause of every fact that was read there.
        """
        rows = await self._oldest_facts(connection)
        entries = await connection.fetch(
            f"select id, cause, entry from journal where {_UP_TO_DATE} order by id limit $1",  # noqa: S608 - constants
            _BATCH,
        )
        if len(entries) == _BATCH:
            rows = []  # their causes may be further down
        if not rows and not entries:
            return 0
        known: dict[TopicPartition, int] = {}
        for records in ([self._entry(entry) for entry in entries], [self._fact(row) for row in rows]):
            for batches in await rounds(producer, records):
                known |= await _sent(connection, producer, batches)
        # By the events' clock marks go as far as what was published is dated: what was refused lifts none.
        latest = max((row["known_at"] for row in rows if row["topic"] != RecordRefused.topic), default=None)
        await connection.execute(
            _PUBLISHED,
            [row["id"] for row in rows],
            [entry["id"] for entry in entries],
            latest,
            [topic for topic, _ in known],
            [partition for _, partition in known],
            list(known.values()),
        )
        self.published += len(rows)
        self._published_to = max(self._published_to, latest or self._published_to)
        return len(rows) + len(entries)

    async def _oldest_facts(self, connection: asyncpg.Connection) -> list[asyncpg.Record]:
        """As many of the oldest as go out at once; of those that are large, fewer."""
        rows = await connection.fetch(
            "select id, topic, key, value, event_id, known_at, traceparent from (select *, "  # noqa: S608 - constants
            "sum(octet_length(value)) over (order by id) - octet_length(value) as before from outbox "
            f"where {_UP_TO_DATE} order by id limit $1) oldest where before < $2 order by id",
            _BATCH,
            _BATCH_BYTES,
        )
        return list(rows)

    def _entry(self, row: asyncpg.Record) -> Outgoing:
        """A cause, as the journal's only partition has it."""
        headers = [("ce_id", str(row["cause"]).encode()), ("ce_source", self._source.encode())]
        return Outgoing(journal_of(self._service), self._service.encode(), row["entry"], headers, partition=0)

    def _fact(self, row: asyncpg.Record) -> Outgoing:
        _, topic, key, value, event_id, known_at, traceparent = row
        return Outgoing(topic, key, value, self._headers[topic](str(event_id), known_at, traceparent))


# One statement: what has left the outbox is what is known to stand on the topics.
_PUBLISHED = """
with facts as (
    delete from outbox where id = any($1::bigint[])
), entries as (
    delete from journal where id = any($2::bigint[])
), latest as (
    update clock set published_at = $3::timestamptz where published_at < $3
)
insert into published (topic, partition, next_offset) select * from unnest($4::text[], $5::int[], $6::bigint[])
on conflict (topic, partition) do update set next_offset = greatest(published.next_offset, excluded.next_offset)
"""


async def _sent(
    connection: asyncpg.Connection, producer: AIOKafkaProducer, batches: Round
) -> dict[TopicPartition, int]:
    """Sends batches at once; by partition, where the next record stands once all are acknowledged."""
    sends = [await producer.send_batch(batch, place.topic, partition=place.partition) for place, batch in batches]
    places = await _acknowledged(connection, sends)
    return {place: told.offset + batch.record_count() for (place, batch), told in zip(batches, places, strict=True)}


async def _acknowledged(connection: asyncpg.Connection, sends: Sequence[asyncio.Future[Any]]) -> list[Any]:
    """Waits for every acknowledgement and returns them; raises the first refusal.

    Speaks to the database each second meanwhile: a relay that is frozen or cut off loses its session and election.
    """
    pending = set(sends)
    while pending:
        done, pending = await asyncio.wait(pending, timeout=1, return_when=asyncio.FIRST_EXCEPTION)
        for sent in done:
            sent.result()
        await connection.execute("select 1")
    return [sent.result() for sent in sends]


class _Marks:
    """The readings not yet closed, and the mark that the newest closed one allows."""

    def __init__(self, connection: asyncpg.Connection, ends: AIOKafkaConsumer, by_events: bool) -> None:
        self._connection, self._ends, self._by_events = connection, ends, by_events
        self._readings: deque[tuple[datetime, int]] = deque()
        self._read_at, self._took = 0.0, 0.0
        self._told = datetime.min.replace(tzinfo=UTC)

    def are_due(self, published_to: datetime) -> bool:
        """Whether it is time for the next: soon, while none tells of all that was published, which somebody may await.

        Then readings are close to each other too. One that is taken while a transaction writes is closed when that one
        ends; one that is taken later, for the same facts, may have to wait for the next transaction's end.
        """
        pause = _MARK_SECONDS * (1 if published_to > self._told else _WHEN_ALL_IS_TOLD)
        return time.monotonic() - self._read_at >= max(pause, 4 * self._took)  # it looks at all that is unsent

    async def next(self, service: str, partitions: Sequence[TopicPartition]) -> bytes | None:
        """The next mark as JSON, ``{service, up_to, offsets: {topic: {partition: offset}}}``; None: not due."""
        # Where the clock was ahead and is set right, the floor goes on at less than its pace until the clock is there;
        # at one instant, readings would tell of no new fact for as long as it was ahead.
        before, self._read_at = self._read_at, time.monotonic()
        creep = timedelta(seconds=min((self._read_at - before) / 2, _MOST_CREEP_SECONDS))
        reading = await self._connection.fetchval(
            "update clock set floor_at = greatest(floor_at + $1::interval, clock_timestamp()) where not is_behind "
            "returning floor_at",
            creep,
        )
        if reading is None:
            return None
        seen = await self._connection.fetchrow(_RUNNING)
        assert seen is not None
        self._took = time.monotonic() - self._read_at
        self._readings.append((reading, seen["number"]))
        up_to = None
        while self._readings and self._readings[0][1] <= seen["oldest"]:
            up_to = self._readings.popleft()[0]
        if up_to is None:
            return None
        if self._by_events:  # loaded history may be dated ahead of the system's clock
            up_to = max(up_to, seen["published_at"])
        if seen["unsent"] is not None:
            up_to = min(up_to, seen["unsent"] - _TICK)
        self._told = up_to
        offsets: dict[str, dict[str, int]] = {}
        for tp, end in (await asyncio.wait_for(_end_offsets(self._ends, partitions), 3.5)).items():
            offsets.setdefault(tp.topic, {})[str(tp.partition)] = end
        at = up_to.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return json.dumps({"service": service, "up_to": at, "offsets": offsets}).encode()


async def _end_offsets(consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """The next offset of each partition, asked by a consumer that reads nothing else.

    They are assigned to it, paused, first: of partitions that it does not have the client asks topic by topic.
    """
    if set(partitions) != consumer.assignment():
        consumer.assign(list(partitions))
        consumer.pause(*partitions)
    found: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return found
