"""Going on from what stands: where what comes moves nothing that is placed, so that it alone has to be placed.

Allocation is a function of all dues and all money of a payer (`allocation.py`), and that is always what is meant. Most
of what comes is the next payment, or the next month: then all that was placed stays, and little of it need be known.
Where that is not sure, all that a payer has is loaded and placed anew. What stands was placed by the function.

**A payment goes on** where it comes behind all other payments in their order, and designates no period, or one on which
nothing was received, or one on which as much is still open as it brings. For in the first round the others take what
they took, and it takes what they left. What the second round put on the period that it designates is not in its way:
where nothing was received there is none of it; where enough is open, the two fit beside each other, and since the
period was open the round has passed nothing on from there. So the second round places the others as before, and comes
to this payment last, which fills what they left open, by due day.

**An assessment goes on**, and places nothing, where the period's due does not shrink (it replaces nothing), no payment
designates the period, no credit is left, and nothing is received on a period behind it or one up to it is open. For the
first round puts nothing there, before or after. Money of the second that went past the period would be received behind
it or left over; and past a period that is open none goes.

Both stay true if some payments of a batch (some of its assessments) do not take effect: with less money, no less is
open and no more received on any period; with less assessed, as much is received, on the same. Of an account to which a
batch brings both, or anything else, nothing is said here. Source: DEF-004.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from recouvra.contracts.event import PayerKind
from services.contributions.domain.payment import Payment, Place

Position = tuple[date, str]
"""(`due_on`, `period`): where a period stands in the order in which the second round fills them. Source: DEF-004."""


@dataclass(slots=True)
class OpenPeriod:
    """A period, what is still open on it, whether anything was received, and what its pair was frozen with."""

    period: str
    payer_kind: PayerKind
    territory_code: str
    open_xof: int
    is_touched: bool


@dataclass(slots=True)
class Standing:
    """What one has to know of an affiliated account to which a batch brings payments alone.

    Attributes:
        last: the place of its last payment, reversed or not; None where it has none.
        periods: by period, in the order of the second round: those still open, as far as the money that comes reaches,
            and those that it designates; a designated one that is not there was never assessed.
    """

    last: Place | None
    periods: dict[str, OpenPeriod]

    def admits(self, payment: Payment) -> bool:
        """Whether this payment, with a payer and not reversed, goes on from what stands."""
        if not follow(self.last, (payment,)):
            return False
        there = self.periods.get(payment.period) if payment.period is not None else None
        return there is None or not there.is_touched or payment.amount_xof <= there.open_xof

    def place(self, payment: Payment) -> tuple[dict[str, int], int]:
        """Places a payment that is admitted: francs by period, none of them 0, and what is left as credit."""
        if not self.admits(payment):
            raise ValueError("a payment that does not go on from what stands")
        self.last = payment.place
        rest = payment.amount_xof
        placed: dict[str, int] = {}
        designated = self.periods.get(payment.period) if payment.period is not None else None
        for there in self.periods.values() if designated is None else (designated, *self.periods.values()):
            xof = min(rest, there.open_xof)
            if xof > 0:
                placed[there.period] = placed.get(there.period, 0) + xof
                there.open_xof -= xof
                there.is_touched = True
                rest -= xof
            if rest == 0:
                break
        return placed, rest


@dataclass(frozen=True, slots=True)
class Settled:
    """What one has to know of an affiliated account to which a batch brings declarations alone.

    Attributes:
        has_credit: whether money is left over.
        designated: periods that payments designate, among those that the batch may assess.
        first_open: the first period on which something is open.
        last_received: the last period on which something was received.
    """

    has_credit: bool
    designated: frozenset[str]
    first_open: Position | None
    last_received: Position | None

    def admits(self, assessed: Position) -> bool:
        """Whether this period's due can grow, from nothing too, without anything being placed anew."""
        if self.has_credit or assessed[1] in self.designated:
            return False
        opens_before = self.first_open is not None and self.first_open <= assessed
        return opens_before or self.last_received is None or self.last_received <= assessed


def follow(last: Place | None, payments: Sequence[Payment]) -> bool:
    """Whether each of these payments has its place behind this one, and behind those before it."""
    for payment in payments:
        if last is not None and payment.place <= last:
            return False
        last = payment.place
    return True


def all_admitted(standing: Standing, payments: Sequence[Payment]) -> bool:
    """Whether these payments go on, one after the other in this order."""
    if len(payments) == 1:
        return standing.admits(payments[0])
    tried = Standing(standing.last, {period: replace(there) for period, there in standing.periods.items()})
    for payment in payments:
        if not tried.admits(payment):
            return False
        tried.place(payment)
    return True
