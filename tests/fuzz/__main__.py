"""`python -m tests.fuzz --records 500000 --seed 7`: random records through all four services, and what became of them.

A seed gives the same records each time. Services run in this process on a real database of their own, which is thrown
away (`--stack`: as processes, behind a real broker); facts that they publish are read by the others and come on top of
the records asked for. Exit code 1 where anything crashed, was lost, or was set aside as `internal`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from secrets import token_urlsafe

from recouvra.contracts.topics import EVENTS, INBOUND
from recouvra.local.servers import database
from tests.fuzz import on_kafka
from tests.fuzz.fund import Desk, Fund
from tests.fuzz.records import made

_ROUND = 2_000  # records between two moments at which everything is read and published
_ROUNDS_A_WINDOW = 2
_WAITING = {
    "registration": "select count(*) from hire where outcome = 'pending'",
    "contributions": "select (select count(*) from declaration where state in ('incomplete', 'pending')) "
    "+ (select count(*) from waiting_reversal)",
    "liquidation": "select count(*) from form where outcome is null",
}


async def fuzz(fund: Fund, records: int, seed: int, topics: list[str]) -> None:
    """Publishes that many random records of these topics, round by round, and has all of them read."""
    chance, published, started = Random(seed), 0, time.monotonic()
    while published < records:
        fund.world.window = published // (_ROUND * _ROUNDS_A_WINDOW)
        wanted = min(_ROUND, records - published)
        fund.publish(*(made(chance.choice(topics), fund.world, chance) for _ in range(wanted)))
        await fund.settle()
        published += wanted
        crashes = sum(len(desk.crashes) for desk in fund.desks)
        print(f"\r{published:,} / {records:,}  {time.monotonic() - started:,.0f} s  crashes: {crashes}", end="")
    print()


async def told(desk: Desk) -> str:
    """One service's balance as a line."""
    waiting = await desk.connection.fetchval(_WAITING[desk.service.name]) if desk.service.name in _WAITING else 0
    letters = ", ".join(f"{reason} {count:,}" for reason, count in sorted(desk.letters.items()))
    return (
        f"{desk.service.name:14}{desk.done.records:>10,} read = {desk.done.effects:,} effects ({waiting:,} still wait) "
        f"+ {desk.done.duplicates:,} duplicates + {desk.letters.total():,} dead letters ({letters}); "
        f"slowest batch {desk.slowest_seconds:.1f} s"
    )


async def run(folder: Path, records: int, seed: int, topics: list[str]) -> int:
    """Runs it all; the exit code."""
    async with database(folder) as server:
        fund = await Fund.opened(lambda name: server.create_database(name, token_urlsafe(12)), "fuzz")
        started = time.monotonic()
        await fuzz(fund, records, seed, topics)
        print(f"{records:,} records of {len(set(topics))} topics, seed {seed}, {time.monotonic() - started:.0f} s")
        for desk in fund.desks:
            print(await told(desk))
        faults = await fund.faults()
        print("\n".join(faults[:20]) or "nothing crashed, nothing was lost, no internal")
        await fund.close()
    return 1 if faults else 0


def main() -> int:
    """Reads what is asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--facts", action="store_true", help="one record in three or so is a fact that nobody published"
    )
    parser.add_argument("--stack", action="store_true", help="through a whole stack of processes, by its broker")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    topics = [*INBOUND] * 3 + [topic for topic in EVENTS if topic not in INBOUND] if asked.facts else [*INBOUND]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        way = on_kafka.run if asked.stack else run
        return asyncio.run(way(Path(folder), asked.records, asked.seed, topics))


if __name__ == "__main__":
    sys.exit(main())
