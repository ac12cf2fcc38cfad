"""`/v1/money`: everything reported in, by channel and month of its value date, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.reporting.projections.amounts import WHAT
from services.reporting.reports.asked import OfPayers, Paged
from services.reporting.reports.known import known_amounts
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, last_known_payers, of_payers
from services.reporting.reports.standing import is_summed

KEYS = ("channel", "month")
COLUMNS = dict.fromkeys(("received_xof", "credit_xof", "suspense_xof", "total_xof"), Kind.FRANCS)

_MEASURES = {
    "received_xof": "coalesce(sum(received_xof), 0)",
    "credit_xof": "coalesce(sum(credit_xof), 0)",
    "suspense_xof": "coalesce(sum(suspense_xof), 0)",
}


class MoneyAsked(Paged, OfPayers):
    """What may be asked: filters on the payer; a period means nothing to money that has none."""


def plan(asked: MoneyAsked, as_of: datetime) -> Plan:
    """Sums over the facts known at `as_of`.

    A filter on the payer leaves suspense out, whoever it names as its payer. Received money stands under its fact's
    kind and territory, credit under those that its payer was last known to have at `as_of`.
    """
    arguments = Arguments()
    at = arguments.put(as_of)
    filters = of_payers(asked, arguments)
    received = f"select *, {WHAT['received']} as what, received_xof as xof from received where known_at <= {at}"  # noqa: S608 - constants of ours
    received = f"({received}) as fact"
    if is_summed(asked, ()):
        received = known_amounts("received", [at], "what between '0' and ':'")  # it begins with a year
    held = f"held where known_at <= {at}"
    if asked.names_payers:
        payers = f"select payer_id from ({last_known_payers(f'known_at <= {at}')}) as payer where true{filters}"  # noqa: S608 - constants of ours
        held += f" and held_as = 'credit' and payer_id in ({payers})"
    part = (
        "select substr(what, 9) as channel, left(what, 7) as month, sum(xof) as received_xof, "  # noqa: S608 - constants of ours
        "null::numeric as credit_xof, null::numeric as suspense_xof "
        f"from {received} where true{filters} group by what "
        """union all select channel, to_char(received_on, 'YYYY-MM') collate "C", null, """
        "sum(held_xof) filter (where held_as = 'credit'), sum(held_xof) filter (where held_as = 'suspense') "
        f"from {held} group by channel, received_on"
    )
    return Plan(KEYS, part, _MEASURES, _fields, COLUMNS, arguments)


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Whole francs."""
    amounts: Fields = {name: int(measures[name]) for name in _MEASURES}
    return amounts | {"total_xof": sum(int(measures[name]) for name in _MEASURES)}
