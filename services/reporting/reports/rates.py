"""Rates as they are answered: exact, four decimals, half-even, as a string (DEF-006)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction


def rate(part_xof: int, whole_xof: int) -> str | None:
    """`part_xof` ÷ `whole_xof`, both whole francs, rounded once, half-even, to four decimals; None of nothing.

    Source: DEF-006.
    """
    if whole_xof == 0:
        return None
    return str(Decimal(round(Fraction(part_xof * 10_000, whole_xof))).scaleb(-4))
