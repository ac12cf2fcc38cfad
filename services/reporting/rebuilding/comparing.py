"""The new read models beside those that serve: the same rows, with the same content, as of one instant?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recouvra.chassis.database import Connection
from services.reporting.projections.kept import KEPT
from services.reporting.projections.ledger import Ledger
from services.reporting.rebuilding.beside import BESIDE

_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """How a ledger that serves differs from what the topics say; counts are of facts, by their event id.

    Attributes:
        only_before: rows too many where it serves: unknown to the topics, or doubled.
        only_now: rows that it lacks.
        changed: rows with another content.
        examples: some of those event ids, in order.
    """

    ledger: str
    only_before: int
    only_now: int
    changed: int
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found, as of the least instant up to which both are complete; None: one of both is not yet at all."""

    as_of: datetime | None
    differences: Sequence[Difference]


async def compare(connection: Connection, serving: str, awaited: Sequence[str]) -> Comparison:
    """Compares every ledger, in one snapshot, row ids apart. Memory stays flat, tables are read once each.

    Rows are hashed and summed by the beginning of their event id's hash; only where sums differ are rows looked at.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        as_of = await connection.fetchval(_AS_OF.format(serving=serving, beside=BESIDE), awaited)
        if as_of is None:
            return Comparison(None, ())
        found = [await _difference(connection, serving, ledger, as_of) for ledger in KEPT]
    return Comparison(as_of, [one for one in found if one is not None])


async def _difference(connection: Connection, serving: str, ledger: Ledger, as_of: datetime) -> Difference | None:
    row = ", ".join(("event_id", "known_at", *ledger.columns))
    names = {"serving": serving, "beside": BESIDE, "table": ledger.table, "row": row}
    buckets = [one["bucket"] for one in await connection.fetch(_BUCKETS.format(**names), as_of)]
    if not buckets:
        return None
    counts = await connection.fetchrow(_ROWS.format(**names), as_of, buckets, _EXAMPLES)
    assert counts is not None  # an aggregate always answers
    return Difference(ledger.table, counts["only_before"], counts["only_now"], counts["changed"], counts["examples"])


_AS_OF = """
select case when count(*) = 2 * cardinality($1::text[]) then min(up_to) end
from (select * from {serving}.complete union all select * from {beside}.complete) as each
where service = any($1::text[])
"""

_BUCKETS = """
with hashed as (
    select hashtext(event_id) & 4095 as bucket, hash_record_extended(row({row}), 0) as hash, 1 as side
    from {serving}.{table} where known_at <= $1
    union all
    select hashtext(event_id) & 4095, hash_record_extended(row({row}), 0), -1 from {beside}.{table} where known_at <= $1
)
select bucket from hashed group by bucket having sum(side) <> 0 or sum(hash::numeric * side) <> 0 order by bucket
"""

_ROWS = """
with hashed as (
    select event_id, hash_record_extended(row({row}), 0) as hash, 1 as side
    from {serving}.{table} where known_at <= $1 and hashtext(event_id) & 4095 = any($2::int[])
    union all
    select event_id, hash_record_extended(row({row}), 0), -1
    from {beside}.{table} where known_at <= $1 and hashtext(event_id) & 4095 = any($2::int[])
), content as (
    select event_id, sum(side) as surplus from hashed group by event_id, hash having sum(side) <> 0
), fact as (
    select event_id, bool_or(surplus > 0) as before, bool_or(surplus < 0) as now from content group by event_id
)
select count(*) filter (where before and not now) as only_before,
    count(*) filter (where now and not before) as only_now,
    count(*) filter (where before and now) as changed,
    coalesce((array_agg(event_id order by event_id))[:$3], '{{}}') as examples
from fact
"""
