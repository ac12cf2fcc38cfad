"""What must hold of every service: the topics, the inbox, the positions, the dead letters and the outbox agree."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from recouvra.chassis import positions
from recouvra.chassis.records_read import beside_topics
from recouvra.chassis.rereading import extents
from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.codes import Message

UNSENT_SECONDS = 5.0


async def _positions(look: Look) -> AsyncIterator[Finding]:
    """A position lies between its partition's beginning and end: before, records were lost; beyond, others will be."""
    stored = await positions.stored(look.connection)
    ends = await asyncio.to_thread(extents, look.settings.kafka, look.reads)
    for place, (begin, end) in ends.items():
        at = stored.get(place, 0)
        # A position of which nothing is stored is one of a partition that is read from its beginning.
        if not begin <= at <= end and (place in stored or begin > 0):
            yield Finding(place._asdict(), at, f"{begin}…{end}")
    for place in sorted(stored.keys() - ends.keys()):
        if place.topic not in look.known.get("plain", ()):
            yield Finding(place._asdict(), stored[place], None)


async def look_at_outbox(look: Look) -> None:
    """Remembers which facts wait to be published, for `outbox-drained` to look again."""
    rows = await look.connection.fetch("select id from outbox order by id limit 100000")
    look.known["outbox"] = time.monotonic(), [row["id"] for row in rows]


async def _outbox(look: Look) -> AsyncIterator[Finding]:
    """Two looks some seconds apart: what both see was not published in between, whatever it is dated."""
    first_at, ids = look.known["outbox"]
    if not ids:
        return
    await asyncio.sleep(max(0.0, first_at + UNSENT_SECONDS - time.monotonic()))
    async with look.snapshot() as connection:
        sql = "select topic, event_id::text, id, known_at from outbox where id = any($1::bigint[]) order by id"
        async for row in connection.cursor(sql, ids):
            where = {"topic": row["topic"], "event_id": row["event_id"], "outbox_id": row["id"]}
            yield Finding(where, f"> {UNSENT_SECONDS:.0f} s", None, row["known_at"])


DRAINED = Invariant(
    "outbox-drained",
    Message(
        fr="Aucun fait n'attend plus de 5 s d'être publié.",
        en="No fact waits for more than 5 s to be published.",
    ),
    _outbox,
)
"""To be checked last: between both looks at the outbox the others are."""


async def _claims(look: Look) -> AsyncIterator[Finding]:
    """The reverse, which can be told only while every record still stands on its topic."""
    async with beside_topics(look) as connection:
        if look.known["expired"]:
            return
        sql = """
            select i.source, i.event_id, encode(i.content, 'hex') as found from inbox i where not exists (
                select from record_read r join position p on p.topic = r.topic and p.partition = r.partition
                    and r."offset" < p.next_offset
                where r.source = i.source and r.event_id = i.event_id)
        """
        async for row in connection.cursor(sql, prefetch=200):
            yield Finding({"source": row["source"], "event_id": row["event_id"]}, row["found"], None)


_CLAIMED = Invariant(
    "claims-were-read",
    Message(
        fr="Ce que l'inbox retient a été lu : un enregistrement de cette identité précède une position.",
        en="What the inbox claims was read: a record of that identity stands before a position.",
    ),
    _claims,
    seldom=True,
)

COMMON = (
    Invariant(
        "positions-within-topics",
        Message(
            fr="Chaque position est entre le début et la fin de sa partition, sur un sujet que le service lit.",
            en="Every position lies between the beginning and the end of its partition, on a topic that is read.",
        ),
        _positions,
    ),
    in_sql(
        "no-internal-dead-letter",
        "Aucune lettre morte de motif « internal » n'attend.",
        "No dead letter with the reason “internal” waits.",
        """
        select topic, partition, "offset", id as dead_letter, state as found, 'replayed' as expected, at as since
        from dead_letter where state = 'waiting' and reason = 'internal' order by id
        """,
    ),
    in_sql(
        "dead-letters-behind-positions",
        "Chaque lettre morte est d'un enregistrement déjà lu, et une seule fois.",
        "Every dead letter is of a record that was read, and is there once.",
        """
        select l.topic, l.partition, l."offset", count(*) as found, 1 as expected, min(l.at) as since
        from dead_letter l left join position p using (topic, partition)
        group by l.topic, l.partition, l."offset", p.next_offset
        having count(*) > 1 or l."offset" >= coalesce(p.next_offset, 0)
        """,
    ),
    in_sql(
        "records-accounted-for",
        "Chaque enregistrement lu est dans l'inbox, répète un contenu qui y est, ou est une lettre morte.",
        "Every record before a position is claimed in the inbox, repeats a content that is, or is a dead letter.",
        """
        select r.topic, r.partition, r."offset", r.source, r.event_id, null as found,
            'inbox | dead_letter' as expected, r.at as since
        from record_read r join position p on p.topic = r.topic and p.partition = r.partition
            and r."offset" < p.next_offset
        where not exists (select from inbox i where i.source = r.source and i.event_id = r.event_id)
            and not exists (select from inbox i where i.content = r.content)
            and not exists (select from dead_letter l where l.topic = r.topic and l.partition = r.partition
                            and l."offset" = r."offset")
        """,
        beside_topics,
        seldom=True,
    ),
    _CLAIMED,
)
