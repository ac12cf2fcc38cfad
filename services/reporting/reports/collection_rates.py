"""`/v1/collection-rates`: what was assessed, what came in for it, and their ratio, by whatever the fund groups by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.dimensions import OF_PAIRS, Dimension, chosen, columns
from services.reporting.reports.owed import Owed, OwedAsked
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan
from services.reporting.reports.rates import rate

KEYS = columns(OF_PAIRS.values())
COLUMNS = {
    "payers": Kind.COUNT,
    "assessed_xof": Kind.FRANCS,
    "received_xof": Kind.FRANCS,
    "outstanding_xof": Kind.FRANCS,
    "collection_rate": Kind.RATE,
}

_MEASURES = {name: f"coalesce(sum({name}), 0)" for name in ("payers", "assessed_xof", "received_xof")}


class CollectionRatesAsked(OwedAsked):
    """What may be asked: every filter and every grouping."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "period"]] = Field(
        [], description="Repeatable; none: one row for all."
    )


def plan(asked: CollectionRatesAsked, as_of: datetime) -> Plan:
    """Sums over the facts known at `as_of` (DEF-006, DEF-007).

    A payer counts once in each group and once in the total, which is not the sum of the groups.
    """
    dimensions = chosen(OF_PAIRS, asked.group_by)
    keys, arguments = columns(dimensions), Arguments()
    known = Owed(asked, as_of, arguments)
    is_summed = known.is_summed(dimensions)
    if is_summed:
        part, whole = _of_groups(known, dimensions)
    else:
        payers = list((dict([OF_PAIRS["payer"]]) | dict(dimensions)).items())
        part = f"select *, 1 as payers from ({known.sums(payers)}) as owed"  # noqa: S608 - constants of ours
        whole = "select 1 as payers, sum(assessed_xof) as assessed_xof, sum(received_xof) as received_xof from part "
        whole += "group by payer_id"
    of_now = is_summed and asked.as_of is None and not asked.names_periods
    return Plan(keys, part, _MEASURES, _fields, COLUMNS, arguments, f"({whole}) as each", planned_once=of_now)


def _of_groups(known: Owed, dimensions: Sequence[Dimension]) -> tuple[str, str]:
    """The rows of the groups, of which no payer is told, and of all of them: sums, and payers counted beside them.

    `alone` are those of a group that are in no other, so that they add up to the total.
    """
    keys = columns(dimensions)
    names, sums = "".join(f"{key}, " for key in keys), f"from ({known.sums(dimensions)}) as owed"
    alone, others = (f"({known.payers(dimensions, has_others)}) as payer" for has_others in (False, True))
    if "period" in keys:  # where a payer is one pair
        part = f"select {names}pairs as payers, 0 as alone, assessed_xof, received_xof {sums}"
    else:
        part = (
            f"select {names}0::bigint as payers, 0::bigint as alone, assessed_xof, received_xof {sums} "  # noqa: S608 - constants of ours
            f"union all select {names}payers, payers, 0, 0 from {alone} "
            f"union all select {names}payers, 0, 0, 0 from {others}"
        )
    whole = (
        "select alone as payers, assessed_xof, received_xof from part "  # noqa: S608 - constants of ours
        f"union all select payers, 0, 0 from ({known.payers([], True)}) as payer "
    )
    if "period" in keys:
        whole += f"union all select payers, 0, 0 from ({known.payers([], False)}) as payer"  # noqa: S608 - constants of ours
    return part, whole


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Amounts in whole francs; the rate null where nothing was assessed."""
    assessed, received = int(measures["assessed_xof"]), int(measures["received_xof"])
    return {
        "payers": int(measures["payers"]),
        "assessed_xof": assessed,
        "received_xof": received,
        "outstanding_xof": assessed - received,
        "collection_rate": rate(received, assessed),
    }
