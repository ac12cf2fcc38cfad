"""`/v1/collection-rates`: what was assessed, what came in for it, and their ratio, by whatever the fund groups by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.asked import OfPayers, OfPeriods, Paged
from services.reporting.reports.plan import Arguments, Fields, Plan, of_payers, of_periods
from services.reporting.reports.rates import rate

COLUMNS = ("payers", "assessed_xof", "received_xof", "outstanding_xof", "collection_rate")

# What rows may be grouped by, in the order of their keys: (the key's column, its SQL over a fact).
DIMENSIONS = {
    "payer_kind": ("payer_kind", "payer_kind"),
    "region": ("region", "left(territory_code, 2)"),
    "territory": ("territory_code", "territory_code"),
    "payer": ("payer_id", "payer_id"),
    "period": ("period", "period"),
}

# One row a payer: in `part` within the same keys, in `_OVER_ALL` whatever the keys (a distinct count would sort).
_MEASURES = {
    "payers": "count(*)",
    "assessed_xof": "coalesce(sum(assessed_xof), 0)",
    "received_xof": "coalesce(sum(received_xof), 0)",
}
_OVER_ALL = (
    "(select sum(assessed_xof) as assessed_xof, sum(received_xof) as received_xof from part group by payer_id) as payer"
)


class CollectionRatesAsked(Paged, OfPayers, OfPeriods):
    """What may be asked: every filter and every grouping."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "period"]] = Field(
        [], description="Repeatable; none: one row for all."
    )


def plan(asked: CollectionRatesAsked, as_of: datetime) -> Plan:
    """Sums over the facts known at `as_of`, each under its own kind and territory (DEF-006, DEF-007, DEF-033)."""
    dimensions = [dimension for name, dimension in DIMENSIONS.items() if name in asked.group_by]
    arguments = Arguments()
    where = f"known_at <= {arguments.put(as_of)}{of_payers(asked, arguments)}{of_periods(asked, arguments)}"
    columns = dict([("payer_id", "payer_id"), *dimensions])
    keys = ", ".join(f"{sql} as {column}" for column, sql in columns.items())
    part = (
        f"select {', '.join(columns)}, sum(assessed_xof) as assessed_xof, sum(received_xof) as received_xof from ("  # noqa: S608 - constants of ours
        f"select {keys}, assessed_xof, 0::bigint as received_xof from assessed where {where} "
        f"union all select {keys}, 0, received_xof from received where {where}"
        f") as fact group by {', '.join(columns)}"
    )
    return Plan([column for column, _ in dimensions], part, _MEASURES, _fields, COLUMNS, arguments, _OVER_ALL)


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Amounts in whole francs; the rate null where nothing was assessed."""
    assessed, received = int(measures["assessed_xof"]), int(measures["received_xof"])
    return {
        "payers": measures["payers"],
        "assessed_xof": assessed,
        "received_xof": received,
        "outstanding_xof": assessed - received,
        "collection_rate": rate(received, assessed),
    }
