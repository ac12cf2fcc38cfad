"""`python -m tests.faults.starving`: how fast records are taken in while many ask for the slowest reports at once.

One backlog is drained by all workers with nobody asking, a like one while `CLIENTS` ask without pause, over ledgers of
millions of rows: the ratio of both rates is what a reader's question can take from a publisher's record.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx

from recouvra.local.roles import SERVICES
from services.reporting.projections import standing
from tests.builders import payment
from tests.faults.backlogs import fill
from tests.faults.ground import Ground, ground

CLIENTS = 20
LEAST = 0.4
_SLOW = (
    "/v1/collection-rates?group_by=payer&group_by=period&limit=500",
    "/v1/collection-rates?group_by=territory&group_by=period",
    "/v1/payers?limit=500",
    "/v1/money",
)
_HISTORY = (
    "insert into assessed (event_id, known_at, payer_id, payer_kind, territory_code, period, declaration_id, basis, "
    "assessed_xof, insured_share_xof, payer_share_xof, line_count, filed_on, due_on) "
    "select n::text, '2026-01-01'::timestamptz + n * interval '1 second', 'OLD-' || n % 50000, 'private_employer', "
    "'01', '2025-' || lpad((n % 12 + 1)::text, 2, '0'), 'D', 'declared', 1000, 500, 500, 3, '2026-01-05', '2026-01-15' "
    "from generate_series(1, $1) n"
)


async def measured(folder: Path, rows: int, backlog: int) -> float:
    """Seconds to drain without and with reports asked for, printed; the rate with them as a share of that without."""
    async with ground(folder) as it:
        connection = await asyncpg.connect(it.urls["reporting"])
        await connection.execute(_HISTORY.replace("$1", str(rows)))
        while await connection.fetchval("select exists (select from assessed where not in_standing)"):
            async with connection.transaction():  # as a worker's next batches would, some thousands of facts at a time
                await standing.save(connection, ())
        await connection.execute("analyze")
        await connection.close()
        for name in SERVICES:
            it.started(name, "worker")
        it.started("reporting", "api")
        async with it.ready("reporting") as http:
            await _drained(it, "warm", backlog // 10)
            idle = await _drained(it, "idle", backlog)
            answers: Counter[str] = Counter()
            taken: list[float] = []
            asking = [asyncio.create_task(_asks(http, number, answers, taken)) for number in range(CLIENTS)]
            busy = await _drained(it, "busy", backlog)
            for task in asking:
                task.cancel()
        print(f"{backlog:,} records: {idle:.1f} s alone, {busy:.1f} s beside {CLIENTS} clients ({idle / busy:.2f})")
        print(f"reports meanwhile: {dict(answers)}, median {statistics.median(taken or [0]):.1f} s")
        return idle / busy


async def _asks(http: httpx.AsyncClient, number: int, answers: Counter[str], taken: list[float]) -> None:
    while True:
        began = time.monotonic()
        with suppress(httpx.HTTPError):
            response = await http.get(_SLOW[number % len(_SLOW)])
            answers[str(response.status_code)] += 1
            taken.append(time.monotonic() - began)


async def _drained(it: Ground, tag: str, count: int) -> float:
    """Publishes payments of many payers, and waits until their facts are in the read models."""
    began = time.monotonic()
    drafts = (payment(f"{tag}-{n % 2_000}", 1_000, payment_id=f"{tag}-{n}") for n in range(count))
    await asyncio.to_thread(fill, it.bootstrap, drafts)
    await it.drained(SERVICES)
    return time.monotonic() - began


def main() -> int:
    """Reads what is asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.starving", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the ledger that reports sum")
    parser.add_argument("--records", type=int, default=40_000, help="of a backlog")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recouvra-starving-") as folder:
        return 0 if asyncio.run(measured(Path(folder), asked.rows, asked.records)) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
