"""Hires, their answers, and those that wait for their payer."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import asyncpg

from recouvra.chassis.database import Connection
from services.registration.domain.hire import Hire, RequestKey
from services.registration.domain.register import Changes, Content

RULED = "h.payer_id, h.request_id, h.asked_at, h.hired_on, h.category, h.birth_date, h.sex, h.nina, h.likeness"
"""The columns, of `hire h`, that a Hire is made of."""


def hire_of(row: asyncpg.Record) -> Hire:
    """A row with the columns `RULED`, as the rules read it."""
    return Hire(
        payer_id=row["payer_id"],
        request_id=row["request_id"],
        asked_at=row["asked_at"],
        hired_on=row["hired_on"],
        category=row["category"],
        birth_date=row["birth_date"],
        sex=row["sex"],
        nina=row["nina"],
        likeness=row["likeness"],
    )


async def claimed(connection: Connection, hires: Collection[Hire]) -> dict[RequestKey, Content]:
    """Contents of those of the hires that are known; their payers must be locked."""
    if not hires:
        return {}
    rows = await connection.fetch(
        "select payer_id, request_id, content from hire "
        "join unnest($1::text[], $2::text[]) as w(payer_id, request_id) using (payer_id, request_id)",
        [hire.payer_id for hire in hires],
        [hire.request_id for hire in hires],
    )
    return {(row["payer_id"], row["request_id"]): row["content"] for row in rows}


async def pending(connection: Connection, payer_ids: Iterable[str]) -> list[Hire]:
    """Hires that wait for these payers' affiliation, in the order in which they came."""
    if not (asked := list(payer_ids)):
        return []
    rows = await connection.fetch(
        f"select {RULED} from hire h where h.payer_id = any($1::text[]) and h.outcome = 'pending' "  # noqa: S608
        "order by h.payer_id, h.came",
        asked,
    )
    return [hire_of(row) for row in rows]


async def save(connection: Connection, changes: Changes) -> None:
    """Adds the new hires, in the order in which they came, and writes the answers of those that waited."""
    if changes.hires:
        await _add(connection, changes)
    waited = [key for key in changes.answers if key not in changes.hires]
    if not waited:
        return
    answers = [changes.answers[key] for key in waited]
    await connection.execute(
        """
        update hire h set outcome = t.outcome, insured_number = t.insured_number, answered_at = t.answered_at,
            codes = string_to_array(t.codes, ' ')
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
            t(payer_id, request_id, outcome, insured_number, codes, answered_at)
        where h.payer_id = t.payer_id and h.request_id = t.request_id
        """,
        [payer_id for payer_id, _ in waited],
        [request_id for _, request_id in waited],
        [answer.outcome for answer in answers],
        [answer.insured_number for answer in answers],
        [" ".join(answer.codes) for answer in answers],
        [answer.known_at for answer in answers],
    )


async def _add(connection: Connection, changes: Changes) -> None:
    hires = list(changes.hires.values())
    people = [request.person for _, request, _ in hires]
    answers = [changes.answers[key] for key in changes.hires]
    await connection.execute(
        """
        insert into hire (payer_id, request_id, content, asked_at, family_name, given_names, birth_date, sex, nina,
                          hired_on, category, likeness, outcome, insured_number, codes, answered_at)
        select payer_id, request_id, content, asked_at, family_name, given_names, birth_date, sex, nina, hired_on,
               category, likeness, outcome, insured_number, string_to_array(codes, ' '), answered_at
        from unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[], $5::text[], $6::text[], $7::date[],
                    $8::text[], $9::text[], $10::date[], $11::text[], $12::bytea[], $13::text[], $14::text[],
                    $15::text[], $16::timestamptz[]) with ordinality
            t(payer_id, request_id, content, asked_at, family_name, given_names, birth_date, sex, nina, hired_on,
              category, likeness, outcome, insured_number, codes, answered_at, n)
        order by n
        """,
        [hire.payer_id for hire, _, _ in hires],
        [hire.request_id for hire, _, _ in hires],
        [content for _, _, content in hires],
        [hire.asked_at for hire, _, _ in hires],
        [person.family_name for person in people],
        [person.given_names for person in people],
        [person.birth_date for person in people],
        [person.sex for person in people],
        [person.nina for person in people],
        [hire.hired_on for hire, _, _ in hires],
        [hire.category for hire, _, _ in hires],
        [hire.likeness for hire, _, _ in hires],
        [answer.outcome for answer in answers],
        [answer.insured_number for answer in answers],
        [" ".join(answer.codes) for answer in answers],
        [answer.known_at for answer in answers],
    )
