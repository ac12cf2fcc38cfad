"""The event door: one subscriber over `payer-affiliated`, `person-registered`, `payroll-declared`, `payment-reported`.

The chassis reads and decodes (each record alone) and opens the transaction; what comes through here is good events.
"""

from __future__ import annotations

from collections.abc import Sequence

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Work
from recouvra.chassis.plain_values import plain_values
from recouvra.contracts.event import Event
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Quick, Received
from services.contributions.acts.read_batch import read_batch
from services.contributions.doors.plain_declarations import read_plainly
from services.contributions.store.rosters import Rosters


class EventDoor:
    """Hands each batch to the act that takes it in, with the rosters that are kept from one to the next."""

    def __init__(self) -> None:
        self._rosters = Rosters()

    async def __call__(self, connection: Connection, events: Sequence[Received]) -> Work:
        """Locks and loads; raises `Retry` where that changed meanwhile."""
        return await read_batch(connection, events, self._rosters)


QUICKLY: dict[type[Event], Quick] = {
    PayrollDeclared: read_plainly,
    PaymentReported: plain_values(
        PaymentReported, fits=lambda said: said.payer_id is not None or said.reference is not None
    ),
}
"""What is read faster than by its contract, and how."""
