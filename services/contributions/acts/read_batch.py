"""Take a batch of events in: what is declared, what is paid, who is affiliated and registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Outcome
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Received
from services.contributions.domain.account import Account
from services.contributions.domain.book import Book
from services.contributions.store.book import Named, OpenBook, open_book
from services.contributions.store.rosters import Rosters


@dataclass(frozen=True, slots=True)
class BatchWork:
    """An open book, in the shape in which the chassis asks for it."""

    opened: OpenBook
    weight: int

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one event in, by the rules alone."""
        return self.opened.book.apply(received, reading)

    async def save(self, connection: Connection) -> None:
        """Writes what changed."""
        await self.opened.save(connection)


async def read_batch(connection: Connection, events: Sequence[Received], rosters: Rosters) -> BatchWork:
    """Locks and loads all that these events can touch; raises `Retry` where that changed meanwhile."""
    opened = await open_book(connection, Named.by(events), rosters)
    return BatchWork(opened, weight(opened.book, events))


def weight(book: Book, events: Sequence[Received]) -> int:
    """About how many lines and payments any one of these events may have the rules look at.

    One looks at no more than all that is known of its account, with what comes to it in this batch.
    """
    weights = {key: _rows(account) for key, account in book.accounts.items()}
    for received in events:
        event = received.event
        if type(event) is PayrollDeclared:  # `isinstance` of a model takes long to say no
            weights[event.payer_id] += len(event.lines)
        elif type(event) is PaymentReported:
            weights[event.key] += 1
    return max(weights.values(), default=0)


def _rows(account: Account) -> int:
    parts = (part for declaration in account.declarations.values() for part in declaration.parts.values())
    return sum(len(part.lines) for part in parts if part.lines is not None) + len(account.payments)
