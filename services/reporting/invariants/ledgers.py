"""The ledgers are the fold of the topics: each fact that was read is there once, as it was told; nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.chassis.records_read import beside_topics
from recouvra.chassis.verifying import Finding, Invariant, Look, finding_of, in_sql
from recouvra.contracts.codes import Message
from services.reporting.projections.kept import KEPT
from services.reporting.projections.ledger import Ledger

_SLICE = 2_000
KEEPS: dict[str, Sequence[str]] = {ledger.event.topic: () for ledger in KEPT}
"""The topics whose content is compared; their fields are in it."""

_TABLE = """
create temporary table if not exists ledger_row (
    topic text collate "C", event_id text collate "C", at timestamptz, content bytea
)
"""
_DIFFERENCES = """
with told as (
    select distinct r.topic, r.event_id, r.at, r.content from record_read r
    join position p on p.topic = r.topic and p.partition = r.partition and r."offset" < p.next_offset
    join inbox i on i.source = r.source and i.event_id = r.event_id and i.content = r.content
    where r.topic = any($1::text[])
), kept as (
    select topic, event_id, at, content, count(*) as rows from ledger_row group by topic, event_id, at, content
)
select topic, event_id, coalesce(kept.rows, 0) as found, case when told.topic is null then 0 else 1 end as expected,
    at as since
from told full join kept using (topic, event_id, at, content)
where told.topic is null or kept.rows is distinct from 1
"""


async def _ledgers(look: Look) -> AsyncIterator[Finding]:
    """Makes the content of every row again and joins it with the facts that were read: by id, instant and content."""
    await look.connection.execute(_TABLE)
    await look.connection.execute("truncate ledger_row")
    async with beside_topics(look) as connection:
        for ledger in KEPT:
            await _gather(connection, ledger)
        async for row in connection.cursor(_DIFFERENCES, list(KEEPS), prefetch=200):
            yield finding_of(dict(row))


async def _gather(connection: Connection, ledger: Ledger) -> None:
    columns = ", ".join(ledger.columns)
    opened = await connection.cursor(f"select event_id, known_at, {columns} from {ledger.table}")  # noqa: S608 - constants
    while rows := await opened.fetch(_SLICE):
        contents = await asyncio.to_thread(_contents, ledger, rows)
        await connection.copy_records_to_table("ledger_row", records=contents)


def _contents(ledger: Ledger, rows: Sequence[asyncpg.Record]) -> list[tuple[Any, ...]]:
    topic = ledger.event.topic
    return [
        (
            topic,
            row["event_id"],
            row["known_at"],
            ledger.event.model_construct(**{name: row[name] for name in ledger.columns}).content(),
        )
        for row in rows
    ]


LEDGERS = Invariant(
    "ledgers-are-the-facts",
    Message(
        fr="Chaque fait lu est dans son registre, une fois, tel qu'il a été dit ; et rien d'autre n'y est.",
        en="Every fact that was read is in its ledger, once, as it was told; and nothing else is.",
    ),
    _ledgers,
    seldom=True,
)

SETTLED = in_sql(
    "pairs-keep-their-kind-and-territory",
    "Tous les faits d'un cotisant et d'une période les disent du même genre et du même territoire.",
    "All facts of one payer and period say the same kind and territory: else they are counted under both (DEF-033).",
    """
    with fact as (
        select payer_id, period, known_at, id, payer_kind || ' ' || territory_code as said from assessed
        union all
        select payer_id, period, known_at, id, payer_kind || ' ' || territory_code from received
    )
    select payer_id, period, array_agg(distinct said)::text as found,
        (array_agg(said order by known_at, id))[1] as expected, max(known_at) as since
    from fact group by payer_id, period having min(said) <> max(said)
    """,
    seldom=True,
)

PROGRESS = in_sql(
    "progress-is-the-latest-fact",
    "Le dernier fait connu de chaque sujet est le plus récent qui a été lu.",
    "The last fact that is known of each topic is the latest that was read.",
    """
    with read as (
        select r.topic, max(r.at) as at from record_read r
        join position p on p.topic = r.topic and p.partition = r.partition and r."offset" < p.next_offset
        where exists (select from inbox i where i.source = r.source and i.event_id = r.event_id)
            and not exists (select from dead_letter l where l.topic = r.topic and l.partition = r.partition
                            and l."offset" = r."offset" and l.state <> 'replayed')
        group by r.topic
    )
    select topic, t.last_fact_at as found, read.at as expected, read.at as since
    from read full join topic_progress t using (topic) where t.last_fact_at is distinct from read.at
    """,
    beside_topics,
    seldom=True,
)
