"""What must hold of every service: the topics, the inbox, the positions, the dead letters and the outbox agree."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from recouvra.chassis import positions
from recouvra.chassis.positions import Place
from recouvra.chassis.records_read import beside_topics, extents_of
from recouvra.chassis.rereading import RereadError
from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.codes import Message
from recouvra.contracts.topics import WRITES, journal_of

UNSENT_SECONDS = 5.0


async def _positions(look: Look) -> AsyncIterator[Finding]:
    """A position lies between its partition's beginning and end: before, records were lost; beyond, others will be."""
    stored = await positions.stored(look.connection)
    ends = await extents_of(look, look.reads)
    for place, (begin, end) in ends.items():
        at = stored.get(place, 0)
        # A position of which nothing is stored is one of a partition that is read from its beginning.
        if not begin <= at <= end and (place in stored or begin > 0):
            yield Finding(place._asdict(), at, f"{begin}…{end}")
    for place in sorted(stored.keys() - ends.keys()):
        if place.topic not in look.known.get("plain", ()):
            yield Finding(place._asdict(), stored[place], None)


_FIRST = 100_000  # rows at most are remembered between two looks


async def look_first(look: Look) -> None:
    """Remembers what waits to be published, and how far the journal goes: some seconds later it is looked at again."""
    look.known["first_at"] = time.monotonic()
    for table in ("outbox", "journal"):
        rows = await look.connection.fetch(f"select id from {table} order by id limit {_FIRST}")  # noqa: S608 - constants
        look.known[table] = [row["id"] for row in rows]
    with suppress(RereadError):  # without a broker the others can be checked all the same
        look.known["behind"] = await _behind(look)


async def _behind(look: Look) -> list[tuple[Place, int, int]]:
    """Where the service's own journal goes on beyond what its database knows of it: place, known, end."""
    if look.service not in WRITES or not WRITES[look.service]:
        return []
    rows = await look.connection.fetch("select topic, partition, next_offset from published")
    known = {Place(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    ends = await extents_of(look, [journal_of(look.service)])
    return [(place, known.get(place, 0), end) for place, (_, end) in ends.items() if known.get(place, 0) != end]


async def _later(look: Look) -> None:
    """Waits until so long after the first look that what it saw should be done with."""
    seconds = min(UNSENT_SECONDS, look.patience_seconds)
    await asyncio.sleep(max(0.0, look.known["first_at"] + seconds - time.monotonic()))


async def _outbox(look: Look) -> AsyncIterator[Finding]:
    """Two looks some seconds apart: what both see was not published in between, whatever it is dated."""
    if look.known["outbox"] or look.known["journal"]:
        await _later(look)
    async with look.snapshot() as connection:
        sql = "select cause::text, id from journal where id = any($1::bigint[]) order by id"
        async for row in connection.cursor(sql, look.known["journal"]):
            yield Finding({"cause": row["cause"], "journal_id": row["id"]}, f"> {UNSENT_SECONDS:.0f} s", None)
        sql = "select topic, event_id::text, id, known_at from outbox where id = any($1::bigint[]) order by id"
        async for row in connection.cursor(sql, look.known["outbox"]):
            where = {"topic": row["topic"], "event_id": row["event_id"], "outbox_id": row["id"]}
            yield Finding(where, f"> {UNSENT_SECONDS:.0f} s", None, row["known_at"])


DRAINED = Invariant(
    "outbox-drained",
    Message(
        fr="Aucun fait, aucune cause n'attend plus de 5 s d'être publié.",
        en="No fact, and no cause, waits for more than 5 s to be published.",
    ),
    _outbox,
)


async def _known(look: Look) -> AsyncIterator[Finding]:
    """A relay that has published tells the database a moment later: what is not known then comes from another life."""
    first = look.known["behind"] if "behind" in look.known else await _behind(look)
    if not first:
        return
    await _later(look)
    before = {place: end for place, _, end in first}
    for place, known, end in await _behind(look):
        if place in before and (known < before[place] or known > end):
            yield Finding(place._asdict(), known, end)


KNOWN = Invariant(
    "journal-is-known",
    Message(
        fr="La base connaît tout ce que le journal du service raconte ; restaurée, elle l'apprend au démarrage.",
        en="The database knows all that the service's journal tells; restored, it learns it when a worker starts.",
    ),
    _known,
)
LAST = (DRAINED, KNOWN)
"""To be checked last: between both looks the others are."""

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
        "letters-were-acted-on",
        "Une lettre morte qui n'attend plus a été relue ou écartée par quelqu'un : l'audit le dit.",
        "A dead letter that waits no more was replayed or discarded by somebody: the audit says so (DEF-036).",
        """
        select l.topic, l.partition, l."offset", l.id as dead_letter, l.state as found, 'waiting' as expected,
            l.at as since
        from dead_letter l where l.state <> 'waiting' and not exists (
            select from audit a where a.subject = 'dead-letter/' || l.id
                and a.act = case l.state when 'replayed' then 'replay' else 'discard' end)
        """,
    ),
    in_sql(
        "records-accounted-for",
        "Chaque enregistrement lu est dans l'inbox ou une lettre morte, ou répète le contenu d'un qui l'est.",
        "Every record before a position is in the inbox or a dead letter, or repeats the content of one that is.",
        """
        select r.topic, r.partition, r."offset", r.source, r.event_id, null as found,
            'inbox | dead_letter' as expected, r.at as since
        from record_read r join position p on p.topic = r.topic and p.partition = r.partition
            and r."offset" < p.next_offset
        where not exists (select from inbox i where i.source = r.source and i.event_id = r.event_id)
            and not exists (select from inbox i where i.content = r.content)
            and not exists (select from dead_letter l where l.topic = r.topic and l.partition = r.partition
                            and l."offset" = r."offset")
            -- It repeated one that waited then, and was set aside later.
            and not exists (select from record_read w join dead_letter l using (topic, partition, "offset")
                            where w.content = r.content and w.topic = r.topic and l.reason = 'conflicting-duplicate'
                                and (w.partition <> r.partition or w."offset" < r."offset"))
        """,
        beside_topics,
        seldom=True,
    ),
    in_sql(
        "claims-were-read",
        "Ce que l'inbox retient a été lu : un enregistrement de cette identité précède une position.",
        "What the inbox claims was read: a record of that identity stands before a position.",
        """
        select i.source, i.event_id, encode(i.content, 'hex') as found, null as expected, null::timestamptz as since
        from inbox i where not exists (select from record_gone) and not exists (
            select from record_read r join position p on p.topic = r.topic and p.partition = r.partition
                and r."offset" < p.next_offset
            where r.source = i.source and r.event_id = i.event_id)
        """,
        beside_topics,
        seldom=True,
    ),
)
