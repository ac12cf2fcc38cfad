"""`/v1/payers`: who owes most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.reporting.reports.dimensions import OF_PAIRS
from services.reporting.reports.owed import Owed, OwedAsked
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, last_known_payers
from services.reporting.reports.rates import rate

KEYS = ("payer_id",)
ATTRIBUTES = ("payer_kind", "territory_code", "name")
COLUMNS = {
    "assessed_xof": Kind.FRANCS,
    "received_xof": Kind.FRANCS,
    "outstanding_xof": Kind.FRANCS,
    "collection_rate": Kind.RATE,
}
_MEASURES = {
    "assessed_xof": "coalesce(sum(assessed_xof), 0)",
    "received_xof": "coalesce(sum(received_xof), 0)",
    "outstanding_xof": "coalesce(sum(assessed_xof) - sum(received_xof), 0)",
}


class PayersAsked(OwedAsked):
    """What may be asked: every filter; a row is always one payer."""


def plan(asked: PayersAsked, as_of: datetime) -> Plan:
    """The payers of the facts known at `as_of`, by what is outstanding, the most first, then by their ids (DEF-006).

    The same facts as those of `/v1/collection-rates` grouped by payer, under the same filters: a payer of whom none is
    left has no row. Kind, territory and name are the last known at `as_of`, so that a payer that changed its kind may
    stand under another than the filter's, which is that of its facts (DEF-033).
    """
    arguments = Arguments()
    sums = Owed(asked, as_of, arguments).sums([OF_PAIRS["payer"]])  # as_of is the first argument
    part = (
        "select owed.payer_id, coalesce(payer_kind, '') as payer_kind, "  # noqa: S608 - constants of ours
        "coalesce(territory_code, '') as territory_code, coalesce(name, '') as name, assessed_xof, received_xof "
        f"from ({sums}) as owed left join ({last_known_payers('known_at <= $1')}) as payer using (payer_id)"
    )
    return Plan(
        KEYS, part, _MEASURES, _fields, COLUMNS, arguments, attributes=ATTRIBUTES, greatest_first="outstanding_xof"
    )


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Amounts in whole francs; the rate null where nothing was assessed."""
    amounts: dict[str, int] = {name: int(measures[name]) for name in _MEASURES}
    return {**amounts, "collection_rate": rate(amounts["received_xof"], amounts["assessed_xof"])}
