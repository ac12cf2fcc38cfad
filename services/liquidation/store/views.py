"""What HTTP shows: a form with its duplicates, and the forms that wait for their person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.contracts.codes import FormCode, anomaly_message
from services.liquidation.domain.form import line_refusal

_HEADING = (
    "form_serial, reading_no, insured_number, provider_id, provider_kind, care_kind, care_on, submitted_on, "
    "claimed_xof, source, event_id, read_at"
)
_WHOLE = (
    f"{_HEADING}, prescriber_code, authorisation, line_nos, act_codes, quantities, unit_prices_xof, liquidated_at, "
    "payer_id, accepted_xof, fund_share_xof, co_payment_xof, outcome, reasons"
)


@dataclass(frozen=True, slots=True)
class KeptForms:
    """What was read under a serial.

    Attributes:
        rows: the first form, then duplicates in the order of reading.
        following: the reading to go on after; None at the end.
    """

    rows: Sequence[asyncpg.Record]
    following: int | None

    def shown(self) -> list[dict[str, Any]]:
        """Each form as it is shown; a form has up to a thousand lines, so this is for a thread."""
        return [_shown(row) for row in self.rows]


async def form(connection: Connection, form_serial: str, after: int, limit: int) -> KeptForms | None:
    """The first form that was read under a serial, and its duplicates; None where none was read.

    Duplicates are those beyond reading `after`, at most `limit`.
    """
    first = await connection.fetchrow(
        f"select {_WHOLE} from form where form_serial = $1 and reading_no = 1",  # noqa: S608 - constants
        form_serial,
    )
    if first is None:
        return None
    rows = await connection.fetch(
        f"select {_WHOLE} from form where form_serial = $1 and reading_no > $2 "  # noqa: S608 - constants
        "order by reading_no limit $3",
        form_serial,
        max(after, 1),
        limit + 1,
    )
    return KeptForms([first, *rows[:limit]], rows[limit - 1]["reading_no"] if len(rows) > limit else None)


async def waiting(connection: Connection, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """The forms that wait, oldest first, from beyond place `after`; and the place to go on after (None at the end)."""
    rows = await connection.fetch(
        f"select came, {_HEADING} from form where outcome is null and came > $1 "  # noqa: S608 - constants
        "order by came limit $2",
        after,
        limit + 1,
    )
    return [dict(row) for row in rows[:limit]], rows[limit - 1]["came"] if len(rows) > limit else None


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if name not in _OF_LINES}
    lines = zip(*(row[name] for name in _OF_LINES), strict=True)
    liquidated_at, reasons = row["liquidated_at"], row["reasons"] or []
    return told | {
        "state": "waiting" if row["outcome"] is None else "liquidated",
        "liquidated_on": liquidated_at and liquidated_at.date(),
        "reasons": reasons,
        "messages": [anomaly_message(FormCode(code)) for code in reasons],
        "review_flags": [],
        "lines": [
            {
                "line_no": line_no,
                "act_code": act_code,
                "quantity": quantity,
                "unit_price_xof": unit_price_xof,
                "reason": line_refusal(quantity, unit_price_xof),
            }
            for line_no, act_code, quantity, unit_price_xof in lines
        ],
    }


_OF_LINES = ("line_nos", "act_codes", "quantities", "unit_prices_xof")
