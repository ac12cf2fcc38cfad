"""Watching a program of others store lines: it is left to warm up, and what it stores is counted at two moments."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg

from bench.copying import TABLE
from bench.failing import BenchFailed, until
from bench.ground import Ground, drop
from bench.meter import Meter, Spent
from recouvra.local.children import Child

_START_SECONDS = 180.0
_STILL_SECONDS = 5.0
_LOOK_SECONDS = 0.25
Alive = Callable[[], Awaitable[None]]


async def watched(ground: Ground, child: Child, url: str, *, lines: int, warm: int, seconds: int) -> tuple[int, Spent]:
    """How many lines a program stored in so many seconds, `warm` seconds after its first commit, and what that took.

    Its table is counted before and after; meanwhile only the size of the table's file is asked for, which costs it
    nothing, and tells when it came to the end of the lines: what it took is then the time up to there.

    Raises:
        BenchFailed: it ended, stored nothing, or fell silent before the end.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TABLE)
        child.start()

        async def alive() -> None:
            if not child.is_running:
                raise BenchFailed(child.died(await child.ended()).en)

        async def begun() -> bool:
            return bool(await connection.fetchval("select exists (select from line)"))

        await until(begun, _START_SECONDS, f"{child.name} stores a line", every=0.01, alive=alive)
        await asyncio.sleep(warm)
        meter = Meter({"side": [child.pid], "postgres": [ground.postgres.pid], "broker": [ground.kafka.pid]})
        before = await _count(connection)
        meter.start()
        moving = await _moves(connection, seconds, alive)
        spent = meter.stop()
        after = await _count(connection)
        if after == before:
            raise BenchFailed(f"{child.name} had stored {before} lines by then, and stored no more")
        if moving is None:
            return after - before, spent
        if after < lines:
            raise BenchFailed(f"{child.name} stored {after} of {lines} lines, and then no more")
        return after - before, replace(spent, seconds=moving)
    finally:
        await child.stop(within=20)
        await connection.close()
        await drop(ground.postgres, child.name)


async def _moves(connection: asyncpg.Connection, seconds: int, alive: Alive) -> float | None:
    """Waits; the seconds for which the table grew where it has stood still since, None where it grows to the end."""
    size, began = 0, time.monotonic()
    moved_at = began
    while (now := time.monotonic()) < began + seconds:
        await alive()
        if (found := await connection.fetchval("select pg_relation_size('line')")) != size:
            size, moved_at = found, now
        elif now - moved_at > _STILL_SECONDS:
            return moved_at - began
        await asyncio.sleep(_LOOK_SECONDS)
    return None


async def _count(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("select count(*) from line"))
