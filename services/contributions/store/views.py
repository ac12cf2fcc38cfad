"""What the HTTP door shows, read from the tables as they stand; callers open the snapshot."""

from __future__ import annotations

import json
from typing import Any

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.contracts.codes import AnomalyCode, anomaly_message


async def declaration(connection: Connection, payer_id: str, declaration_id: str) -> dict[str, Any] | None:
    """A declaration: its state, the parts read, its last answer with every anomaly; None where none was read."""
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
    return {
        "declaration_id": declaration_id,
        "payer_id": payer_id,
        "period": row["period"],
        "state": row["state"],
        "parts": row["parts_announced"],
        "parts_read": parts or [],
        "replaces": row["replaces"],
        "replaced_by": row["replaced_by"],
        "answer": None if row["outcome"] is None else _answer(row),
    }


def _answer(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "outcome": row["outcome"],
        "lines_received": row["lines_received"],
        "lines_accepted": row["lines_accepted"],
        "lines_rejected": row["lines_rejected"],
        "assessed_xof": row["insured_share_xof"] + row["payer_share_xof"],
        "due_on": row["due_on"],
        "anomalies": [
            {
                "line_no": line_no,
                "code": code,
                "field": field,
                "received": received,
                "expected": expected,
                "message": anomaly_message(AnomalyCode(code), received, expected).model_dump(),
            }
            for line_no, code, field, received, expected in json.loads(row["findings"])
        ],
    }


async def account(connection: Connection, key: str) -> dict[str, Any] | None:
    """One payer's dues by period, its payments and where each was placed; None for a key never read."""
    row = await connection.fetchrow("select * from account where key = $1", key)
    if row is None:
        return None
    pairs = await connection.fetch(
        """
        select period, payer_kind, due_on, insured_share_xof + payer_share_xof as due_xof, line_count,
            coalesce((select sum(l.received_xof) from placement l
                      where l.account_key = $1 and l.period = pair.period), 0)::bigint as received_xof
        from pair where payer_id = $1 order by period
        """,
        key,
    )
    payments = await connection.fetch(
        """
        select p.source, p.payment_id, p.amount_xof, p.paid_on, p.channel, p.period, p.reversed_by,
            (select json_agg(json_build_object('period', l.period, 'received_xof', l.received_xof) order by l.period)
             from placement l where l.source = p.source and l.payment_id = p.payment_id) as placed,
            h.held_as, h.held_xof
        from payment p left join hold h using (source, payment_id)
        where p.account_key = $1 and p.reverses is null order by p.paid_on, p.payment_id, p.source
        """,
        key,
    )
    return {
        "payer_id": key,
        "payer_kind": row["payer_kind"],
        "territory_code": row["territory_code"],
        "filing_frequency": row["filing_frequency"],
        "periods": [dict(pair) for pair in pairs],
        "payments": [
            {
                "source": p["source"],
                "payment_id": p["payment_id"],
                "amount_xof": p["amount_xof"],
                "paid_on": p["paid_on"],
                "channel": p["channel"],
                "period": p["period"],
                "reversed_by": p["reversed_by"],
                "placed": json.loads(p["placed"] or "[]"),
                "held_as": p["held_as"],
                "held_xof": p["held_xof"] or 0,
            }
            for p in payments
        ],
        "credit_xof": sum(p["held_xof"] for p in payments if p["held_as"] == "credit"),
    }


async def waiting(connection: Connection, limit: int) -> dict[str, Any]:
    """At most `limit` of each kind, and how many of each there are."""
    declarations = await connection.fetch(
        """
        select d.payer_id, d.declaration_id, d.period, d.parts_announced as parts, d.state,
            (select array_agg(part order by part) from part
             where part.payer_id = d.payer_id and part.declaration_id = d.declaration_id
                 and part.period = d.period) as parts_read
        from declaration d where d.state in ('incomplete', 'pending') order by d.state, d.payer_id, d.declaration_id
        limit $1
        """,
        limit,
    )
    counts = {
        row["state"]: row["n"]
        for row in await connection.fetch(
            "select state, count(*) n from declaration where state in ('incomplete', 'pending') group by state"
        )
    }
    reversals = await connection.fetch(
        "select source, payment_id, reverses from waiting_reversal order by source, payment_id limit $1", limit
    )
    return {
        "declarations": [dict(row) for row in declarations],
        "incomplete_count": counts.get("incomplete", 0),
        "pending_count": counts.get("pending", 0),
        "reversals": [dict(row) for row in reversals],
        "reversal_count": await connection.fetchval("select count(*) from waiting_reversal"),
    }


async def suspense(connection: Connection, limit: int) -> dict[str, Any]:
    """The oldest payments in suspense, at most `limit`, and the count and sum of all."""
    rows = await connection.fetch(
        """
        select p.source, p.payment_id, p.payer_id, p.record_key, h.held_xof, p.paid_on, p.channel
        from hold h join payment p using (source, payment_id) where h.held_as = 'suspense'
        order by p.paid_on, p.payment_id, p.source limit $1
        """,
        limit,
    )
    sums = await connection.fetchrow(
        "select count(*), coalesce(sum(held_xof), 0)::bigint as suspense_xof from hold where held_as = 'suspense'"
    )
    return {"rows": [dict(row) for row in rows], **dict(sums or {})}
