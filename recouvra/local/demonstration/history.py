"""The whole history, month by month, always the same."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recouvra.law.period import month_of
from recouvra.local.demonstration.calendar import END, months
from recouvra.local.demonstration.care import Form, care_forms
from recouvra.local.demonstration.declaring import Return
from recouvra.local.demonstration.inbound import Identity, NumberOf, Upstream, in_order
from recouvra.local.demonstration.lives import with_lives
from recouvra.local.demonstration.odd_hires import odd_hires
from recouvra.local.demonstration.oddities import odd_payments, returns_of_an_unknown_payer
from recouvra.local.demonstration.payers import MadePayer, made_payers
from recouvra.local.demonstration.paying import Payment, payments_of
from recouvra.local.demonstration.poison import poison
from recouvra.local.demonstration.registering import registrations, with_moves
from recouvra.local.demonstration.slips import returns_of


@dataclass(frozen=True, slots=True)
class Month:
    """What is published in one calendar month: first what is declared, paid and filed, then who is hired.

    In that order, because a hire of this month is first declared in the next. `others` need no insured number:
    payments, and records that nobody can read.
    """

    month: str
    returns: tuple[Return, ...]
    forms: tuple[Form, ...]
    others: tuple[Upstream, ...]
    registrations: tuple[Upstream, ...]

    @property
    def reported_identities(self) -> list[Identity]:
        """What names all but the registrations, without the insured numbers that only the stack knows."""
        declared = [name for one in self.returns for name in one.identities]
        return declared + [one.identity for one in self.forms] + [one.identity for one in self.others]

    def reported(self, number_of: NumberOf) -> list[Upstream]:
        """Declarations, care forms, payments and the rest as they happened."""
        declared = [inbound for one in self.returns for inbound in one.inbound(number_of)]
        return in_order([*declared, *(form.inbound(number_of) for form in self.forms), *self.others])


@dataclass(frozen=True, slots=True)
class History:
    """The payers, and what they did in each month."""

    payers: tuple[MadePayer, ...]
    months: tuple[Month, ...]


def made_history() -> History:
    """The history; some seconds of work."""
    payers = with_moves(with_lives(made_payers()))
    returns: list[Return] = []
    payments: list[Payment] = []
    for payer in payers:
        filed = returns_of(payer)
        returns += filed
        payments += payments_of(payer, filed)
    payments += odd_payments(payments)
    returns += returns_of_an_unknown_payer()
    asked = [one for one in (*registrations(payers), *odd_hires(payers)) if one.at <= END]
    others: list[Upstream] = [*(payment.inbound() for payment in payments), *poison()]
    return History(payers, _by_month(returns, care_forms(payers), others, asked))


def _by_month(
    returns: Iterable[Return], forms: Iterable[Form], others: Iterable[Upstream], asked: Sequence[Upstream]
) -> tuple[Month, ...]:
    filed, cared, told, hired = defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list)
    for one in returns:
        filed[month_of(one.filed_at)].append(one)
    for form in forms:
        cared[month_of(form.told_at)].append(form)
    for other in others:
        told[month_of(other.at)].append(other)
    for request in asked:
        hired[month_of(request.at)].append(request)
    return tuple(
        Month(
            month, tuple(filed[month]), tuple(cared[month]), tuple(in_order(told[month])), tuple(in_order(hired[month]))
        )
        for month in months()
    )
