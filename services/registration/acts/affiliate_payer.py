"""Affiliate a payer, or tell a change of it, by hand: what `affiliation-requested` does, said now."""

from __future__ import annotations

import json
from dataclasses import dataclass

from recouvra.chassis import audit, outbox
from recouvra.chassis.callers import Caller
from recouvra.chassis.database import Connection
from recouvra.chassis.journal import Cause
from recouvra.chassis.outbox import Caused
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.payer_affiliated import PayerAffiliated
from services.registration.domain.affiliation import Affiliation
from services.registration.store.register import open_register, save_register

SOURCE = "/registration/http"
AFFILIATE = "affiliate"


class RequestConflict(Exception):
    """The payer already has a request of this id that says something else (DEF-027)."""


@dataclass(frozen=True, slots=True)
class Affiliated:
    """What holds now of the payer, and whether the request was new."""

    holds: PayerAffiliated
    is_new: bool


async def affiliate_payer(connection: Connection, caller: Caller, request: AffiliationRequested) -> Affiliated:
    """Takes the request in at the system clock's time, whatever clock the service reads by (DEF-015, DEF-035).

    Within the transaction that is open.

    Raises:
        RequestConflict: nothing was done.
        Retry: another transaction came between.
    """
    said = {"who": caller.name, "request": request.model_dump(mode="json")}
    return await _affiliate(connection, Cause.new(AFFILIATE, said), caller, request)


async def affiliate_as_told(connection: Connection, cause: Cause, caller: Caller) -> None:
    """Takes in again what the journal tells; raises as `affiliate_payer`."""
    request = AffiliationRequested.model_validate_json(json.dumps(cause.said["request"]))
    await _affiliate(connection, cause, caller, request)


async def _affiliate(connection: Connection, cause: Cause, caller: Caller, request: AffiliationRequested) -> Affiliated:
    register = await open_register(connection, [request], [])
    now = (await cause.clock(connection, "system")).reading(None)
    content = request.content()
    claim = register.claim(request, content)
    if claim == "conflicting":
        raise RequestConflict
    if claim == "new":
        facts = register.affiliate(request, Affiliation.of(request, now, SOURCE, str(cause.id)), content, now)
        await save_register(connection, register)
        await outbox.put(connection, cause, [Caused(fact) for fact in facts])
        await audit.keep(connection, caller, AFFILIATE, request.payer_id, None, cause)
    holds = register.payers[request.payer_id].affiliation
    assert holds is not None  # a claimed request affiliated its payer
    return Affiliated(holds.terms, claim == "new")
