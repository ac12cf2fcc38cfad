"""Receipts that come behind all that is known of their pair: its last version goes on, and nothing else is looked at.

So most money comes. What the pair was known to be is said whole by its last version, which stands for all facts up to
its own time: the next is that one and what came since, and the sums move by what came. What is made is to the franc
what `standing._MAKE` makes of the ledgers, which takes several times as long and has to be asked for all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from recouvra.chassis.database import Connection
from services.reporting.projections.sums import DAYS, KEYS, SUMMED, added

Pair = tuple[str, str]
"""payer_id, period."""

Receipt = tuple[str, str, str, str, datetime, int, date]
"""payer_id, period, payer_kind, territory_code, since when it is known, francs, value date."""


async def go_on(connection: Connection, receipts: Iterable[Receipt]) -> set[Pair]:
    """Makes the versions of the pairs of these receipts, and the sums of them, wherever the last version goes on.

    Under the lock of `standing.save`, with receipts that are in the ledger already: all that it has of these pairs
    which no version tells of, nothing else having come of them or of their payers.

    Returns:
        The pairs that do not go on, of which nothing was made: no assessment is known, a receipt is not behind the last
        version, or does not agree with it on what was frozen with the pair.
    """
    columns = list(map(list, zip(*receipts, strict=True)))
    return {(row[0], row[1]) for row in await connection.fetch(_GO_ON, *columns)} if columns else set()


_RECEIVED = ("received_xof", *(f"received_{days}_xof" for days in DAYS))
_CAME = ", ".join(["xof", *(f"case when received_on <= due_on + {days} then xof else 0 end" for days in DAYS)])
_AS_CAME = ", ".join(f"{name}_came" for name in _RECEIVED)
_FROZEN = (
    *("payer_kind", "territory_code", "due_on", "filed_on", "assessed_xof"),
    *("last_kind", "last_territory", "filing_frequency", "is_affiliated"),
)
_VERSION = ("payer_id", "period", *_FROZEN, "known_from", "known_to", "is_assessed", "is_received", *_RECEIVED)
_MOVES = ("pairs_on_time", *_RECEIVED)
_STAYS = [name for name in SUMMED if name not in _MOVES]
_KEYS = ", ".join(KEYS)
_NAMES = ", ".join((*_MOVES, *_STAYS))
_DIFFERENCES = ", ".join(f"sum({name}) as {name}" for name in _MOVES)
_ZEROS = ", ".join("0" for _ in _STAYS)
_IS_SOME = " or ".join(f"sum({name}) <> 0" for name in _MOVES)
_ON_TIME = "(assessed_xof > 0 and received_0_xof + {} >= assessed_xof)::int"

# One pass over the receipts, pair by pair, without a join that a planner might do row against row; and rows that there
# are already are written through their keys. Of receipts known at one time the last has what all of them come to.
_GO_ON = f"""
with told as (
    select told.*, version.*, coalesce(is_assessed and known_from < at
        and kind = payer_kind and territory = territory_code, false) as fits, came.*
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[], $7::date[])
        as told(of_payer, of_period, kind, territory, at, xof, received_on)
    left join lateral (
        select * from standing where (payer_id, period) = (of_payer, of_period) order by known_from desc limit 1
    ) as version on true
    cross join lateral (select {_CAME}) as came({_AS_CAME})
), gone as (
    select *, bool_and(fits) over (partition by of_payer, of_period) as goes_on,
        lag(at) over known as came_before, lead(at) over known as comes_next,
        {", ".join(f"sum({name}_came) over known as {name}_since" for name in _RECEIVED)}
    from told window known as (partition by of_payer, of_period order by at rows unbounded preceding)
), ended as (
    insert into standing ({", ".join(_VERSION)})
    select {", ".join("at" if name == "known_to" else name for name in _VERSION)}
    from gone where goes_on and came_before is null
    on conflict (payer_id, period, known_from) do update set known_to = excluded.known_to
), made as (
    insert into standing ({", ".join(_VERSION)})
    select payer_id, period, {", ".join(_FROZEN)}, at, coalesce(comes_next, 'infinity'), true, true,
        {", ".join(f"{name} + {name}_since" for name in _RECEIVED)}
    from gone where goes_on and at is distinct from comes_next
), of_days as (
    select (at at time zone 'UTC')::date as known_on, {", ".join(f"{sql} as {key}" for key, sql in KEYS.items())},
        sum({_ON_TIME.format("received_0_xof_since")}
            - {_ON_TIME.format("received_0_xof_since - received_0_xof_came")}) as pairs_on_time,
        {", ".join(f"sum({name}_came) as {name}" for name in _RECEIVED)}
    from gone where goes_on group by {", ".join(map(str, range(1, len(KEYS) + 2)))}
), by_now as (
    insert into summed ({_KEYS}, {_NAMES})
    select {_KEYS}, {_DIFFERENCES}, {_ZEROS} from of_days group by {_KEYS} having {_IS_SOME}
    on conflict ({_KEYS}) do update set {added("summed", _MOVES)}
), of_day as (
    insert into summed_of_day (known_on, {_KEYS}, {_NAMES})
    select known_on, {_KEYS}, {", ".join(_MOVES)}, {_ZEROS} from of_days
    where {" or ".join(f"{one} <> 0" for one in _MOVES)}
    on conflict (known_on, {_KEYS}) do update set {added("summed_of_day", _MOVES)}
), of_month as (
    insert into summed_of_month (known_on, {_KEYS}, {_NAMES})
    select date_trunc('month', known_on::timestamp)::date as month, {_KEYS}, {_DIFFERENCES}, {_ZEROS} from of_days
    group by month, {_KEYS} having {_IS_SOME}
    on conflict (known_on, {_KEYS}) do update set {added("summed_of_month", _MOVES)}
), of_payer as (
    insert into summed_of_payer (payer_id, payer_kind, territory_code, known_from, pairs, assessed_xof, received_xof)
    select payer_id, payer_kind, territory_code, min(at), 0, 0, sum(xof)
    from gone where goes_on group by payer_id, payer_kind, territory_code
    on conflict (payer_id, payer_kind, territory_code) do update set {added("summed_of_payer", ("received_xof",))}
)
select of_payer, of_period from gone where not goes_on
"""  # noqa: S608 - constants of ours
