"""What was assessed and what came in for it: the ground of every rate of collection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from services.reporting.reports.asked import OfPayers, OfPeriods, Paged
from services.reporting.reports.dimensions import Dimension, columns, selected
from services.reporting.reports.known import known_in, known_payers, known_sums, payers_then
from services.reporting.reports.plan import Arguments, of_payers, of_periods
from services.reporting.reports.standing import is_summed, known_pairs


class OwedAsked(Paged, OfPayers, OfPeriods):
    """What may be asked of it: every filter."""


class Owed:
    """What is asked, as known at an instant, each pair under its own kind and territory (DEF-006, DEF-007, DEF-033).

    It is read where that takes least: in sums by kind and region, in sums by payer, or pair by pair.
    """

    def __init__(self, asked: OwedAsked, as_of: datetime, arguments: Arguments) -> None:
        """`as_of` becomes the first of the arguments."""
        self._asked = asked
        self._at = arguments.put(as_of)
        self._of_payers, self._of_periods = of_payers(asked, arguments), of_periods(asked, arguments)
        self._arguments = arguments

    def is_summed(self, dimensions: Sequence[Dimension]) -> bool:
        """Whether sums by kind, region and period tell it, so that no payer need be looked at."""
        return is_summed(self._asked, columns(dimensions))

    def sums(self, dimensions: Sequence[Dimension]) -> str:
        """A SELECT of the keys, `pairs`, `assessed_xof` and `received_xof`: a row for equal keys that are known."""
        return (
            f"select {selected(dimensions)}sum(pairs) as pairs, sum(assessed_xof) as assessed_xof, "  # noqa: S608 - constants of ours
            f"sum(received_xof) as received_xof from {self._read(dimensions)} "
            f"where true{self._of_payers}{self._of_periods} "
            f"group by {', '.join(columns(dimensions)) or '()'} having sum(pairs) > 0"
        )

    def _read(self, dimensions: Sequence[Dimension]) -> str:
        if self.is_summed(dimensions):
            return known_sums(self._at)
        if not self._of_periods and "period" not in columns(dimensions):
            return known_payers(self._at) if self._asked.as_of is None else payers_then(self._at)
        return f"(select *, 1 as pairs from {known_pairs(self._at)}) as known"  # noqa: S608 - constants of ours

    @cached_property
    def _in_periods(self) -> str:
        """The condition that something is known of a payer in the periods asked for, once it is needed."""
        return f" and payer_id in ({known_in(self._at, self._asked)})" if self._of_periods else ""

    def payers(self, dimensions: Sequence[Dimension], has_others: bool) -> str:
        """A SELECT of the keys, which tell no period, and `payers`: how many are known, a row for equal keys.

        Those with pairs under one kind and territory, each of them in one group and no other; or else (`has_others`)
        those that changed, who may be in several.
        """
        counted, which, in_periods = "count(*)", "not ", self._in_periods
        if has_others:
            counted, which = "count(distinct payer_id)", ""
        if has_others and self._of_periods:  # by key: which of its kinds and territories a payer had then
            in_periods += (
                " and exists (select from standing as pair where (pair.payer_id, pair.payer_kind, pair.territory_code) "
                "= (payer.payer_id, payer.payer_kind, payer.territory_code) "
                f"and pair.known_from <= {self._at}{self._of_periods})"
            )
        return (
            f"select {selected(dimensions)}{counted} as payers from summed_of_payer as payer "  # noqa: S608 - constants of ours
            f"where {which}has_others and known_from <= {self._at}{self._of_payers}{in_periods} "
            f"group by {', '.join(columns(dimensions)) or '()'}"
        )
