"""What a caller may ask whose role is to declare: three addresses, and of the payers that it may declare for alone."""

from __future__ import annotations

import re

from fastapi import Request

from recouvra.chassis.callers import Role, caller_of
from recouvra.chassis.http import Face
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Reason, reason_message
from services.contributions.acts.publish_declaration import source_of

DECLARES = re.compile(r"POST /v1/declarations(/dry-run)?|GET /v1/declarations/[^/]+")

_NOT_THEIRS = Problem(403, Reason.UNAUTHORISED_SOURCE.value, reason_message(Reason.UNAUTHORISED_SOURCE))


def allow_payer(face: Face, request: Request, payer_id: str) -> None:
    """Raises `Problem` 403 where the caller does nothing but declare, and may not for this payer.

    The rule is that of what it posts (RECOUVRA_SOURCES_FILE, by its `ce_source`): an answer tells whom a payer
    employs, and a dry run whether it employs somebody.
    """
    caller, sources = caller_of(request), face.reading.sources
    if caller.role is Role.DECLARER:
        sources.refresh()
        if not sources.allow(source_of(caller), payer_id):
            raise _NOT_THEIRS
