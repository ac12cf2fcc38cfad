"""Reporting as processes, behind a real broker and real relays: facts become figures, and marks move the watermark."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from recouvra.chassis import outbox
from recouvra.chassis.journal import Cause
from recouvra.chassis.migrate import migrate
from recouvra.chassis.outcome import Fact
from recouvra.chassis.relay import Relay
from recouvra.contracts.event import Event
from recouvra.contracts.topics import WRITES
from recouvra.local.ports import free_ports
from recouvra.local.topics import create_topics
from services.reporting.app import AWAITED
from tests.servers.reporting_at_work import CreateDatabase, affiliated, assessed, at, received
from tests.standing.servers import Standing

PATIENCE_SECONDS = 120


async def _until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await what():  # noqa: ASYNC110 - another process's doing sets no event here
            await asyncio.sleep(0.05)


@dataclass
class Publisher:
    """A service as far as reporting sees it: an outbox in a database, and a relay."""

    service: str
    bootstrap: str
    url: str
    connection: asyncpg.Connection
    relay: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts its relay."""
        relay = Relay(self.service, self.bootstrap, self.url, WRITES[self.service], "system")
        self.relay = asyncio.create_task(relay.run())

    async def stop(self) -> None:
        """Stops its relay."""
        if self.relay is not None:
            self.relay.cancel()
            with suppress(asyncio.CancelledError):
                await self.relay

    async def say(self, events: Sequence[Event]) -> datetime:
        """Commits facts of one cause; their knowledge time."""
        async with self.connection.transaction():
            cause = Cause.new("an act", {})
            known_at = (await cause.clock(self.connection, "system")).reading(None)
            facts = [outbox.Caused(Fact(event, known_at, event.key)) for event in events]
            await outbox.put(self.connection, cause, facts)
        return known_at


@dataclass
class Stack:
    """A broker, publishers (liquidation's only marks), and reporting's two processes."""

    environment: dict[str, str]
    registration: Publisher
    contributions: Publisher
    client: httpx.AsyncClient
    logs: Path
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, role: str) -> None:
        """Starts a role of reporting."""
        with (self.logs / f"{role}.log").open("ab") as log:
            self.running[role] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.reporting", f"--{role}", env=self.environment, stdout=log, stderr=log
            )

    async def kill(self, role: str) -> None:
        """Ends it as a lost machine would."""
        process = self.running.pop(role)
        process.kill()
        await process.wait()

    async def get(self, path: str, **query: Any) -> Any:
        """What the API answers; None while it is not ready."""
        try:
            answer = await self.client.get(path, params=query)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    async def complete_past(self, known_at: datetime) -> None:
        """Waits until every fact up to then is in the figures."""

        async def is_past() -> bool:
            up_to = await self.complete_up_to()
            return up_to is not None and up_to >= known_at

        await _until(is_past)

    async def complete_up_to(self) -> datetime | None:
        """As a report tells it."""
        body = await self.get("/v1/collection-rates")
        return None if body is None else datetime.fromisoformat(body["complete_up_to"])


@pytest_asyncio.fixture(scope="module")
async def stack(
    postgres: CreateDatabase, standing: Standing, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("reporting")
    nothing = tmp_path_factory.mktemp("migrations")
    async with standing.broker(tmp_path_factory.mktemp("broker")) as kafka:
        await create_topics(kafka.bootstrap, partitions=3)
        publishers = []
        for service in AWAITED:
            url = await postgres(f"published_by_{service}")
            await migrate(url, nothing)
            publishers.append(Publisher(service, kafka.bootstrap, url, await asyncpg.connect(url)))
        port = free_ports().of("reporting")
        environment = os.environ | {
            "RECOUVRA_KAFKA": kafka.bootstrap,
            "RECOUVRA_DATABASE_URL": await postgres("reporting_on_kafka"),
            "RECOUVRA_PORT": str(port),
            "RECOUVRA_REPLICA": "test",
        }
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            it = Stack(environment, publishers[0], publishers[1], client, folder)
            await it.start("migrate")
            assert await it.running.pop("migrate").wait() == 0
            try:
                for role in ("worker", "api"):
                    await it.start(role)
                for publisher in publishers:
                    publisher.start()
                yield it
            finally:
                for publisher in publishers:
                    await publisher.stop()
                    await publisher.connection.close()
                for role in list(it.running):
                    await it.kill(role)


async def test_it_is_ready_once_both_services_have_marked_though_nothing_ever_happened(stack: Stack) -> None:
    async def ready() -> bool:
        return await stack.get("/readyz") is not None

    await _until(ready)
    body = await stack.get("/v1/collection-rates")
    assert body["total"]["assessed_xof"] == 0


async def test_facts_become_figures_and_each_counts_once_though_the_worker_is_killed_meanwhile(stack: Stack) -> None:
    await stack.registration.say([affiliated(f"K{n:03}") for n in range(50)])
    known_at = at("2000-01-01T00:00:00")
    for turn in range(20):
        events: list[Event] = []
        for n in range(50):
            events += [
                assessed(f"K{n:03}", "2026-01", 1_000, declaration_id=f"D-{turn}"),
                received(f"K{n:03}", "2026-01", 700, payment_id=f"P-{turn}"),
            ]
        known_at = await stack.contributions.say(events)
        if turn in (5, 12):
            await stack.kill("worker")
            await stack.start("worker")
    await stack.complete_past(known_at)
    body = await stack.get("/v1/collection-rates", as_of=known_at.isoformat())
    assert body["total"] == {
        "payers": 50,
        "assessed_xof": 1_000_000,
        "received_xof": 700_000,
        "outstanding_xof": 300_000,
        "collection_rate": "0.7000",
    }


async def test_while_nothing_happens_it_is_complete_up_to_a_later_and_later_instant(stack: Stack) -> None:
    seen: set[datetime | None] = set()

    async def moved_often() -> bool:
        seen.add(await stack.complete_up_to())
        return len(seen) >= 5

    await _until(moved_often)


async def test_while_a_relay_is_stopped_it_stands_still_and_what_became_known_meanwhile_is_in_when_it_moves(
    stack: Stack,
) -> None:
    await stack.registration.stop()
    reporting = await asyncpg.connect(stack.environment["RECOUVRA_DATABASE_URL"])
    try:

        async def other_has_gone_on() -> bool:
            ahead = "select max(up_to) - min(up_to) > interval '2 seconds' from complete"
            return bool(await reporting.fetchval(ahead))

        await _until(other_has_gone_on)
        stood = await stack.complete_up_to()
        known_at = await stack.registration.say([affiliated("LATE", name="Venu tard")])
        await _until(other_has_gone_on)
        assert await stack.complete_up_to() == stood
        assert stood is not None
        assert stood < known_at
    finally:
        await reporting.close()
        stack.registration.start()
    await stack.complete_past(known_at)
    assert (await stack.get("/v1/payers/LATE"))["name"] == "Venu tard"


async def test_facts_that_a_stopped_worker_has_not_read_are_told_as_lag(stack: Stack) -> None:
    async def lag() -> Any:
        topics = (await stack.get("/v1/freshness"))["topics"]
        return next(row for row in topics if row["topic"] == "contribution-assessed")

    async def caught_up() -> bool:
        return bool((await lag())["lag_records"] == 0)

    await _until(caught_up)
    assert (await lag())["lag_seconds"] == 0
    await stack.kill("worker")
    known_at = await stack.contributions.say([assessed(f"K{n:03}", "2026-02", 5) for n in range(7)])

    async def published() -> bool:
        return bool((await lag())["lag_records"] == 7)

    await _until(published)
    assert (await lag())["lag_seconds"] > 0
    await stack.start("worker")
    await stack.complete_past(known_at)
    assert (await lag())["lag_records"] == 0
    assert (await lag())["last_fact_at"] == known_at.isoformat().replace("+00:00", "Z")
