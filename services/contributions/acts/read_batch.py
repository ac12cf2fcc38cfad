"""Take a batch of events in: what is declared, what is paid, who is affiliated and registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Outcome
from recouvra.contracts.payer_affiliated import PayerAffiliated
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

    One looks at all that is known of its account, with what comes to it in this batch; but an affiliation brings each
    declaration that waits to effect, and each is judged beside all those before it.
    """
    weights: dict[str, _Weight] = {key: _Weight.of(account) for key, account in book.accounts.items()}
    for received in events:
        event = received.event
        if type(event) is PayrollDeclared:  # `isinstance` of a model takes long to say no
            weights[event.payer_id].add_declared(len(event.lines))
        elif type(event) is PaymentReported:
            weights[event.key].rows += 1
        elif type(event) is PayerAffiliated:
            weights[event.payer_id].is_resumed = True
    return max((one.rows * (one.declarations if one.is_resumed else 1) for one in weights.values()), default=0)


@dataclass(slots=True)
class _Weight:
    rows: int
    declarations: int
    is_resumed: bool = False

    @classmethod
    def of(cls, account: Account) -> _Weight:
        parts = (part for declaration in account.declarations.values() for part in declaration.parts.values())
        lines = sum(len(part.lines) for part in parts if part.lines is not None)
        return cls(lines + len(account.payments), len(account.declarations))

    def add_declared(self, lines: int) -> None:
        self.rows += lines
        self.declarations += 1
