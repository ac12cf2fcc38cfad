"""What was known of each (payer, period) at an instant: the one place that says where reports read it from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.reporting.projections.sums import DAYS, SUMMED
from services.reporting.reports.asked import OfPayers
from services.reporting.reports.known import SUMMED_BY, known_sums

DAYS_AFTER_DUE: Sequence[int] = DAYS
"""For each of these a pair tells `received_N_xof`, what has a value date up to so many days after its due day."""

_KEYS_OF_SUMS = {"payer_kind", "region", "period"}
_REGION_DIGITS = 2


def known_pairs(at: str) -> str:
    """A table `pair` as of the instant that the placeholder `at` stands for: one row a (payer, period).

    payer_id, period; payer_kind and territory_code of its own facts (DEF-033); due_on, null before its first
    assessment; filed_on, the earliest; assessed_xof and received_xof, whatever the value date; and `received_N_xof`.
    Of its payer as last known: last_kind, last_territory, filing_frequency, and is_affiliated, within the period.
    """
    return f"(select * from standing where known_from <= {at} and {at} < known_to) as pair"  # noqa: S608 - constants


def is_summed(asked: OfPayers, keys: Iterable[str]) -> bool:
    """Whether sums by kind, region and period tell what is asked by these keys, so that no pair need be looked at."""
    names_regions = asked.territory is None or len(asked.territory) <= _REGION_DIGITS
    return names_regions and asked.payer_id is None and _KEYS_OF_SUMS.issuperset(keys)


def known_cells(at: str, asked: OfPayers, keys: Iterable[str]) -> str:
    """A table `cell` of pairs as of an instant, summed as far as these keys and filters allow, each row of some pairs.

    payer_kind, territory_code, period, due_on, what was last known of its payers (`known_pairs`), and each of `SUMMED`
    over them; payer_id too where it is asked for. Of territories the region alone, where nobody asks for more.
    """
    by = ", ".join(SUMMED_BY)
    if is_summed(asked, keys):
        sums = ", ".join(f"sum({name}) as {name}" for name in SUMMED)
        return f"(select {by}, {sums} from {known_sums(at)} group by {by} having sum(pairs) > 0) as cell"  # noqa: S608
    told = ", ".join(f"{sql} as {name}" for name, sql in SUMMED.items())
    return f"(select payer_id, {by}, {told} from {known_pairs(at)}) as cell"  # noqa: S608 - constants of ours


def first_known_period(at: str) -> str:
    """A SELECT of the first period of which a fact was known at that instant; null before any was."""
    periods = f"select period from {known_sums(at)} group by period having sum(pairs) > 0"  # noqa: S608 - constants
    return f"select min(period) as period from ({periods}) as known"  # noqa: S608 - constants of ours
