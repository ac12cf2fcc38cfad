"""Line rate: declared lines a second, with all of contributions' work, beside a COPY of the same lines.

Payers of log-normal size in parts of 1,000 lines, and payers of five in declarations of five; each once up to the
published fact, and once up to the fact in reporting's read models, whose worker then shares the machine. Beside them
the large payers taken in by two workers, and payers of 1,000, all of whose parts are full.
"""

from __future__ import annotations

from bench.declaring import ALL_MONTHS, Declaring, declare
from bench.floor import floor
from bench.ground import Ground
from bench.made import MOST_LINES, alike, log_normal
from bench.meter import Spent
from bench.telling import RATE_COLUMNS, Told, bars, goal, pairwise, per_second, rate_row, rates, table

PUBLISHED = "parts of 1,000, published"
_BY_TWO = "the same, two workers"
_SMALL, _FEWER = 5, 25


async def line_rate(ground: Ground, *, lines: int, repeats: int) -> Told:
    """`lines` in all of the large payers, a 25th of them of the small; everything in turn, `repeats` times."""
    months = len(ALL_MONTHS)
    large, small = log_normal(lines // months), alike(max(1, lines // _FEWER // months // _SMALL), _SMALL)
    kinds = {
        PUBLISHED: Declaring(large),
        _BY_TWO: Declaring(large, workers=2),
        "full parts, published": Declaring(alike(max(1, lines // months // MOST_LINES), MOST_LINES, name="F")),
        "parts of 1,000, reported": Declaring(large, reported=True),
        "five lines, published": Declaring(small),
        "five lines, reported": Declaring(small, reported=True),
    }
    floors, runs = list[Spent](), dict[str, list[Spent]]()
    for repeat in range(repeats):
        floors.append(await floor(ground, f"floor_{repeat}", large, ALL_MONTHS))
        for name, what in kinds.items():
            runs.setdefault(name, []).append(spent := await declare(ground, what))
            print(f"  {repeat + 1}/{repeats} {name}: {what.lines / spent.seconds:,.0f} lines/s", flush=True)
    return _told(kinds, runs, floors)


def _told(kinds: dict[str, Declaring], runs: dict[str, list[Spent]], floors: list[Spent]) -> Told:
    large = kinds[PUBLISHED].lines
    base = rates(floors, large)
    rows = [rate_row("floor: COPY", floors, large, base)]
    rows += [rate_row(name, some, kinds[name].lines, base) for name, some in runs.items()]
    ratios, by_two = (pairwise(rates(runs[name], large), base) for name in (PUBLISHED, _BY_TWO))
    medians = {name: per_second(some, kinds[name].lines) for name, some in runs.items()}
    return {
        "title": "Line rate",
        "says": [
            "One worker, but where two are named; their start does not count. “Published”: the broker has acknowledged "
            "every fact and answer. “Reported”: reporting's worker, running beside it, has them in its read models.",
            f"{len(kinds[PUBLISHED].payers):,} payers of log-normal size, and "
            f"{len(kinds['five lines, published'].payers):,} of five workers; 36 months of each.",
        ],
        "tables": [table("Declared lines (medians)", RATE_COLUMNS, rows)],
        "goals": [
            goal("Line rate ÷ row COPY floor, parts of 1,000, published", ratios, 1.5),
            goal("the same, the stretch goal", ratios, 2.5),
            goal("the same by two workers, one a core", by_two, 1.5),
        ],
        "plots": [bars("line-rate", "Line rate", "lines/s", {"floor: COPY": per_second(floors, large)} | medians)],
        "raw": {"floor": [one.told(large) for one in floors]}
        | {name: [one.told(kinds[name].lines) for one in some] for name, some in runs.items()},
    }
