"""Declared lines a second, from Kafka to the published answer and assessment, against the plainest COPY of them.

The floor writes the same lines, one row a line, into a table with the same key, and does nothing else. Both stand in
one run, on the same broker and database with fsync on, in turn; the ratio counts, not the figures.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer

from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payroll_declared import PayrollDeclared, Totals
from recouvra.local.postgres import Postgres
from recouvra.local.servers import broker, database
from recouvra.local.topics import create_topics

_PART = 1_000
_DEADLINE_SECONDS = 900
_DAY = date(2020, 1, 1)
_AT = datetime(2026, 2, 5, tzinfo=UTC)


def declarations(lines: int, seed: int = 7) -> Iterator[tuple[PayerAffiliated, list[PayrollDeclared]]]:
    """Payers of log-normal size and their declaration of one month in parts of 1,000 lines; `lines` in all, about."""
    chosen, left, number = random.Random(seed), lines, 0
    while left > 0:
        size = min(left, max(1, int(chosen.lognormvariate(5, 1.4))))
        payer_id, number, left = f"PAYER-{number:06d}", number + 1, left - size
        bases = [chosen.randrange(40_000, 900_000) for _ in range(size)]
        parts = -(-size // _PART)
        totals = Totals(lines=size, base_xof=sum(bases))
        yield (
            PayerAffiliated(
                payer_id=payer_id,
                payer_kind="private_employer",
                name=payer_id,
                territory_code="01",
                filing_frequency="monthly",
                affiliated_on=_DAY,
                closed_on=None,
            ),
            [
                PayrollDeclared(
                    declaration_id="D-2026-01",
                    payer_id=payer_id,
                    period="2026-01",
                    part=part + 1,
                    parts=parts,
                    totals=totals,
                    lines=DeclaredLines(
                        [n + 1 for n in of_part],
                        [f"{10**11 + number * 10**6 + n}" for n in of_part],
                        [bases[n] for n in of_part],
                    ),
                )
                for part in range(parts)
                for of_part in [range(part * _PART, min(size, (part + 1) * _PART))]
            ],
        )


async def line_rate(folder: Path, lines: int, repeats: int) -> dict[str, Any]:
    """Runs product and floor in turn, `repeats` times each, on fresh databases; medians, and their ratio."""
    made = list(declarations(lines))
    async with broker(folder / "kafka") as kafka, database(folder / "postgres") as postgres:
        await create_topics(kafka.bootstrap)
        count = await _publish(kafka.bootstrap, made)
        insured = [(ln.insured_number, p.payer_id) for p, parts in made for part in parts for ln in part.lines]
        products, floors = [], []
        for repeat in range(repeats):
            products.append(await _product(kafka.bootstrap, postgres, repeat, insured))
            floors.append(await _floor(postgres, repeat, made))
            print(f"{repeat + 1}/{repeats}: {products[-1]:,.0f} lines/s, floor {floors[-1]:,.0f} rows/s", flush=True)
    product, floor = statistics.median(products), statistics.median(floors)
    return {
        "lines": lines,
        "records": count,
        "repeats": repeats,
        "lines_per_second": [round(rate) for rate in products],
        "floor_rows_per_second": [round(rate) for rate in floors],
        "ratio_of_medians": round(product / floor, 3),
    }


async def _publish(bootstrap: str, made: list[tuple[PayerAffiliated, list[PayrollDeclared]]]) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=4 << 20, linger_ms=20)
    await producer.start()
    count = 0
    try:
        for payer, parts in made:
            for event in (payer, *parts):
                count += 1
                await producer.send(event.topic, event.to_json(), event.key.encode(), headers=_headers(event, count))
        await producer.flush()
    finally:
        await producer.stop()
    return count


def _headers(event: Event, count: int) -> list[tuple[str, bytes]]:
    return binary_headers(Envelope(str(UUID(int=count)), "/bench", event.event_type(), _AT, None))


async def _product(bootstrap: str, postgres: Postgres, repeat: int, insured: list[tuple[str, str]]) -> float:
    """Lines a second of one worker, until its outbox is published; its start does not count. Everybody is insured."""
    lines = len(insured)
    url = await postgres.create_database(f"contributions_{repeat}", token_urlsafe(12))
    environment = os.environ | {"RECOUVRA_KAFKA": bootstrap, "RECOUVRA_DATABASE_URL": url}
    command = (sys.executable, "-m", "services.contributions")
    migrating = await asyncio.create_subprocess_exec(
        *command, "--migrate", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    if await migrating.wait() != 0:
        raise RuntimeError("migrations failed")
    connection = await asyncpg.connect(url)
    await connection.copy_records_to_table("insured", records=[(number, payer, _AT) for number, payer in insured])
    worker = await asyncio.create_subprocess_exec(*command, "--worker", env=environment)
    try:
        started, deadline = 0.0, time.monotonic() + _DEADLINE_SECONDS
        while time.monotonic() < deadline:
            done, unsent, read = await connection.fetchval(
                "select array[(select coalesce(sum(lines_received), 0)::bigint from declaration "
                "where state = 'accepted'), (select count(*) from outbox), (select count(*) from position)]"
            )
            if read and not started:
                started = time.monotonic()
            if done == lines and not unsent:
                await connection.close()
                return lines / (time.monotonic() - started)
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{done} of {lines} lines after {_DEADLINE_SECONDS} s")
    finally:
        worker.terminate()
        await worker.wait()


async def _floor(postgres: Postgres, repeat: int, made: list[tuple[PayerAffiliated, list[PayrollDeclared]]]) -> float:
    """Rows a second of COPY in transactions of 20,000 into a table with the lines' key."""
    url = await postgres.create_database(f"floor_{repeat}", token_urlsafe(12))
    rows = [
        (part.payer_id, part.declaration_id, line.line_no, line.insured_number, part.period, line.base_xof)
        for _, parts in made
        for part in parts
        for line in part.lines
    ]
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "create table line (payer_id text, declaration_id text, line_no int, insured_number text, period text, "
            "base_xof bigint, primary key (payer_id, declaration_id, line_no))"
        )
        started = time.monotonic()
        for at in range(0, len(rows), 20_000):
            await connection.copy_records_to_table("line", records=rows[at : at + 20_000])
        return len(rows) / (time.monotonic() - started)
    finally:
        await connection.close()
