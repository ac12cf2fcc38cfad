"""Reads: `/v1/collection-rates` over a whole country, idle and while reporting takes in facts as fast as it can."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from statistics import median

from bench.asking import Client, at_once
from bench.country import RECEIVED, Receipts
from bench.failing import BenchFailed
from bench.filling import fill
from bench.ground import Fund, Ground
from bench.publishing import ends
from bench.reports_history import Country
from bench.same_sql import pgbench, statement_behind
from bench.telling import Rounds, Told, goal, pairwise, percentiles, short, spread, table

_RATES = "/v1/collection-rates"
QUESTIONS = {
    "national, by kind": f"{_RATES}?group_by=payer_kind",
    "by region": f"{_RATES}?group_by=region",
    "one region's payers": f"{_RATES}?region=05&group_by=payer",
    "a past date, by kind": f"{_RATES}?group_by=payer_kind&as_of=2024-12-31",
}
_PERIODS = 36
_CLIENTS, _ROUNDS = 4, 3
_AHEAD, _STEP = 30_000, 10_000
_READ = "select coalesce(sum(next_offset), 0)::bigint from position where topic = any($1::text[])"


@dataclass(slots=True)
class _Figures:
    """Of one question, by state: milliseconds of one client; answers a second of four, and of pgbench, by round."""

    statement: str
    ms: dict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    per_second: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    pgbench: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def over_pgbench(self, state: str) -> list[float]:
        """Ours by pgbench's, round by round."""
        return pairwise(self.per_second[state], self.pgbench[state])


async def reads(ground: Ground, *, payers: int, seconds: int) -> Told:
    """So many seconds of each question, client count and state, in rounds over all questions."""
    async with ground.fund("reporting") as fund:
        filled = await fill(fund.urls["reporting"], Country(payers, _PERIODS))
        print(f"  {filled['facts']:,} facts, {filled['facts_per_second']:,} a second", flush=True)
        await ground.checkpoint()
        await fund.start("reporting")
        await fund.start("reporting", "api")
        figures = {name: _Figures(await statement_behind(fund, "reporting", path)) for name, path in QUESTIONS.items()}
        await _ask_all(fund, figures, "idle", seconds)
        async with _ingesting(fund, Receipts(Country(payers, _PERIODS))) as rates:
            await _ask_all(fund, figures, "ingesting", seconds)
        await fund.nothing_refused()
    return _told(payers, filled["facts"], rates, figures)


async def _ask_all(fund: Fund, figures: dict[str, _Figures], state: str, seconds: int) -> None:
    url, each_time = fund.url("reporting"), max(1, seconds // _ROUNDS)
    for number, (name, path) in product(range(_ROUNDS), QUESTIONS.items()):
        found = figures[name]
        for count in (1, _CLIENTS):
            async with AsyncExitStack() as opened:
                clients = [await opened.enter_async_context(Client(url)) for _ in range(count)]
                taken, rate = await at_once([partial(client.read, path) for client in clients], each_time)
            if count == 1:
                found.ms[state].append(taken)
            else:
                found.per_second[state].append(rate)
        found.pgbench[state].append(await pgbench(fund, "reporting", found.statement, _CLIENTS, each_time))
        ours, theirs = found.per_second[state][-1], found.pgbench[state][-1]
        print(
            f"  {number + 1}/{_ROUNDS} {state}, {name}: {percentiles(found.ms[state][-1])}, "
            f"{ours:.0f}/s, pgbench {theirs:.0f}/s",
            flush=True,
        )


@asynccontextmanager
async def _ingesting(fund: Fund, receipts: Receipts) -> AsyncIterator[list[float]]:
    """Reporting's worker always has facts to read while the block lasts; the rate at which it read is added at its end.

    Raises:
        BenchFailed: it had none for a moment: what was asked meanwhile was asked of an idle service.
    """
    connection, names, rates = fund.databases["reporting"], [RECEIVED], list[float]()
    published = sum((await ends(fund.ground.kafka.bootstrap, names)).values())
    ended, idle = asyncio.Event(), 0

    async def feed() -> None:
        nonlocal published, idle
        while not ended.is_set():
            read = await connection.fetchval(_READ, names)
            idle += read >= published
            while published - read < _AHEAD and not ended.is_set():
                await asyncio.to_thread(receipts.publish, fund, _STEP)
                published += _STEP
            await asyncio.sleep(0.1)

    await asyncio.to_thread(receipts.publish, fund, _AHEAD)
    published += _AHEAD
    before, began = await connection.fetchval(_READ, names), asyncio.get_running_loop().time()
    feeding = asyncio.create_task(feed())
    try:
        yield rates
    finally:
        ended.set()
        await feeding
    if idle:
        raise BenchFailed(f"the worker had read all that was published {idle} times")
    took = asyncio.get_running_loop().time() - began
    rates.append((await connection.fetchval(_READ, names) - before) / took)


def _told(payers: int, count: int, rates: list[float], figures: dict[str, _Figures]) -> Told:
    rows = []
    for name, found in figures.items():
        for state in ("idle", "ingesting"):
            ours, theirs = median(found.per_second[state]), median(found.pgbench[state])
            over = found.over_pgbench(state)
            cells = [round(ours), round(theirs), short(median(over)), spread(over)]
            rows.append([name, state, *Rounds(found.ms[state]).cells, *cells])
    national = figures["national, by kind"]
    idle, ingesting = (Rounds(national.ms[state]) for state in ("idle", "ingesting"))
    columns = ["", "", "asked", "p50 ms", "p99 ms", "p99 of its rounds", "answers/s", "pgbench/s", "÷ pgbench"]
    columns += ["of its rounds"]
    return {
        "title": "Reads",
        "says": [
            f"{payers:,} payers × {_PERIODS} periods, {count:,} facts, put there by the projections' own "
            f"statements; while it is asked and “ingesting”, the worker takes in {rates[0]:,.0f} more a second.",
            f"Milliseconds of one client over HTTP; answers a second of {_CLIENTS} clients over HTTP, and of pgbench "
            "with as many on the same statement (prepared, as the database's log has it).",
        ],
        "tables": [table("/v1/collection-rates", columns, rows)],
        "goals": [
            goal("National report idle, p99", idle.told["p99"], 20, at_most=True, unit="ms", runs=idle.p99s),
            goal(
                "National report under ingestion, p99",
                ingesting.told["p99"],
                50,
                at_most=True,
                unit="ms",
                runs=ingesting.p99s,
            ),
            goal("National report ÷ pgbench, idle", national.over_pgbench("idle"), 0.5),
        ],
        "raw": {
            "facts": count,
            "facts_per_second_while_asked": round(rates[0]),
            "questions": {
                name: {
                    "ms": found.ms,
                    "per_second": found.per_second,
                    "pgbench": found.pgbench,
                }
                for name, found in figures.items()
            },
        },
    }
