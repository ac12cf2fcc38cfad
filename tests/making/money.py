"""What is paid for one month of one payer: each situation of DEF-004, DEF-026 and DEF-027 in turn."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests.making.drafts import Draft
from tests.making.payers import Payer
from tests.making.records import month_after, payment, reversal
from tests.recount import law

DESKS = (
    ("/treasury", "treasury"),
    ("/bank/bdm-sa", "bank"),
    ("/mobile-money/orange", "mobile_money"),
    ("/bank/bdm-sa", "cheque"),
    ("/agency/kayes", "cash"),
)


@dataclass(frozen=True)
class Bill:
    """What a payer thinks it owes for a period, and how to pay it."""

    payer: Payer
    period: str
    due_xof: int
    turn: int
    filed: Sequence[Draft] = ()

    def pay(self, share: float = 1.0, *, months: int = 1, day: int = 10, suffix: str = "", named: bool = True) -> Draft:
        """Return a payment of a share of the bill, so many months after the period, designated if `named`."""
        source, channel = DESKS[self.turn % len(DESKS)]
        return payment(
            self.payer.payer_id,
            max(1, int(self.due_xof * share)),
            payment_id=f"V-{self.payer.payer_id}-{self.period}{suffix}",
            paid_on=f"{month_after(self.period, months)}-{day:02d}",
            channel=channel,
            source=source,
            period=self.period if named else None,
        )


def money_of(payer: Payer, period: str, turn: int, filed: Sequence[Draft], dice: random.Random) -> list[Draft]:
    """Return the payments and reversals of a payer's month; the situations take turns, most months pay something."""
    due = 0
    if filed:
        bases = [line["base_xof"] for line in filed[0].body["lines"]]
        due = sum(sum(law.shares(payer.kind, base, period)) for base in bases if base >= 0)
    elif dice.random() < 0.7:
        return []
    bill = Bill(payer, period, due or dice.randrange(1_000, 50_000), turn, filed)
    situation = SITUATIONS[(turn * 5 + turn // len(SITUATIONS)) % len(SITUATIONS)]
    return [draft if draft.why else replace(draft, why=situation.__name__) for draft in situation(bill)]


def in_time(bill: Bill) -> list[Draft]:
    """The whole, designated, before the due day."""
    return [bill.pay()]


def undesignated(bill: Bill) -> list[Draft]:
    """The whole, for no period in particular."""
    return [bill.pay(named=False)]


def late(bill: Bill) -> list[Draft]:
    """The whole, months later."""
    return [bill.pay(months=4, day=28)]


def partial(bill: Bill) -> list[Draft]:
    """Two thirds in two payments on one day."""
    return [bill.pay(0.5, suffix="-a"), bill.pay(0.17, suffix="-b", named=False)]


def early(bill: Bill) -> list[Draft]:
    """Before the month has ended."""
    return [bill.pay(months=0, day=2)]


def double(bill: Bill) -> list[Draft]:
    """Twice by mistake, once from another desk under the same payment id: two payments all the same."""
    first = bill.pay()
    other = payment(**{**first.body, "channel": "bank"}, source="/bank/other")
    return [first, bill.pay(suffix="-again", day=11), other]


def too_much(bill: Bill) -> list[Draft]:
    """Two and a half times what is due, for no period: some of it stays as credit or pays other months."""
    return [bill.pay(2.5, named=False)]


def bounced(bill: Bill) -> list[Draft]:
    """A cheque that bounces, and its honest second."""
    first = bill.pay(suffix="-bounces")
    return [first, reversal(first, at=f"{month_after(bill.period, 2)}-01T09:00:00Z"), bill.pay(months=2)]


def bounced_before(bill: Bill) -> list[Draft]:
    """A reversal that is read before its payment."""
    first = bill.pay(suffix="-undone")
    return [replace(draft, ordered=True) for draft in (reversal(first), first)]


def reversed_twice(bill: Bill) -> list[Draft]:
    """Two reversals that agree: the second has no effect."""
    first = bill.pay()
    return [first, reversal(first), reversal(first, payment_id=f"{first.body['payment_id']}-R2")]


def wrong_reversals(bill: Bill) -> list[Draft]:
    """Reversals of another amount, of another payer and of a reversal: always set aside."""
    first, undone = bill.pay(), bill.pay(0.1, suffix="-u")
    named, amount = first.body["payment_id"], first.body["amount_xof"]
    back = reversal(undone)
    found = [
        reversal(first, payment_id=f"{named}-R1", amount_xof=amount + 1),
        reversal(first, payment_id=f"{named}-R2", payer_id=f"{bill.payer.payer_id}-X"),
        reversal(back, payment_id=f"{named}-R3"),
    ]
    return [first, undone, back, *(wrong.marked("conflicting-duplicate: reversal", ordered=False) for wrong in found)]


def waiting_reversal(bill: Bill) -> list[Draft]:
    """A reversal whose payment never comes."""
    return [bill.pay(), reversal(bill.pay(suffix="-lost"))]


def nobody(bill: Bill) -> list[Draft]:
    """Money of an unknown payer: in suspense, and some of it undone."""
    name = f"{bill.payer.payer_id}-{bill.period}"
    unknown = payment(None, bill.due_xof, payment_id=f"U-{name}", paid_on=f"{month_after(bill.period)}-12")
    undone = payment(None, 5_000, payment_id=f"W-{name}", reference=f"virement {name} é", channel="bank")
    return [unknown, undone, reversal(undone), bill.pay(0.9)]


def repeated(bill: Bill) -> list[Draft]:
    """The same again, and under another event id."""
    first = bill.pay(0.8)
    return [first, first, first.again(event_id=f"{first.envelope.event_id}-a")]


def conflicting(bill: Bill) -> list[Draft]:
    """A payment id, then an event id, used again for something else."""
    first = bill.pay(0.6)
    amount, event_id = first.body["amount_xof"], first.envelope.event_id
    return [
        first.marked("the one that stands"),
        first.again(event_id=f"{event_id}-o", amount_xof=amount + 1).marked("conflicting-duplicate: payment"),
        first.again(payment_id=f"{first.body['payment_id']}-e").marked("conflicting-duplicate: event"),
    ]


def borrowed_names(bill: Bill) -> list[Draft]:
    """A payment id, and event ids, used for two payers or on two topics: the order decides which of them stand."""
    first, second = bill.pay(0.3, suffix="-n"), bill.pay(0.2, suffix="-m")
    other = first.again(event_id=f"{first.envelope.event_id}-b", payer_id=f"{bill.payer.payer_id}-B")
    same_event = second.again(payer_id=f"{bill.payer.payer_id}-C", payment_id=f"{second.body['payment_id']}-c")
    found = [first, second, other, same_event]
    if bill.filed:
        named = bill.filed[0].envelope
        found.append(bill.pay(0.1, suffix="-e").by(named.source).again(event_id=named.event_id))
    return found


def unpaid(bill: Bill) -> list[Draft]:
    """Nothing."""
    return []


SITUATIONS: tuple[Callable[[Bill], list[Draft]], ...] = (
    in_time,
    bounced,
    undesignated,
    early,
    late,
    double,
    partial,
    wrong_reversals,
    conflicting,
    bounced_before,
    nobody,
    too_much,
    reversed_twice,
    unpaid,
    repeated,
    waiting_reversal,
    borrowed_names,
)
