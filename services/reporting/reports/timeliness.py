"""`/v1/timeliness`: who filed by the due day, and who had paid by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.asked import OfPayers, OfPeriods, Paged
from services.reporting.reports.dimensions import OF_PAIRS, chosen, columns, selected
from services.reporting.reports.expected import FILES, WAS_EXPECTED, due_by, expected, payers
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, of_payers, of_periods
from services.reporting.reports.rates import rate
from services.reporting.reports.standing import first_known_period, is_summed, known_cells

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
_FILED = f"is_due and is_affiliated and {FILES.format('payer_kind')}"
_COUNTED = {
    "was_expected": f"sum(pairs) filter (where {WAS_EXPECTED})",
    "filed": f"sum(pairs) filter (where {_FILED})",
    "filed_on_time": f"sum(pairs_filed_on_time) filter (where {_FILED})",
    "payers_with_dues": "sum(pairs_with_dues) filter (where is_due)",
    "paid_on_time": "sum(pairs_on_time) filter (where is_due)",
    "due_xof": "sum(assessed_xof) filter (where is_due)",
    "paid_on_time_xof": "sum(received_0_xof) filter (where is_due)",
}
_OF_PAIRS = [name for name in _COUNTED if name != "was_expected"]
_MEASURES = {name: f"coalesce(sum({name}), 0)" for name in ("expected", *_OF_PAIRS)}


class TimelinessAsked(Paged, OfPayers, OfPeriods):
    """What may be asked: every filter and every grouping."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "period"]] = Field(
        [], description="Repeatable; none: one row for all."
    )


def plan(asked: TimelinessAsked, as_of: datetime) -> Plan:
    """The (payer, period) pairs whose due day has come by the date of `as_of` (DEF-008).

    A pair that was assessed stands under the kind, territory and due day of its facts; one of which nobody filed
    anything is there because its payer was expected to, by what was last known of it. So those expected are counted as
    if nobody had filed anything; whatever was assessed is taken off there, and put where it stands. What the payer was
    known to be stands beside each pair, and so in their sums.
    """
    dimensions = chosen(OF_PAIRS, asked.group_by)
    keys = columns(dimensions)
    more = [key for key in ("payer_id", "period") if key in keys or (key == "payer_id" and asked.payer_id)]
    also = "".join(f", {key}" for key in more)
    arguments = Arguments()
    at, on = arguments.put(as_of), arguments.put(as_of.date())
    one = "" if asked.payer_id is None else f" and payer_id = {arguments.put(asked.payer_id)}"
    periods, zeros = of_periods(asked, arguments), ", 0" * len(_OF_PAIRS)
    law = due_by(as_of.date(), arguments)
    silent = expected("select period from first", asked, more)
    known_once, cells, first = "", known_cells(at, asked, keys), first_known_period(at)
    if is_summed(asked, keys):  # they are read once for both
        known_once = f"known as materialized (select * from {cells}), "  # noqa: S608 - constants of ours
        cells, first = "known as cell", "select min(period) as period from known"
    own, last = _whose(asked, keys, "payer_kind", "territory_code"), _whose(asked, keys, "last_kind", "last_territory")
    counted = ", ".join(f"coalesce({aggregate}, 0) as {name}" for name, aggregate in _COUNTED.items())
    part = (
        f"with {known_once} first as materialized ({first}), "  # noqa: S608 - ours
        f"payer as ({payers(at, law, asked, one, arguments)}), "
        "seen as materialized ("
        f"select {own[0]} as kind, {own[1]} as code, {last[0]} as last_kind, {last[1]} as last_code{also}, {counted} "
        f"from (select *, due_on <= {on} as is_due from {cells}) as cell "
        f"left join {law} on of_kind = last_kind and of_frequency = filing_frequency "
        f"where true{one}{periods} group by {', '.join((*own, *last, *more))}) "
        f"select {selected(dimensions)}{', '.join(f'sum({name}) as {name}' for name in _MEASURES)} from ("
        f"select kind as payer_kind, code as territory_code{also}, filed as expected, {', '.join(_OF_PAIRS)} from seen "
        f"union all select last_kind, last_code{also}, -was_expected{zeros} from seen where was_expected > 0 "
        f"union all select payer_kind, territory_code{also}, expected{zeros} from ({silent}) as payer"
        f") as pair where true{of_payers(asked, arguments)} "
        f"group by {', '.join(keys) or '()'}{' having sum(expected) > 0 or sum(due_xof) > 0' if keys else ''}"
    )
    return Plan(keys, part, _MEASURES, _fields, COLUMNS, arguments)


def _whose(asked: TimelinessAsked, keys: Sequence[str], kind: str, code: str) -> tuple[str, str]:
    """Under which kind and territory a row stands, as far as anybody asks: fewer groups take less time."""
    named = kind if asked.payer_kind or "payer_kind" in keys else "''::text"
    if "territory_code" in keys or asked.territory:
        return named, code
    return named, f"left({code}, 2)" if asked.region or "region" in keys else "''::text"


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Numbers of pairs, francs, and three rates, each null where there is nothing to be on time for."""
    of: dict[str, int] = {name: int(measures[name]) for name in _MEASURES}
    rates = {
        "on_time_filing_rate": rate(of["filed_on_time"], of["expected"]),
        "on_time_payment_rate_by_number": rate(of["paid_on_time"], of["payers_with_dues"]),
        "on_time_payment_rate_by_value": rate(of["paid_on_time_xof"], of["due_xof"]),
    }
    return {name: rates[name] if name in rates else of[name] for name in COLUMNS}
