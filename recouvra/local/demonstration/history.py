"""The whole history, month by month, always the same."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from recouvra.law.period import month_of
from recouvra.local.demonstration.calendar import END, months
from recouvra.local.demonstration.declaring import Return, returns_of
from recouvra.local.demonstration.inbound import Identity, Inbound, NumberOf, in_order
from recouvra.local.demonstration.oddities import odd_payments, returns_of_an_unknown_payer
from recouvra.local.demonstration.payers import MadePayer, made_payers
from recouvra.local.demonstration.paying import Payment, payments_of
from recouvra.local.demonstration.registering import registrations, with_transfers


@dataclass(frozen=True, slots=True)
class Month:
    """What is published in one calendar month: first what is declared and paid, then who is hired.

    In that order, because a hire of this month is first declared in the next.
    """

    month: str
    returns: tuple[Return, ...]
    payments: tuple[Payment, ...]
    registrations: tuple[Inbound, ...]

    @property
    def declared_and_paid_identities(self) -> list[Identity]:
        """What names its declarations and payments, without the insured numbers that only the stack knows."""
        return [name for one in self.returns for name in one.identities] + [one.identity for one in self.payments]

    def declared_and_paid(self, number_of: NumberOf) -> list[Inbound]:
        """Declarations and payments as they happened."""
        declared = [inbound for one in self.returns for inbound in one.inbound(number_of)]
        return in_order([*declared, *(payment.inbound() for payment in self.payments)])


@dataclass(frozen=True, slots=True)
class History:
    """The payers, and what they did in each month."""

    payers: tuple[MadePayer, ...]
    months: tuple[Month, ...]


def made_history() -> History:
    """The history; half a second of work."""
    payers = with_transfers(made_payers())
    returns = [one for payer in payers for one in returns_of(payer)]
    payments = [one for payer in payers for one in payments_of(payer, [r for r in returns if r.payer is payer])]
    payments += odd_payments(payments)
    returns += returns_of_an_unknown_payer()
    return History(payers, _by_month(returns, payments, [one for one in registrations(payers) if one.at <= END]))


def _by_month(returns: Sequence[Return], payments: Sequence[Payment], asked: Sequence[Inbound]) -> tuple[Month, ...]:
    filed, paid, hired = defaultdict(list), defaultdict(list), defaultdict(list)
    for one in returns:
        filed[month_of(one.filed_at)].append(one)
    for payment in payments:
        paid[month_of(payment.told_at)].append(payment)
    for request in asked:
        hired[month_of(request.at)].append(request)
    return tuple(
        Month(month, tuple(filed[month]), tuple(paid[month]), tuple(in_order(hired[month]))) for month in months()
    )
