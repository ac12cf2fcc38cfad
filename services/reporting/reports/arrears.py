"""`/v1/arrears`: what is due and unpaid after its due day, by age, and against what a year brings in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.asked import OfPayers, OfPeriods, Paged
from services.reporting.reports.dimensions import OF_PAIRS, chosen, columns, selected
from services.reporting.reports.known import known_amounts
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, of_payers, of_periods
from services.reporting.reports.rates import rate
from services.reporting.reports.standing import is_summed, known_cells

KEYS = columns(OF_PAIRS.values())
_AGES = {
    "days_1_30_xof": "{} between 1 and 30",
    "days_31_90_xof": "{} between 31 and 90",
    "days_91_180_xof": "{} between 91 and 180",
    "days_181_365_xof": "{} between 181 and 365",
    "days_over_365_xof": "{} > 365",
}
COLUMNS = {
    "arrears_xof": Kind.FRANCS,
    **dict.fromkeys(_AGES, Kind.FRANCS),
    "older_than_12_months_share": Kind.RATE,
    "arrears_to_collections": Kind.RATE,
}
_MEASURES = {name: f"coalesce(sum({name}), 0)" for name in (*_AGES, "collected_xof")}


class ArrearsAsked(Paged, OfPayers, OfPeriods):
    """What may be asked: every filter and every grouping."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "period"]] = Field(
        [], description="Repeatable; none: one row for all."
    )


def plan(asked: ArrearsAsked, as_of: datetime) -> Plan:
    """What is outstanding of the pairs known at `as_of`, by days from the due day to that date (DEF-010).

    Outstanding is what `/v1/collection-rates` tells: all that came in is taken off, whatever its value date. A group of
    pairs without arrears has its row: its arrears are 0 of what the year brought in.
    """
    dimensions = chosen(OF_PAIRS, asked.group_by)
    keys = columns(dimensions)
    arguments = Arguments()
    at, on = arguments.put(as_of), arguments.put(as_of.date())
    filters = of_payers(asked, arguments) + of_periods(asked, arguments)
    groups = f"group by {', '.join(keys) or '()'}"
    unpaid = "sum(assessed_xof - received_xof) filter (where {})"
    days = f"{on} - due_on"
    ages = ", ".join(f"{unpaid.format(age.format(days))} as {name}" for name, age in _AGES.items())
    none = ", ".join("null" for _ in _AGES)
    part = (
        f"select {selected(dimensions)}{ages}, null::numeric as collected_xof "  # noqa: S608 - constants of ours
        f"from {known_cells(at, asked, keys)} where true{filters} {groups} "
        f"union all select {selected(dimensions)}{none}, sum(xof) "
        f"from {_of_the_year(asked, keys, at, as_of, arguments)} where true{filters} {groups} "
        "having sum(xof) <> 0"  # a group of pairs that became known later only has none, nor has it a row
    )
    return Plan(keys, part, _MEASURES, _fields, COLUMNS, arguments)


def _of_the_year(asked: ArrearsAsked, keys: Sequence[str], at: str, as_of: datetime, arguments: Arguments) -> str:
    """A table of what had come in for the pairs with a value date in the calendar year, in sums where they tell it."""
    if is_summed(asked, keys):
        first, following = (arguments.put(f"{year:04}-") for year in (as_of.year, as_of.year + 1))
        return known_amounts("received", [at], f"what >= {first} and what < {following}")
    first, last = arguments.put(date(as_of.year, 1, 1)), arguments.put(date(as_of.year, 12, 31))
    return (
        "(select *, received_xof as xof from received "  # noqa: S608 - constants of ours
        f"where known_at <= {at} and received_on between {first} and {last}) as amount"
    )


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Francs by age; the part over a year, and arrears ÷ collections of the year, null where there is nothing below."""
    ages = {name: int(measures[name]) for name in _AGES}
    arrears = sum(ages.values())
    return {
        "arrears_xof": arrears,
        **ages,
        "older_than_12_months_share": rate(ages["days_over_365_xof"], arrears),
        "arrears_to_collections": rate(arrears, int(measures["collected_xof"])),
    }
