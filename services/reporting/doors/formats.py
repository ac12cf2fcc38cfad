"""The form of an answer: which one is wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import Request

from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message

TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
OF_TABLES = tuple(TYPES)


def wanted(request: Request, asked: str | None, offered: Sequence[str]) -> str:
    """What the query asks for, else the best that `Accept` takes of what is offered, the first where they are equal.

    Raises a 406 problem where it takes none of them.
    """
    if asked is not None:
        return asked
    accepted = ",".join(request.headers.getlist("accept")) or "*/*"
    best = max(offered, key=lambda name: _liking(accepted, TYPES[name]))
    if _liking(accepted, TYPES[best]) == 0:
        names = ", ".join(TYPES[name] for name in offered)
        raise Problem(
            406,
            "not-acceptable",
            Message(fr=f"Formes offertes à cette adresse : {names}.", en=f"Offered at this address: {names}."),
        )
    return best


def _liking(accepted: str, offered: str) -> float:
    """The weight that an `Accept` gives a media type: that of the most precise range that fits; 0 where none does."""
    precise, weight = 0, 0.0
    for spec in accepted.lower().split(","):
        media, *parameters = (piece.strip() for piece in spec.split(";"))
        precision = {"*/*": 1, f"{offered.partition('/')[0]}/*": 2, offered: 3}.get(media, 0)
        if precision > precise:
            precise, weight = precision, 1.0
            for parameter in parameters:
                if re.fullmatch(r"q=[01](\.[0-9]{0,3})?", parameter):
                    weight = float(parameter[2:])
    return weight
