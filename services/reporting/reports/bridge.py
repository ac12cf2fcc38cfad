"""`/v1/bridge`: why the collection rate moved between two instants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from services.reporting.reports.asked import Instant, OfPayers, OfPeriods, Paged
from services.reporting.reports.known import known_amounts
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, of_payers, of_periods
from services.reporting.reports.rates import rate
from services.reporting.reports.standing import is_summed, known_cells

_BASES = {
    "declared_xof": "declared",
    "replaced_xof": "replacement",
    "estimated_xof": "estimated",
    "adjusted_xof": "adjustment",
}
COLUMNS = {
    "assessed_from_xof": Kind.FRANCS,
    **dict.fromkeys(_BASES, Kind.FRANCS),
    "assessed_to_xof": Kind.FRANCS,
    "received_from_xof": Kind.FRANCS,
    "receipts_xof": Kind.FRANCS,
    "taken_back_xof": Kind.FRANCS,
    "received_to_xof": Kind.FRANCS,
    "rate_from": Kind.RATE,
    "rate_to": Kind.RATE,
}
_SUMS = ("assessed_from_xof", *_BASES, "assessed_to_xof", "received_from_xof", "taken_back_xof", "received_to_xof")
_MEASURES = {name: f"coalesce(sum({name}), 0)" for name in _SUMS}
_PLACED = "payer_id, period, payment_source, payment_id"


class BridgeAsked(Paged, OfPayers, OfPeriods):
    """What may be asked: two instants and every filter. `to` is the instant that is answered; there is no other."""

    since: Instant = Field(alias="from", description="RFC 3339 instant, or a date, which stands for its last instant.")
    as_of: Instant | None = Field(
        None, alias="to", description="The same. Absent, or later than `complete_up_to`: `complete_up_to`."
    )

    @property
    def is_backwards(self) -> bool:
        """Whether `to` lies before `from`."""
        return self.as_of is not None and self.as_of < self.since


def plan(asked: BridgeAsked, as_of: datetime) -> Plan:
    """Both ends as `/v1/collection-rates` tells them, and the facts between (DEF-006, DEF-007).

    Only where a fact took something away can the net of a (payer, period, payment) be negative: those alone are netted,
    and what is left of the difference came in.
    """
    arguments = Arguments()
    to, since = arguments.put(as_of), arguments.put(min(asked.since, as_of))
    filters = of_payers(asked, arguments) + of_periods(asked, arguments)
    between = f"known_at > {since} and known_at <= {to}{filters}"
    put = {name: arguments.put(basis) for name, basis in _BASES.items()}
    bases = ", ".join(f"sum(xof) filter (where what = {basis}) as {name}" for name, basis in put.items())
    due = f"(select basis as what, assessed_xof as xof from assessed where {between}) as amount"  # noqa: S608 - ours
    if is_summed(asked, ()):
        due = known_amounts("assessed", [since, to], f"what in ({', '.join(put.values())})") + f" where true{filters}"
    first, last = (
        f"(select sum(assessed_xof) as assessed_{end}_xof, sum(received_xof) as received_{end}_xof "  # noqa: S608 - constants of ours
        f"from {known_cells(at, asked, ())} where true{filters}) as {end}_sums"
        for end, at in (("from", since), ("to", to))
    )
    part = (
        f"select * from {first}, {last}, (select {bases} from {due}) as due, "  # noqa: S608 - constants of ours
        "(select sum(net_xof) filter (where net_xof < 0) as taken_back_xof from ("
        f"select sum(received_xof) as net_xof from received where {between} and ({_PLACED}) in "
        f"(select {_PLACED} from received where received_xof < 0 and {between}) group by {_PLACED}) as net) as back"
    )
    return Plan((), part, _MEASURES, _fields, COLUMNS, arguments)


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Francs; each end's rate null where nothing was assessed."""
    sums = {name: int(measures[name]) for name in _SUMS}
    moved = sums["received_to_xof"] - sums["received_from_xof"]
    amounts = sums | {"receipts_xof": moved - sums["taken_back_xof"]}
    rates = {
        "rate_from": rate(sums["received_from_xof"], sums["assessed_from_xof"]),
        "rate_to": rate(sums["received_to_xof"], sums["assessed_to_xof"]),
    }
    return {name: amounts[name] for name in COLUMNS if name in amounts} | rates
