"""Give money in suspense to a payer, or take such an assignment back: an operator's acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from recouvra.chassis import audit, outbox
from recouvra.chassis.callers import Caller
from recouvra.chassis.database import Connection
from recouvra.chassis.journal import Cause
from recouvra.chassis.outbox import Caused
from recouvra.chassis.outcome import Outcome
from services.contributions.domain.payment import PaymentKey
from services.contributions.store import payments
from services.contributions.store.book import Named, OpenBook, open_book

ASSIGN, WITHDRAW = "assign-payment", "withdraw-assignment"


class UnknownPayment(Exception):
    """No payment of this source was read under this identifier."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which payment an operator moves, and to which payer (None: back to where it came in)."""

    key: PaymentKey
    payer_id: str | None = None
    reason: str | None = None

    @property
    def subject(self) -> str:
        """The payment, as the audit line names it."""
        return " ".join(self.key)

    def said(self, caller: Caller) -> dict[str, Any]:
        """How the journal tells it."""
        return {"who": caller.name, "payment": self.key, "payer_id": self.payer_id, "reason": self.reason}

    @classmethod
    def told(cls, cause: Cause) -> Self:
        """The one that the journal tells."""
        source, payment_id = cause.said["payment"]
        return cls((source, payment_id), cause.said["payer_id"], cause.said["reason"])


async def assign_payment(connection: Connection, caller: Caller, assignment: Assignment) -> None:
    """Gives a payment in suspense to an affiliated payer, where it is placed by the rules as any other of its money.

    It stays there whatever becomes of the payer that it was sent with, until the assignment is withdrawn; a reversal
    of it takes it from where it stands. Raises UnknownPayment, assigning.NotInSuspense, assigning.PayerNotAffiliated,
    Retry: nothing was done then. Source: DEF-005, DEF-015, DEF-026.
    """
    if assignment.payer_id is None:
        raise ValueError("an assignment names a payer")
    await assign_as_told(connection, Cause.new(ASSIGN, assignment.said(caller)), caller)


async def withdraw_assignment(connection: Connection, caller: Caller, assignment: Assignment) -> None:
    """Takes an assignment back: the money stands again under the key that it came with.

    That is suspense, unless the payer that it was sent with has been affiliated meanwhile: then it is placed there.
    Raises UnknownPayment, assigning.NotAssigned, Retry: nothing was done then. Source: DEF-004, DEF-015, DEF-026.
    """
    await withdraw_as_told(connection, Cause.new(WITHDRAW, assignment.said(caller)), caller)


async def assign_as_told(connection: Connection, cause: Cause, caller: Caller) -> None:
    """Does an assignment of which the cause tells; raises as `assign_payment`."""
    assignment = Assignment.told(cause)
    payer_id = assignment.payer_id
    assert payer_id is not None, "an assignment names a payer"
    opened = await _opened(connection, assignment.key, {payer_id})
    reading = (await cause.clock(connection, "system")).reading(None)
    await _keep(connection, cause, opened, opened.book.assign(assignment.key, payer_id, reading))
    await audit.keep(connection, caller, ASSIGN, assignment.subject, payer_id, cause)


async def withdraw_as_told(connection: Connection, cause: Cause, caller: Caller) -> None:
    """Does a withdrawal of which the cause tells; raises as `withdraw_assignment`."""
    assignment = Assignment.told(cause)
    opened = await _opened(connection, assignment.key, set())
    reading = (await cause.clock(connection, "system")).reading(None)
    await _keep(connection, cause, opened, opened.book.withdraw(assignment.key, reading))
    await audit.keep(connection, caller, WITHDRAW, assignment.subject, assignment.reason, cause)


async def _opened(connection: Connection, key: PaymentKey, payers: set[str]) -> OpenBook:
    """The Book of the accounts where the payment came in and where it stands, and of these payers, all locked.

    Where it came in never changes; where it stands may have, before the locks: then `open_book` raises Retry.
    """
    origin = await payments.came_in_under(connection, key)
    if origin is None:
        raise UnknownPayment(key)
    return await open_book(connection, Named(keys={origin, *payers}, identities={key}, targets={key}))


async def _keep(connection: Connection, cause: Cause, opened: OpenBook, outcome: Outcome) -> None:
    await opened.save(connection)
    await outbox.put(connection, cause, [Caused(fact) for fact in outcome.facts])
