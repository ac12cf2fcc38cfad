"""Two workers that meet in a database: the first held up with all that it has locked, the second seen to wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import asyncpg

_BLOCKED = "select exists (select from pg_locks where not granted and pid = $1)"


async def met(
    first: tuple[asyncpg.Connection, Awaitable[object]],
    second: tuple[asyncpg.Connection, Awaitable[object]],
    holder: asyncpg.Connection,
    table: str,
) -> None:
    """Has both workers, each a session and what it does, meet: the first stands before it writes this table.

    It has its locks and has loaded what it goes by; the second begins only then, and is on its own until it waits.
    """
    async with _nothing_written(holder, table):
        one = asyncio.ensure_future(first[1])
        await blocked(first[0], holder)
        other = asyncio.ensure_future(second[1])
        await blocked(second[0], holder)
    await one
    await other


@asynccontextmanager
async def _nothing_written(holder: asyncpg.Connection, table: str) -> AsyncIterator[None]:
    await holder.execute(
        "create function stand() returns trigger language plpgsql as "
        "$$ begin perform pg_advisory_xact_lock(77); return null; end $$;"
        f"create trigger standing before update on {table} for each statement execute function stand();"
        "select pg_advisory_lock(77)"
    )
    try:
        yield
    finally:
        await holder.execute("select pg_advisory_unlock(77)")


async def blocked(session: asyncpg.Connection, seen_by: asyncpg.Connection) -> None:
    """Waits until a session waits for what another holds."""
    async with asyncio.timeout(20):
        while not await seen_by.fetchval(_BLOCKED, session.get_server_pid()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
