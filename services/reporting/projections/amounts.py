"""How much became known on each day, of what kind: dues by basis, receipts by month of value date and channel.

Each fact is added once, as it comes: the sum of all days up to one is what was known by its end, in whatever order
facts came. What the bridge and arrears ask of single facts is told so without looking at them, and all that came in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from recouvra.chassis.database import Connection
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.reading import Received

Amount = tuple[str, datetime, str, str, str, int]
"""What, since when it is known, payer_kind, territory_code, period, francs."""

WHAT = {"assessed": 'basis collate "C"', "received": "(to_char(received_on, 'YYYY-MM ') || channel) collate \"C\""}
"""By ledger, what its rows are, as SQL; as `of` tells of facts."""


def of(facts: Iterable[Received]) -> list[Amount]:
    """The amounts of those of some facts that have one."""
    told: list[Amount] = []
    for fact in facts:
        event, at = fact.event, fact.envelope.time
        if isinstance(event, ContributionAssessed):
            told.append((event.basis, at, event.payer_kind, event.territory_code, event.period, event.assessed_xof))
        elif isinstance(event, ContributionReceived):
            came = f"{event.received_on.isoformat()[:7]} {event.channel}"
            told.append((came, at, event.payer_kind, event.territory_code, event.period, event.received_xof))
    return told


async def add(connection: Connection, amounts: Sequence[Amount]) -> None:
    """Adds amounts, any number, each of a fact that counts for the first time; under the lock of `standing.save`."""
    sums: dict[tuple[str, date, str, str, str], int] = defaultdict(int)
    for what, at, kind, territory, period, xof in amounts:
        sums[what, at.astimezone(UTC).date(), kind, territory[:2], period] += xof
    if sums:
        await connection.execute(_ADD, *map(list, zip(*sums, strict=True)), list(sums.values()))


_ADD = """
insert into amount_of_day (what, known_on, payer_kind, region, period, xof)
select * from unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::text[], $6::numeric[])
on conflict (what, known_on, payer_kind, region, period) do update set xof = amount_of_day.xof + excluded.xof
"""
