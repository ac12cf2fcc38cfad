"""Patients: locked in the order of their numbers, with what registration told last of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from recouvra.chassis.database import Connection
from services.liquidation.domain.caseload import Patient


async def lock(connection: Connection, numbers: Collection[str]) -> dict[str, Patient]:
    """Locks these numbers until the transaction ends, in order; one never seen gets a blank row."""
    if not numbers:
        return {}
    ordered = sorted(numbers)
    await connection.execute(
        "insert into patient (insured_number) select n from unnest($1::text[]) n order by n on conflict do nothing",
        ordered,
    )
    rows = await connection.fetch(
        "select insured_number, known_at, told_at, payer_id from patient where insured_number = any($1::text[]) "
        "order by insured_number for no key update",
        ordered,
    )
    return {row["insured_number"]: Patient(**row) for row in rows}


async def save(connection: Connection, changed: Sequence[Patient]) -> None:
    """Writes the patients that changed; they are locked."""
    if not changed:
        return
    await connection.execute(
        "update patient p set known_at = t.known_at, told_at = t.told_at, payer_id = t.payer_id "
        "from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[]) "
        "t(insured_number, known_at, told_at, payer_id) where p.insured_number = t.insured_number",
        [patient.insured_number for patient in changed],
        [patient.known_at for patient in changed],
        [patient.told_at for patient in changed],
        [patient.payer_id for patient in changed],
    )
