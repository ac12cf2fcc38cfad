"""`/v1/collection-rates`: what was assessed, what came in for it, and their ratio, by whatever the fund groups by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.dimensions import OF_PAIRS, chosen, columns
from services.reporting.reports.owed import OwedAsked, owed
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

# One row a payer: in `part` within the same keys, in `_OVER_ALL` whatever the keys (a distinct count would sort).
_MEASURES = {
    "payers": "count(*)",
    "assessed_xof": "coalesce(sum(assessed_xof), 0)",
    "received_xof": "coalesce(sum(received_xof), 0)",
}
_OVER_ALL = (
    "(select sum(assessed_xof) as assessed_xof, sum(received_xof) as received_xof from part group by payer_id) as payer"
)


class CollectionRatesAsked(OwedAsked):
    """What may be asked: every filter and every grouping."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer", "period"]] = Field(
        [], description="Repeatable; none: one row for all."
    )


def plan(asked: CollectionRatesAsked, as_of: datetime) -> Plan:
    """Sums over the facts known at `as_of` (DEF-006, DEF-007)."""
    dimensions = chosen(OF_PAIRS, asked.group_by)
    arguments = Arguments()
    part = owed({"payer_id": "payer_id"} | dict(dimensions), asked, as_of, arguments)
    return Plan(columns(dimensions), part, _MEASURES, _fields, COLUMNS, arguments, _OVER_ALL)


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
