"""Affiliate a payer, or tell a change of it, by hand: what `affiliation-requested` does, said now."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from recouvra.chassis import outbox
from recouvra.chassis.clock import Clock
from recouvra.chassis.database import Connection
from recouvra.chassis.outbox import Caused
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.payer_affiliated import PayerAffiliated
from services.registration.domain.affiliation import Affiliation
from services.registration.store.register import open_register, save_register

SOURCE = "/registration/http"


class RequestConflict(Exception):
    """The payer already has a request of this id that says something else (DEF-027)."""


@dataclass(frozen=True, slots=True)
class Affiliated:
    """What holds now of the payer, and whether the request was new."""

    holds: PayerAffiliated
    is_new: bool


async def affiliate_payer(connection: Connection, request: AffiliationRequested) -> Affiliated:
    """Takes the request in at the system clock's time, whatever clock the service reads by (DEF-015, DEF-035).

    Within the caller's transaction.

    Raises:
        RequestConflict: nothing was done.
        Retry: another transaction came between.
    """
    register = await open_register(connection, [request], [])
    now = (await Clock.read(connection, "system")).reading(None)
    content = request.content()
    claim = register.claim(request, content)
    if claim == "conflicting":
        raise RequestConflict
    if claim == "new":
        facts = register.affiliate(request, Affiliation.of(request, now, SOURCE, str(uuid4())), content, now)
        await save_register(connection, register)
        await outbox.put(connection, [Caused(fact, None) for fact in facts])
    holds = register.payers[request.payer_id].affiliation
    assert holds is not None  # a claimed request affiliated its payer
    return Affiliated(holds.terms, claim == "new")
