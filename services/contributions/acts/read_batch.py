"""Take a batch of events in: what is declared, what is paid, who is affiliated and registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Outcome
from recouvra.contracts.reading import Received
from services.contributions.store.book import Named, OpenBook, open_book
from services.contributions.store.rosters import Rosters


@dataclass(frozen=True, slots=True)
class BatchWork:
    """An open book, in the shape in which the chassis asks for it."""

    opened: OpenBook

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one event in, by the rules alone."""
        return self.opened.book.apply(received, reading)

    async def save(self, connection: Connection) -> None:
        """Writes what changed."""
        await self.opened.save(connection)


async def read_batch(connection: Connection, events: Sequence[Received], rosters: Rosters) -> BatchWork:
    """Locks and loads all that these events can touch; raises `Retry` where that changed meanwhile."""
    return BatchWork(await open_book(connection, Named.by(events), rosters))
