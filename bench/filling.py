"""Read models filled with a made country by the projections' own statements, without a broker: soon, the same rows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg

from bench.reports_history import Country
from recouvra.chassis.database import WRITER, connect
from recouvra.contracts.reading import Received
from services.reporting.app import AWAITED
from services.reporting.doors.events import Facts
from services.reporting.projections import marks, progress
from services.reporting.projections.kept import KEPT

_BATCH = 2_000
_COMPLETE = datetime(2098, 1, 1, tzinfo=UTC)
Save = Callable[[Facts, asyncpg.Connection], Awaitable[None]]


async def fill(url: str, country: Country, save: Save = Facts.save) -> dict[str, Any]:
    """Takes a whole country in, in the order of knowledge times, and says that it is complete: how many, how fast.

    A crash of the server may take the last batches back, which costs a bench nothing that it measures.
    """
    connection = await connect(url, WRITER | {"synchronous_commit": "off"})
    count, batch, took = 0, list[Received](), 0.0
    try:
        for day in country.days():
            batch += day
            while len(batch) >= _BATCH:
                took += await _take(connection, batch[:_BATCH], save)
                count += _BATCH
                del batch[:_BATCH]
        took += await _take(connection, batch, save)
        await connection.executemany(
            "insert into complete (service, up_to) values ($1, $2)", [(name, _COMPLETE) for name in AWAITED]
        )
        await connection.execute("vacuum (analyze)")
        return {"facts": count + len(batch), "facts_per_second": round((count + len(batch)) / took)}
    finally:
        await connection.close()


async def append(facts: Facts, connection: asyncpg.Connection) -> None:
    """Keeps facts and their progress, and nothing that is made of them."""
    for ledger in KEPT:
        if told := [fact for fact in facts.told if fact.record.topic == ledger.event.topic]:
            await ledger.append(connection, told)
    await progress.save(connection, facts.told)
    await marks.advance(connection)


async def _take(connection: asyncpg.Connection, batch: list[Received], save: Save) -> float:
    """Keeps a batch as the worker does, without inbox and positions; the seconds that it took."""
    started, facts = time.monotonic(), Facts()
    for fact in batch:
        facts.apply(fact, fact.envelope.time)
    async with connection.transaction():
        await save(facts, connection)
    return time.monotonic() - started
