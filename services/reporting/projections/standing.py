"""What was known of each (payer, period), from one knowledge time up to another: the rows of `standing`.

They are made of the ledgers alone, and made again from the least knowledge time on that a batch touches: facts may come
in any order, and repeating it changes nothing. They go on from the version that held just before, which stands for all
facts up to its own time, so that what a batch costs does not grow with the history. Facts known at one time make one
version. What was last known of a pair's payer stands in it too: another of its affiliations touches all of its pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.reading import Received
from services.reporting.projections import amounts
from services.reporting.projections.going_on import Receipt, go_on
from services.reporting.projections.sums import DAYS, FOLLOW, MOVED, OTHERS

# An advisory lock. Two workers may read an assessment and a receipt of one pair at once: the later one must see the
# facts of the other. One lock for all pairs, since what is summed above them is touched by nearly every batch.
_ONE_AT_A_TIME = 7_300_000_005

# Whoever makes versions looks at few pairs of many. A plan that is kept since its tables were small, or not yet
# counted, would read them whole, with each batch.
_ALONE = "select pg_advisory_xact_lock($1), set_config('enable_seqscan', 'off', true)"

_BY_DAYS = "".join(
    f", case when count(due_on) over known > 0 then "
    f"coalesce(sum(coalesce(received_{days}_xof, case when received_on <= falls_on + {days} then received_xof end)) "
    "over known, 0) else 0 end"
    for days in DAYS
)
_DAYS = ", ".join(f"received_{days}_xof" for days in DAYS)
_NONE = ", ".join("null::numeric" for _ in DAYS)

OWN = (
    *("payer_id", "period", "payer_kind", "territory_code", "due_on", "filed_on", "known_from", "known_to"),
    *("is_assessed", "is_received", "assessed_xof", "received_xof", *(f"received_{days}_xof" for days in DAYS)),
)
COLUMNS = (*OWN, "last_kind", "last_territory", "filing_frequency", "is_affiliated")  # the last, of its payer
_ALL = ", ".join(COLUMNS)
_SAYS = ", ".join(f"{{0}}.{column}" for column in COLUMNS if column != "known_to")
_ENDS = {"known_from": "greatest(known_from, since)", "known_to": "least(known_to, until)"}
_SPLIT = ", ".join(_ENDS.get(column, column) for column in OWN)


async def save(connection: Connection, facts: Iterable[Received]) -> None:
    """Makes the versions, and the sums of them, of the pairs of these facts: any, in any order, in the ledgers already.

    Called in the transaction that appends them. It sees what other workers committed before it (READ COMMITTED), and
    those that come later see what it leaves.
    """
    touched: dict[tuple[str, str | None], datetime] = {}

    def touch(payer_id: str, period: str | None, at: datetime) -> None:
        touched[payer_id, period] = min(at, touched.get((payer_id, period), at))

    facts = list(facts)
    receipts: list[Receipt] = []
    for fact in facts:
        event, at = fact.event, fact.envelope.time
        if isinstance(event, ContributionReceived):
            frozen = event.payer_kind, event.territory_code
            receipts.append((event.payer_id, event.period, *frozen, at, event.received_xof, event.received_on))
        elif isinstance(event, ContributionAssessed):
            touch(event.payer_id, event.period, at)
        elif isinstance(event, PayerAffiliated):
            touch(event.payer_id, None, at)
    await connection.execute(_ALONE, _ONE_AT_A_TIME)
    told = amounts.of(facts)
    for payer_id, period, at, *amount in await connection.fetch(_STRAYS):
        touch(payer_id, period, at)
        if period is not None:
            what, kind, territory, xof = amount
            told.append((what, at, kind, territory, period, xof))
    await amounts.add(connection, told)
    alone = [one for one in receipts if (one[0], one[1]) not in touched and (one[0], None) not in touched]
    behind = await go_on(connection, alone)
    gone_on = {(one[0], one[1]) for one in alone} - behind
    for payer_id, period, _, _, at, _, _ in receipts:
        if (payer_id, period) not in gone_on:
            touch(payer_id, period, at)
    if touched:
        payer_ids, periods = map(list, zip(*touched, strict=True))
        rows = await connection.fetch(_MAKE, payer_ids, periods, list(touched.values()))
        if rows:
            await connection.execute(OTHERS, [row["payer_id"] for row in rows])


async def tell_strays(connection: Connection) -> None:
    """Makes the versions of the facts that a worker of the version before appended, some at a time, until all are told.

    Once at the start of a worker: no report is answered while one of them waits, and the next record may be long in
    coming. What is appended later is told with the next batch.
    """
    while await connection.fetchval(HAS_STRAYS):
        async with connection.transaction():
            await save(connection, ())


_LEDGERS = ("assessed", "received", "affiliation")
_A_STRAY = "(select id from {} where not in_standing order by id limit 1)"
HAS_STRAYS = f"select coalesce({', '.join(map(_A_STRAY.format, _LEDGERS))}) is not null"
"""Whether there are facts that no version tells of.

Each is asked for in its order: of those that merely exist a planner that has not counted yet believes that half of all
are such, and looks for one from the table's beginning to its end.
"""

# What a worker of the version before appended, which knows nothing of versions; a part of it, where it is much.
_STRAY = """{ledger} as (
    update {ledger} set in_standing = true
    where ctid = any(array(select ctid from {ledger} where not in_standing order by id limit 10000))
    returning payer_id, {amount}
)"""
_AMOUNTS = {
    ledger: f"period, known_at, {what} as what, payer_kind, territory_code, {ledger}_xof as xof"
    for ledger, what in amounts.WHAT.items()
}
_AMOUNTS["affiliation"] = "null as period, known_at, null as what, null as kind, null as territory, null::bigint as xof"
_STRAYS = (
    f"with {', '.join(_STRAY.format(ledger=ledger, amount=_AMOUNTS[ledger]) for ledger in _LEDGERS)} "
    f"{' union all '.join(f'table {ledger}' for ledger in _LEDGERS)}"
)

# A pair keeps its kind, its territory and its due day (DEF-033): those of its first facts. The version before the first
# that is touched is written too, since it holds no longer than up to that one. Facts never go, so that no version does.
# It stands for the facts that it tells, but where receipts have no due day yet: only they say what came by when.
# `offset 0`: pair by pair through the indexes, however few rows a planner remembers.
_MAKE = f"""
with touched as (
    select * from unnest($1::text[], $2::text[], $3::timestamptz[]) as t(payer_id, period, at)
), pair as (
    select payer_id, period, min(at) as touched_at from (
        select * from touched where period is not null
        union all
        select payer_id, standing.period, at from touched join standing using (payer_id) where touched.period is null
    ) as each group by payer_id, period
), going_on as (
    select pair.*, coalesce(known_from, '-infinity') as told_to, payer_kind, territory_code, due_on, filed_on,
        case when is_assessed then assessed_xof end as assessed_xof,
        case when is_received then received_xof end as received_xof, {_DAYS}
    from pair left join lateral (
        select * from standing where (payer_id, period) = (pair.payer_id, pair.period) and known_from < touched_at
        order by known_from desc limit 1
    ) as told on is_assessed or not is_received
), payer as (
    select payer_id, payer_kind as last_kind, territory_code as last_territory, filing_frequency,
        to_char(affiliated_on, 'YYYY-MM') collate "C" as affiliated_in,
        coalesce(to_char(closed_on, 'YYYY-MM'), '9999-12') collate "C" as closed_in,
        known_at as since, lead(known_at, 1, 'infinity') over (partition by payer_id order by known_at, id) as until
    from affiliation where payer_id = any($1)
), fact as (
    select payer_id, period, touched_at, told_to as known_at, payer_kind, territory_code, due_on, filed_on,
        assessed_xof, received_xof, null::date as received_on, {_DAYS}
    from going_on where told_to > '-infinity'
    union all
    select payer_id, period, touched_at, new.*
    from going_on cross join lateral (
        select known_at, payer_kind, territory_code, due_on, filed_on, assessed_xof, null::bigint, null::date, {_NONE}
        from assessed where (payer_id, period) = (going_on.payer_id, going_on.period) and known_at > told_to
        union all
        select known_at, payer_kind, territory_code, null, null, null, received_xof, received_on, {_NONE}
        from received where (payer_id, period) = (going_on.payer_id, going_on.period) and known_at > told_to
        offset 0
    ) as new
), due as (
    select *, first_value(due_on) over (
        partition by payer_id, period order by due_on is null, known_at, due_on
    ) as falls_on from fact
), known (touched_at, {", ".join(OWN)}) as (
    select distinct on (payer_id, period, known_at)
        touched_at, payer_id, period, min(payer_kind) over known, min(territory_code) over known,
        case when count(due_on) over known > 0 then falls_on end, min(filed_on) over known, known_at,
        coalesce(first_value(known_at) over (known groups between 1 following and 1 following), 'infinity'),
        count(assessed_xof) over known > 0, count(received_xof) over known > 0,
        coalesce(sum(assessed_xof) over known, 0), coalesce(sum(received_xof) over known, 0){_BY_DAYS}
    from due
    window known as (partition by payer_id, period order by known_at)
    order by payer_id, period, known_at
), version (touched_at, {_ALL}) as (
    select touched_at, {_SPLIT}, last_kind, last_territory, filing_frequency,
        coalesce(period between affiliated_in and closed_in, false)
    from known left join (
        select * from payer
        union all
        select payer_id, null, null, null, null, null, '-infinity', min(since) from payer group by payer_id
    ) as payer using (payer_id)
    where since is null or (since < known_to and until > known_from and since < until)
), made as (
    insert into standing as was ({_ALL})
    select {_ALL} from version where known_to >= touched_at
    on conflict (payer_id, period, known_from) do update set ({_ALL}) = row(excluded.*)
    where was.* is distinct from excluded.*
    returning new.*, old as before, ({_SAYS.format("old")}) is not distinct from ({_SAYS.format("new")}) as ends
), {MOVED}, {FOLLOW}"""  # noqa: S608 - constants of ours
