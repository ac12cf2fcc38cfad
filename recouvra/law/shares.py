"""The insured person's and the payer's share of one line."""

from decimal import Decimal

from recouvra.law.parameters import Rates


def shares(base_xof: int, rates: Rates) -> tuple[int, int]:
    """(insured share, payer share) in francs of a base used of at least 0, each rounded half-up on its own.

    Source: LAW-010, DEF-001.
    """
    return _share(base_xof, rates.insured_rate), _share(base_xof, rates.payer_rate)


def _share(base_xof: int, rate: Decimal) -> int:
    # Integers only: half-up of base × n ÷ d is floor of (2 × base × n + d) ÷ 2d.
    numerator, denominator = rate.as_integer_ratio()
    return (2 * base_xof * numerator + denominator) // (2 * denominator)
