"""Contributions on a real database, without a broker: batches as its worker takes them, facts from its outbox."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import uuid4

import asyncpg
import httpx

import services.contributions
from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER, connect
from recouvra.chassis.deciding import Tally
from recouvra.chassis.migrate import migrate
from recouvra.chassis.outcome import Retry
from recouvra.chassis.positions import Place
from recouvra.chassis.settings import Settings
from recouvra.chassis.sources import Sources
from recouvra.contracts.record import Record
from services.contributions.app import build
from services.contributions.doors.events import QUICKLY, EventDoor
from tests.builders import Draft, draft
from tests.servers.conftest import CreateDatabase

MIGRATIONS = Path(services.contributions.__file__).parent / "migrations"


def affiliated(
    payer_id: str = "P1", kind: str = "local_authority", at: str = "2020-01-01T08:00:00Z", **said: Any
) -> Draft:
    """A `payer-affiliated` of registration: monthly, of region 01, unless it is said otherwise."""
    body = {
        "payer_id": payer_id,
        "payer_kind": kind,
        "name": "Mairie",
        "territory_code": "01",
        "filing_frequency": "monthly",
        "affiliated_on": "2011-01-01",
        "closed_on": None,
    }
    return draft("payer-affiliated", body | said, source="/registration", at=at)


def person(number: str, payer_id: str | None = "P1", at: str = "2020-01-01T08:00:00Z") -> Draft:
    """A `person-registered` of registration: the number belongs to that payer now."""
    body = {
        "insured_number": number,
        "role": "insured",
        "principal_number": None,
        "payer_id": payer_id,
        "payer_kind": None,
        "territory_code": "01",
        "category": "worker",
        "birth_year": 1980,
        "sex": "F",
        "registered_on": "2020-01-01",
        "relationship": None,
    }
    return draft("person-registered", body, source="/registration", at=at).broken("", key=number.encode())


class Desk:
    """One worker: it reads a partition of its own of each topic, so that two of them meet in the database only."""

    def __init__(self, connection: asyncpg.Connection, partition: int, clock: str) -> None:
        self.connection = connection
        self._partition = partition
        self._reading = Reading("contributions", EventDoor(), clock, Sources(None), quickly=QUICKLY)
        self._next: dict[str, int] = defaultdict(int)

    @classmethod
    async def opened(cls, url: str, partition: int = 0, clock: str = "event") -> Self:
        """A worker on a migrated database."""
        await migrate(url, MIGRATIONS)
        return cls(await connect(url, WRITER), partition, clock)

    async def take(self, *drafts: Draft | Record) -> Tally:
        """Takes drafts, or what stands on a topic, in as one batch, again whenever another transaction came between."""
        records, first = [], dict(self._next)
        for one in drafts:
            offset = self._next[one.topic]
            self._next[one.topic] += 1
            records.append(Record(one.topic, self._partition, offset, one.key, one.value, tuple(one.headers)))
        moves = {
            Place(topic, self._partition): (first.get(topic, 0), self._next[topic])
            for topic in {one.topic for one in drafts}
        }
        while True:
            try:
                return await self._reading.take(self.connection, moves, records)
            except Retry:
                continue

    async def facts(self, topic: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """The values of the facts to publish, in order, perhaps of one topic only, from beyond an outbox id."""
        rows = await self.connection.fetch(
            "select value from outbox where ($1::text is null or topic = $1) and id > $2 order by id", topic, after
        )
        return [json.loads(row["value"]) for row in rows]

    async def last(self) -> int:
        """The id of the last fact, 0 where there is none."""
        found: int = await self.connection.fetchval("select coalesce(max(id), 0) from outbox")
        return found

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        tables = await self.connection.fetch(
            "select tablename from pg_tables where schemaname = 'public' order by tablename"
        )
        return {
            name: [tuple(row) for row in await self.connection.fetch(f'select * from "{name}" t order by t::text')]  # noqa: S608
            for (name,) in tables
        }

    async def stands(self) -> dict[tuple[str, str], int]:
        """Σ received + Σ held of each payment, as a reader adds the facts up."""
        sums: dict[tuple[str, str], int] = defaultdict(int)
        for fact in [*await self.facts("contribution-received"), *await self.facts("payment-held")]:
            key = fact["payment_source"], fact["payment_id"]
            sums[key] += fact.get("received_xof", 0) + fact.get("held_xof", 0)
        return dict(sums)


class Office(NamedTuple):
    """The service's API, and a worker on the same database."""

    http: httpx.AsyncClient
    desk: Desk
    url: str


@asynccontextmanager
async def office(
    postgres: CreateDatabase,
    clock: str = "event",
    tokens: Path | None = None,
    *,
    kafka: str = "127.0.0.1:1",
    sources: Path | None = None,
) -> AsyncIterator[Office]:
    """A new database; what is said over HTTP is said by the system's clock, whatever the worker reads by."""
    url = await postgres(f"contributions_{uuid4().hex[:12]}")
    desk = await Desk.opened(url, clock=clock)
    settings = Settings(kafka=kafka, database_url=url, clock=clock, tokens_file=tokens, sources_file=sources)
    service = build(settings)
    app = service.api(settings, service.migration_names(), service.reading(settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://contributions", timeout=60) as http,
    ):
        yield Office(http, desk, url)
    await desk.connection.close()
