"""Workers: what a million lines cost in CPU-seconds where 1, 2 and 4 workers share the partitions."""

from __future__ import annotations

from statistics import median

from bench.declaring import ALL_MONTHS, Declaring, declare
from bench.ground import Ground
from bench.made import log_normal
from bench.meter import Spent
from bench.telling import (
    Told,
    cpu_per_million,
    each,
    goal,
    pairwise,
    peak_mib,
    per_second,
    plot,
    rates,
    short,
    spread,
    table,
)

_COUNTS = (1, 2, 4)


async def workers(ground: Ground, *, lines: int, repeats: int) -> Told:
    """The same lines each time, in turn, `repeats` times; up to the published fact."""
    payers = log_normal(lines // len(ALL_MONTHS))
    runs: dict[int, list[Spent]] = {count: [] for count in _COUNTS}
    total = 0
    for repeat in range(repeats):
        for count in _COUNTS:
            what = Declaring(payers, workers=count)
            total = what.lines
            runs[count].append(spent := await declare(ground, what))
            print(f"  {repeat + 1}/{repeats} {count} workers: {total / spent.seconds:,.0f} lines/s", flush=True)
    mine = {count: [_cpu(spent) * 1e6 / total for spent in some] for count, some in runs.items()}
    medians = {count: median(some) for count, some in mine.items()}
    rows = [
        [
            f"{count}",
            round(per_second(some, total)),
            spread(rates(some, total)),
            short(medians[count]),
            spread(mine[count]),
            short(median(pairwise(mine[count], mine[1]))),
            each(cpu_per_million(some, total)),
            each(peak_mib(some)),
        ]
        for count, some in runs.items()
    ]
    columns = ["workers", "lines/s", "of its runs", "CPU-s per million", "of its runs", "÷ one worker's"]
    return {
        "title": "Workers",
        "says": [
            "CPU-seconds of the workers and of PostgreSQL together. More workers than cores cannot be faster; what is "
            "asked is that they cost no more."
        ],
        "tables": [table(f"{total:,} lines in parts of 1,000 (medians)", [*columns, "by whom", "peak MiB"], rows)],
        "goals": [goal("CPU-seconds per million lines, 4 workers ÷ 1", pairwise(mine[4], mine[1]), 1.15, at_most=True)],
        "plots": [
            plot(
                "workers",
                "CPU-seconds per million lines",
                "workers",
                "CPU-seconds",
                {"workers and PostgreSQL": list(medians.items())},
            )
        ],
        "raw": {str(count): [one.told(total) for one in some] for count, some in runs.items()},
    }


def _cpu(spent: Spent) -> float:
    return spent.cpu["contributions worker"] + spent.cpu["postgres"]
