"""A database that knows less than its service has published learns it from the service's own topics, before all else.

So it is after a restore, whoever made it and however. What the lost database had done stands in the journal, in an
order in which it can be done again (ADR 9): each cause is taken once more, batches from the topics that they came from,
with the clock's reading that it had, and comes to the same facts under the same event ids. Of those only the ones that
are not on their topics yet are left to publish. Then the worker reads on from where the journal ends.

There is nothing to switch on, and no state but what the database knows: a worker compares at every start, and one that
is killed in between goes on where it stood. Several at once only wait for each other.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from recouvra.chassis import letter_acts, positions
from recouvra.chassis.batch import Reading
from recouvra.chassis.callers import Caller, Role
from recouvra.chassis.database import WRITER, Connection, connect
from recouvra.chassis.journal import BATCH, Cause
from recouvra.chassis.outcome import Retry
from recouvra.chassis.positions import Place
from recouvra.chassis.progress import TopicReplaced
from recouvra.chassis.rereading import Rereader, RereadError, extents
from recouvra.contracts.record import Record
from recouvra.contracts.topics import MARKS, journal_of

log = logging.getLogger(__name__)

AsTold = Callable[[Connection, Cause, Caller], Awaitable[Any]]
"""Does an act again as the journal tells it, in the transaction that is open."""


# What a moment brings and takes away again; anything else would come back at every try.
_PASSES = (
    RereadError,
    OSError,
    Retry,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.UndefinedTableError,  # it is being migrated
    asyncpg.UndefinedColumnError,
)
_LATEST_MARKS = 20_000


class JournalBroken(RuntimeError):
    """What the journal tells next cannot be done from here: a cause before it is missing."""


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """How one service catches up.

    Attributes:
        reading: how it takes batches in.
        reads, writes: its topics; without any that it writes it has nothing to learn.
        acts: by their names, its own acts over HTTP.
    """

    reading: Reading
    reads: Sequence[str]
    writes: Sequence[str]
    acts: Mapping[str, AsTold]
    bootstrap: str
    database_url: str

    async def until_done(self) -> None:
        """Tries until it is done; raises JournalBroken, TopicReplaced, whatever trying again would not mend."""
        while self.writes:
            try:
                done = await self.once()
            except _PASSES as error:
                log.warning("catching up again: %r", error)
                await asyncio.sleep(0.5)
                continue
            if done:
                log.warning("%s caught up: %d causes done again", self.reading.service, done)
            return

    async def once(self) -> int:
        """Learns what was published and does it again; how many causes that were."""
        connection = await connect(self.database_url, WRITER)
        try:
            # A fact stands behind its cause: of every fact before these ends the journal has the cause before its own.
            ends = await self._ends(self.writes)
            ends |= await self._ends([self._journal.topic])
            known = await published(connection)
            end = ends[self._journal]
            if known.get(self._journal, 0) > end:
                raise TopicReplaced(
                    f"{self._journal.topic}: connu jusqu'à / known up to {known[self._journal]}, fin / end {end}: "
                    "le sujet a été recréé / the topic was made again"
                )
            at, done = known.get(self._journal, 0), 0
            waits = await connection.fetchval(_WAITS)
            if at == end and not waits and known.keys() >= ends.keys():
                return 0
            if at < end or (waits and end > 0):  # without a journal there never was anything to know
                await self._learn(connection, known, ends)
                done = await self._do_again(connection, at, end)
            if done:
                await self._step_over_marks(connection)
            await self._know(connection, ends)
            return done
        finally:
            connection.terminate()

    @property
    def _journal(self) -> Place:
        return Place(journal_of(self.reading.service), 0)

    async def _learn(self, connection: Connection, known: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """Notes the ids of all that stands on the service's own topics and is not known, and takes it from the outbox.

        The table is this session's own: flat in memory, and gone with a killed worker.
        """
        await connection.execute("create temp table learned (event_id uuid primary key)")
        starts = {place: known.get(place, 0) for place, end in ends.items() if known.get(place, 0) < end}
        with Rereader(self.bootstrap, starts) as topics:
            for place in starts:
                whole = False
                while not whole:
                    records, whole = await asyncio.to_thread(topics.some, place, ends[place])
                    await connection.execute(_LEARN, [found for found in map(self._own_id, records) if found])
        await connection.execute(_KNOWN_FACTS)
        await connection.execute("delete from journal using learned where journal.cause = learned.event_id")

    def _own_id(self, record: Record) -> UUID | None:
        """The event id of a record that this service published; None for whatever else stands on the topic."""
        headers = dict(record.headers)
        if headers.get("ce_source") != f"/{self.reading.service}".encode():
            return None
        try:
            return UUID((headers.get("ce_id") or b"").decode())
        except ValueError:
            return None

    async def _do_again(self, connection: Connection, at: int, end: int) -> int:
        """Takes the journal's entries from offset `at` to before `end`; how many were not done yet."""
        stored = await positions.stored(connection)
        inbound = {place: stored.get(place, 0) for place in await self._ends(self.reads)}
        done = 0
        with Rereader(self.bootstrap, {self._journal: at}) as entries, Rereader(self.bootstrap, inbound) as topics:
            whole = at >= end
            while not whole:
                records, whole = await asyncio.to_thread(entries.some, self._journal, end)
                for record in records:
                    done += await self._take(connection, topics, record)
        return done

    async def _take(self, connection: Connection, topics: Rereader, entry: Record) -> bool:
        """Does one cause where it is not done yet, and knows the journal up to it.

        What stands on the journal and is not our relay's tells nothing.
        """
        if self._own_id(entry) is None:
            return False
        try:
            cause = Cause.told(entry.value or b"")
            records: list[Record] = []
            if not await _is_done(connection, cause):
                await connection.execute("update clock set is_behind = true where not is_behind")
                records = await asyncio.to_thread(_records, topics, cause)
            return await self._take_once(connection, entry, cause, records)
        except _PASSES:
            raise
        except Exception as error:
            raise JournalBroken(
                f"{entry.topic}@{entry.offset} : ne peut être refait d'ici ; restaurez une autre sauvegarde, avec la "
                "version qui tournait / can't be done from here; restore another backup, with the version that ran"
            ) from error

    async def _take_once(self, connection: Connection, entry: Record, cause: Cause, records: Sequence[Record]) -> bool:
        async with connection.transaction():
            if not await connection.fetchval(_NEXT_ENTRY, *self._journal, entry.offset):
                return False  # another worker's
            if await _is_done(connection, cause):
                return False
            await self._do(connection, cause, records)
            await connection.execute(_KNOWN_FACTS)
            await connection.execute("delete from journal where cause = $1", cause.id)
            await connection.execute("update clock set floor_at = $1 where floor_at < $1", cause.at)
        return True

    async def _do(self, connection: Connection, cause: Cause, records: Sequence[Record]) -> None:
        if cause.kind == BATCH:
            await self.reading.take_as_told(connection, cause, records)
            return
        caller = Caller(cause.said["who"], Role.ADMINISTRATOR, by_token=True)
        if cause.kind == letter_acts.REPLAY:
            await letter_acts.replay_as_told(connection, self.reading, cause, caller)
        elif cause.kind == letter_acts.DISCARD:
            await letter_acts.discard_as_told(connection, self.reading, cause, caller)
        else:
            await self.acts[cause.kind](connection, cause, caller)

    async def _step_over_marks(self, connection: Connection) -> None:
        """Nothing may be dated at or before what the lost database's relay had marked as complete."""
        place = Place(MARKS, 0)
        end = (await self._ends([MARKS]))[place]
        with Rereader(self.bootstrap, {place: max(0, end - _LATEST_MARKS)}) as topics:
            told = await asyncio.to_thread(_last_of, self.reading.service.encode(), topics.all(place, end))
        if told is not None:
            up_to = datetime.fromisoformat(json.loads(told)["up_to"])
            await connection.execute("update clock set floor_at = $1 where floor_at < $1", up_to)

    async def _ends(self, topics: Collection[str]) -> dict[Place, int]:
        found = await asyncio.to_thread(extents, self.bootstrap, topics)
        return {place: end for place, (_, end) in found.items()}

    async def _know(self, connection: Connection, ends: Mapping[Place, int]) -> None:
        """All that stood on the service's own topics has had its effect here, and left the outbox."""
        async with connection.transaction():
            await connection.execute(
                _KNOW, [p.topic for p in ends], [p.partition for p in ends], [ends[place] for place in ends]
            )
            await connection.execute("update clock set is_behind = false where is_behind")


def _last_of(key: bytes, records: Iterable[Record]) -> bytes | None:
    """The last value of this key, however many records there are."""
    last = None
    for record in records:
        if record.key == key and record.value:
            last = record.value
    return last


async def published(connection: Connection) -> dict[Place, int]:
    """Up to where this database knows each partition that its service writes."""
    rows = await connection.fetch("select topic, partition, next_offset from published")
    return {Place(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def _is_done(connection: Connection, cause: Cause) -> bool:
    """Whether this database has a cause's effect: a batch is where it moved the positions, an act where its line is."""
    if cause.kind != BATCH:
        return bool(await connection.fetchval("select exists (select from audit where cause = $1)", cause.id))
    stored = await positions.stored(connection)
    return all(stored.get(Place(topic, partition), 0) >= to for topic, partition, _, to in cause.said["moves"])


def _records(topics: Rereader, cause: Cause) -> list[Record]:
    """What a batch had read, move by move."""
    found: list[Record] = []
    for topic, partition, at, to in cause.said["moves"] if cause.kind == BATCH else ():
        found += [record for record in topics.all(Place(topic, partition), to) if record.offset >= at]
    if cause.kind == BATCH and len(found) != cause.said["records"]:
        raise LookupError(f"{len(found)} records of {cause.said['records']}: the topics no longer have them")
    return found


_WAITS = "select exists (select from outbox) or exists (select from journal) or (select is_behind from clock)"
_LEARN = "insert into learned select distinct * from unnest($1::uuid[]) on conflict do nothing"
_KNOWN_FACTS = """
with known as (
    delete from outbox using learned where outbox.event_id = learned.event_id returning known_at
)
update clock set published_at = latest from (select max(known_at) as latest from known) k where published_at < latest
"""
_NEXT_ENTRY = """
insert into published (topic, partition, next_offset) values ($1, $2, $3 + 1)
on conflict (topic, partition) do update set next_offset = excluded.next_offset where published.next_offset <= $3
returning true
"""
_KNOW = """
insert into published (topic, partition, next_offset) select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (topic, partition) do update set next_offset = greatest(published.next_offset, excluded.next_offset)
"""
