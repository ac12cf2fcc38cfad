"""Reporting as processes behind a real broker, whose topics hold exactly what a test published: facts and marks."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer

from recouvra.chassis.positions import Place
from recouvra.contracts.record import Record
from recouvra.contracts.topics import WRITES
from recouvra.local.ports import free_ports
from services.reporting.app import AWAITED
from services.reporting.doors.neighbours import ends
from tests.servers.reporting_at_work import CreateDatabase, mark
from tests.standing.polling import eventually


@dataclass
class Published:
    """A broker, a database, and the processes of reporting."""

    environment: dict[str, str]
    producer: AIOKafkaProducer
    database: asyncpg.Connection
    client: httpx.AsyncClient
    logs: Path
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _ends: dict[str, dict[str, int]] = field(default_factory=dict)
    _marked: datetime = datetime(2026, 2, 28, tzinfo=UTC)

    async def say(self, *records: Record) -> None:
        """Publishes records, on the partition of their key, all acknowledged."""
        sent = [await self.producer.send(one.topic, one.value, one.key, headers=list(one.headers)) for one in records]
        for placed in await asyncio.gather(*sent):
            partitions = self._ends.setdefault(placed.topic, {})
            partitions[str(placed.partition)] = max(placed.offset + 1, partitions.get(str(placed.partition), 0))

    async def marked(self, up_to: datetime) -> None:
        """Every service marks that all of its facts up to then are published."""
        self._marked = max(self._marked, up_to)
        for service in AWAITED:
            offsets = {topic: self._ends[topic] for topic in WRITES[service] if topic in self._ends}
            await self.say(mark(service, up_to.isoformat(), offsets))

    def next_day(self) -> datetime:
        """The beginning of a day whose facts nobody has yet been told to be complete."""
        return datetime.combine(self._marked.date() + timedelta(days=1), time.min, UTC)

    async def complete(self, up_to: datetime) -> None:
        """Waits until the figures that are answered are complete up to then."""

        async def reached() -> None:
            assert datetime.fromisoformat((await self.figures())["complete_up_to"]) >= up_to

        await eventually(reached, 60)

    async def figures(self, path: str = "/v1/collection-rates", **query: Any) -> Any:
        """What the API answers."""
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def act(self, letter: int, verb: str, body: Any = None) -> Any:
        """Does something with a dead letter; the letter."""
        answer = await self.client.post(f"/v1/dead-letters/{letter}/{verb}", json=body or {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ends(self, topic: str) -> dict[Place, int]:
        """Where the partitions of a topic end."""
        found = await ends(self.environment["RECOUVRA_KAFKA"], [topic])
        assert found is not None
        return found

    async def start(self, role: str) -> None:
        """Starts a role."""
        with (self.logs / f"{role}.log").open("ab") as log:
            self.running[role] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.reporting", f"--{role}", env=self.environment, stdout=log, stderr=log
            )

    async def stop(self, role: str) -> None:
        """Ends it as a lost machine would."""
        process = self.running.pop(role)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def rebuilding(self, *options: str) -> asyncio.subprocess.Process:
        """A rebuild that was started; it tells its steps on its standard output."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "services.reporting", "--rebuild", "--json", *options),
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def rebuild(self, *options: str) -> Rebuilt:
        """A rebuild that has ended."""
        process = await self.rebuilding(*options)
        out, said = await asyncio.wait_for(process.communicate(), 90)
        assert process.returncode is not None
        return Rebuilt(process.returncode, [json.loads(line) for line in out.splitlines()], said.decode())


@dataclass(frozen=True)
class Rebuilt:
    """How a rebuild ended, the steps that it told, and what it said on standard error."""

    code: int
    steps: Sequence[dict[str, Any]]
    said: str

    def step(self, name: str) -> dict[str, Any]:
        """The last step of this name."""
        return next(step for step in reversed(self.steps) if step["step"] == name)

    @property
    def differences(self) -> dict[str, tuple[int, int, int]]:
        """By ledger: facts only before, only now, changed."""
        found = self.step("compared")["differences"]
        return {one["ledger"]: (one["only_before"], one["only_now"], one["changed"]) for one in found}


@asynccontextmanager
async def published(bootstrap: str, postgres: CreateDatabase, name: str, logs: Path) -> AsyncIterator[Published]:
    """A fresh database, with worker and API, behind the topics of this broker."""
    url = await postgres(name)
    port = free_ports().of("reporting")
    environment = os.environ | {
        "RECOUVRA_KAFKA": bootstrap,
        "RECOUVRA_DATABASE_URL": url,
        "RECOUVRA_PORT": str(port),
        "RECOUVRA_REPLICA": "test",
    }
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=2)
    database = await asyncpg.connect(url)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
        it = Published(environment, producer, database, client, logs)
        await producer.start()
        try:
            await it.start("migrate")
            assert await it.running.pop("migrate").wait() == 0
            for role in ("worker", "api"):
                await it.start(role)
            yield it
        finally:
            for role in list(it.running):
                await it.stop(role)
            await producer.stop()
            await database.close()
