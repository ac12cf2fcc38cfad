"""Who is insured and by whom employed, as registration told; and by which other payers a number was declared."""

from __future__ import annotations

from collections.abc import Collection

from recouvra.chassis.database import Connection
from services.contributions.domain.book import Book

_EMPLOYMENT = 7_300_000_006


async def lock(connection: Connection, *, changes: bool) -> None:
    """Locks who is employed by whom, until the transaction ends: alone where it changes that, else beside others.

    So what is found of a declared number goes by the order in which batches commit, which is the journal's (ADR 9). And
    two batches that hire and move, each of which renews rosters in two passes, never wait for each other.
    """
    shared = "" if changes else "_shared"
    await connection.execute(f"select pg_advisory_xact_lock{shared}($1)", _EMPLOYMENT)


async def load(connection: Connection, book: Book, numbers: Collection[str]) -> None:
    """Fills in what is known of these insured numbers; one that stays absent is unknown."""
    if not numbers:
        return
    rows = await connection.fetch(
        "select insured_number, payer_id, at from insured where insured_number = any($1::text[])", list(numbers)
    )
    for number, payer_id, at in rows:
        book.employment.told[number] = payer_id
        book.employment.told_at[number] = at


async def save(connection: Connection, book: Book) -> None:
    """Writes the persons that changed (the latest fact of each wins, whoever commits first) and new career links."""
    numbers = sorted(book.changes.insured)
    if numbers:
        await connection.execute(
            "insert into insured (insured_number, payer_id, at) "
            "select * from unnest($1::text[], $2::text[], $3::timestamptz[]) "
            "on conflict (insured_number) do update set payer_id = excluded.payer_id, at = excluded.at "
            "where insured.at <= excluded.at",
            numbers,
            [book.employment.told[number] for number in numbers],
            [book.employment.told_at[number] for number in numbers],
        )
    careers = sorted(book.changes.careers)
    if careers:
        await connection.execute(
            "insert into career (insured_number, payer_id) select * from unnest($1::text[], $2::text[]) "
            "on conflict do nothing",
            [number for number, _ in careers],
            [payer_id for _, payer_id in careers],
        )
