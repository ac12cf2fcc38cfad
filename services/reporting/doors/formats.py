"""The form of an answer: which one is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fastapi import Request

from recouvra.chassis.preferences import preferences
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
    accepted = list(preferences(request, "accept")) or [("*/*", 1.0)]
    liking = {name: _liking(accepted, TYPES[name]) for name in offered}
    best = max(offered, key=liking.__getitem__)
    if liking[best] == 0:
        names = ", ".join(TYPES[name] for name in offered)
        raise Problem(
            406,
            "not-acceptable",
            Message(fr=f"Formes offertes à cette adresse : {names}.", en=f"Offered at this address: {names}."),
        )
    return best


def _liking(accepted: Iterable[tuple[str, float]], offered: str) -> float:
    """The weight that an `Accept` gives a media type: that of the most precise range that fits; 0 where none does."""
    precise, weight = 0, 0.0
    precisions = {"*/*": 1, f"{offered.partition('/')[0]}/*": 2, offered: 3}
    for media, said in accepted:
        precision = precisions.get(media, 0)
        if precision > precise:
            precise, weight = precision, said
    return weight
