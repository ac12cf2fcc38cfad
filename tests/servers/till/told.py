"""What the tests of the journal publish, what comes of it, and a database put back to what it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tests.builders import Draft
from tests.servers.till.at_work import Till, until
from tests.standing.servers import DatabaseServer


def payments(it: Till, first: int, last: int) -> list[Draft]:
    """Payments of five keys, from one number up to before another."""
    return [it.payment(number, 1_000 + number, f"K{number % 5}") for number in range(first, last)]


def told(it: Till) -> list[Draft]:
    """All that is published in these tests, in three waves of forty."""
    return payments(it, 0, 120)


async def counted(it: Till, payments: int) -> None:
    """Waits until so many payments are counted and all that they cause is published."""
    await until(lambda: it.connection.fetchval("select count(*) = $1 from counted", payments))
    await until(lambda: it.connection.fetchval("select count(*) = 0 from outbox"))
    await until(lambda: it.connection.fetchval("select count(*) = 0 from journal"))


async def places(it: Till, topic: str = "payment-held") -> list[tuple[int, int, bytes]]:
    """Every record that this till published on a topic: its partition, its offset, what it says."""
    return sorted((one.partition, one.offset, one.value) for one in await it.facts(topic))


async def state(it: Till) -> dict[str, list[tuple[Any, ...]]]:
    """What a batch changes, in full: positions, claims, effects and letters, whatever their row numbers."""
    columns = {
        "position": "*",
        "inbox": "*",
        "counted": "*",
        "sum_of_key": "*",
        "dead_letter": 'topic, partition, "offset", value, reason, at, state',
    }
    found = {}
    for table, named in columns.items():
        found[table] = [tuple(row) for row in await it.rows(f"select {named} from {table} t order by t::text")]  # noqa: S608
    return found


@asynccontextmanager
async def copied(it: Till, server: DatabaseServer) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Keeps a copy of the database as it is now, a backup; yields what puts it in the database's place again.

    Nobody else may be connected then, as an administrator would see to.
    """
    copy = f"{it.name}-copy"
    owner = await asyncpg.connect(server.url)

    async def put(name: str, of: str) -> None:
        await it.connection.close()
        await owner.execute(f'drop database if exists "{name}"')
        await owner.execute(f'create database "{name}" template "{of}" owner "{it.name}"')
        it.connection = await asyncpg.connect(it.url)

    try:
        await put(copy, it.name)
        yield lambda: put(it.name, copy)
    finally:
        await owner.close()
