"""What an operator works through, page by page: what waits, money in suspense, declarations that double one another.

Each reads one row more than its limit, so that its door knows whether there is a page after. Callers open the snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recouvra.chassis.database import Connection


async def waiting(
    connection: Connection, kind: str | None, payer_id: str | None, after: Sequence[Any] | None, limit: int
) -> list[dict[str, Any]]:
    """Pending and incomplete declarations and early reversals, those that wait longest first.

    Args:
        kind: `pending`, `incomplete`, `reversal`, or None for all.
        payer_id: of this payer only (a reversal's payer as sent).
        after: (since, kind, whose, id) of the last row that was given.
    """
    since, *keys = after or (None, None, None, None)
    rows = await connection.fetch(
        """
        with waiting as (
            select state as kind, payer_id as whose, declaration_id as id, waits_since as since
            from declaration where state in ('incomplete', 'pending')
            union all
            select 'reversal', source, payment_id, waits_since from waiting_reversal
        ), page as (
            select w.* from waiting w left join payment r
                on w.kind = 'reversal' and r.source = w.whose and r.payment_id = w.id
            where ($1::text is null or kind = $1)
                and ($2::text is null or $2 = case kind when 'reversal' then r.payer_id else whose end)
                and ($3::timestamptz is null or (since, kind collate "C", whose, id) > ($3, $4, $5, $6))
            order by since, kind collate "C", whose, id limit $7 + 1
        )
        select w.kind, w.since, w.whose, w.id, d.period, d.parts_announced, d.replaces,
            coalesce((select array_agg(part order by part) from part p where p.payer_id = d.payer_id
                and p.declaration_id = d.declaration_id and p.period = d.period), '{}') as parts_read,
            r.payer_id, r.record_key, r.amount_xof, r.paid_on, r.channel, r.reverses
        from page w
            left join declaration d on w.kind <> 'reversal' and d.payer_id = w.whose and d.declaration_id = w.id
            left join payment r on w.kind = 'reversal' and r.source = w.whose and r.payment_id = w.id
        order by since, kind collate "C", whose, id
        """,
        kind,
        payer_id,
        since,
        *keys,
        limit,
    )
    return [dict(row) for row in rows]


async def waiting_counts(connection: Connection) -> dict[str, int]:
    """How many of each kind wait, whatever page or filter is asked for."""
    row = await connection.fetchrow(
        """
        select (select count(*) from declaration where state = 'incomplete') as incomplete_count,
            (select count(*) from declaration where state = 'pending') as pending_count,
            (select count(*) from waiting_reversal) as reversal_count
        """
    )
    return dict(row or {})


async def suspense(connection: Connection, after: Sequence[Any] | None, limit: int) -> list[dict[str, Any]]:
    """Payments in suspense, by value date; `after` is (paid_on, payment_id, source) of the last row that was given."""
    rows = await connection.fetch(
        """
        select p.source, p.payment_id, p.payer_id, p.record_key, h.held_xof, p.paid_on, p.channel, p.period
        from hold h join payment p using (source, payment_id)
        where h.held_as = 'suspense' and ($1::date is null or (p.paid_on, p.payment_id, p.source) > ($1, $2, $3))
        order by p.paid_on, p.payment_id, p.source limit $4 + 1
        """,
        *(after or (None, None, None)),
        limit,
    )
    return [dict(row) for row in rows]


async def suspense_sums(connection: Connection) -> dict[str, int]:
    """How many payments are in suspense, and their francs, over all pages."""
    row = await connection.fetchrow(
        "select count(*), coalesce(sum(held_xof), 0)::bigint as suspense_xof from hold where held_as = 'suspense'"
    )
    return dict(row or {})


async def double_declarations(
    connection: Connection, payer_id: str | None, after: Sequence[Any] | None, limit: int
) -> list[dict[str, Any]]:
    """Pairs of declarations, both still in force, that name the same workers.

    `after` is (payer_id, period, declaration_id, doubled_by) of the last row that was given.
    """
    rows = await connection.fetch(
        """
        select b.payer_id, b.period, b.declaration_id, b.doubled_by,
            one.lines_accepted, (one.insured_share_xof + one.payer_share_xof)::bigint as assessed_xof,
            two.lines_accepted as doubled_by_lines_accepted,
            (two.insured_share_xof + two.payer_share_xof)::bigint as doubled_by_assessed_xof
        from doubled b
            join declaration one on one.payer_id = b.payer_id and one.declaration_id = b.declaration_id
            join declaration two on two.payer_id = b.payer_id and two.declaration_id = b.doubled_by
        where one.replaced_by is null and two.replaced_by is null and ($1::text is null or b.payer_id = $1)
            and ($2::text is null or (b.payer_id, b.period, b.declaration_id, b.doubled_by) > ($2, $3, $4, $5))
        order by b.payer_id, b.period, b.declaration_id, b.doubled_by limit $6 + 1
        """,
        payer_id,
        *(after or (None, None, None, None)),
        limit,
    )
    return [dict(row) for row in rows]
