"""The four services on databases of their own, without a broker: each takes its batches in as its worker does.

What one publishes is what the next one reads. Nothing is forgiven: an error that a batch raises is kept with the one
record that raises it alone, and at the end the books of every service must balance.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import asyncpg

from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER, connect
from recouvra.chassis.deciding import Tally
from recouvra.chassis.main import Service
from recouvra.chassis.migrate import migrate
from recouvra.chassis.positions import Place
from recouvra.chassis.settings import Settings
from recouvra.chassis.slices import by_bytes
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS
from services.contributions.app import build as contributions
from services.liquidation.app import build as liquidation
from services.registration.app import build as registration
from services.reporting.app import build as reporting
from tests.fuzz.records import Made
from tests.fuzz.values import World

CreateDatabase = Callable[[str], Awaitable[str]]
BUILT = (registration, contributions, liquidation, reporting)
_FACTS = 5_000


@dataclass
class Desk:
    """One service, as one worker of it: a partition of each topic."""

    service: Service
    settings: Settings
    connection: asyncpg.Connection
    reading: Reading
    waiting: list[Record] = field(default_factory=list)
    done: Tally = field(default_factory=Tally)
    letters: Counter[str] = field(default_factory=Counter)
    plain: int = 0
    slowest_seconds: float = 0
    crashes: list[str] = field(default_factory=list)
    _next: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    async def opened(cls, service: Service, settings: Settings) -> Self:
        """A service on a migrated database."""
        await migrate(settings.database_url, service.migrations)
        connection = await connect(settings.database_url, WRITER)
        return cls(service, settings, connection, service.reading(settings))

    async def read(self) -> None:
        """Takes in what waits, in batches as its reader would make them."""
        waiting, self.waiting = self.waiting, []
        for batch in by_bytes(waiting):
            await self._take(batch)

    async def _take(self, batch: Sequence[Record]) -> None:
        """Takes one batch in; where that raises, in halves, until the record is found that raises alone."""
        started = time.perf_counter()
        try:
            await self._once(batch, None)
        except Exception as error:
            if len(batch) > 1:
                await self._take(batch[: len(batch) // 2])
                await self._take(batch[len(batch) // 2 :])
                return
            self.crashes.append(f"{self.service.name}: {error!r} (cause {error.__cause__!r}): {str(batch[0])[:2_000]}")
            await self._once(batch, error)
        self.slowest_seconds = max(self.slowest_seconds, time.perf_counter() - started)

    async def _once(self, batch: Sequence[Record], failed: Exception | None) -> None:
        moves = {}
        for record in batch:
            place = Place(record.topic, 0)
            moves[place] = (self._next[record.topic], record.offset + 1)
        tally = await self.reading.take(self.connection, moves, batch, failed)
        for place, (_, to) in moves.items():
            self._next[place.topic] = to
        self.done.records += tally.records
        self.done.effects += tally.effects
        self.done.duplicates += tally.duplicates
        self.letters.update(tally.dead_letters)
        self.plain += sum(record.topic in self.reading.plain for record in batch)

    async def published(self) -> list[Made]:
        """Takes what it has to publish out of its outbox, in order."""
        rows = await self.connection.fetch(
            "delete from outbox where id in (select id from outbox order by id limit $1) "
            "returning id, topic, key, value, event_id, known_at, traceparent",
            _FACTS,
        )
        return [
            Made(
                row["topic"],
                row["key"],
                row["value"],
                tuple(
                    binary_headers(
                        Envelope(
                            str(row["event_id"]),
                            f"/{self.service.name}",
                            EVENTS[row["topic"]].event_type(),
                            row["known_at"],
                            row["traceparent"],
                        )
                    )
                ),
            )
            for row in sorted(rows, key=lambda row: row["id"])
        ]

    async def set_aside(self) -> list[tuple[str, int, str]]:
        """Topic, offset and reason of every dead letter."""
        rows = await self.connection.fetch('select topic, "offset" as at, reason from dead_letter order by topic, at')
        return [(row["topic"], row["at"], row["reason"]) for row in rows]

    async def faults(self) -> list[str]:
        """What does not balance: each record is claimed, a duplicate, no event at all, or one dead letter."""
        [(claimed, letters, places)] = await self.connection.fetch(
            'select (select count(*) from inbox), count(*), count(distinct (topic, "offset")) from dead_letter'
        )
        name, done = self.service.name, self.done
        found = list(self.crashes)
        if letters != places or letters != self.letters.total():
            found.append(f"{name}: {letters} dead letters of {places} records, {self.letters.total()} told")
        plain = self.plain - sum(topic in self.reading.plain for topic, _, _ in await self.set_aside())
        if claimed + done.duplicates + letters + plain != done.records:
            found.append(
                f"{name}: {done.records} read, but {claimed} claimed, {done.duplicates} duplicates, {letters} set aside"
            )
        if internal := self.letters["internal"]:
            found.append(f"{name}: {internal} internal")
        return found


class Fund:
    """The four of them, and what has been published on each topic so far."""

    def __init__(self, desks: Sequence[Desk], world: World) -> None:
        self.desks, self.world = desks, world
        self.of = {desk.service.name: desk for desk in desks}
        self.published: Counter[str] = Counter()

    @classmethod
    async def opened(cls, create_database: CreateDatabase, prefix: str, clock: str = "system") -> Self:
        """All four, on new databases."""
        desks = []
        for build in BUILT:
            name = build(Settings("127.0.0.1:9", "")).name
            settings = Settings("127.0.0.1:9", await create_database(f"{prefix}_{name}"), clock)  # port 9: nobody there
            desks.append(await Desk.opened(build(settings), settings))
        return cls(desks, World())

    async def close(self) -> None:
        """Closes the sessions."""
        for desk in self.desks:
            await desk.connection.close()

    def publish(self, *records: Made) -> list[Record]:
        """Puts records on their topics, in order; whoever reads the topic finds them there."""
        placed = []
        for one in records:
            offset, self.published[one.topic] = self.published[one.topic], self.published[one.topic] + 1
            record = Record(one.topic, 0, offset, one.key, one.value, one.headers, one.headers_readable)
            placed.append(record)
            for desk in self.desks:
                if one.topic in desk.service.reads:
                    desk.waiting.append(record)
        return placed

    async def settle(self) -> None:
        """Everyone reads until nobody has anything left to read or to publish."""
        while any(desk.waiting for desk in self.desks):
            await asyncio.gather(*(desk.read() for desk in self.desks))
            for desk in self.desks:
                while facts := await desk.published():
                    self._listen(facts)
                    self.publish(*facts)

    def _listen(self, facts: Sequence[Made]) -> None:
        """Hears which insured numbers registration gives, so that later records may speak of them."""
        for fact in facts:
            if fact.topic == "person-registered":
                self.world.insured.append(json.loads(fact.value or b"")["insured_number"])

    async def faults(self) -> list[str]:
        """What any service's books say is wrong."""
        return [fault for desk in self.desks for fault in await desk.faults()]

    @asynccontextmanager
    async def for_a_while(self) -> AsyncIterator[Fund]:
        """The same services, as new: what happens to them within the block is undone at its end."""
        undone = [desk.connection.transaction() for desk in self.desks]
        for transaction, desk in zip(undone, self.desks, strict=True):
            await transaction.start()
            # A writer that is silent within a transaction is taken for frozen; here each waits for all the others.
            await desk.connection.execute("set local idle_in_transaction_session_timeout = 0")
        try:
            yield Fund([Desk(d.service, d.settings, d.connection, d.reading) for d in self.desks], World())
        finally:
            for transaction in undone:
                await transaction.rollback()
