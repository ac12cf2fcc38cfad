"""What was assessed and what came in for it, summed from the facts: the ground of every rate of collection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.reporting.reports.asked import OfPayers, OfPeriods, Paged
from services.reporting.reports.plan import Arguments, of_payers, of_periods


class OwedAsked(Paged, OfPayers, OfPeriods):
    """What may be asked of it: every filter."""


def owed(keys: Mapping[str, str], asked: OwedAsked, as_of: datetime, arguments: Arguments) -> str:
    """A SELECT of `keys` (by name their SQL over a fact), `assessed_xof` and `received_xof`, a row for equal keys.

    The facts are those known at `as_of`, each under its own kind and territory (DEF-006, DEF-007, DEF-033).
    """
    where = f"known_at <= {arguments.put(as_of)}{of_payers(asked, arguments)}{of_periods(asked, arguments)}"
    names = ", ".join(keys)
    said = ", ".join(f"{sql} as {name}" for name, sql in keys.items())
    return (
        f"select {names}, sum(assessed_xof) as assessed_xof, sum(received_xof) as received_xof from ("  # noqa: S608 - constants of ours
        f"select {said}, assessed_xof, 0::bigint as received_xof from assessed where {where} "
        f"union all select {said}, 0, received_xof from received where {where}"
        f") as fact group by {names}"
    )
