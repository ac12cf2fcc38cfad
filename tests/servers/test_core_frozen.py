"""A worker that is frozen while it sends a COPY loses its session, and with it its locks; nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest_asyncio

from recouvra.chassis.database import end_frozen
from tests.servers.till.at_work import CreateDatabase, Till, till, until

NOW = timedelta(0)
_LOCKED = "select topic from position order by topic, partition limit 1 for update"


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, "", tmp_path) as made:
        await made.begins_everywhere()
        yield made


async def frozen_in_a_copy(session: asyncpg.Connection, goes_on: asyncio.Event) -> None:
    """Locks a position, begins to send a COPY, and sends no more of it before it goes on."""

    async def sent() -> AsyncIterator[bytes]:
        yield b"/s\t1\t\\\\x00\n"
        await goes_on.wait()

    async with session.transaction():
        await session.fetchval(_LOCKED)
        await session.copy_to_table("inbox", columns=("source", "event_id", "content"), source=sent())


async def states(it: Till) -> list[tuple[str, str | None]]:
    """What the sessions of workers do, and what they wait for."""
    rows = await it.rows(
        "select state, wait_event from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
        "and application_name = 'recouvra-worker' order by 1, 2"
    )
    return [(row["state"], row["wait_event"]) for row in rows]


async def test_a_session_that_sends_no_more_of_its_copy_is_ended_and_what_it_locked_is_free(it: Till) -> None:
    frozen, waiting = await it.session(), await it.session()
    goes_on = asyncio.Event()
    copying = asyncio.create_task(frozen_in_a_copy(frozen, goes_on))

    async def is_sending() -> bool:
        return ("active", "ClientRead") in await states(it)

    await until(is_sending)
    locking = asyncio.create_task(waiting.fetchval(_LOCKED))

    async def is_kept_waiting() -> bool:
        return any(state == "active" and event != "ClientRead" for state, event in await states(it))

    await until(is_kept_waiting)
    assert await end_frozen(it.connection) == 0  # it may be slow, so far
    assert await end_frozen(it.connection, NOW) == 1
    assert await asyncio.wait_for(locking, 30) is not None
    goes_on.set()
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await copying
    assert copying.exception() is not None
    assert await it.count("inbox") == 0
    await waiting.close()


async def test_a_session_that_takes_no_more_of_its_answer_is_ended(it: Till) -> None:
    frozen = await it.session()
    goes_on = asyncio.Event()

    async def asked() -> None:
        async with frozen.transaction():
            await frozen.fetchval(_LOCKED)
            await frozen.copy_from_query("select repeat('x', 1000) from generate_series(1, 100000)", output=taken)

    async def taken(_: bytes) -> None:
        await goes_on.wait()

    asking = asyncio.create_task(asked())

    async def is_kept_waiting() -> bool:
        return ("active", "ClientWrite") in await states(it)

    await until(is_kept_waiting)
    assert await end_frozen(it.connection) == 0
    assert await end_frozen(it.connection, NOW) == 1

    async def is_gone() -> bool:
        return await states(it) == []

    await until(is_gone)
    goes_on.set()
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await asking
    assert asking.exception() is not None


async def test_who_sends_no_copy_is_left_alone(it: Till) -> None:
    idle, thinking, working = await it.session(), await it.session(), await it.session()
    async with thinking.transaction():
        await thinking.fetchval(_LOCKED)
        at_work = asyncio.create_task(working.fetchval("select pg_sleep(60)"))

        async def all_are_seen() -> bool:
            return await states(it) == [
                ("active", "PgSleep"),
                ("idle", "ClientRead"),
                ("idle in transaction", "ClientRead"),
            ]

        await until(all_are_seen)
        assert await end_frozen(it.connection, NOW) == 0
    working.terminate()
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await at_work
    await idle.close()
    await thinking.close()
