"""A till on a real broker and a database of its own: fed record by record, or through topics and worker processes."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream.kafka import KafkaBroker

from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER, Connection, connect
from recouvra.chassis.deciding import Tally
from recouvra.chassis.migrate import migrate
from recouvra.chassis.outcome import Opens
from recouvra.chassis.positions import Place
from recouvra.chassis.reader import Reader
from recouvra.chassis.relay import Relay
from recouvra.chassis.sources import Sources
from recouvra.contracts.record import Record
from recouvra.contracts.topics import MARKS, journal_of
from recouvra.local.children import Child
from tests.builders import Draft, payment
from tests.servers.till.counting import MIGRATIONS, WRITES, opens

CreateDatabase = Callable[[str], Awaitable[str]]
PAYMENTS = "payment-reported"
PARTITIONS = 3
PATIENCE_SECONDS = 40


async def until(holds: Callable[[], Awaitable[Any] | Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Looks until something holds, and returns what it then is; TimeoutError after so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.03)


@dataclass
class Till:
    """One till: its name, its database with a session of the test's own, the broker, and where topics ended before."""

    name: str
    url: str
    bootstrap: str
    connection: asyncpg.Connection
    folder: Path
    since: dict[str, dict[int, int]] = field(default_factory=dict)
    _next: dict[int, int] = field(default_factory=dict)

    # ------------------------------------------------------------------ record by record, without a worker

    def payment(self, number: int, xof: int = 100, key: str = "K1", **more: Any) -> Draft:
        """A payment of this till's own publisher, under a key of its own."""
        return payment(f"{self.name}-{key}", xof, payment_id=f"P{number:05}", source=f"/{self.name}/bank", **more)

    def record(self, draft: Draft, partition: int = 0, offset: int | None = None) -> Record:
        """A draft as a record at the next offset of a partition, or at this one."""
        if offset is None:
            offset = self._next.get(partition, 0)
            self._next[partition] = offset + 1
        return Record(PAYMENTS, partition, offset, draft.key, draft.value, draft.headers)

    def reading(self, opened: Opens = opens, clock: str = "system", sources: Path | None = None) -> Reading:
        """How it takes batches in."""
        return Reading(self.name, opened, clock, Sources(sources))

    async def take(
        self,
        *records: Record,
        connection: Connection | None = None,
        reading: Reading | None = None,
    ) -> Tally:
        """Takes records in as one batch, each partition moving from its first of them to behind its last."""
        moves: dict[Place, tuple[int, int]] = {}
        for record in records:
            place = Place(record.topic, record.partition)
            moves[place] = moves.get(place, (record.offset, 0))[0], record.offset + 1
        return await (reading or self.reading()).take(connection or self.connection, moves, records)

    def reader(self, reading: Reading | None = None) -> Reader:
        """A worker's reader that is given its records by the test: it never joins a group."""
        broker = KafkaBroker(self.bootstrap or "127.0.0.1:9", logger=None)  # port 9: nobody there
        return Reader(broker, self.bootstrap, self.url, reading or self.reading(), [PAYMENTS], "")

    async def begins_everywhere(self) -> None:
        """Stands at offset 0 of every partition: a reader of a till without a broker cannot ask where they begin."""
        await self.connection.executemany(
            "insert into position (topic, partition, next_offset) values ($1, $2, 0)",
            [(PAYMENTS, number) for number in range(PARTITIONS)],
        )

    async def session(self) -> asyncpg.Connection:
        """One more session, as a worker has it."""
        return await connect(self.url, WRITER)

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """What the database says."""
        found: list[asyncpg.Record] = await self.connection.fetch(sql, *values)
        return found

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(await self.connection.fetchval(f"select count(*) from {table}"))  # noqa: S608 - our own names

    # ------------------------------------------------------------------ through the broker

    async def publish(self, *drafts: Draft, partition: int | None = None, **settings: Any) -> None:
        """Publishes drafts in order, by key or all on one partition."""
        chosen: dict[str, Any] = {"acks": "all", "enable_idempotence": True, "max_request_size": 4 << 20, **settings}
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, **chosen)
        await producer.start()
        try:
            for draft in drafts:
                await producer.send(draft.topic, draft.value, draft.key, partition, headers=list(draft.headers))
            await producer.flush()
        finally:
            await producer.stop()

    async def records(self, topic: str) -> list[Any]:
        """What was published on a topic since this till was opened, by whomever, in the order of each partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            places = {TopicPartition(topic, number): at for number, at in self.since[topic].items()}
            consumer.assign(list(places))
            for place, at in places.items():
                consumer.seek(place, at)
            ends, found = await consumer.end_offsets(list(places)), list[Any]()
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=100)).values():
                    found += batch
            return found
        finally:
            await consumer.stop()

    async def facts(self, topic: str = "payment-held") -> list[Any]:
        """What this till (or one that shares its database) published on a topic, repeats too."""
        mine = f"/{self.name}".encode()
        return [one for one in await self.records(topic) if dict(one.headers)["ce_source"].startswith(mine)]

    @asynccontextmanager
    async def worker(self, name: str | None = None, **environment: str) -> AsyncIterator[Child]:
        """A worker process; ended in order where it still runs at the end of the block."""
        if name is not None:
            await _create_journal(self.bootstrap, name)
        settings = {
            "RECOUVRA_KAFKA": self.bootstrap,
            "RECOUVRA_DATABASE_URL": self.url,
            "TILL_NAME": name or self.name,
            **environment,
        }
        command = [sys.executable, "-m", "tests.servers.till", "--worker"]
        child = Child("till", command, self.folder / "worker.log", {**os.environ, **settings})
        child.start()
        try:
            yield child
        finally:
            await child.stop(within=12)

    @asynccontextmanager
    async def relay(self, made: type[Relay] = Relay, clock: str = "system") -> AsyncIterator[Relay]:
        """A relay within this process."""
        relay = made(self.name, self.bootstrap, self.url, WRITES, clock)
        task = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @asynccontextmanager
    async def gate(self, table: str, act: str, each: str = "statement") -> AsyncIterator[Callable[[], Awaitable[int]]]:
        """Holds up, for as long as the block lasts, whoever does such an act on a table, inside its transaction.

        `each`: statement, be it of no row, or row.

        Yields what waits for somebody to stand there, and returns the id of that somebody's database session.
        """
        await self.connection.execute(
            "create or replace function stand_at_the_gate() returns trigger language plpgsql as "
            "$$ begin perform pg_advisory_xact_lock(77); return coalesce(new, old); end $$;"
            f"create trigger gate before {act} on {table} for each {each} execute function stand_at_the_gate()"
        )
        holder = await asyncpg.connect(self.url)
        await holder.execute("select pg_advisory_lock(77)")

        async def somebody() -> int:
            sql = (
                "select pid from pg_locks where locktype = 'advisory' and not granted and objid = 77 "
                "and database = (select oid from pg_database where datname = current_database())"
            )
            return int(await until(lambda: self.connection.fetchval(sql)))

        try:
            yield somebody
        finally:
            await holder.close()
            await self.connection.execute(f"drop trigger gate on {table}")

    async def end_session(self, pid: int) -> None:
        """Ends a database session and waits until it is gone: its client is dead, and what it did is undone."""
        await self.connection.execute("select pg_terminate_backend($1)", pid)
        await until(
            lambda: self.connection.fetchval("select not exists (select from pg_stat_activity where pid = $1)", pid)
        )


@asynccontextmanager
async def till(postgres: CreateDatabase, bootstrap: str, folder: Path) -> AsyncIterator[Till]:
    """A fresh one. Without a broker's address it has its database only.

    Topics are shared by all tests: it reads, and looks, from where they end now.
    """
    name = f"till-{uuid4().hex[:8]}"
    url = await postgres(name)
    await migrate(url, MIGRATIONS)
    connection = await asyncpg.connect(url)
    made = Till(name, url, bootstrap, connection, folder)
    try:
        if bootstrap:
            await _create_journal(bootstrap, name)
            made.since = await _ends(bootstrap, (PAYMENTS, *WRITES, MARKS))
            made._next = dict(made.since[PAYMENTS])
            await connection.executemany(
                "insert into position (topic, partition, next_offset) values ($1, $2, $3)",
                [(PAYMENTS, number, at) for number, at in made.since[PAYMENTS].items()],
            )
        yield made
    finally:
        await connection.close()


async def _create_journal(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(journal_of(name), 1, 1)])
    finally:
        await admin.close()


async def _ends(bootstrap: str, topics: Sequence[str]) -> dict[str, dict[int, int]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        places = [
            TopicPartition(topic, number) for topic in topics for number in range(1 if topic == MARKS else PARTITIONS)
        ]
        found: dict[str, dict[int, int]] = {topic: {} for topic in topics}
        for place, end in (await consumer.end_offsets(places)).items():
            found[place.topic][place.partition] = end
        return found
    finally:
        await consumer.stop()


def delivered(*records: Record) -> Any:
    """Records as FastStream hands them to a reader."""
    return SimpleNamespace(raw_message=records)
