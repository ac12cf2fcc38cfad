"""Insured persons: locked by NINA, found by likeness; possible duplicates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Retry
from services.registration.domain.person import InsuredPerson
from services.registration.domain.register import Duplicate, Namesakes
from services.registration.store.hires import RULED, hire_of

_LIKENESS_LOCKS = 34  # any two constants of ours: the first number of the advisory locks on likenesses, …
_EVERY_LIKENESS = 35  # … and the lock on all of them
_MOST_LOCKS = 1_000  # PostgreSQL's table of locks holds a few thousand for everyone


async def lock(connection: Connection, ninas: Collection[str]) -> dict[str, InsuredPerson]:
    """Locks the persons of these NINAs until the transaction ends, in the order of NINAs; those that are known.

    Persons are read by a second statement: the first may have waited for a transaction whose hire it cannot see.
    """
    if not ninas:
        return {}
    locked = await connection.fetch(
        "select insured_number from person where nina = any($1::text[]) order by nina for no key update", sorted(ninas)
    )
    if not locked:
        return {}
    rows = await connection.fetch(
        f"select p.insured_number, p.registered_on, p.known_at, {RULED} "  # noqa: S608 - constants
        "from person p join hire h using (payer_id, request_id) where p.insured_number = any($1::text[])",
        [row["insured_number"] for row in locked],
    )
    return {
        row["nina"]: InsuredPerson(row["insured_number"], row["registered_on"], row["known_at"], hire_of(row))
        for row in rows
    }


async def namesakes(connection: Connection, likenesses: Collection[bytes]) -> dict[bytes, Namesakes]:
    """Who was hired under each likeness; until the transaction ends nobody else registers one of them.

    Without that exclusion two transactions at once could register the same person twice and neither would see it.
    Two index look-ups a likeness, however many look the same (there are thousands of "unknown" born on 1 January).
    """
    if not likenesses:
        return {}
    await _exclude(connection, likenesses)
    rows = await connection.fetch(
        """
        select l.likeness, (
            select insured_number from hire h
            where h.likeness = l.likeness and insured_number is not null order by came limit 1
        ) as first, (
            select insured_number from hire h
            where h.likeness = l.likeness and insured_number is not null and nina is null order by came limit 1
        ) as first_without_nina
        from unnest($1::bytea[]) l(likeness)
        """,
        list(likenesses),
    )
    return {row["likeness"]: Namesakes(row["first"], row["first_without_nina"]) for row in rows}


async def _exclude(connection: Connection, likenesses: Collection[bytes]) -> None:
    """A lock on each likeness, in order, or one on all where they are too many for the server's table of locks."""
    if len(likenesses) > _MOST_LOCKS:
        await connection.execute("select pg_advisory_xact_lock($1, 0)", _EVERY_LIKENESS)
        return
    await connection.execute("select pg_advisory_xact_lock_shared($1, 0)", _EVERY_LIKENESS)
    await connection.execute(
        "select pg_advisory_xact_lock($1, n) from unnest($2::int[]) n",
        _LIKENESS_LOCKS,
        sorted({int.from_bytes(likeness[:4], signed=True) for likeness in likenesses}),
    )


async def save(
    connection: Connection,
    new: Iterable[InsuredPerson],
    changed: Collection[InsuredPerson],
    duplicates: Sequence[Duplicate],
) -> None:
    """Adds the new persons in the order of NINAs, writes those that changed, lists the duplicates found.

    Raises:
        Retry: another transaction registered one of the NINAs, or drew one of the numbers, meanwhile.
    """
    if added := sorted(new, key=lambda person: (person.hire.nina or "", person.insured_number)):
        try:
            await connection.execute(
                "insert into person (insured_number, nina, payer_id, request_id, registered_on, known_at) "
                "select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::timestamptz[])",
                [person.insured_number for person in added],
                [person.hire.nina for person in added],
                [person.hire.payer_id for person in added],
                [person.hire.request_id for person in added],
                [person.registered_on for person in added],
                [person.known_at for person in added],
            )
        except asyncpg.UniqueViolationError as error:
            raise Retry("a person was registered meanwhile") from error
    if changed:
        await connection.execute(
            "update person p set payer_id = t.payer_id, request_id = t.request_id, known_at = t.known_at "
            "from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) "
            "t(insured_number, payer_id, request_id, known_at) where p.insured_number = t.insured_number",
            [person.insured_number for person in changed],
            [person.hire.payer_id for person in changed],
            [person.hire.request_id for person in changed],
            [person.known_at for person in changed],
        )
    if duplicates:
        await connection.execute(
            "insert into possible_duplicate (insured_number, other_number, payer_id, request_id, found_at) "
            "select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) "
            "on conflict do nothing",
            [duplicate.insured_number for duplicate in duplicates],
            [duplicate.other_number for duplicate in duplicates],
            [duplicate.found_by[0] for duplicate in duplicates],
            [duplicate.found_by[1] for duplicate in duplicates],
            [duplicate.found_at for duplicate in duplicates],
        )
