"""People: one number each, that checks, and of each the hire that decides; hires answered as they stand."""

from __future__ import annotations

from collections.abc import AsyncIterator

from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.codes import Message
from recouvra.law.insured_number import insured_number
from services.registration.store.hires import RULED, hire_of

_SLICE = 1_000


async def _numbers(look: Look) -> AsyncIterator[Finding]:
    async with look.snapshot() as connection:
        async for number, known_at in connection.cursor("select insured_number, known_at from person", prefetch=_SLICE):
            if not _checks(number):
                yield Finding({"insured_number": number}, None, None, known_at)


def _checks(number: str) -> bool:
    try:
        return insured_number(int(number[:10])) == number
    except ValueError:
        return False


NUMBERS = Invariant(
    "numbers-check",
    Message(fr="La clé de chaque numéro d'assuré est juste.", en="The key of every insured number is right (DEF-014)."),
    _numbers,
)

PERSONS = in_sql(
    "persons-follow-their-latest-hire",
    "Chaque personne est au cotisant de son embauche la plus récente, sous un seul NINA.",
    "Every person is as the latest of their hires says, under one NINA, registered on the day of the first (DEF-034).",
    """
    with stands as (
        select insured_number,
            (array_agg(payer_id order by hired_on desc, payer_id desc, request_id desc))[1] as payer_id,
            (array_agg(request_id order by hired_on desc, payer_id desc, request_id desc))[1] as request_id,
            count(distinct coalesce(nina, '')) as ninas, max(nina) as nina,
            count(*) filter (where outcome = 'registered') as firsts,
            (min(answered_at) filter (where outcome = 'registered') at time zone 'utc')::date as registered_on,
            bool_or(nina is null) and count(*) > 1 as merged
        from hire where insured_number is not null group by insured_number
    )
    select insured_number, concat_ws(' ', p.payer_id, p.request_id, p.registered_on) as found,
        concat_ws(' ', s.payer_id, s.request_id, s.registered_on) as expected, p.known_at as since
    from person p full join stands s using (insured_number)
    where (p.payer_id, p.request_id, p.registered_on, s.ninas, s.firsts, s.merged)
            is distinct from (s.payer_id, s.request_id, s.registered_on, 1, 1, false)
        or p.nina is distinct from s.nina
    """,
)

ANSWERED = in_sql(
    "hires-are-answered-as-they-stand",
    "Seules les embauches d'un cotisant non affilié attendent ; seules celles retenues ont un numéro.",
    "Only hires of a payer without affiliation are pending; only those that stand have a number (DEF-034).",
    """
    select h.payer_id, h.request_id,
        concat_ws(' ', h.outcome, h.insured_number, array_to_string(h.codes, ' ')) as found,
        case when p.said_at is null then 'pending' end as expected, h.answered_at as since
    from hire h left join payer p using (payer_id)
    where (h.outcome = 'pending') <> (p.said_at is null)
        or (h.insured_number is not null) <> (h.outcome in ('registered', 'already_registered', 'transferred'))
        or coalesce(h.codes <> case h.outcome when 'pending' then '{unknown-payer}'::text[]
            when 'registered' then array_remove(h.codes, 'unknown-payer') else '{}' end
            and h.outcome <> 'rejected', true)
    """,
)


async def _rejected(look: Look) -> AsyncIterator[Finding]:
    """The faults of each hire are those that its columns have, and its likeness theirs."""
    sql = f"select {RULED}, h.outcome, h.codes, h.answered_at from hire h"  # noqa: S608 - constants
    async with look.snapshot() as connection:
        async for row in connection.cursor(sql, prefetch=_SLICE):
            faults = [code.value for code in hire_of(row).faults()]
            told = row["codes"] if row["outcome"] == "rejected" else []
            if row["outcome"] != "pending" and told != faults:
                where = {"payer_id": row["payer_id"], "request_id": row["request_id"]}
                yield Finding(where, told, faults, row["answered_at"])


REJECTED = Invariant(
    "hires-are-judged-right",
    Message(
        fr="Une embauche est rejetée pour ses défauts, et seulement pour eux.",
        en="A hire is rejected for its faults, and for nothing else.",
    ),
    _rejected,
)

DUPLICATES = in_sql(
    "duplicates-name-people",
    "Un doublon possible nomme des personnes qui existent, et une embauche.",
    "A possible duplicate names people who are there, and the hire by which it was found.",
    """
    select d.insured_number, d.other_number as found, 'person' as expected, d.found_at as since
    from possible_duplicate d
    where not exists (select from person where person.insured_number = d.insured_number)
        or (d.other_number is not null
            and not exists (select from person where person.insured_number = d.other_number))
        or not exists (select from hire where hire.payer_id = d.payer_id and hire.request_id = d.request_id)
    union all
    select h.insured_number, null, 'possible_duplicate', h.answered_at from hire h
    where 'possible-duplicate' = any(h.codes)
        and not exists (select from possible_duplicate d where d.insured_number = h.insured_number)
    """,
)

PEOPLE = (NUMBERS, PERSONS, ANSWERED, REJECTED, DUPLICATES)
