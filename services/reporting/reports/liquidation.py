"""`/v1/liquidation`: care forms, what the fund bears of them, and how long they took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import Any, Literal

from pydantic import Field

from recouvra.law.coverage import payment_term_days
from recouvra.law.parameters import TERM_ROWS
from services.reporting.reports.asked import OfPayers, Paged
from services.reporting.reports.dimensions import OF_FORMS, chosen, columns, selected
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, last_known_payers, of_payers
from services.reporting.reports.rates import rate

KEYS = [*columns(OF_FORMS.values()), "outcome"]
AMOUNTS = ("claimed_xof", "accepted_xof", "fund_share_xof", "co_payment_xof")
COLUMNS = {
    "forms": Kind.COUNT,
    **dict.fromkeys(AMOUNTS, Kind.FRANCS),
    "delay_p50_days": Kind.COUNT,
    "delay_p90_days": Kind.COUNT,
    "within_term_share": Kind.RATE,
}
_MEDIAN, _NINETIETH = Fraction(1, 2), Fraction(9, 10)

_SUMS = ", ".join(f"sum({name}) as {name}" for name in AMOUNTS)
# A row of `part` is the forms of equal keys that took equally long: they are counted, and looked at again in `_fields`.
_MEASURES = {
    **{name: f"coalesce(sum({name}), 0)" for name in ("forms", *AMOUNTS)},
    "delays": "array_agg(delay_days)",
    "counts": "array_agg(forms)",
    "with_term": "coalesce(sum(forms) filter (where term_days is not null), 0)",
    "within_term": "coalesce(sum(forms) filter (where delay_days <= term_days), 0)",
}
# A form that was refused for two reasons stands in both their rows, and once in the total.
_REASONS = (
    "left join lateral (select reason, row_number() over (order by reason) as nth "
    "from (select distinct unnest(reasons) as reason) as its) as why on true"
)
_EACH_ONCE = (
    f"(select delay_days, term_days, sum(forms)::bigint as forms, {_SUMS} "  # noqa: S608 - constants of ours
    "from part where is_first group by delay_days, term_days) as form"
)


class LiquidationAsked(Paged, OfPayers):
    """What may be asked: filters on the patient's payer, and groupings; a care form has no period."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "provider_kind", "care_kind", "reason"]] = (
        Field([], description="Repeatable; the outcome is always a key. By reason, a form stands in the row of each.")
    )


def plan(asked: LiquidationAsked, as_of: datetime) -> Plan:
    """The forms liquidated up to `as_of`, each a row of its own, a duplicate's too (DEF-012, DEF-031, LAW-052).

    A form stands under the payer that its fact names, and under the kind and territory that this payer was last known
    to have at `as_of`.
    """
    dimensions = chosen(OF_FORMS, asked.group_by)
    keys = [*columns(dimensions), "outcome"]
    by_reason = "reason" in keys
    arguments = Arguments()
    known = f"known_at <= {arguments.put(as_of)}"
    filters = of_payers(asked, arguments)
    groups = [*keys, "delay_days", "term_days", "is_first"]
    part = (
        f"select {selected(dimensions)}outcome, liquidated_on - submitted_on as delay_days, term_days, "  # noqa: S608 - constants of ours
        f"{'coalesce(nth, 1) = 1' if by_reason else 'true'} as is_first, count(*) as forms, "
        f"{_SUMS} "
        f"from (select * from liquidated where {known}) as form "
        f"left join ({last_known_payers(known)}) as payer using (payer_id) "
        f"left join {_terms(arguments)} {_REASONS if by_reason else ''} "
        f"where true{filters} group by {', '.join(groups)}"
    )
    return Plan(keys, part, _MEASURES, _fields, COLUMNS, arguments, _EACH_ONCE)


def _terms(arguments: Arguments) -> str:
    """The law's terms as a table to join: a row for each kind of provider and span of days of deposit (LAW-052)."""
    starts = {(row.provider_kind, row.starts_on) for row in TERM_ROWS}
    spans = [
        (kind, on, min((later for of, later in starts if of == kind and later > on), default=None), term)
        for kind, on in sorted(starts)
        if (term := payment_term_days(kind, on)) is not None
    ]
    kinds, from_on, until_on, days = (arguments.put(list(column)) for column in zip(*spans, strict=True))
    return (
        f"unnest({kinds}::text[], {from_on}::date[], {until_on}::date[], {days}::int[]) "
        "as term(of_kind, from_on, until_on, term_days) on of_kind = provider_kind "
        "and submitted_on >= from_on and (until_on is null or submitted_on < until_on)"
    )


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Francs, days, and the share of forms that have a term which were liquidated within it; null where none has."""
    delays = list(zip(measures["delays"] or (), measures["counts"] or (), strict=True))
    return {
        "forms": int(measures["forms"]),
        **{name: int(measures[name]) for name in AMOUNTS},
        "delay_p50_days": percentile(delays, _MEDIAN),
        "delay_p90_days": percentile(delays, _NINETIETH),
        "within_term_share": rate(int(measures["within_term"]), int(measures["with_term"])),
    }


def percentile(counted: Iterable[tuple[int, int]], part: Fraction) -> int | None:
    """The least of some days up to which at least this part of them lies, so a number of days that did occur.

    The nearest rank, PostgreSQL's `percentile_disc`. `counted` are (days, how many) in any order, days repeated or not;
    None of nothing. Source: DEF-012.
    """
    in_order = sorted(counted)
    wanted = ceil(sum(count for _, count in in_order) * part)
    for days, count in in_order:
        wanted -= count
        if wanted <= 0:
            return days
    return None
