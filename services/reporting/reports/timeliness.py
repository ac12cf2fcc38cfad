"""`/v1/timeliness`: who filed by the due day, and who had paid by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.asked import OfPayers, OfPeriods, Paged
from services.reporting.reports.dimensions import OF_PAIRS, chosen, columns, selected
from services.reporting.reports.expected import FILES, IS_AFFILIATED, WAS_EXPECTED, expected, payers
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, of_payers, of_periods
from services.reporting.reports.rates import rate
from services.reporting.reports.standing import first_known_period, known_pairs

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
_FILED = {
    "filed": f"count(*) filter (where is_due and {IS_AFFILIATED} and {FILES.format('pair.payer_kind')})",
    "filed_on_time": "count(*) filter (where is_due and filed_on <= due_on "
    f"and {IS_AFFILIATED} and {FILES.format('pair.payer_kind')})",
}
_PAID = {
    "payers_with_dues": "count(*) filter (where is_due and assessed_xof > 0)",
    "paid_on_time": "count(*) filter (where is_due and assessed_xof > 0 and received_0_xof >= assessed_xof)",
    "due_xof": "coalesce(sum(assessed_xof) filter (where is_due), 0)",
    "paid_on_time_xof": "coalesce(sum(received_0_xof) filter (where is_due), 0)",
}
_COUNTED = _FILED | _PAID
_MEASURES = {name: f"coalesce(sum({name}), 0)" for name in ("expected", *_COUNTED)}


class TimelinessAsked(Paged, OfPayers, OfPeriods):
    """What may be asked: every filter and every grouping."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "period"]] = Field(
        [], description="Repeatable; none: one row for all."
    )


def plan(asked: TimelinessAsked, as_of: datetime) -> Plan:
    """The (payer, period) pairs whose due day has come by the date of `as_of` (DEF-008).

    A pair that was assessed stands under the kind, territory and due day of its facts; one of which nobody filed
    anything is there because its payer was expected to, by what was last known of it. So those expected are counted as
    if nobody had filed anything; whatever was assessed is taken off there, and put where it stands.
    """
    dimensions = chosen(OF_PAIRS, asked.group_by)
    keys = columns(dimensions)
    more = [key for key in ("payer_id", "period") if key in keys or (key == "payer_id" and asked.payer_id)]
    also = "".join(f", {key}" for key in more)
    arguments = Arguments()
    at, on = arguments.put(as_of), arguments.put(as_of.date())
    one = "" if asked.payer_id is None else f" and payer_id = {arguments.put(asked.payer_id)}"
    periods, zeros = of_periods(asked, arguments), ", 0" * len(_COUNTED)
    silent = expected(first_known_period(at), asked, more)
    own, last = (_whose(asked, keys, of) for of in ("pair", "payer"))
    counted = ", ".join(f"{aggregate} as {name}" for name, aggregate in _COUNTED.items())
    part = (
        f"with payer as not materialized ({payers(at, as_of.date(), asked, one, arguments)}), "  # noqa: S608 - ours
        "cell as materialized ("
        f"select {own[0]} as payer_kind, {own[1]} as territory_code, "
        f"{last[0]} as last_kind, {last[1]} as last_code{also}, "
        f"count(*) filter (where {WAS_EXPECTED}) as was_expected, {counted} "
        f"from (select *, due_on <= {on} as is_due from {known_pairs(at)} where true{one}{periods}) as pair "
        "left join payer using (payer_id) "
        f"group by {', '.join((*own, *last, *more))}) "
        f"select {selected(dimensions)}{', '.join(f'sum({name}) as {name}' for name in _MEASURES)} from ("
        f"select payer_kind, territory_code{also}, filed as expected, {', '.join(_COUNTED)} from cell "
        f"union all select last_kind, last_code{also}, -was_expected{zeros} from cell where was_expected > 0 "
        f"union all select payer_kind, territory_code{also}, expected{zeros} from ({silent}) as payer"
        f") as pair where true{of_payers(asked, arguments)} "
        f"group by {', '.join(keys) or '()'}{' having sum(expected) > 0 or sum(due_xof) > 0' if keys else ''}"
    )
    return Plan(keys, part, _MEASURES, _fields, COLUMNS, arguments)


def _whose(asked: TimelinessAsked, keys: Sequence[str], table: str) -> tuple[str, str]:
    """Under which kind and territory a row of `table` stands, as far as anybody asks: fewer groups take less time."""
    kind = f"{table}.payer_kind" if asked.payer_kind or "payer_kind" in keys else "''::text"
    if "territory_code" in keys or asked.territory:
        return kind, f"{table}.territory_code"
    return kind, f"left({table}.territory_code, 2)" if asked.region or "region" in keys else "''::text"


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Numbers of pairs, francs, and three rates, each null where there is nothing to be on time for."""
    of: dict[str, int] = {name: int(measures[name]) for name in _MEASURES}
    rates = {
        "on_time_filing_rate": rate(of["filed_on_time"], of["expected"]),
        "on_time_payment_rate_by_number": rate(of["paid_on_time"], of["payers_with_dues"]),
        "on_time_payment_rate_by_value": rate(of["paid_on_time_xof"], of["due_xof"]),
    }
    return {name: rates[name] if name in rates else of[name] for name in COLUMNS}
