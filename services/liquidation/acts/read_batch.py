"""Take a batch of events in: who is registered, and the care forms that were filed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Outcome
from recouvra.contracts.reading import Received
from services.liquidation.domain.caseload import Caseload
from services.liquidation.store.caseload import Named, open_caseload, save_caseload


@dataclass(frozen=True, slots=True)
class BatchWork:
    """An open caseload, in the shape in which the chassis asks for it."""

    caseload: Caseload

    @property
    def weight(self) -> int:
        """The forms that wait for a person who may be registered now."""
        return max((len(patient.waiting) for patient in self.caseload.patients.values()), default=0)

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one event in, by the rules alone."""
        return self.caseload.apply(received, reading)

    async def save(self, connection: Connection) -> None:
        """Writes what changed."""
        await save_caseload(connection, self.caseload)


async def read_batch(connection: Connection, events: Sequence[Received]) -> BatchWork:
    """Locks and loads all that these events can touch."""
    return BatchWork(await open_caseload(connection, Named.by(events)))
