"""All four services as they stand after a small country: real records on a real broker, a database each to break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from recouvra.chassis.database import WRITER, connect
from recouvra.chassis.main import Service
from recouvra.chassis.migrate import migrate
from recouvra.chassis.outcome import Retry
from recouvra.chassis.positions import Place, stored
from recouvra.chassis.rereading import extents, reread
from recouvra.chassis.settings import Settings
from recouvra.chassis.verification import Report, verify
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS, MARKS, WRITES, journal_of
from services.contributions.app import build as contributions
from services.liquidation.app import build as liquidation
from services.registration.app import build as registration
from services.reporting.app import build as reporting
from tests.builders import Draft, country, payment
from tests.servers.conftest import CreateDatabase
from tests.servers.reporting_at_work import mark

BUILDS: dict[str, Callable[[Settings], Service]] = {
    "registration": registration,
    "contributions": contributions,
    "liquidation": liquidation,
    "reporting": reporting,
}


class Fund:
    """The services on one broker: each takes what stands on its topics, and its facts are published by hand."""

    def __init__(self, bootstrap: str, urls: dict[str, str]) -> None:
        self.bootstrap, self.urls = bootstrap, urls

    def settings(self, name: str, url: str | None = None) -> Settings:
        """A service's settings, perhaps on another database."""
        return Settings(kafka=self.bootstrap, database_url=url or self.urls[name])

    async def publish(self, drafts: Sequence[Draft | Record]) -> None:
        """Puts records on their topics, in order."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", max_request_size=4 << 20)
        await producer.start()
        try:
            sent = [
                await producer.send(one.topic, one.value, one.key, headers=[(n, v) for n, v in one.headers])
                for one in drafts
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def work(self, name: str) -> None:
        """One service takes all that it has not taken yet, and its facts are published."""
        service = BUILDS[name](self.settings(name))
        reading = service.reading(self.settings(name))
        connection = await connect(self.urls[name], WRITER)
        try:
            at, ends = await stored(connection), await asyncio.to_thread(extents, self.bootstrap, service.reads)
            chunks = reread(self.bootstrap, {place: (at.get(place, 0), end) for place, (_, end) in ends.items()})
            while (records := await asyncio.to_thread(next, chunks, None)) is not None:
                moves: dict[Place, tuple[int, int]] = {}
                for record in records:
                    place = Place(record.topic, record.partition)
                    moves[place] = (moves.get(place, (record.offset, 0))[0], record.offset + 1)
                while True:
                    try:
                        await reading.take(connection, moves, records)
                        break
                    except Retry:
                        continue
            await self._relay(name, connection)
        finally:
            await connection.close()

    async def _relay(self, name: str, connection: asyncpg.Connection) -> None:
        rows = await connection.fetch("delete from outbox returning *")
        facts = [
            Record(
                row["topic"],
                0,
                0,
                row["key"],
                row["value"],
                tuple(
                    binary_headers(
                        Envelope(str(row["event_id"]), f"/{name}", EVENTS[row["topic"]].event_type(), row["known_at"])
                    )
                ),
            )
            for row in sorted(rows, key=lambda row: row["id"])
        ]
        await self.publish(facts)
        causes = await connection.fetch("delete from journal returning entry")
        topic = journal_of(name)
        await self.publish([Record(topic, 0, 0, name.encode(), row["entry"], ()) for row in causes])
        if WRITES[name]:
            (end,) = [end for _, end in (await asyncio.to_thread(extents, self.bootstrap, [topic])).values()]
            await connection.execute(
                "insert into published values ($1, 0, $2) "
                "on conflict (topic, partition) do update set next_offset = excluded.next_offset",
                topic,
                end,
            )

    async def mark(self) -> None:
        """Every service says that all of its facts up to now stand on its topics."""
        connection = await connect(self.urls["reporting"], WRITER)
        now = (await connection.fetchval("select clock_timestamp()")).isoformat()
        await connection.close()
        marks = []
        for name, topics in WRITES.items():
            if topics:
                offsets: dict[str, dict[str, int]] = {}
                for place, (_, end) in extents(self.bootstrap, topics).items():
                    offsets.setdefault(place.topic, {})[str(place.partition)] = end
                marks.append(mark(name, now, offsets))
        await self.publish(marks)

    async def settle(self) -> None:
        """Everybody reads everything, until nobody has anything more to read."""
        for name in ("registration", "contributions", "liquidation"):
            await self.work(name)
        await self.mark()
        await self.work("reporting")

    async def numbers(self) -> dict[tuple[str, str], str]:
        """The insured number of each hire that got one."""
        connection = await connect(self.urls["registration"], WRITER)
        try:
            rows = await connection.fetch("select payer_id, request_id, insured_number from hire")
        finally:
            await connection.close()
        return {(row["payer_id"], row["request_id"]): row["insured_number"] for row in rows if row["insured_number"]}

    async def verify(self, name: str, url: str | None = None, only: Collection[str] | None = None) -> Report:
        """What `verify` says of a service."""
        settings = self.settings(name, url)
        return await verify(BUILDS[name](settings).verifiable, settings, lambda *_: None, only=only, patience_seconds=0)


async def settled_fund(bootstrap: str, postgres: CreateDatabase, seed: int = 5) -> Fund:
    """A fund that has taken in a whole small country: what waits, what was refused and what was undone is all there."""
    urls = {}
    for name, build in BUILDS.items():
        urls[name] = await postgres(f"{name}_{uuid4().hex[:8]}")
        await migrate(urls[name], build(Settings(kafka=bootstrap, database_url=urls[name])).migrations)
    fund = Fund(bootstrap, urls)
    await fund.publish(country(seed).people_first)
    await fund.settle()
    await fund.publish(country(seed, numbers=await fund.numbers()).rest)
    await fund.settle()
    await fund.publish(_set_aside_later())
    await fund.settle()
    return fund


def _set_aside_later() -> list[Draft]:
    """A reversal that waits, a repeat of it, and the payment that it contradicts: only the first is a dead letter."""
    undone = payment("P0001", 900, payment_id="undone", source="/bank/early")
    undoing = payment("P0001", 901, payment_id="undoing", reverses="undone", source="/bank/early")
    return [undoing, undoing, undone]


@asynccontextmanager
async def broken(fund: Fund, server: Any, name: str, *sql: str) -> AsyncIterator[str]:
    """A copy of a service's database in which this was done by hand; gone after the block."""
    copy = f"copy_{uuid4().hex[:12]}"
    source = fund.urls[name].rpartition("/")[2].partition("?")[0]
    admin = await asyncpg.connect(server.url)
    try:
        await admin.execute(f'create database {copy} template "{source}" owner "{source}"')
        url = fund.urls[name].removesuffix(source) + copy
        connection = await asyncpg.connect(url)
        for statement in sql:
            done = await connection.execute(statement)
            assert not done.endswith(" 0"), f"nothing was broken: {statement}"
        await connection.close()
        yield url
    finally:
        await admin.execute(f"drop database if exists {copy} with (force)")
        await admin.close()


__all__ = ["BUILDS", "MARKS", "Fund", "broken", "settled_fund"]
