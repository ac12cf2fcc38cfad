"""The insured person's and the payer's share of one line, and how any share is rounded."""

from collections.abc import Iterable
from decimal import Decimal

from recouvra.law.parameters import Rates


def shares(base_xof: int, rates: Rates) -> tuple[int, int]:
    """(insured share, payer share) in francs of a base used of at least 0, each rounded half-up on its own.

    Source: LAW-010, DEF-001.
    """
    return share(base_xof, rates.insured_rate), share(base_xof, rates.payer_rate)


def share(amount_xof: int, rate: Decimal) -> int:
    """The share of an amount of at least 0, in francs, rounded half-up. Source: DEF-001, DEF-030."""
    # Integers only: half-up of amount × n ÷ d is floor of (2 × amount × n + d) ÷ 2d.
    numerator, denominator = rate.as_integer_ratio()
    return (2 * amount_xof * numerator + denominator) // (2 * denominator)


def sum_of_shares(amounts_xof: Iterable[int], rate: Decimal) -> int:
    """The sum of the shares of amounts of at least 0, in francs, each rounded half-up on its own. Source: DEF-001."""
    numerator, denominator = rate.as_integer_ratio()
    twice, whole = 2 * numerator, 2 * denominator
    return sum([(twice * amount_xof + denominator) // whole for amount_xof in amounts_xof])
