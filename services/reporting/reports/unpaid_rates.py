"""`/v1/unpaid-rates`: of each period's dues, the part that had not come in on the due day, 30 and 90 days later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from services.reporting.reports.curve import CurveAsked, came_by, curve, measured
from services.reporting.reports.dimensions import OF_PAIRS, chosen, columns
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan
from services.reporting.reports.rates import rate

_PERIOD = chosen(OF_PAIRS, ["period"])
_POINTS = (0, 30, 90)
KEYS = columns(_PERIOD)
COLUMNS = {"due_xof": Kind.FRANCS, **{f"unpaid_rate_{days}": Kind.RATE for days in _POINTS}}


class UnpaidRatesAsked(CurveAsked):
    """What may be asked: every filter; a row is always one period."""


def plan(asked: UnpaidRatesAsked, as_of: datetime) -> Plan:
    """The periods of the facts known at `as_of`; due is what was assessed, though its day has not come (DEF-009)."""
    arguments = Arguments()
    part = curve(_PERIOD, asked, as_of, arguments, _POINTS)
    return Plan(KEYS, part, measured(_POINTS), partial(_fields, on=as_of.date()), COLUMNS, arguments)


def _fields(measures: Mapping[str, Any], on: date) -> Fields:
    """Francs, and rates that are null before their point is reached for every payer with dues."""
    due = int(measures["assessed_xof"])
    rates: Fields = {}
    for days in _POINTS:
        came = came_by(measures, days, on)
        rates[f"unpaid_rate_{days}"] = None if came is None else rate(due - came, due)
    return {"due_xof": due} | rates
