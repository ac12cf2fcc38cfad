"""Where benches run: one broker and one database server of the local stack, and services on databases of their own."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

import asyncpg
import httpx

from bench.failing import BenchFailed, until
from bench.made import Made
from bench.meter import Meter
from bench.publishing import Ends, Publisher, ends, fresh_topics
from recouvra.local.kafka import Kafka
from recouvra.local.ports import Ports, free_ports
from recouvra.local.postgres import Postgres
from recouvra.local.roles import ServiceRole, role_settings
from recouvra.local.servers import broker, database

DEADLINE_SECONDS = 900.0
"""After which whatever is waited for will not come."""


@dataclass(slots=True)
class Ground:
    """The two servers, with fsync and synchronous_commit on as everywhere."""

    folder: Path
    ports: Ports
    kafka: Kafka
    postgres: Postgres
    _funds: int = 0

    async def checkpoint(self) -> None:
        """Has the database write what a filling left in memory: what is measured next does not pay for it."""
        connection = await asyncpg.connect(self.postgres.url)
        try:
            await connection.execute("checkpoint")
        finally:
            await connection.close()

    @asynccontextmanager
    async def fund(self, *services: str) -> AsyncIterator[Fund]:
        """Services that know nothing yet, on topics that hold nothing; their databases are dropped at the end.

        Nothing runs in the background that is not the work itself: no invariants are verified meanwhile.
        """
        self._funds += 1
        await fresh_topics(self.kafka.bootstrap)
        fund = Fund(self, Publisher(self.kafka.bootstrap))
        try:
            for service in services:
                name = f"{service}_{self._funds}"
                fund.urls[service] = await self.postgres.create_database(name, token_urlsafe(12))
                await fund.role(service, "worker").migrate()
                fund.databases[service] = await asyncpg.connect(fund.urls[service])
            yield fund
        finally:
            await fund.close()
            await drop(self.postgres, *(f"{service}_{self._funds}" for service in services))


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """A broker and a database server in a folder that nobody else uses."""
    ports = free_ports()
    async with broker(folder / "kafka", ports) as kafka, database(folder / "postgres", ports) as postgres:
        yield Ground(folder, ports, kafka, postgres)


async def drop(postgres: Postgres, *names: str) -> None:
    """Removes databases that nobody needs any more: what follows finds the disk as it was."""
    connection = await asyncpg.connect(postgres.url)
    try:
        for name in names:
            await connection.execute(f'drop database if exists "{name}" with (force)')
            await connection.execute("checkpoint")
    finally:
        await connection.close()


@dataclass(slots=True)
class Fund:
    """Some services of one fund: `urls` and `databases` by service, and the roles that run."""

    ground: Ground
    publisher: Publisher
    urls: dict[str, str] = field(default_factory=dict)
    databases: dict[str, asyncpg.Connection] = field(default_factory=dict)
    roles: list[ServiceRole] = field(default_factory=list)

    def environment(self, service: str) -> dict[str, str]:
        """What a role of this service, or a command about it, is told."""
        return {
            "RECOUVRA_KAFKA": self.ground.kafka.bootstrap,
            "RECOUVRA_DATABASE_URL": self.urls[service],
            "RECOUVRA_VERIFY_SECONDS": "0",
        }

    def role(self, service: str, role: str) -> ServiceRole:
        """A role of a service, not started; workers have no name that they keep, so that several may run."""
        told = self.environment(service)
        if role == "api":
            told |= role_settings(service, role, self.ground.ports)
        return ServiceRole(service, role, told, self.ground.folder / f"{service}-{role}.log")

    async def start(self, service: str, role: str = "worker", count: int = 1) -> None:
        """Starts a role; an API is awaited until it answers."""
        started = [self.role(service, role) for _ in range(count)]
        for one in started:
            await one.start()
        self.roles += started
        if role == "api":
            async with httpx.AsyncClient(base_url=self.url(service), trust_env=False, timeout=5) as client:

                async def answers() -> bool:
                    try:
                        return (await client.get("/readyz")).status_code == 200
                    except httpx.HTTPError:
                        return False

                await self.until(answers, 60, f"{service} answers")

    async def end(self, service: str, role: str = "worker") -> None:
        """Ends all who play a role."""
        ending = [one for one in self.roles if (one.name, one.role) == (service, role)]
        self.roles = [one for one in self.roles if one not in ending]
        await asyncio.gather(*(one.stop(within=20) for one in ending))

    def url(self, service: str) -> str:
        """Where its API answers."""
        return self.ground.ports.url(service)

    def meter(self) -> Meter:
        """Of all that runs now, by service and role, and of both servers."""
        pids: dict[str, list[int]] = {}
        for one in self.roles:
            pids.setdefault(f"{one.name} {one.role}", []).append(one.pid)
        return Meter(pids | {"postgres": [self.ground.postgres.pid], "broker": [self.ground.kafka.pid]})

    async def publish(self, records: Iterable[Made]) -> int:
        """Publishes made records, beside everything else; how many."""
        return await asyncio.to_thread(self.publisher.publish, records)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nobody works while the block lasts: what is published in it is a backlog that begins at one moment."""
        try:
            for one in self.roles:
                os.kill(one.pid, signal.SIGSTOP)
            yield
        finally:
            for one in self.roles:
                os.kill(one.pid, signal.SIGCONT)

    async def has_read(self, service: str, topics: Sequence[str], seconds: float = DEADLINE_SECONDS) -> None:
        """Waits until all that stands on topics now has had its effect in a service's database."""
        found = await ends(self.ground.kafka.bootstrap, topics)
        await self.read_up_to(service, found, seconds)

    async def read_up_to(self, service: str, wanted: Ends, seconds: float = DEADLINE_SECONDS) -> None:
        """Waits until so many records of each topic have had their effect there."""
        connection = self.databases[service]
        topics, counts = list(wanted), list(wanted.values())

        async def read() -> bool:
            return bool(await connection.fetchval(_READ, topics, counts))

        await self.until(read, seconds, f"{service} reads {', '.join(topics)}")

    async def has_published(self, service: str, seconds: float = DEADLINE_SECONDS) -> None:
        """Waits until nothing is left in a service's outbox."""
        connection = self.databases[service]

        async def published() -> bool:
            return not await connection.fetchval("select exists (select from outbox)")

        await self.until(published, seconds, f"{service} publishes")

    async def until(self, done: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
        """Waits, and fails at once where a role has died."""
        await until(done, seconds, what, alive=self._alive)

    async def _alive(self) -> None:
        for one in self.roles:
            if not one.is_running:
                raise BenchFailed(one.died(await one.ended()).en)

    async def nothing_refused(self) -> None:
        """Checks that no service set a record aside: what was measured would be something else.

        Raises:
            BenchFailed: one did.
        """
        for service, connection in self.databases.items():
            if row := await connection.fetchrow("select topic, reason, message_en from dead_letter limit 1"):
                raise BenchFailed(f"{service} set a record of {row[0]} aside: {row[1]}, {row[2]}")

    async def close(self) -> None:
        """Ends every role and connection."""
        await asyncio.gather(*(one.stop(within=20) for one in self.roles))
        self.roles = []
        for connection in self.databases.values():
            await connection.close()


_READ = """
select bool_and(wanted.records <= coalesce(
    (select sum(next_offset) from position where position.topic = wanted.topic), 0
))
from unnest($1::text[], $2::bigint[]) as wanted(topic, records)
"""
