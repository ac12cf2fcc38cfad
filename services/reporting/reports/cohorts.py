"""`/v1/cohorts`: how far each period's dues had come in, so many days after they fell due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.curve import CurveAsked, came_by, curve, measured
from services.reporting.reports.dimensions import OF_PAIRS, chosen, columns
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan
from services.reporting.reports.rates import rate
from services.reporting.reports.standing import DAYS_AFTER_DUE

KEYS = columns(OF_PAIRS.values())
COLUMNS = {"assessed_xof": Kind.FRANCS, **{f"rate_{days}": Kind.RATE for days in DAYS_AFTER_DUE}}


class CohortsAsked(CurveAsked):
    """What may be asked: every filter, and groupings; the period is always a key."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "period"]] = Field(
        [], description="Repeatable; the period is always a key."
    )


def plan(asked: CohortsAsked, as_of: datetime) -> Plan:
    """The periods of the facts known at `as_of`, and how far each had come in by value date (DEF-011)."""
    dimensions = chosen(OF_PAIRS, [*asked.group_by, "period"])
    arguments = Arguments()
    part = curve(dimensions, asked, as_of, arguments, DAYS_AFTER_DUE)
    fields = partial(_fields, on=as_of.date())
    return Plan(columns(dimensions), part, measured(DAYS_AFTER_DUE), fields, COLUMNS, arguments)


def _fields(measures: Mapping[str, Any], on: date) -> Fields:
    """Francs, and rates that are null, never 0, before their point is reached for every payer with dues."""
    assessed = int(measures["assessed_xof"])
    rates: Fields = {}
    for days in DAYS_AFTER_DUE:
        came = came_by(measures, days, on)
        rates[f"rate_{days}"] = None if came is None else rate(came, assessed)
    return {"assessed_xof": assessed} | rates
