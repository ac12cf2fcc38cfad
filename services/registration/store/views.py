"""What HTTP shows: a person, a request's answer, possible duplicates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from recouvra.chassis.database import Connection
from recouvra.contracts.codes import RegistrationCode
from services.registration.domain.hire import FUTURE_DAYS, anomaly


async def insured(connection: Connection, insured_number: str) -> dict[str, Any] | None:
    """A person with names, or None; whoever shows them keeps who read them."""
    row = await connection.fetchrow(
        "select p.insured_number, h.family_name, h.given_names, h.birth_date, h.sex, p.nina, h.category, h.payer_id, "
        "h.hired_on, p.registered_on from person p join hire h using (payer_id, request_id) "
        "where p.insured_number = $1",
        insured_number,
    )
    return None if row is None else dict(row)


async def answer(connection: Connection, payer_id: str, request_id: str) -> dict[str, Any] | None:
    """The last answer to a hire, as `registration-answered` tells it, and when it was given; or None."""
    row = await connection.fetchrow(
        "select request_id, payer_id, outcome, insured_number, codes, asked_at, answered_at, hired_on from hire "
        "where payer_id = $1 and request_id = $2",
        payer_id,
        request_id,
    )
    if row is None:
        return None
    last_day = row["asked_at"].date() + timedelta(days=FUTURE_DAYS)
    codes = [RegistrationCode(code) for code in row["codes"]]
    return {
        "request_id": row["request_id"],
        "payer_id": row["payer_id"],
        "outcome": row["outcome"],
        "insured_number": row["insured_number"],
        "anomalies": [anomaly(code, payer_id, row["hired_on"], last_day) for code in codes],
        "answered_at": row["answered_at"],
    }


async def possible_duplicates(
    connection: Connection, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Those found, oldest first, from beyond id `after`, and the id to go on after (None at the end)."""
    rows = await connection.fetch(
        "select id, insured_number, other_number, payer_id, request_id, found_at from possible_duplicate "
        "where id > $1 order by id limit $2",
        after,
        limit + 1,
    )
    shown = [
        {
            "insured_number": row["insured_number"],
            "other_number": row["other_number"],
            "reason": "names-alike" if row["other_number"] is not None else "same-nina",
            "payer_id": row["payer_id"],
            "request_id": row["request_id"],
            "found_at": row["found_at"],
        }
        for row in rows[:limit]
    ]
    return shown, rows[limit - 1]["id"] if len(rows) > limit else None
