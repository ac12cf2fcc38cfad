"""The new read models beside those that serve: the same rows, with the same content, as of one instant?

One of both may have read facts beyond it that the other has not read yet: of what is derived from facts it is compared
what that tells as of then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recouvra.chassis.database import Connection
from services.reporting.projections.kept import KEPT
from services.reporting.projections.standing import COLUMNS
from services.reporting.projections.sums import KEYS, OF_PAYERS, SINCE, SUMMED
from services.reporting.rebuilding.beside import BESIDE
from services.reporting.reports.known import SUMMED_BY, known_payers, known_sums

_EXAMPLES = 10
_SOME = " or ".join(f"{name} <> 0" for name in SUMMED)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a table that serves differs from what the topics say.

    Attributes:
        ledger: the table; counts are of facts, by event id, or of pairs or groups where it is derived from facts.
        only_before: rows too many where it serves: unknown to the topics, or doubled.
        only_now: rows that it lacks.
        changed: rows with another content.
        examples: some of those event ids, pairs or groups, in order.
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


@dataclass(frozen=True, slots=True)
class _Table:
    """A table: what names a row of it, what that row says, and which rows were known at $1, all as SQL."""

    name: str
    row_id: str
    row: Sequence[str]
    known: str


_TABLES = (
    *(_Table(one.table, "event_id", ("event_id", "known_at", *one.columns), "known_at <= $1") for one in KEPT),
    _Table(
        "standing",
        "payer_id || ' ' || period",
        [f"case when {name} <= $1 then {name} end" if name == "known_to" else name for name in COLUMNS],
        "known_from <= $1",
    ),
    _Table("summed_of_payer", "payer_id", ("payer_kind", "territory_code", "known_from"), "known_from <= $1"),
    _Table(
        "known_in_year",
        "payer_id || ' ' || year",
        [f"case when {name} <= $1 then {name} end" for name in SINCE],
        f"least({', '.join(SINCE)}) <= $1",
    ),
    _Table(
        "amount_of_day",
        "concat_ws(' ', what, known_on, payer_kind, region, period)",
        ("what", "known_on", "payer_kind", "region", "period", "xof"),
        "known_on < ($1::timestamptz at time zone 'UTC')::date and xof <> 0",
    ),
    *(  # of the days and months that were over
        _Table(
            f"summed_of_{unit}",
            f"concat_ws(' ', known_on, {', '.join(KEYS)})",
            ("known_on", *KEYS, *SUMMED),
            f"known_on < date_trunc('{unit}', $1::timestamptz at time zone 'UTC') and ({_SOME})",
        )
        for unit in ("day", "month")
    ),
)
_KNOWN = {
    "summed": (SUMMED_BY, tuple(SUMMED), known_sums("$1")),
    "summed_of_payer": (("payer_id", "payer_kind", "territory_code"), OF_PAYERS, known_payers("$1")),
}


async def compare(connection: Connection, serving: str, awaited: Sequence[str]) -> Comparison:
    """Compares every table, in one snapshot, row ids apart; tables are read once each.

    Rows are hashed and summed by the beginning of their id's hash; only where sums differ are rows looked at. What is
    known by now, a row or so a payer, is held in memory.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        as_of = await connection.fetchval(_AS_OF.format(serving=serving, beside=BESIDE), awaited)
        if as_of is None:
            return Comparison(None, ())
        found = [await _difference(connection, serving, table, as_of) for table in _TABLES]
        found += [await _of_sums(connection, serving, name, as_of) for name in _KNOWN]
    return Comparison(as_of, [one for one in found if one is not None])


async def _difference(connection: Connection, serving: str, table: _Table, as_of: datetime) -> Difference | None:
    names = {"serving": serving, "beside": BESIDE, "table": table.name, "id": table.row_id, "known": table.known}
    names["row"] = ", ".join(table.row)
    buckets = [one["bucket"] for one in await connection.fetch(_BUCKETS.format(**names), as_of)]
    if not buckets:
        return None
    counts = await connection.fetchrow(_ROWS.format(**names), as_of, buckets, _EXAMPLES)
    assert counts is not None  # an aggregate always answers
    return Difference(table.name, counts["only_before"], counts["only_now"], counts["changed"], counts["examples"])


async def _of_sums(connection: Connection, serving: str, name: str, as_of: datetime) -> Difference | None:
    before, now = [await _sums(connection, schema, name, as_of) for schema in (serving, BESIDE)]
    changed = sorted(key for key in before.keys() & now.keys() if before[key] != now[key])
    differing = sorted([*(before.keys() ^ now.keys()), *changed])
    if not differing:
        return None
    only_before, only_now = len(before.keys() - now.keys()), len(now.keys() - before.keys())
    return Difference(name, only_before, only_now, len(changed), differing[:_EXAMPLES])


async def _sums(connection: Connection, schema: str, name: str, as_of: datetime) -> Mapping[str, tuple[Any, ...]]:
    """By their keys the sums as of then that are not all zero, read as reports read them."""
    keys, names, known = _KNOWN[name]
    await connection.execute(f"set local search_path = {schema}")
    sums = ", ".join(f"sum({one})" for one in names)
    rows = await connection.fetch(
        f"select concat_ws(' ', {', '.join(keys)}), {sums} from {known} group by {', '.join(keys)}",  # noqa: S608 - constants
        as_of,
    )
    return {key: tuple(said) for key, *said in rows if any(said)}


_AS_OF = """
select case when count(*) = 2 * cardinality($1::text[]) then min(up_to) end
from (select * from {serving}.complete union all select * from {beside}.complete) as each
where service = any($1::text[])
"""

_BUCKETS = """
with hashed as (
    select hashtext({id}) & 4095 as bucket, hash_record_extended(row({row}), 0) as hash, 1 as side
    from {serving}.{table} where {known}
    union all
    select hashtext({id}) & 4095, hash_record_extended(row({row}), 0), -1 from {beside}.{table} where {known}
)
select bucket from hashed group by bucket having sum(side) <> 0 or sum(hash::numeric * side) <> 0 order by bucket
"""

_ROWS = """
with hashed as (
    select {id} as id, hash_record_extended(row({row}), 0) as hash, 1 as side
    from {serving}.{table} where {known} and hashtext({id}) & 4095 = any($2::int[])
    union all
    select {id}, hash_record_extended(row({row}), 0), -1
    from {beside}.{table} where {known} and hashtext({id}) & 4095 = any($2::int[])
), content as (
    select id, sum(side) as surplus from hashed group by id, hash having sum(side) <> 0
), fact as (
    select id, bool_or(surplus > 0) as before, bool_or(surplus < 0) as now from content group by id
)
select count(*) filter (where before and not now) as only_before,
    count(*) filter (where now and not before) as only_now,
    count(*) filter (where before and now) as changed,
    coalesce((array_agg(id order by id))[:$3], '{{}}') as examples
from fact
"""
