"""What was known of each (payer, period), from one knowledge time up to another: the rows of `standing`.

They are made of the ledgers alone, and made again from the least knowledge time on that a batch touches: facts may come
in any order, and repeating it changes nothing. Facts known at one time make one version.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.reading import Received
from services.reporting.projections.sums import DAYS, FOLLOW, OTHERS

# An advisory lock. Two workers may read an assessment and a receipt of one pair at once: the later one must see the
# facts of the other. One lock for all pairs, since what is summed above them is touched by nearly every batch.
_ONE_AT_A_TIME = 7_300_000_005

_BY_DAYS = "".join(
    f", case when count(due_on) over known > 0 then "
    f"coalesce(sum(received_xof) filter (where received_on <= falls_on + {days}) over known, 0) else 0 end"
    for days in DAYS
)

COLUMNS = (
    *("payer_id", "period", "payer_kind", "territory_code", "due_on", "filed_on", "known_from", "known_to"),
    *("is_assessed", "is_received", "assessed_xof", "received_xof", *(f"received_{days}_xof" for days in DAYS)),
)
_ALL = ", ".join(COLUMNS)


async def save(connection: Connection, facts: Iterable[Received]) -> None:
    """Makes the versions, and the sums of them, of the pairs of these facts: any, in any order, in the ledgers already.

    Called in the transaction that appends them. It sees what other workers committed before it (READ COMMITTED), and
    those that come later see what it leaves.
    """
    touched: dict[tuple[str, str], datetime] = {}
    for fact in facts:
        if isinstance(fact.event, ContributionAssessed | ContributionReceived):
            pair, at = (fact.event.payer_id, fact.event.period), fact.envelope.time
            touched[pair] = min(at, touched.get(pair, at))
    await connection.execute("select pg_advisory_xact_lock($1)", _ONE_AT_A_TIME)
    for payer_id, period, at in await connection.fetch(_STRAYS):
        touched[payer_id, period] = min(at, touched.get((payer_id, period), at))
    if touched:
        pairs = sorted(touched)
        payer_ids, periods = map(list, zip(*pairs, strict=True))
        rows = await connection.fetch(_MAKE, payer_ids, periods, [touched[pair] for pair in pairs])
        if rows:
            await connection.execute(OTHERS, [row["payer_id"] for row in rows])


# What a worker of the version before appended, which knows nothing of versions; a part of it, where it is much.
_STRAYS = """
with assessed as (
    update assessed set in_standing = true
    where id in (select id from assessed where not in_standing limit 10000) returning payer_id, period, known_at
), received as (
    update received set in_standing = true
    where id in (select id from received where not in_standing limit 10000) returning payer_id, period, known_at
)
select * from assessed union all select * from received
"""

# A pair keeps its kind, its territory and its due day (DEF-033): those of its first facts. The version before the first
# that is touched is written too, since it holds no longer than up to that one.
_MAKE = f"""
with pair as (
    select * from unnest($1::text[], $2::text[], $3::timestamptz[]) as t(payer_id, period, touched_at)
), fact as (
    select payer_id, period, touched_at, known_at, payer_kind, territory_code, due_on, filed_on, assessed_xof,
        null::bigint as received_xof, null::date as received_on
    from pair join assessed using (payer_id, period)
    union all
    select payer_id, period, touched_at, known_at, payer_kind, territory_code, null, null, null, received_xof,
        received_on
    from pair join received using (payer_id, period)
), due as (
    select *, first_value(due_on) over (
        partition by payer_id, period order by due_on is null, known_at, due_on
    ) as falls_on from fact
), version (touched_at, {_ALL}) as (
    select distinct on (payer_id, period, known_at)
        touched_at, payer_id, period, min(payer_kind) over known, min(territory_code) over known,
        case when count(due_on) over known > 0 then falls_on end, min(filed_on) over known, known_at,
        coalesce(first_value(known_at) over (known groups between 1 following and 1 following), 'infinity'),
        count(assessed_xof) over known > 0, count(received_xof) over known > 0,
        coalesce(sum(assessed_xof) over known, 0), coalesce(sum(received_xof) over known, 0){_BY_DAYS}
    from due
    window known as (partition by payer_id, period order by known_at)
    order by payer_id, period, known_at
), made as (
    insert into standing as was ({_ALL})
    select {_ALL} from version where known_to >= touched_at
    on conflict (payer_id, period, known_from) do update set ({_ALL}) = row(excluded.*)
    where was.* is distinct from excluded.*
    returning old as before, new as after
), {FOLLOW}"""  # noqa: S608 - constants of ours
