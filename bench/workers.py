"""Workers: what a million lines cost in CPU-seconds where 1, 2 and 4 workers share the partitions."""

from __future__ import annotations

from bench.declaring import ALL_MONTHS, Declaring, declare
from bench.ground import Ground
from bench.made import log_normal
from bench.meter import Spent
from bench.telling import Told, cpu_per_million, each, goal, peak_mib, per_second, plot, table

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
    cpu = {count: cpu_per_million(some, total) for count, some in runs.items()}
    mine = {count: spent["contributions worker"] + spent["postgres"] for count, spent in cpu.items()}
    rows = [
        [
            count,
            round(per_second(some, total)),
            round(mine[count], 2),
            round(mine[count] / mine[1], 3),
            each(cpu[count]),
            each(peak_mib(some)),
        ]
        for count, some in runs.items()
    ]
    columns = ["workers", "lines/s", "CPU-s per million", "÷ one worker's", "by whom", "peak MiB"]
    return {
        "title": "Workers",
        "says": [
            "CPU-seconds of the workers and of PostgreSQL together. More workers than cores cannot be faster; what is "
            "asked is that they cost no more."
        ],
        "tables": [table(f"{total:,} lines in parts of 1,000 (medians)", columns, rows)],
        "goals": [goal("CPU-seconds per million lines, 4 workers ÷ 1", mine[4] / mine[1], 1.15, at_most=True)],
        "plots": [
            plot(
                "workers",
                "CPU-seconds per million lines",
                "workers",
                "CPU-seconds",
                {"workers and PostgreSQL": [(count, mine[count]) for count in _COUNTS]},
            )
        ],
        "raw": {str(count): [one.told(total) for one in some] for count, some in runs.items()},
    }
