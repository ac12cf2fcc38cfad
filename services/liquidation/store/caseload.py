"""The caseload of a batch: the numbers that its events name locked first, then the serials; then all about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from recouvra.chassis.database import Connection
from recouvra.contracts.care_form_submitted import CareFormSubmitted
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import Received
from services.liquidation.domain.caseload import Caseload
from services.liquidation.store import forms, patients


@dataclass(slots=True)
class Named:
    """What a batch's events name, before anything is read."""

    filed: set[str] = field(default_factory=set)
    registered: set[str] = field(default_factory=set)
    contents: defaultdict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def by(cls, events: Sequence[Received]) -> Named:
        """Collects it; `events` in any order, repeats allowed."""
        named = cls()
        for received in events:
            event = received.event
            if isinstance(event, CareFormSubmitted):
                named.filed.add(event.insured_number)
                named.contents[event.form_serial].add(received.content)
            elif isinstance(event, PersonRegistered):
                named.registered.add(event.insured_number)
        return named


async def open_caseload(connection: Connection, named: Named) -> Caseload:
    """Locks numbers, then serials, each in order, and loads.

    A form and its person meet at the number; two forms of one serial, which may name two numbers and so be read by two
    workers, at the serial. All that a batch can touch is named by its events: nothing is found too late.
    """
    caseload = Caseload(patients=await patients.lock(connection, named.filed | named.registered))
    caseload.readings = await forms.lock_serials(connection, named.contents)
    awaited = [number for number in named.registered if caseload.patients[number].told_at is None]
    for form in await forms.waiting(connection, awaited):
        caseload.patients[form.insured_number].waiting.append(form)
    return caseload


async def save_caseload(connection: Connection, caseload: Caseload) -> None:
    """Writes what changed, set by set."""
    changes = caseload.changes
    await patients.save(connection, [caseload.patients[number] for number in sorted(changes.patients)])
    await forms.save(connection, changes)
