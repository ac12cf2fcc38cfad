"""What will be tried beside the parts: a payer of 200,000, 20,000 payers of five, ten million lines that wait.

Each ends with `verify`, the service's own recomputation of its figures; a trial that leaves a wrong one has no figure.
"""

from __future__ import annotations

import asyncio
import time
from statistics import median

from bench.commands import verified
from bench.declaring import Declaring, both_know, learn, received, taken
from bench.failing import BenchFailed
from bench.ground import Fund, Ground
from bench.made import MOST_LINES, alike, declared, log_normal
from bench.meter import Spent, memory_mib
from bench.telling import Told, goal, pairwise, plot, rates, short, spread, table

_MANY = "payers of 1,000"
_WORKERS = 5
_EVERY_SECONDS = 0.5
_WITHIN_SECONDS = 3_600.0
_MOMENTS = 40
_MONTHS = range(36)


async def large_payer(ground: Ground, *, workers: int, repeats: int) -> Told:
    """One payer with so many workers, in parts of 1,000, beside payers of 1,000 with as many in all; in turn."""
    sides = {
        "one payer": Declaring(alike(1, workers, name="LARGE"), [0]),
        _MANY: Declaring(alike(workers // MOST_LINES, MOST_LINES, first=workers), [0]),
    }
    runs: dict[str, list[Spent]] = {name: [] for name in sides}
    async with ground.fund("contributions", "reporting") as fund:
        for what in sides.values():
            await learn(fund, what.payers)
        await fund.start("contributions")
        await fund.start("reporting")
        await both_know(fund)
        for repeat in range(repeats):
            for name, what in sides.items():
                of_a_month = Declaring(what.payers, [repeat], reported=True)
                runs[name].append(spent := await taken(fund, of_a_month))
                print(f"  {repeat + 1}/{repeats} {name}: {what.lines / spent.seconds:,.0f} lines/s", flush=True)
        verified_in = await verified(fund, "contributions", "reporting")
    found = {name: rates(some, sides[name].lines) for name, some in runs.items()}
    rows = [
        [
            name,
            sides[name].lines,
            round(median(found[name])),
            spread(found[name]),
            short(median(pairwise(found[name], found[_MANY]))),
            round(max(one.peak_mib["contributions worker"] for one in some)),
        ]
        for name, some in runs.items()
    ]
    columns = ["", "lines", "lines/s", "of its runs", "÷ that of many payers", "contributions' worker MiB"]
    return {
        "title": "A payer of many workers",
        "says": [f"Up to reporting's read models; then verified, with no alarm, in {verified_in:.0f} s."],
        "tables": [table("A month (medians)", columns, rows)],
        "goals": [],
        "raw": {name: [one.told(sides[name].lines) for one in some] for name, some in runs.items()},
    }


async def small_payers(ground: Ground, *, payers: int, months: int) -> Told:
    """So many payers of five, each with so many months; month by month."""
    people, runs = alike(payers, _WORKERS), list[Spent]()
    async with ground.fund("contributions", "reporting") as fund:
        began = time.monotonic()
        await learn(fund, people)
        await fund.start("contributions")
        await fund.start("reporting")
        await both_know(fund)
        knew = time.monotonic() - began
        for month in range(months):
            runs.append(spent := await taken(fund, Declaring(people, [month], reported=True)))
            print(f"  {month + 1}/{months}: {payers / spent.seconds:,.0f} declarations/s", flush=True)
        verified_in = await verified(fund, "contributions", "reporting")
    found = rates(runs, payers)
    rows = [
        [
            f"{month + 1}",
            round(rate),
            round(rate * _WORKERS),
            *(round(spent.peak_mib[f"{service} worker"]) for service in ("contributions", "reporting")),
        ]
        for month, (rate, spent) in enumerate(zip(found, runs, strict=True))
    ]
    columns = ["month", "declarations/s", "lines/s", "contributions' worker MiB", "reporting's worker MiB"]
    return {
        "title": "Many payers of five",
        "says": [
            f"{payers:,} payers and their {payers * _WORKERS:,} workers were known after {knew:.0f} s. Each month up "
            f"to reporting's read models; then verified, with no alarm, in {verified_in:.0f} s."
        ],
        "tables": [table("Month by month", columns, rows)],
        "goals": [],
        "raw": {"months": [one.told(payers) for one in runs]},
    }


async def backlog(ground: Ground, *, lines: int) -> Told:
    """Lines wait before a worker starts; its memory, second by second, until all are answered and published."""
    what = Declaring(log_normal(lines // len(_MONTHS)))
    async with ground.fund("contributions") as fund:
        await learn(fund, what.payers)
        await fund.start("contributions")
        await both_know(fund)
        await fund.end("contributions")
        await fund.publish(declared(what.payers, what.months))
        await fund.start("contributions")
        began = time.monotonic()
        seen = await _memory_while_drained(fund)
        took = time.monotonic() - began
        if (accepted := await received(fund)) != what.lines:
            raise BenchFailed(f"{accepted} of {what.lines} lines were accepted")
        await fund.nothing_refused()
        verified_in = await verified(fund, "contributions")
    first, second = (max(mib for at, mib in seen if (at > took / 2) == later) for later in (False, True))
    shown = seen[:: max(1, len(seen) // _MOMENTS)]
    return {
        "title": "A backlog",
        "says": [
            f"{what.lines:,} lines in parts of 1,000 waited; one worker, from its start on, took {took:.0f} s "
            f"({what.lines / took:,.0f} lines/s). Then verified, with no alarm, in {verified_in:.0f} s."
        ],
        "tables": [
            table(
                "The worker's memory (PSS)",
                ["", "MiB"],
                [["most in the first half", short(first)], ["most in the second half", short(second)]],
            )
        ],
        "goals": [goal("A backlog's memory, second half ÷ first", second / first, 1.2, at_most=True)],
        "plots": [plot("backlog", "Memory while a backlog is drained", "seconds", "MiB", {"worker": shown})],
        "raw": {"memory": seen, "seconds": took},
    }


async def _memory_while_drained(fund: Fund) -> list[tuple[float, float]]:
    """Seconds since now, and MiB of contributions' worker at that moment, until all was read and published."""
    (worker,) = fund.roles
    began, seen = time.monotonic(), list[tuple[float, float]]()

    async def look() -> None:
        while True:
            seen.append((round(time.monotonic() - began, 1), round(memory_mib(worker.pid), 1)))
            await asyncio.sleep(_EVERY_SECONDS)

    looking = asyncio.create_task(look())
    try:
        await fund.has_read("contributions", ["payroll-declared"], _WITHIN_SECONDS)
        await fund.has_published("contributions")
    finally:
        looking.cancel()
    return seen
