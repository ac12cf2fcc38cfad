"""What is stored is what was read: its columns make its content hash again, and a claim in the inbox bears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg

from recouvra.chassis.records_read import beside_topics, told_on
from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.codes import Message
from recouvra.contracts.registration_requested import Person, RegistrationRequested
from services.registration.domain.likeness import likeness

_SLICE = 1_000
KEEPS = {"affiliation-requested": ("request_id",)}
"""The fields of records that are compared."""


async def _hires(look: Look) -> AsyncIterator[Finding]:
    async with look.snapshot() as connection:
        opened = await connection.cursor("select * from hire")
        while rows := await opened.fetch(_SLICE):
            for row in await asyncio.to_thread(_wrong, rows):
                where = {"payer_id": row["payer_id"], "request_id": row["request_id"]}
                yield Finding(where, None, row["content"], row["answered_at"])


def _wrong(rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    return [row for row in rows if not _is_as_read(row)]


def _is_as_read(row: asyncpg.Record) -> bool:
    person = Person.model_construct(**{name: row[name] for name in Person.model_fields})
    said = {name: row[name] for name in RegistrationRequested.model_fields if name != "person"}
    request = RegistrationRequested.model_construct(person=person, **said)
    return [request.content(), likeness(person)] == [row["content"], row["likeness"]]


HIRES = Invariant(
    "hires-are-as-read",
    Message(
        fr="Chaque embauche gardée est celle qui a été lue.",
        en="Every hire that is kept is what was read: its content hash is its columns' (DEF-027).",
    ),
    _hires,
)


async def _payers(look: Look) -> AsyncIterator[Finding]:
    """What holds of a payer makes, with the id of one of its requests, the content that was stored of that request."""
    sql = """
        select p.*, array_agg(r.request_id) as request_ids, array_agg(r.content) as contents
        from payer p left join affiliation_request r using (payer_id)
        group by p.payer_id having p.said_at is not null or count(r.request_id) > 0
    """
    async with look.snapshot() as connection:
        async for row in connection.cursor(sql, prefetch=_SLICE):
            if not _holds(row):
                yield Finding({"payer_id": row["payer_id"]}, None, "affiliation_request", row["known_at"])


def _holds(row: asyncpg.Record) -> bool:
    if row["said_at"] is None:
        return False
    said = {name: row[name] for name in AffiliationRequested.model_fields if name != "request_id"}
    return any(
        AffiliationRequested.model_construct(request_id=request_id, **said).content() == content
        for request_id, content in zip(row["request_ids"], row["contents"], strict=True)
    )


PAYERS = Invariant(
    "payers-are-as-requested",
    Message(
        fr="Ce qui vaut d'un cotisant est ce qu'une de ses demandes dit.",
        en="What holds of a payer is what one of its requests says (DEF-027, DEF-035).",
    ),
    _payers,
)

LATEST = in_sql(
    "payers-follow-their-latest-request",
    "Ce qui vaut d'un cotisant est la demande la plus récente qui a été lue.",
    "Of a payer the latest record that was read holds (DEF-035).",
    f"""
    select t.key as payer_id, p.said_at as found, max(t.at) as expected, max(t.at) as since
    from ({told_on("affiliation-requested")}) t left join payer p on p.payer_id = t.key
    group by t.key, p.said_at having p.said_at is null or p.said_at < max(t.at)
    union all
    select p.payer_id, p.said_at, null, p.known_at from payer p
    where p.said_at is not null and p.source <> '/registration/http'
        and not exists (select from record_gone g where g.topic = 'affiliation-requested') and not exists (
        select from record_read r where r.topic = 'affiliation-requested' and r.key = p.payer_id
            and r.source = p.source and r.event_id = p.event_id)
    """,  # noqa: S608 - constants
    beside_topics,
    seldom=True,
)

CLAIMED = in_sql(
    "what-is-kept-was-claimed",
    "Ce qui est gardé d'un enregistrement a sa ligne dans l'inbox.",
    "What is kept of a record is claimed in the inbox (DEF-027).",
    """
    select payer_id, request_id, 'hire' as found, 'inbox' as expected, asked_at as since from hire h
    where not exists (select from inbox i where i.content = h.content)
    """,
    seldom=True,
)

KEPT = in_sql(
    "what-was-claimed-is-kept",
    "Ce que l'inbox retient d'un enregistrement publié en amont est gardé.",
    "What the inbox claims of an upstream record is kept (DEF-027).",
    """
    select i.source, i.event_id, null as found, 'hire | affiliation_request' as expected, null::timestamptz as since
    from inbox i
    where not exists (select from hire where hire.content = i.content)
        and not exists (select from affiliation_request asked where asked.content = i.content)
    """,
    seldom=True,
)

CONTENTS = (HIRES, PAYERS, LATEST, CLAIMED, KEPT)
