"""`/v1/timeliness`: who filed by the due day, and who had paid by it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.asked import OfPayers, OfPeriods, Paged
from services.reporting.reports.dimensions import OF_PAIRS, chosen, columns, selected
from services.reporting.reports.due_days import due_days
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, of_payers, of_periods
from services.reporting.reports.rates import rate
from services.reporting.reports.standing import known_pairs

KEYS = columns(OF_PAIRS.values())
COLUMNS = {
    "expected": Kind.COUNT,
    "filed": Kind.COUNT,
    "filed_on_time": Kind.COUNT,
    "on_time_filing_rate": Kind.RATE,
    "payers_with_dues": Kind.COUNT,
    "paid_on_time": Kind.COUNT,
    "on_time_payment_rate_by_number": Kind.RATE,
    "due_xof": Kind.FRANCS,
    "paid_on_time_xof": Kind.FRANCS,
    "on_time_payment_rate_by_value": Kind.RATE,
}
_COUNTED = {
    "expected": "count(*) filter (where is_expected)",
    "filed": "count(*) filter (where is_expected and filed_on is not null)",
    "filed_on_time": "count(*) filter (where is_expected and filed_on <= due_on)",
    "payers_with_dues": "count(*) filter (where assessed_xof > 0)",
    "paid_on_time": "count(*) filter (where assessed_xof > 0 and received_0_xof >= assessed_xof)",
    "due_xof": "coalesce(sum(assessed_xof), 0)",
    "paid_on_time_xof": "coalesce(sum(received_0_xof), 0)",
}
_MEASURES = {name: f"coalesce(sum({name}), 0)" for name in _COUNTED}


class TimelinessAsked(Paged, OfPayers, OfPeriods):
    """What may be asked: every filter and every grouping."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "period"]] = Field(
        [], description="Repeatable; none: one row for all."
    )


def plan(asked: TimelinessAsked, as_of: datetime) -> Plan:
    """The (payer, period) pairs whose due day has come by the date of `as_of` (DEF-008).

    A pair that was assessed stands under the kind, territory and due day of its facts; one of which nobody filed
    anything is there because its payer was expected to, by what was last known of it. Periods begin with the first one
    of which anything is known, whatever the filters, unless they are asked for.
    """
    dimensions = chosen(OF_PAIRS, asked.group_by)
    keys = columns(dimensions)
    arguments = Arguments()
    at, on = arguments.put(as_of), arguments.put(as_of.date())
    pairs, periods = known_pairs(at), of_periods(asked, arguments)
    if asked.period_from is None:
        periods += f" and period >= (select min(period) from {pairs})"  # noqa: S608 - constants of ours
    counted = ", ".join(f"{aggregate} as {name}" for name, aggregate in _COUNTED.items())
    groups = f"group by {', '.join(keys)} having {_COUNTED['expected']} > 0 or sum(assessed_xof) > 0" if keys else ""
    part = (
        f"with payer as ({_payers(at)}) "  # noqa: S608 - constants of ours
        f"select {selected(dimensions)}{counted} from ("
        f"select {_PAIR}, coalesce({_FILES}, false) as is_expected "
        f"from {pairs} left join payer using (payer_id) where due_on <= {on}{periods} "
        f"union all select {_EXPECTED} from payer join {due_days(asked, as_of.date(), arguments)} "
        f"on of_kind = payer_kind and of_frequency = filing_frequency and {_IS_AFFILIATED} "
        f"where not exists (select from {pairs} where is_assessed "
        f"and pair.payer_id = payer.payer_id and pair.period = due.period){periods}"
        f") as pair where true{of_payers(asked, arguments)} {groups}"
    )
    return Plan(keys, part, _MEASURES, _fields, COLUMNS, arguments)


_PAIR = "payer_id, pair.payer_kind, pair.territory_code, period, due_on, filed_on, assessed_xof, received_0_xof"
_EXPECTED = "payer_id, payer_kind, territory_code, period, due_on, null, 0, 0, true"
_IS_AFFILIATED = "period >= affiliated_in and (closed_in is null or period <= closed_in)"
# The self-employed declare a quarter's income, in its last month.
_FILES = f"{_IS_AFFILIATED} and (pair.payer_kind <> 'self_employed' or right(period, 2)::int % 3 = 0)"


def _payers(at: str) -> str:
    """The payers as last known: the months of their affiliation and of their closing are those that decide."""
    return (
        "select payer_id, payer_kind, territory_code, filing_frequency, "  # noqa: S608 - constants of ours
        """to_char(affiliated_on, 'YYYY-MM') collate "C" as affiliated_in, """
        """to_char(closed_on, 'YYYY-MM') collate "C" as closed_in """
        f"from (select distinct on (payer_id) * from affiliation where known_at <= {at} "
        "order by payer_id, known_at desc, id desc) as latest"
    )


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Numbers of pairs, francs, and three rates, each null where there is nothing to be on time for."""
    of: dict[str, int] = {name: int(measures[name]) for name in _MEASURES}
    rates = {
        "on_time_filing_rate": rate(of["filed_on_time"], of["expected"]),
        "on_time_payment_rate_by_number": rate(of["paid_on_time"], of["payers_with_dues"]),
        "on_time_payment_rate_by_value": rate(of["paid_on_time_xof"], of["due_xof"]),
    }
    return {name: rates[name] if name in rates else of[name] for name in COLUMNS}
