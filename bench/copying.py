"""The floor's client, a program of its own as every other side's is: `python -m bench.copying FOLDER`.

`FOLDER/told` holds where to and which lines; `FOLDER/spent`, once it has ended, what the copying took.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import asyncpg

from bench.made import Row, rows
from bench.meter import Meter, Spent

TABLE = """
create table line (
    payer_id text collate "C", declaration_id text collate "C", line_no int, insured_number text collate "C",
    period text collate "C", base_xof bigint, primary key (payer_id, declaration_id, line_no)
)
"""
"""What the floor copies into; also what everybody writes into whom we are compared with."""

_A_TRANSACTION = 20_000


async def copy(url: str, database_pid: int, lines: Iterator[Row]) -> Spent:
    """COPY by the text protocol's fastest client, in transactions of 20,000 rows.

    The copying alone counts: while the next rows are made, between two transactions, no time passes for it.
    """
    connection = await asyncpg.connect(url)
    meter = Meter({"client": [os.getpid()], "postgres": [database_pid]})
    try:
        await connection.execute(TABLE)
        seconds = client_seconds = 0.0
        meter.start()
        while some := list(islice(lines, _A_TRANSACTION)):
            began, cpu = time.monotonic(), time.process_time()
            await connection.copy_records_to_table("line", records=some)
            seconds, client_seconds = seconds + time.monotonic() - began, client_seconds + time.process_time() - cpu
        spent = meter.stop()
    finally:
        await connection.close()
    return replace(spent, seconds=seconds, cpu={"client": client_seconds, "postgres": spent.cpu["postgres"]})


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    to_url, to_pid, payers, months = pickle.loads((folder / "told").read_bytes())
    (folder / "spent").write_bytes(pickle.dumps(asyncio.run(copy(to_url, to_pid, rows(payers, months)))))
