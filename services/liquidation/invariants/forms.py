"""Care forms: as they were filed, adjudicated by the law, waiting only for people who are not known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from typing import Any

import asyncpg

from recouvra.chassis.records_read import beside_topics, told_on
from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.care_form_submitted import CareFormSubmitted, CareLine
from recouvra.contracts.codes import Message
from services.liquidation.domain.form import Form

_SLICE = 500
_TOLD = ("claimed_xof", "accepted_xof", "fund_share_xof", "co_payment_xof", "outcome", "reasons")
KEEPS = {"person-registered": ("payer_id",)}
"""The fields of facts that are compared."""


async def _forms(look: Look) -> AsyncIterator[Finding]:
    async with look.snapshot() as connection:
        opened = await connection.cursor("select * from form")
        while rows := await opened.fetch(_SLICE):
            for finding in await asyncio.to_thread(_all_wrong, rows):
                yield finding


def _all_wrong(rows: Sequence[asyncpg.Record]) -> list[Finding]:
    return [finding for row in rows if (finding := _wrong(row)) is not None]


def _wrong(row: asyncpg.Record) -> Finding | None:
    """What differs between a form and what its own lines, and the law, make of it."""
    where = {"form_serial": row["form_serial"], "reading_no": row["reading_no"]}
    since = row["liquidated_at"] or row["read_at"]
    event = _submitted(row)
    if event is None or event.content() != row["content"]:
        return Finding(where, None, row["content"], since)
    form = Form.read(event, row["reading_no"])
    summed: list[Any] = [row["claimed_xof"], row["standing_xof"], row["standing_count"]]
    should: list[Any] = [form.claimed_xof, form.standing_xof, form.standing_count]
    if summed == should and row["outcome"] is not None and row["liquidated_at"] is not None:
        fact = form.liquidated(row["payer_id"], row["liquidated_at"].astimezone(UTC).date())
        summed, should = [row[name] for name in _TOLD], [getattr(fact, name) for name in _TOLD[:-1]]
        should.append(list(fact.reasons))
    return None if summed == should else Finding(where, summed, should, since)


def _submitted(row: asyncpg.Record) -> CareFormSubmitted | None:
    """The form as it was filed; None for columns that no form can have."""
    columns = ("line_nos", "act_codes", "quantities", "unit_prices_xof")
    try:
        lines = tuple(
            CareLine.model_construct(line_no=line_no, act_code=act, quantity=quantity, unit_price_xof=price)
            for line_no, act, quantity, price in zip(*(row[name] for name in columns), strict=True)
        )
    except ValueError:
        return None
    said = {name: row[name] for name in CareFormSubmitted.model_fields if name != "lines"}
    return CareFormSubmitted.model_construct(lines=lines, **said)


FORMS = Invariant(
    "forms-are-judged-right",
    Message(
        fr="Chaque feuille est celle qui a été lue, et la caisse en paie ce que la loi dit.",
        en="Every form is what was read, and the fund pays of it what the law says (DEF-027, DEF-030, LAW-050).",
    ),
    _forms,
    seldom=True,
)

SERIALS = in_sql(
    "serials-are-read-in-order",
    "Chaque numéro de feuille a une première lecture, et ses autres contenus la suivent sans trou.",
    "Every serial has one first reading, and its other contents follow without a gap (DEF-031).",
    """
    select form_serial, count(*) as found, max(reading_no) as expected, min(read_at) as since
    from form group by form_serial
    having min(reading_no) <> 1 or max(reading_no) <> count(*) or count(distinct content) <> count(*)
    """,
)

WAITING = in_sql(
    "only-the-unknown-wait",
    "Une feuille attend tant que sa personne n'est pas connue, et seulement alors.",
    "A form waits while its person is not known, and only then (DEF-032).",
    """
    select f.form_serial, f.reading_no, f.outcome as found, p.told_at as expected,
        coalesce(p.known_at, f.read_at) as since
    from form f left join patient p using (insured_number)
    where (f.outcome is null) <> (p.told_at is null) or p.insured_number is null or p.known_at is null
        or num_nulls(f.liquidated_at, f.accepted_xof, f.fund_share_xof, f.co_payment_xof, f.outcome, f.reasons)
            not in (0, 6)
    """,
)

CLAIMED = in_sql(
    "what-is-kept-was-claimed",
    "Ce qui est gardé d'un enregistrement a sa ligne dans l'inbox.",
    "What is kept of a record is claimed in the inbox (DEF-027).",
    """
    select form_serial, reading_no, 'form' as found, 'inbox' as expected, read_at as since from form f
    where (select i.content from inbox i where i.source = f.source and i.event_id = f.event_id)
        is distinct from f.content
    """,
)

KEPT = in_sql(
    "what-was-claimed-is-kept",
    "Ce que l'inbox retient d'un enregistrement publié en amont est gardé.",
    "What the inbox claims of an upstream record is kept (DEF-027).",
    """
    select i.source, i.event_id, null as found, 'form' as expected, null::timestamptz as since from inbox i
    where i.source <> '/registration' and not exists (select from form where form.content = i.content)
    """,
    seldom=True,
)

PATIENTS = in_sql(
    "persons-are-the-latest-told",
    "Chaque numéro d'assuré est au cotisant que registration a dit en dernier.",
    "Every insured number belongs to the payer that registration told last (DEF-032).",
    """
    with told as ({told}), latest as (select key, max(at) as at from told group by key),
        i as (select insured_number as key, payer_id, told_at, known_at from patient where told_at is not null)
    select key as insured_number, i.payer_id as found, latest.at as expected, coalesce(latest.at, i.known_at) as since
    from latest full join i using (key)
    where not exists (select from told t where t.key = i.key and t.at = i.told_at and t.at = latest.at
        and t.said[1] is not distinct from i.payer_id)
    """.format(told=told_on("person-registered")),  # noqa: S608 - constants
    beside_topics,
    seldom=True,
)
