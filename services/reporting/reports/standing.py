"""What was known of each (payer, period) at an instant: the one place that says where reports read it from."""

from __future__ import annotations

from collections.abc import Sequence

DAYS_AFTER_DUE: Sequence[int] = (0, 30, 60, 90, 180, 365)
"""For each of these a pair tells `received_N_xof`, what has a value date up to so many days after its due day."""


def known_pairs(at: str) -> str:
    """A table `pair` as of the instant that the placeholder `at` stands for: one row a (payer, period).

    payer_id, period; payer_kind and territory_code of its own facts (DEF-033); due_on, null before its first
    assessment; filed_on, the earliest; assessed_xof and received_xof, whatever the value date; and `received_N_xof`.
    """
    return f"(select * from standing where known_from <= {at} and {at} < known_to) as pair"  # noqa: S608 - constants


def first_known_period(at: str) -> str:
    """A SELECT of the first period of which a fact was known at that instant; null before any was."""
    return f"select min(period) from standing where known_from <= {at}"  # noqa: S608 - constants of ours
