"""Care forms: what was read under each serial, those that wait for a person, and what was told of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any

from recouvra.chassis.database import Connection
from services.liquidation.domain.caseload import Changes, Liquidated, ReadForm, Readings
from services.liquidation.domain.form import Form, FormKey

_SERIAL_LOCKS = 36  # any constant of ours: the first number of the advisory locks on serials


async def lock_serials(connection: Connection, contents: Mapping[str, Collection[bytes]]) -> dict[str, Readings]:
    """Locks these serials until the transaction ends, in one order, and tells what was read under each.

    The lock is advisory: a serial that was never read has no row to lock. Two that share a lock only wait for each
    other. Of what was read, the contents that the batch brings are looked for, however many there are.
    """
    if not contents:
        return {}
    await connection.execute(
        "select pg_advisory_xact_lock($1, n) from unnest($2::int[]) n",
        _SERIAL_LOCKS,
        sorted({int.from_bytes(blake2b(serial.encode(), digest_size=4).digest(), signed=True) for serial in contents}),
    )
    readings = {serial: Readings() for serial in contents}
    for row in await connection.fetch(
        "select form_serial, (select max(reading_no) from form where form.form_serial = s.form_serial) as count "
        "from unnest($1::text[]) s(form_serial)",
        list(contents),
    ):
        readings[row["form_serial"]].count = row["count"] or 0
    brought = [(serial, content) for serial, brought in contents.items() for content in brought]
    for row in await connection.fetch(
        "select form_serial, content from form join unnest($1::text[], $2::bytea[]) t(form_serial, content) "
        "using (form_serial, content)",
        [serial for serial, _ in brought],
        [content for _, content in brought],
    ):
        readings[row["form_serial"]].contents.add(row["content"])
    return readings


async def waiting(connection: Connection, numbers: Collection[str]) -> list[Form]:
    """The forms that wait for these persons, of each in the order of reading; their numbers must be locked."""
    if not numbers:
        return []
    rows = await connection.fetch(
        "select form_serial, reading_no, insured_number, provider_id, provider_kind, care_kind, care_on, submitted_on, "
        "claimed_xof, standing_xof, cardinality(line_nos) as line_count, standing_count from form "
        "where outcome is null and insured_number = any($1::text[]) order by insured_number, came",
        list(numbers),
    )
    return [Form(**row) for row in rows]


async def save(connection: Connection, changes: Changes) -> None:
    """Adds the forms that are new, in the order of reading, with what was told of them; then what those waited for."""
    new = {read.form.key for read in changes.forms}
    await _add(connection, changes)
    await _end_wait(connection, {key: told for key, told in changes.liquidated.items() if key not in new})


async def _add(connection: Connection, changes: Changes) -> None:
    """By COPY, which gives `came` in the order of the rows; the numbers and serials are locked."""
    if not changes.forms:
        return
    rows = [_submitted(read) | _told(changes.liquidated.get(read.form.key)) for read in changes.forms]
    await connection.copy_records_to_table("form", columns=list(rows[0]), records=[list(row.values()) for row in rows])


def _submitted(read: ReadForm) -> dict[str, Any]:
    """The columns of a form as it was read."""
    form, event, envelope = read.form, read.event, read.received.envelope
    return {
        "form_serial": form.form_serial,
        "reading_no": form.reading_no,
        "content": read.received.content,
        "source": envelope.source,
        "event_id": envelope.event_id,
        "read_at": read.known_at,
        "insured_number": form.insured_number,
        "provider_id": form.provider_id,
        "provider_kind": form.provider_kind,
        "prescriber_code": event.prescriber_code,
        "care_kind": form.care_kind,
        "care_on": form.care_on,
        "submitted_on": form.submitted_on,
        "authorisation": event.authorisation,
        "line_nos": [line.line_no for line in event.lines],
        "act_codes": [line.act_code for line in event.lines],
        "quantities": [line.quantity for line in event.lines],
        "unit_prices_xof": [line.unit_price_xof for line in event.lines],
        "claimed_xof": form.claimed_xof,
        "standing_xof": form.standing_xof,
        "standing_count": form.standing_count,
    }


def _told(liquidated: Liquidated | None) -> dict[str, Any]:
    """The columns of what was told of a form; empty ones while it waits."""
    return {
        "liquidated_at": liquidated and liquidated.known_at,
        "payer_id": liquidated and liquidated.fact.payer_id,
        "accepted_xof": liquidated and liquidated.fact.accepted_xof,
        "fund_share_xof": liquidated and liquidated.fact.fund_share_xof,
        "co_payment_xof": liquidated and liquidated.fact.co_payment_xof,
        "outcome": liquidated and liquidated.fact.outcome,
        "reasons": liquidated and list(liquidated.fact.reasons),
    }


async def _end_wait(connection: Connection, liquidated: Mapping[FormKey, Liquidated]) -> None:
    if not liquidated:
        return
    keys = sorted(liquidated)
    told = [liquidated[key] for key in keys]
    await connection.execute(
        """
        update form f set liquidated_at = t.liquidated_at, payer_id = t.payer_id, accepted_xof = t.accepted_xof,
            fund_share_xof = t.fund_share_xof, co_payment_xof = t.co_payment_xof, outcome = t.outcome,
            reasons = string_to_array(t.reasons, ' ')
        from unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                    $8::text[], $9::text[])
            t(form_serial, reading_no, liquidated_at, payer_id, accepted_xof, fund_share_xof, co_payment_xof, outcome,
              reasons)
        where f.form_serial = t.form_serial and f.reading_no = t.reading_no
        """,
        [serial for serial, _ in keys],
        [reading_no for _, reading_no in keys],
        [one.known_at for one in told],
        [one.fact.payer_id for one in told],
        [one.fact.accepted_xof for one in told],
        [one.fact.fund_share_xof for one in told],
        [one.fact.co_payment_xof for one in told],
        [one.fact.outcome for one in told],
        [" ".join(one.fact.reasons) for one in told],
    )
