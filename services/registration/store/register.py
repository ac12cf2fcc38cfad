"""The register of one transaction: everything that requests can touch, locked in one order, loaded, saved."""

from __future__ import annotations

from collections.abc import Sequence

from recouvra.chassis.database import Connection
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.registration_requested import RegistrationRequested
from services.registration.domain.hire import Hire
from services.registration.domain.register import Register
from services.registration.store import hires, payers, people
from services.registration.store.numbers import Numbers


async def open_register(
    connection: Connection, affiliations: Sequence[AffiliationRequested], asked: Sequence[Hire]
) -> Register:
    """Locks payers by payer_id, persons by NINA, likenesses by number, and loads what these requests can touch.

    Requests in any order, repeats allowed. A number drawn is checked by the table's key when it is saved.
    """
    named = {request.payer_id for request in affiliations} | {hire.payer_id for hire in asked}
    locked = await payers.lock(connection, named)
    known = await payers.claimed(connection, affiliations), await hires.claimed(connection, asked)
    awaited = {r.payer_id for r in affiliations if locked[r.payer_id].affiliation is None}
    for hire in await hires.pending(connection, awaited):
        locked[hire.payer_id].pending.append(hire)
    deciding = [hire for hire in asked if hire.key not in known[1]]
    deciding += [hire for payer_id in awaited for hire in locked[payer_id].pending]
    people_known = await people.lock(connection, {hire.nina for hire in deciding if hire.nina is not None})
    unknown = [hire for hire in deciding if hire.nina not in people_known]
    numbers = await Numbers.load(connection, unknown)
    register = Register(numbers.draw, locked, people=people_known)
    for topic, contents in zip((AffiliationRequested.topic, RegistrationRequested.topic), known, strict=True):
        register.claims |= {(topic, key): content for key, content in contents.items()}
    register.namesakes = await people.namesakes(connection, {hire.likeness for hire in unknown})
    return register


async def save_register(connection: Connection, register: Register) -> None:
    """Writes what changed, set by set.

    Raises:
        Retry: another transaction registered one of the persons meanwhile.
    """
    changes = register.changes
    changed = [register.payers[payer_id] for payer_id in sorted(changes.payers)]
    await payers.save(connection, changed, changes.affiliation_requests)
    await hires.save(connection, changes)
    await people.save(connection, changes.new_people.values(), changes.people.values(), changes.duplicates)
