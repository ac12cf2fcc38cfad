"""One fact more of a pair, known after all others: the version that follows the last, without a look at any fact.

Nearly every fact comes so. What else comes (several of one pair in a batch, known earlier, or at one instant with
others) is left to `standing`, which makes the same of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from recouvra.chassis.database import Connection
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from services.reporting.projections.sums import DAYS, FOLLOW, SAID

Told = tuple[datetime, ContributionAssessed | ContributionReceived]
"""A fact, and since when it is known."""


async def follow(
    connection: Connection, facts: Mapping[tuple[str, str], Told]
) -> tuple[Sequence[str], Sequence[tuple[str, str]]]:
    """Adds one fact to each of these pairs, of whose payers no affiliation comes with it; under the lock of `standing`.

    Returns:
        The payers that have a row more in the sums, and the pairs of which nothing was added: they are left.
    """
    if not facts:
        return [], []
    rows = await connection.fetch(_FOLLOW, *map(list, zip(*map(_row, facts.values()), strict=True)))
    return (
        [row["payer_id"] for row in rows if row["period"] is None],
        [(row["payer_id"], row["period"]) for row in rows if row["period"] is not None],
    )


def _row(told: Told) -> tuple[Any, ...]:
    """As `new` below names its columns."""
    at, event = told
    pair = event.payer_id, event.period, at, event.payer_kind, event.territory_code
    if isinstance(event, ContributionAssessed):
        return *pair, event.due_on, event.filed_on, event.assessed_xof, None, None
    return *pair, None, None, None, event.received_xof, event.received_on


_TOGETHER = ("assessed_xof", "received_xof")
_BY_DAYS = {
    f"received_{days}_xof": f"coalesce(last.received_{days}_xof, 0) + case when new.received_on <= "
    f"coalesce(last.due_on, new.due_on) + {days} then new.received_xof else 0 end"
    for days in DAYS
}
_OF_PAYER = ("last_kind", "last_territory", "filing_frequency")
_NEXT = {
    "payer_id": "new.payer_id",
    "period": "new.period",
    "payer_kind": "least(last.payer_kind, new.payer_kind)",  # one, by DEF-033; else the least, as for `standing`
    "territory_code": "least(last.territory_code, new.territory_code)",
    "due_on": "coalesce(last.due_on, new.due_on)",
    "filed_on": "least(last.filed_on, new.filed_on)",
    "known_from": "at",
    "known_to": "timestamptz 'infinity'",
    "is_assessed": "coalesce(is_assessed, false) or new.due_on is not null",
    "is_received": "coalesce(is_received, false) or new.received_on is not null",
    **{name: f"coalesce(last.{name}, 0) + coalesce(new.{name}, 0)" for name in _TOGETHER},
    **_BY_DAYS,
    **{name: f"coalesce(last.{name}, payer.{name})" for name in _OF_PAYER},
    "is_affiliated": "coalesce(last.is_affiliated, payer.is_affiliated, false)",
}
_NAMES = ", ".join(_NEXT)

# A version may follow one that began earlier, where that tells what came by when of all receipts before: of those
# without a due day yet it does not. A pair's first may where its payer was not told of anew since then.
_FOLLOW = f"""
with new as (
    select * from unnest(
        $1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::date[], $7::date[], $8::bigint[],
        $9::bigint[], $10::date[]
    ) as told (
        payer_id, period, at, payer_kind, territory_code, due_on, filed_on, assessed_xof, received_xof, received_on
    )
), found as (
    select place, last.known_from is null as is_first,
        case when last.known_from is null then coalesce(since <= at, true)
            else last.known_from < at and (new.due_on is null or is_assessed or not is_received) end as may_follow,
        {", ".join(f"{sql} as {name}" for name, sql in _NEXT.items())},
        {", ".join(f"last.{name} as was_{name}" for name in SAID)}
    from new left join lateral (
        select ctid as place, * from standing where (payer_id, period) = (new.payer_id, new.period)
        order by known_from desc limit 1
    ) as last on true left join lateral (
        select payer_kind as last_kind, territory_code as last_territory, filing_frequency, known_at as since,
            new.period between (to_char(affiliated_on, 'YYYY-MM') collate "C")
                and (coalesce(to_char(closed_on, 'YYYY-MM'), '9999-12') collate "C") as is_affiliated
        from affiliation where last.known_from is null and payer_id = new.payer_id
        order by known_at desc, id desc limit 1
    ) as payer on true
), next as (
    select * from found where may_follow
), ended as (
    update standing set known_to = next.known_from from next where standing.ctid = place
), made as (
    insert into standing ({_NAMES}) select {_NAMES} from next
), moved as (
    select 1 as sign, known_from as at, {", ".join(SAID)} from next
    union all
    select -1, known_from, {", ".join(f"was_{name}" for name in SAID)} from next where not is_first
), first as (
    select payer_id, period, known_from as since from next where is_first
), {FOLLOW}
select payer_id, null as period from of_payer where is_new
union all
select payer_id, period from found where not may_follow
"""  # noqa: S608 - constants of ours
