"""How what is due comes in after its due day: the ground of unpaid rates (DEF-009) and of cohort curves (DEF-011)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from services.reporting.reports.asked import OfPayers, OfPeriods, Paged
from services.reporting.reports.dimensions import Dimension, columns, selected
from services.reporting.reports.plan import Arguments, of_payers, of_periods
from services.reporting.reports.standing import known_cells


class CurveAsked(Paged, OfPayers, OfPeriods):
    """What may be asked of it: every filter."""


def curve(
    dimensions: Sequence[Dimension], asked: CurveAsked, as_of: datetime, arguments: Arguments, points: Sequence[int]
) -> str:
    """A SELECT of the keys and of `measured` over the pairs known at `as_of`, each under its own kind and territory."""
    keys = columns(dimensions)
    sums = ", ".join(f"sum(received_{days}_xof) as received_{days}_xof" for days in points)
    cells = known_cells(arguments.put(as_of), asked, keys)
    return (
        f"select {selected(dimensions)}sum(assessed_xof) as assessed_xof, "  # noqa: S608 - constants of ours
        f"max(due_on) filter (where pairs_with_dues > 0) as last_due_on, {sums} "
        f"from {cells} where true{of_payers(asked, arguments)}{of_periods(asked, arguments)} "
        f"group by {', '.join(keys)}"
    )


def measured(points: Sequence[int]) -> dict[str, str]:
    """Aggregates over the rows of `curve`: what is due, what came by each point, the last due day with dues."""
    sums = {name: f"coalesce(sum({name}), 0)" for name in ("assessed_xof", *(f"received_{n}_xof" for n in points))}
    return {"last_due_on": "max(last_due_on)", **sums}


def came_by(measures: Mapping[str, Any], days: int, on: date) -> int | None:
    """What came up to so many days after the due days; None until `on` has reached that of every payer with dues.

    Source: DEF-009, DEF-011.
    """
    last: date | None = measures["last_due_on"]
    if last is None or last + timedelta(days=days) > on:
        return None
    return int(measures[f"received_{days}_xof"])
