"""The floor: COPY of the same lines, one row a line, into a table with the same key and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_urlsafe

import asyncpg

from bench.made import Payer, rows
from bench.meter import Meter, Spent
from recouvra.local.postgres import Postgres

TABLE = """
create table line (
    payer_id text collate "C", declaration_id text collate "C", line_no int, insured_number text collate "C",
    period text collate "C", base_xof bigint, primary key (payer_id, declaration_id, line_no)
)
"""
"""Also what everybody writes into whom we are compared with."""

_A_TRANSACTION = 20_000


async def floor(postgres: Postgres, name: str, payers: Sequence[Payer], months: Sequence[int]) -> Spent:
    """COPY by the text protocol's fastest client, in transactions of 20,000 rows, into a new database."""
    kept = list(rows(payers, months))
    connection = await asyncpg.connect(await postgres.create_database(name, token_urlsafe(12)))
    meter = Meter({"postgres": [postgres.pid]})
    try:
        await connection.execute(TABLE)
        meter.start()
        for at in range(0, len(kept), _A_TRANSACTION):
            await connection.copy_records_to_table("line", records=kept[at : at + _A_TRANSACTION])
        spent = meter.stop()
    finally:
        await connection.close()
    await drop(postgres, name)
    return spent


async def drop(postgres: Postgres, *names: str) -> None:
    """Removes databases that nobody needs any more: what follows finds the disk as it was."""
    connection = await asyncpg.connect(postgres.url)
    try:
        for name in names:
            await connection.execute(f'drop database if exists "{name}" with (force)')
            await connection.execute("checkpoint")
    finally:
        await connection.close()
