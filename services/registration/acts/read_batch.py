"""Take a batch of events in: who pays, who is hired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Outcome, SetAside
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.reading import Received
from recouvra.contracts.registration_requested import RegistrationRequested
from services.registration.domain.affiliation import Affiliation
from services.registration.domain.hire import Hire
from services.registration.domain.register import Register
from services.registration.store.register import open_register, save_register


@dataclass(frozen=True, slots=True)
class BatchWork:
    """An open register, in the shape in which the chassis asks for it."""

    register: Register

    @property
    def weight(self) -> int:
        """Little: a rule looks at one payer or person."""
        return 0

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one event in, by the rules alone; a request said otherwise before is set aside (DEF-027)."""
        envelope, content = received.envelope, received.content
        request = received.event
        if not isinstance(request, AffiliationRequested | RegistrationRequested):
            raise TypeError(f"registration does not read {request.topic}")
        claim = self.register.claim(request, content)
        if claim == "conflicting":
            return Outcome(set_aside=[SetAside(received.record, envelope.source, envelope.event_id)])
        if claim == "repeated":
            return Outcome(duplicate=True)
        if isinstance(request, AffiliationRequested):
            said = Affiliation.of(request, envelope.time, envelope.source, envelope.event_id)
            return Outcome(self.register.affiliate(request, said, content, reading))
        return Outcome(self.register.hire(request, envelope.time, content, reading))

    async def save(self, connection: Connection) -> None:
        """Writes what changed."""
        await save_register(connection, self.register)


async def read_batch(connection: Connection, events: Sequence[Received]) -> BatchWork:
    """Locks and loads all that these events can touch; raises `Retry` where that changed meanwhile."""
    affiliations = [e.event for e in events if isinstance(e.event, AffiliationRequested)]
    hires = [Hire.of(e.event, e.envelope.time) for e in events if isinstance(e.event, RegistrationRequested)]
    return BatchWork(await open_register(connection, affiliations, hires))
