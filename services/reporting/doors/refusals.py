"""What reports refuse in words of their own."""

from __future__ import annotations

from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from services.reporting.reports.asked import Paged
from services.reporting.reports.bridge import BridgeAsked

UNKNOWN_PAYER = Problem(
    404,
    "unknown-payer",
    Message(
        fr="Aucun cotisant n'était connu sous cet identifiant à cet instant.",
        en="No payer was known by this identifier at this instant.",
    ),
)
_BACKWARDS = Problem(
    422,
    "invalid-request",
    Message(
        fr="`from` est après `to` : donnez d'abord l'instant le plus ancien.",
        en="`from` is later than `to`: give the earlier instant first.",
    ),
    [("/query/from", Message(fr="un instant qui n'est pas après `to`", en="an instant that is not later than `to`"))],
)


def refuse_backwards(asked: Paged) -> None:
    """Raises a 422 problem for a bridge whose end lies before its beginning."""
    if isinstance(asked, BridgeAsked) and asked.is_backwards:
        raise _BACKWARDS
