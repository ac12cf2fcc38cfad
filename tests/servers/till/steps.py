"""The steps of a transaction: somebody held up right before one of them, and what everybody else sees meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.servers.till.at_work import Till


async def everything(it: Till) -> dict[str, list[str]]:
    """Every row of every table, as anybody else sees it now."""
    tables = await it.rows("select tablename from pg_tables where schemaname = 'public' order by 1")
    return {
        name: [row[0] for row in await it.rows(f'select t::text from "{name}" t order by 1')]  # noqa: S608
        for (name,) in tables
    }


def at(table: str, act: str) -> str:
    """When a trigger fires that stands before an act on a table, or at the commit of what has touched it."""
    if act == "commit":
        return f"after insert or update on {table} deferrable initially deferred for each row"
    return f"before {act} on {table} for each statement"


@asynccontextmanager
async def standing(it: Till, table: str, act: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Holds up whoever comes to this step, as `Till.gate` does."""
    async with it.gate("clock", "truncate") as somebody:  # which nobody does: for its function and its lock
        await it.connection.execute(
            f"create {'constraint' if act == 'commit' else ''} trigger step {at(table, act)} "
            "execute function stand_at_the_gate()"
        )
        yield somebody
    await it.connection.execute(f"drop trigger step on {table}")
