"""The law's due days as a table to join: who is expected to file for a period, and by when, though nobody has."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from recouvra.law.due import due_on
from recouvra.law.parameters import DUE_ROWS, first_period
from recouvra.law.period import following, quarter_end
from services.reporting.reports.asked import OfPeriods
from services.reporting.reports.plan import Arguments

_FREQUENCIES = ("monthly", "quarterly")


def due_days(asked: OfPeriods, on: date, arguments: Arguments) -> str:
    """A table `due` of of_kind, of_frequency, period, due_on: what has fallen due by a day, for those expected to file.

    The periods are those asked for, from the scheme's first on. Source: DEF-008, DEF-020, LAW-020.
    """
    kinds, frequencies, periods, days = map(arguments.put, _columns(asked.period_from, asked.period_to, on))
    return (
        f"unnest({kinds}::text[], {frequencies}::text[], {periods}::text[], {days}::date[]) "
        "as due(of_kind, of_frequency, period, due_on)"
    )


@lru_cache(64)
def _columns(period_from: str | None, period_to: str | None, on: date) -> tuple[list[str | date], ...]:
    rows = [
        (kind, frequency, period, due)
        for kind in sorted({row.payer_kind for row in DUE_ROWS})
        for period in _periods(max(period_from or "", first_period(kind)), min(period_to or "9999-12", f"{on:%Y-%m}"))
        if kind != "self_employed" or period == quarter_end(period)
        for frequency in _FREQUENCIES
        if (due := due_on(kind, frequency, period)) <= on
    ]
    return tuple(list(column) for column in zip(*rows, strict=True)) or ([], [], [], [])


def _periods(first: str, last: str) -> list[str]:
    periods = []
    while first <= last:
        periods.append(first)
        first = following(first)
    return periods
