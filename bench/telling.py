"""What a part comes to, in the form that the page is made of: sentences, tables, goals, plots; medians of its runs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from bench.meter import Spent

Told = dict[str, Any]
"""A part's result, as its JSON has it: `title`, `says` (sentences), `tables`, `goals`, `plots`, and `raw` figures."""

Series = Mapping[str, Sequence[tuple[float, float]]]


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Told:
    """A table of the page; its first column is text."""
    return {"title": title, "columns": list(columns), "rows": [list(row) for row in rows]}


def goal(text: str, measured: float, wanted: float, *, at_most: bool = False, unit: str = "") -> Told:
    """A goal of the order beside what was measured: at least `wanted`, or at most."""
    holds = measured <= wanted if at_most else measured >= wanted
    return {
        "goal": text,
        "measured": round(measured, 6),
        "wanted": wanted,
        "at_most": at_most,
        "unit": unit,
        "holds": holds,
    }


def plot(name: str, title: str, x: str, y: str, series: Series, *, log: bool = False) -> Told:
    """A plot of the page: points by the name of their line; `log` is of both axes."""
    points = {label: [list(point) for point in some] for label, some in series.items()}
    return {"name": name, "title": title, "x": x, "y": y, "series": points, "log": log}


def bars(name: str, title: str, unit: str, values: Mapping[str, float], *, log: bool = False) -> Told:
    """A plot of one figure of each; what the others are measured by comes first."""
    return {"name": name, "title": title, "unit": unit, "bars": dict(values), "log": log}


def per_second(runs: Sequence[Spent], units: int) -> float:
    """The median rate of several runs over the same."""
    return statistics.median(units / run.seconds for run in runs)


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
