"""What the HTTP door shows of one declaration, account or payment, as the tables stand; callers open the snapshot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import asyncpg

from recouvra.chassis.database import Connection
from services.contributions.domain.declaration import Declaration
from services.contributions.domain.payment import PaymentKey
from services.contributions.store.declarations import declaration_of


@dataclass(frozen=True, slots=True)
class KeptDeclaration:
    """A declaration as it is kept; its findings may be many, so they are read out of the row only when asked for."""

    row: asyncpg.Record
    parts_read: list[int]

    def declaration(self) -> Declaration:
        """The declaration without its parts, its answer with every finding; slow where they are many."""
        return declaration_of(self.row, self.row["findings"])


async def declaration(connection: Connection, payer_id: str, declaration_id: str) -> KeptDeclaration | None:
    """A declaration with its last answer and which of its parts were read; None where none was read."""
    row = await connection.fetchrow(
        "select * from declaration where payer_id = $1 and declaration_id = $2", payer_id, declaration_id
    )
    if row is None:
        return None
    parts = await connection.fetchval(
        "select array_agg(part order by part) from part where payer_id = $1 and declaration_id = $2 and period = $3",
        payer_id,
        declaration_id,
        row["period"],
    )
    return KeptDeclaration(row, parts or [])


async def has_many_findings(pool: asyncpg.Pool, payer_id: str, declaration_id: str) -> bool:
    """Whether an answer's findings take more than 64 KiB where they are kept, compressed: thousands of them."""
    found = await pool.fetchval(
        "select pg_column_size(findings) > 65536 from declaration where payer_id = $1 and declaration_id = $2",
        payer_id,
        declaration_id,
    )
    return bool(found)


@dataclass(frozen=True, slots=True)
class KeptAccount:
    """One payer's terms, its dues by period with the declarations that make them, and its money.

    Under a reference may stand very many payments, so they stay the rows that `payment_of` reads one by one.
    """

    terms: asyncpg.Record
    periods: list[dict[str, Any]]
    payments: list[asyncpg.Record]

    def held_xof(self, held_as: str) -> int:
        """How much of its money is held as `credit` or in `suspense`, in francs."""
        return sum(row["held_xof"] for row in self.payments if row["held_as"] == held_as)


async def account(connection: Connection, key: str) -> KeptAccount | None:
    """One payer's account; None if it was never read."""
    row = await connection.fetchrow(
        "select key as payer_id, payer_kind, territory_code, filing_frequency, known_at from account where key = $1",
        key,
    )
    if row is None:
        return None
    payments = await _payments(connection, "p.account_key = $1 and p.reverses is null", key)
    return KeptAccount(row, await _periods(connection, key), payments)


async def _periods(connection: Connection, payer_id: str) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        """
        with received as (
            select period, sum(received_xof)::bigint as received_xof from placement where account_key = $1
            group by period
        ), declared as (
            select period, json_agg(json_build_object('declaration_id', declaration_id, 'lines_accepted',
                lines_accepted, 'assessed_xof', insured_share_xof + payer_share_xof) order by completed_no) as made_by
            from declaration where payer_id = $1 and state = 'accepted' and replaced_by is null group by period
        )
        select period, payer_kind, territory_code, filing_frequency, due_on, line_count, insured_share_xof,
            payer_share_xof, insured_share_xof + payer_share_xof as due_xof, coalesce(received_xof, 0) as received_xof,
            coalesce(made_by, '[]') as declarations
        from pair left join received using (period) left join declared using (period)
        where payer_id = $1 order by period
        """,
        payer_id,
    )
    return [
        {
            **row,
            "outstanding_xof": row["due_xof"] - row["received_xof"],
            "declarations": json.loads(row["declarations"]),
        }
        for row in rows
    ]


async def payment(connection: Connection, key: PaymentKey) -> dict[str, Any] | None:
    """One payment and where its money stands; None for what is no money."""
    found = await _payments(connection, "p.source = $1 and p.payment_id = $2 and p.reverses is null", *key)
    return payment_of(found[0]) if found else None


async def _payments(connection: Connection, where: str, *values: str) -> list[asyncpg.Record]:
    return await connection.fetch(
        f"""
        select p.source, p.payment_id, p.payer_id, p.record_key, p.amount_xof, p.paid_on, p.channel, p.period,
            p.reversed_by, p.assigned_to, h.held_as, coalesce(h.held_xof, 0) as held_xof,
            (select coalesce(json_agg(json_build_object('period', l.period, 'received_xof', l.received_xof)
                                      order by l.period), '[]')
             from placement l where l.source = p.source and l.payment_id = p.payment_id) as placed
        from payment p left join hold h using (source, payment_id)
        where {where} order by p.paid_on, p.payment_id, p.source
        """,  # noqa: S608 - constants
        *values,
    )


def payment_of(row: asyncpg.Record) -> dict[str, Any]:
    """The payment that a row holds, and where its money stands."""
    return {**row, "placed": json.loads(row["placed"])}
