"""What a part comes to, in the form that the page is made of: sentences, tables, goals, plots; medians of its runs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.meter import Spent

Told = dict[str, Any]
"""A part's result, as its JSON has it: `title`, `says` (sentences), `tables`, `goals`, `plots`, and `raw` figures."""

Series = Mapping[str, Sequence[tuple[float, float]]]


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Told:
    """A table of the page; its first column is text."""
    return {"title": title, "columns": list(columns), "rows": [list(row) for row in rows]}


def goal(
    text: str,
    measured: float | Sequence[float],
    wanted: float,
    *,
    at_most: bool = False,
    unit: str = "",
    runs: Sequence[float] = (),
) -> Told:
    """A goal of the order, at least `wanted` or at most, beside the median of what each run measured.

    Where `measured` is one figure over all runs (a percentile of all that was asked), `runs` are those of each.
    """
    each_run = list(runs if isinstance(measured, float | int) else measured)
    figure = measured if isinstance(measured, float | int) else statistics.median(measured)
    return {
        "goal": text,
        "measured": round(figure, 6),
        "runs": [round(one, 6) for one in each_run],
        "wanted": wanted,
        "at_most": at_most,
        "unit": unit,
        "holds": figure <= wanted if at_most else figure >= wanted,
    }


def plot(name: str, title: str, x: str, y: str, series: Series, *, log: bool = False) -> Told:
    """A plot of the page: points by the name of their line; `log` is of both axes."""
    points = {label: [list(point) for point in some] for label, some in series.items()}
    return {"name": name, "title": title, "x": x, "y": y, "series": points, "log": log}


def bars(name: str, title: str, unit: str, values: Mapping[str, float], *, log: bool = False) -> Told:
    """A plot of one figure of each; what the others are measured by comes first."""
    return {"name": name, "title": title, "unit": unit, "bars": dict(values), "log": log}


def rates(runs: Sequence[Spent], units: int) -> list[float]:
    """The rate of each of several runs over the same."""
    return [units / run.seconds for run in runs]


def per_second(runs: Sequence[Spent], units: int) -> float:
    """Their median."""
    return statistics.median(rates(runs, units))


def pairwise(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours by theirs, turn by turn: what a machine that slows down does to one, it does to the other of its turn."""
    return [our / their for our, their in zip(ours, theirs, strict=True)]


RATE_COLUMNS = ["", "count", "a second", "of its runs", "of the floor", "CPU-s per million", "peak MiB"]


def rate_row(name: str, runs: Sequence[Spent], units: int, floors: Sequence[float]) -> list[Any]:
    """A row of `RATE_COLUMNS`: several runs over as many, beside the floor's rate in each of their turns."""
    found = rates(runs, units)
    return [
        name,
        units,
        round(statistics.median(found)),
        spread(found),
        short(statistics.median(pairwise(found, floors))),
        each(cpu_per_million(runs, units)),
        each(peak_mib(runs)),
    ]


def spread(figures: Sequence[float]) -> str:
    """The least and the most of several runs, for a cell; a dash where there was one run."""
    if len(figures) < 2:
        return "–"
    return f"{short(min(figures))} – {short(max(figures))}"


def short(figure: float) -> str:
    """A figure with three digits that count, whole from a hundred on: 0.000123, 0.412, 41.2, 123,456."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def cpu_per_million(runs: Sequence[Spent], units: int) -> dict[str, float]:
    """The medians of CPU-seconds for each million of units, by who spent them."""
    return {name: round(statistics.median(run.cpu[name] * 1e6 / units for run in runs), 2) for name in runs[0].cpu}


def peak_mib(runs: Sequence[Spent]) -> dict[str, float]:
    """The greatest memory that any run saw, by whose."""
    return {name: round(max(run.peak_mib.get(name, 0.0) for run in runs)) for name in runs[0].peak_mib}


def each(figures: Mapping[str, float]) -> str:
    """Figures by name in one cell."""
    return ", ".join(f"{name} {value:g}" for name, value in figures.items())


def percentiles(taken: Sequence[float]) -> dict[str, float]:
    """p50, p99 and how many: nearest rank."""
    if not taken:
        return {"count": 0}
    ordered = sorted(taken)
    at = {of: ordered[max(0, -(-len(ordered) * of // 100) - 1)] for of in (50, 99)}
    return {"count": len(ordered), "p50": round(at[50], 2), "p99": round(at[99], 2)}


@dataclass(frozen=True, slots=True)
class Rounds:
    """Milliseconds of what was asked, round by round; a percentile is of all rounds together."""

    taken: Sequence[Sequence[float]]

    @property
    def told(self) -> dict[str, float]:
        """How many, p50 and p99 of all of them."""
        return percentiles([one for some in self.taken for one in some])

    @property
    def p99s(self) -> list[float]:
        """The p99 of each round."""
        return [percentiles(some)["p99"] for some in self.taken]

    @property
    def cells(self) -> list[Any]:
        """How many, p50, p99, and the least and most p99 of a round, for a table."""
        return [*self.told.values(), spread(self.p99s)]
