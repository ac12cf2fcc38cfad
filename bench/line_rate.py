"""Line rate: declared lines a second, with all of contributions' work, beside a COPY of the same lines.

Payers of log-normal size in parts of 1,000 lines, and payers of five in declarations of five; each once up to the
published fact, and once up to the fact in reporting's read models, whose worker then shares the machine.
"""

from __future__ import annotations

from typing import Any

from bench.declaring import ALL_MONTHS, Declaring, declare
from bench.floor import floor
from bench.ground import Ground
from bench.made import alike, log_normal
from bench.meter import Spent
from bench.telling import Told, bars, cpu_per_million, each, goal, peak_mib, per_second, table

_SMALL = 5


async def line_rate(ground: Ground, *, lines: int, repeats: int) -> Told:
    """`lines` in all of the large payers, an eighth of them of the small ones; everything in turn, `repeats` times."""
    months = len(ALL_MONTHS)
    large, small = log_normal(lines // months), alike(max(1, lines // 8 // months // _SMALL), _SMALL)
    kinds = {
        "parts of 1,000, published": Declaring(large),
        "parts of 1,000, reported": Declaring(large, reported=True),
        "five lines, published": Declaring(small),
        "five lines, reported": Declaring(small, reported=True),
    }
    floors, runs = list[Spent](), dict[str, list[Spent]]()
    for repeat in range(repeats):
        floors.append(await floor(ground.postgres, f"floor_{repeat}", large, ALL_MONTHS))
        for name, what in kinds.items():
            runs.setdefault(name, []).append(spent := await declare(ground, what))
            print(f"  {repeat + 1}/{repeats} {name}: {what.lines / spent.seconds:,.0f} lines/s", flush=True)
    return _told(kinds, runs, floors)


def _told(kinds: dict[str, Declaring], runs: dict[str, list[Spent]], floors: list[Spent]) -> Told:
    large = kinds["parts of 1,000, published"].lines
    base = per_second(floors, large)
    rates = {name: per_second(some, kinds[name].lines) for name, some in runs.items()}
    rows: list[list[Any]] = [
        ["floor: COPY", large, round(base), 1.0, each(cpu_per_million(floors, large)), each(peak_mib(floors))]
    ]
    for name, some in runs.items():
        count = kinds[name].lines
        cpu, memory = each(cpu_per_million(some, count)), each(peak_mib(some))
        rows.append([name, count, round(rates[name]), round(rates[name] / base, 3), cpu, memory])
    ratio = rates["parts of 1,000, published"] / base
    return {
        "title": "Line rate",
        "says": [
            "One worker; its start does not count. “Published”: the broker has acknowledged every fact and answer. "
            "“Reported”: reporting's worker, running beside it, has them in its read models.",
            f"{len(kinds['parts of 1,000, published'].payers)} payers of log-normal size, and "
            f"{len(kinds['five lines, published'].payers)} of five workers; 36 months of each.",
        ],
        "tables": [
            table(
                "Declared lines (medians)",
                ["", "lines", "lines/s", "of the floor", "CPU-s per million lines", "peak MiB"],
                rows,
            )
        ],
        "goals": [
            goal("Line rate ÷ row COPY floor, parts of 1,000, published", ratio, 1.5),
            goal("the same, stretch", ratio, 2.5),
        ],
        "plots": [bars("line-rate", "Line rate", "lines/s", {"floor: COPY": base} | rates)],
        "raw": {"floor": [one.told(large) for one in floors]}
        | {name: [one.told(kinds[name].lines) for one in some] for name, some in runs.items()},
    }
