"""Where money goes: a pure function of all that is known of one payer, never of the order in which it came."""

from collections.abc import Iterable

from services.contributions.domain.account import Pair
from services.contributions.domain.payment import Payment, PaymentKey

Placed = dict[tuple[PaymentKey, str], int]
"""Francs placed by (payment, period), never 0."""


def allocate(pairs: Iterable[Pair], payments: Iterable[Payment]) -> tuple[Placed, dict[PaymentKey, int]]:
    """Places one payer's money on its dues; returns what is placed, and the credit that each payment leaves, never 0.

    Both in any order, without duplicates; payments that are not reversed. First round: each payment that designates a
    period fills what is due there. Second round: the rests fill the periods by due day, come or not. Whole francs;
    what is placed and what is left of a payment sum to its amount. Source: DEF-004.
    """
    dues = sorted((pair.due_on, pair.period, pair.due_xof) for pair in pairs)
    open_xof = {period: due_xof for _, period, due_xof in dues}
    placed: Placed = {}
    rests: list[tuple[PaymentKey, int]] = []
    for payment in sorted(payments, key=lambda payment: payment.place):
        rest = payment.amount_xof
        if payment.period is not None:
            xof = min(rest, open_xof.get(payment.period, 0))
            if xof > 0:
                placed[payment.key, payment.period] = xof
                open_xof[payment.period] -= xof
                rest -= xof
        rests.append((payment.key, rest))
    credit = _fill([period for _, period, _ in dues], open_xof, rests, placed)
    return placed, credit


def _fill(
    periods: list[str], open_xof: dict[str, int], rests: list[tuple[PaymentKey, int]], placed: Placed
) -> dict[PaymentKey, int]:
    """The second round: what is left of each payment, in order, fills the periods in order. Returns the credit.

    Each step either ends a payment or closes a period, so that the round is linear in both.
    """
    credit: dict[PaymentKey, int] = {}
    at = 0
    for key, rest in rests:
        while rest > 0 and at < len(periods):
            period = periods[at]
            xof = min(rest, open_xof[period])
            if xof > 0:
                placed[key, period] = placed.get((key, period), 0) + xof
                open_xof[period] -= xof
                rest -= xof
            if open_xof[period] <= 0:
                at += 1
        if rest > 0:
            credit[key] = rest
    return credit
