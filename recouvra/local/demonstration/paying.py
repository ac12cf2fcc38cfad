"""How the made payers pay: in time, late, in part, early, for several months at once, or hardly at all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random

from recouvra.contracts.event import Channel
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.law.period import first_day
from recouvra.local.demonstration.calendar import END, days_after
from recouvra.local.demonstration.declaring import Return, falls_due_on
from recouvra.local.demonstration.inbound import ROOT, Identity, Inbound, dice, instant
from recouvra.local.demonstration.payers import Habit, MadePayer

_DESKS: dict[Channel, str] = {
    "treasury": "treasury",
    "bank": "bank",
    "cheque": "bank",
    "mobile_money": "mobile-money",
    "cash": "cash-desk",
}


@dataclass(frozen=True, slots=True)
class Payment:
    """Money on its way; `told_at` is when its publisher reports it."""

    payment_id: str
    payer_id: str | None
    amount_xof: int
    paid_on: date
    told_at: datetime
    channel: Channel
    period: str | None = None
    reverses: str | None = None
    reference: str | None = None
    event_id: str | None = None

    @property
    def source(self) -> str:
        """Who reports it."""
        return f"{ROOT}/{_DESKS[self.channel]}"

    @property
    def identity(self) -> Identity:
        """What names the event; its id is the payment's unless another is given."""
        return self.source, self.event_id or self.payment_id

    def inbound(self) -> Inbound:
        """The event."""
        reported = PaymentReported(
            payment_id=self.payment_id,
            payer_id=self.payer_id,
            reference=self.reference,
            amount_xof=self.amount_xof,
            paid_on=self.paid_on,
            channel=self.channel,
            period=self.period,
            reverses=self.reverses,
        )
        return Inbound(reported, *self.identity, self.told_at)

    def bounced(self, days: int, roll: Random) -> "Payment":
        """The record that undoes it, so many days later."""
        at = days_after(self.paid_on, days)
        back = f"{self.payment_id}-R"
        return replace(
            self, payment_id=back, told_at=instant(at, roll), paid_on=at, period=None, reverses=self.payment_id
        )


@dataclass(frozen=True, slots=True)
class Bill:
    """What one payer owes for one period, as its declarations say when the history ends; `filed_on` is the first's."""

    payer: MadePayer
    period: str
    due_xof: int
    filed_on: date
    due_on: date

    def paid(self, roll: Random, share: float, on: date, *, named: bool, suffix: str = "") -> Payment:
        """A payment of a share of it on a day."""
        return Payment(
            payment_id=f"{self.payer.payer_id}-{self.period}{suffix}",
            payer_id=self.payer.payer_id,
            amount_xof=max(1, round(self.due_xof * share)),
            paid_on=on,
            told_at=instant(days_after(on, roll.randint(0, 2)), roll),
            channel=self.payer.channel,
            period=self.period if named else None,
        )


def payments_of(payer: MadePayer, returns: Sequence[Return]) -> list[Payment]:
    """Every payment of one payer that is reported before the history ends, bounced ones and their reversals too."""
    roll = dice("payments", payer.payer_id)
    bills = list(_bills(payer, returns))
    paid = list(_HABITS[payer.habit](bills, roll))
    if payer.channel == "cheque" and paid:
        paid += _bounce(paid[len(paid) // 2], roll)
    return [one for one in paid if one.told_at <= END]


def _bills(payer: MadePayer, returns: Sequence[Return]) -> Iterator[Bill]:
    for period in sorted({one.period for one in returns}):
        of_period = [one for one in returns if one.period == period]
        if due_xof := sum(one.due_xof for one in of_period):
            filed_on = min(one.filed_at for one in of_period if one.counts).date()
            yield Bill(payer, period, due_xof, filed_on, falls_due_on(payer, period))


Paying = Callable[[Sequence[Bill], Random], Iterator[Payment]]


def _in_time(bills: Sequence[Bill], roll: Random) -> Iterator[Payment]:
    """Whole, by the due day; two of three designate the month."""
    for bill in bills:
        on = max(bill.filed_on, days_after(bill.due_on, -roll.randint(0, 6)))
        yield bill.paid(roll, 1, on, named=roll.random() < 0.67)


def _early(bills: Sequence[Bill], roll: Random) -> Iterator[Payment]:
    """Before the declaration, at the month's end, rounded up: what is too much stays in credit until the next."""
    for bill in bills:
        on = first_day(bill.period).replace(day=roll.randint(25, 28))
        exact = bill.paid(roll, 1, on, named=roll.random() < 0.3)
        yield replace(exact, amount_xof=-(-exact.amount_xof // 5_000) * 5_000)


def _late(bills: Sequence[Bill], roll: Random) -> Iterator[Payment]:
    """Whole, weeks after the due day; some months are still open when the history ends."""
    for bill in bills:
        on = days_after(max(bill.filed_on, bill.due_on), roll.randint(5, 70))
        yield bill.paid(roll, 1, on, named=roll.random() < 0.5)


def _partial(bills: Sequence[Bill], roll: Random) -> Iterator[Payment]:
    """A part by the due day, of most the rest later, of some never."""
    for bill in bills:
        share = roll.randint(50, 80) / 100
        on = max(bill.filed_on, days_after(bill.due_on, -2))
        yield bill.paid(roll, share, on, named=True, suffix="-a")
        if roll.random() < 0.6:
            yield bill.paid(roll, 1 - share, days_after(on, roll.randint(20, 80)), named=False, suffix="-b")


def _lumped(bills: Sequence[Bill], roll: Random) -> Iterator[Payment]:
    """One payment for three months, for none in particular."""
    for at in range(0, len(bills), 3):
        several = bills[at : at + 3]
        last = several[-1]
        whole = replace(last, due_xof=sum(bill.due_xof for bill in several))
        on = max(last.filed_on, days_after(last.due_on, roll.randint(-3, 20)))
        yield whole.paid(roll, 1, on, named=False, suffix=f"-{len(several)}m")


def _hardly(bills: Sequence[Bill], roll: Random) -> Iterator[Payment]:
    """A fifth of the months, and those in part."""
    for bill in bills:
        if roll.random() < 0.2:
            on = days_after(max(bill.filed_on, bill.due_on), roll.randint(10, 60))
            yield bill.paid(roll, roll.randint(30, 90) / 100, on, named=roll.random() < 0.5)


_HABITS: dict[Habit, Paying] = {
    "in_time": _in_time,
    "early": _early,
    "late": _late,
    "partial": _partial,
    "lumped": _lumped,
    "hardly": _hardly,
}


def _bounce(cheque: Payment, roll: Random) -> list[Payment]:
    """The cheque comes back; two of three payers send an honest second."""
    back = cheque.bounced(roll.randint(6, 14), roll)
    if roll.random() < 0.33:
        return [back]
    on = days_after(back.paid_on, roll.randint(5, 20))
    second = replace(cheque, payment_id=f"{cheque.payment_id}-2", paid_on=on, told_at=instant(on, roll), channel="bank")
    return [back, second]
