"""Registration on a real database, without a broker: batches as its worker takes them, facts from its outbox."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Self

import asyncpg

import services.registration
from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER, connect
from recouvra.chassis.deciding import Tally
from recouvra.chassis.migrate import migrate
from recouvra.chassis.outcome import Retry
from recouvra.chassis.positions import Place
from recouvra.chassis.sources import Sources
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS
from services.registration.doors.events import opens
from tests.builders import Draft
from tests.recount.state import PublishedRecord

MIGRATIONS = Path(services.registration.__file__).parent / "migrations"


class Desk:
    """One worker: it reads a partition of its own of each topic, so that two of them meet in the database only."""

    def __init__(self, connection: asyncpg.Connection, partition: int, clock: str) -> None:
        self.connection, self.retries = connection, 0
        self._partition = partition
        self._reading = Reading("registration", opens, clock, Sources(None))
        self._next: dict[str, int] = defaultdict(int)
        self.read: list[PublishedRecord] = []

    @classmethod
    async def opened(cls, url: str, partition: int = 0, clock: str = "event") -> Self:
        """A worker on a migrated database."""
        await migrate(url, MIGRATIONS)
        return cls(await connect(url, WRITER), partition, clock)

    async def take(self, *drafts: Draft) -> Tally:
        """Takes drafts in as one batch, again whenever another transaction came between."""
        records, first = [], dict(self._next)
        for draft in drafts:
            offset = self._next[draft.topic]
            self._next[draft.topic] += 1
            records.append(Record(draft.topic, self._partition, offset, draft.key, draft.value, tuple(draft.headers)))
            self.read.append(PublishedRecord(*_place(records[-1]), draft.key, draft.value, draft.headers))
        moves = {
            Place(topic, self._partition): (first.get(topic, 0), self._next[topic])
            for topic in {d.topic for d in drafts}
        }
        while True:
            try:
                return await self._reading.take(self.connection, moves, records)
            except Retry:
                self.retries += 1

    async def facts(self, topic: str | None = None) -> list[dict[str, Any]]:
        """The values of the facts to publish, in order, perhaps of one topic only."""
        rows = await self.connection.fetch(
            "select value from outbox where $1::text is null or topic = $1 order by id", topic
        )
        return [json.loads(row["value"]) for row in rows]

    async def answers(self) -> dict[tuple[str, str], tuple[str, list[str]]]:
        """The last answer to each hire: outcome and codes."""
        return {
            (fact["payer_id"], fact["request_id"]): (fact["outcome"], [a["code"] for a in fact["anomalies"]])
            for fact in await self.facts("registration-answered")
        }

    async def published(self) -> list[PublishedRecord]:
        """The outbox as the relay would publish it."""
        rows = await self.connection.fetch("select topic, id, key, value, event_id, known_at from outbox order by id")
        return [
            PublishedRecord(
                row["topic"],
                0,
                row["id"],
                row["key"],
                row["value"],
                binary_headers(
                    Envelope(str(row["event_id"]), "/registration", EVENTS[row["topic"]].event_type(), row["known_at"])
                ),
            )
            for row in rows
        ]


def _place(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
