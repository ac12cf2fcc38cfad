"""A broker and databases with tables, on which a measurement fills topics and starts roles one by one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_urlsafe

import asyncpg
import confluent_kafka
import httpx

from recouvra.contracts.topics import MARKS, READS
from recouvra.local.children import Child
from recouvra.local.ports import HOST, free_ports
from recouvra.local.roles import SERVICES, command
from recouvra.local.servers import broker, database
from recouvra.local.topics import create_topics
from tests.standing.polling import eventually, turn

_DRAIN_SECONDS = 1_800


class Ground:
    """A broker and databases with tables, on which roles are started one by one."""

    def __init__(self, bootstrap: str, urls: Mapping[str, str], logs: Path) -> None:
        self.bootstrap, self.urls, self._logs = bootstrap, urls, logs
        self._ports = {name: free_ports().first for name in SERVICES}
        self._started: list[Child] = []

    def role(self, service: str, role: str) -> Child:
        """A role, not yet started."""
        environment = {
            **os.environ,
            "RECOUVRA_KAFKA": self.bootstrap,
            "RECOUVRA_DATABASE_URL": self.urls[service],
            "RECOUVRA_CLOCK": "event",
            "RECOUVRA_PORT": str(self._ports[service]),
        }
        return Child(
            f"{service} ({role})", command(service, f"--{role}"), self._logs / f"{service}-{role}", environment
        )

    def started(self, service: str, role: str) -> Child:
        """A role that runs until the end."""
        self._started.append(self.role(service, role))
        self._started[-1].start()
        return self._started[-1]

    async def stop(self) -> None:
        """Ends the roles that were started."""
        await asyncio.gather(*(child.stop(within=10) for child in self._started))

    async def drained(self, services: Sequence[str]) -> None:
        """Waits until everything was read, and all facts are published."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        while not all([await self._is_drained(service) for service in services]):
            assert time.monotonic() < deadline, "not drained in time"
            await turn(1)

    async def _is_drained(self, service: str) -> bool:
        wanted = await asyncio.to_thread(ends, self.bootstrap, [t for t in READS[service] if t != MARKS])
        connection = await asyncpg.connect(self.urls[service])
        try:
            unsent = await connection.fetchval("select exists (select from outbox)")
            rows = await connection.fetch("select topic, partition, next_offset from position")
        finally:
            await connection.close()
        at = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return not unsent and all(at.get(place, 0) == end for place, end in wanted.items())

    @asynccontextmanager
    async def ready(self, service: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client of an API that was started, once it is ready."""
        address = f"http://{HOST}:{self._ports[service]}"
        async with httpx.AsyncClient(timeout=120, trust_env=False, base_url=address) as http:

            async def answers() -> None:
                assert (await http.get("/readyz")).status_code == 200

            await eventually(answers)
            yield http


def ends(bootstrap: str, topics: Sequence[str]) -> dict[tuple[str, int], int]:
    """Where each partition of these topics ends."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "bounds"})
    try:
        known = consumer.list_topics(timeout=10).topics
        places = [confluent_kafka.TopicPartition(topic, n) for topic in topics for n in known[topic].partitions]
        return {
            (place.topic, place.partition): consumer.get_watermark_offsets(place, timeout=10)[1] for place in places
        }
    finally:
        consumer.close()


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """Fresh ones for as long as the block lasts; no role runs yet."""
    ports = free_ports()
    async with broker(folder / "broker", ports) as kafka, database(folder / "database", ports) as postgres:
        await create_topics(kafka.bootstrap)
        urls = {name: await postgres.create_database(name, token_urlsafe(12)) for name in SERVICES}
        made = Ground(kafka.bootstrap, urls, folder / "logs")
        for name in SERVICES:
            await made.role(name, "migrate").run(within=120)
        try:
            yield made
        finally:
            await made.stop()
