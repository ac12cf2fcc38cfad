"""The new read models take the place of the old, all in one transaction.

Writers are stopped first, by locks that readers do not feel; then the new ones are brought to the very end; then
readers are waited for, less than a second at a time. Every report reads `complete` first and keeps it until it has
answered, so that it sees the old ones whole or the new ones whole. Nothing here changes a row of what is read: a
snapshot that is older than the swap finds the new tables as they were committed before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from recouvra.chassis.migrate import LOCK
from services.reporting.rebuilding import beside
from services.reporting.rebuilding.beside import BESIDE, SWAPPED
from services.reporting.rebuilding.failure import RebuildError

_PATIENCE_MS = 800  # less than PostgreSQL's deadlock_timeout: of two that wait for each other it is we who give way
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 8.0  # a long report, or `verify`, has the tables for a minute: ingestion goes on beside it


async def swap(
    connection: asyncpg.Connection,
    migrations: Path,
    finish: Callable[[], Awaitable[None]],
    waits: Callable[[], None],
    found: str,
) -> None:
    """Puts the new ones where the old ones were and drops those, however often that needs trying.

    Args:
        finish: brings the new ones to what the old ones hold, which changes no more while it runs.
        waits: is told each time that a report or an operator's act under way is waited for.
        found: what the audit line says.

    Raises:
        RebuildError: the tables were changed meanwhile, or something of the administrator's hangs on them.
    """
    pause = _PAUSE_SECONDS
    while True:
        try:
            async with connection.transaction():
                await connection.execute(f"set local lock_timeout = {_PATIENCE_MS}")
                # What was filled in without waiting for the disk is on it before this is.
                await connection.execute("set local synchronous_commit = on")
                await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
                serving = await beside.serving(connection, migrations)
                await connection.execute(f"lock table {serving}.position in share row exclusive mode")  # batches
                await connection.execute(f"lock table {serving}.dead_letter in exclusive mode")  # replays
                await _speaking(connection, finish())
                await connection.execute(f"lock table {_tables(serving)} in access exclusive mode")
                await _take_the_place(connection, serving)
                await connection.execute(
                    "insert into audit (at, who, act, subject, reason) "
                    "values (clock_timestamp(), 'recouvra rebuild', 'rebuild', 'reporting', $1)",
                    found,
                )
                return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            waits()
        except asyncpg.DependentObjectsStillExistError as error:
            raise RebuildError(
                "une vue qui n'est pas de nous lit ces tables ; supprimez-la, relancez, puis refaites-la / "
                f"a view that is not ours reads these tables; drop it, run again, then make it again: {error.detail}"
            ) from error
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _tables(schema: str) -> str:
    return ", ".join(f"{schema}.{table}" for table in SWAPPED)


async def _take_the_place(connection: asyncpg.Connection, serving: str) -> None:
    grants = await connection.fetch(_GRANTS, serving, list(SWAPPED))
    await connection.execute(f"drop table {_tables(serving)}")
    for table in SWAPPED:
        await connection.execute(f"alter table {BESIDE}.{table} set schema {serving}")
    for row in grants:
        await connection.execute(row["grant"])
    await connection.execute(_LETTERS.format(serving=serving, beside=BESIDE))
    await beside.drop(connection)


async def _speaking(connection: asyncpg.Connection, doing: Awaitable[None]) -> None:
    """Waits, and speaks to the server meanwhile, which would take the session for a frozen one's."""
    task = asyncio.ensure_future(doing)
    try:
        while not (await asyncio.wait({task}, timeout=1))[0]:
            await connection.execute("select 1")
        task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})


# What others than the owner may do with the tables: an administrator's reader, say.
_GRANTS = """
select format(
    'grant %s on %s.%I to %s%s', privilege_type, $1::text, relname,
    case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
    case when is_grantable then ' with grant option' else '' end
) as grant
from pg_class, aclexplode(relacl)
where relnamespace = $1::text::regnamespace and relname = any($2::text[]) and grantee <> relowner
"""

# A record that was set aside there already is the same letter, with what was done with it.
_LETTERS = """
insert into {serving}.dead_letter (topic, partition, "offset", key, value, header_names, header_values,
    source, event_id, reason, message_fr, message_en, at)
select distinct on (topic, partition, "offset") topic, partition, "offset", key, value, header_names, header_values,
    source, event_id, reason, message_fr, message_en, at
from {beside}.dead_letter as new
where not exists (
    select from {serving}.dead_letter as known
    where (known.topic, known.partition, known."offset") = (new.topic, new.partition, new."offset")
)
order by topic, partition, "offset", id
"""
