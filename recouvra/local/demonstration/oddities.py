"""What belongs to no payer's habits: money of nobody, records that come twice, disagree, or too early."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from recouvra.contracts.event import Channel
from recouvra.law.period import first_day
from recouvra.local.demonstration.calendar import days_after, month_after, periods
from recouvra.local.demonstration.declaring import Line, Return
from recouvra.local.demonstration.inbound import dice, instant
from recouvra.local.demonstration.odd_hires import UNKNOWN_PAYER
from recouvra.local.demonstration.payers import MadePayer
from recouvra.local.demonstration.paying import Payment

_REFERENCES = (
    "VIR COTISATION AMO FEVRIER",
    "VERSEMENT AMO SANS NUMERO",
    "REGLEMENT COTISATIONS T2",
    "AMO PERSONNEL CHANTIER",
    "VIR RECU DU 14/09",
    "COTISATION AMO AGENTS",
)


def returns_of_an_unknown_payer() -> Iterator[Return]:
    """Two declarations that wait for their payer's affiliation, of people whose numbers nobody gave."""
    payer = MadePayer(
        UNKNOWN_PAYER, "private_employer", "Employeur fictif non affilié", "0101", "monthly", "in_time", "bank", ()
    )
    roll = dice("unknown payer")
    for period in periods()[18:20]:
        lines = tuple(Line(f"99999999990{number}", roll.randrange(60_000, 150_000, 5)) for number in range(3))
        at = instant(month_after(period).replace(day=9), roll)
        yield Return(payer, f"D-{period}", period, at, lines, counts=False)


def odd_payments(payments: Sequence[Payment]) -> Iterator[Payment]:
    """Money in suspense, repeats without effect, conflicts, a reversal before its payment and one without any."""
    roll = dice("odd payments")
    channels: tuple[Channel, ...] = ("bank", "treasury", "mobile_money")
    for number, reference in enumerate(_REFERENCES):
        on = first_day(periods()[1 + 4 * number]).replace(day=roll.randint(3, 24))
        unknown = Payment(
            payment_id=f"X-{number + 1:03}",
            payer_id=None,
            reference=reference,
            amount_xof=roll.randrange(40_000, 900_000, 500),
            paid_on=on,
            told_at=instant(on, roll),
            channel=channels[number % len(channels)],
        )
        yield unknown
        if number == 3:
            yield unknown.bounced(9, roll)
    for number in range(2):
        on = month_after(periods()[18 + number]).replace(day=14)
        yield Payment(f"{UNKNOWN_PAYER}-{number}", UNKNOWN_PAYER, 21_500, on, instant(on, roll), "bank")

    said = [one for one in payments if one.payer_id and one.reverses is None and one.channel == "bank"]
    some = said[:: len(said) // 9]
    yield replace(some[0], told_at=some[0].told_at + timedelta(minutes=5))
    yield replace(some[1], told_at=some[1].told_at + timedelta(minutes=5), event_id=f"{some[1].payment_id}.again")
    for one in some[2:4]:
        at = one.told_at + timedelta(minutes=7)
        yield replace(one, told_at=at, amount_xof=one.amount_xof + 1_000, event_id=f"{one.payment_id}.other")
    undone = replace(some[4], payment_id=f"{some[4].payment_id}-W", event_id=None)
    yield undone
    yield replace(undone.bounced(0, roll), told_at=undone.told_at - timedelta(minutes=30))
    lost = replace(some[5], payment_id=f"{some[5].payment_id}-L", paid_on=days_after(some[5].paid_on, 3))
    yield lost.bounced(1, roll)
    yield from _odd_reversals(some[6], roll)


def _odd_reversals(paid: Payment, roll: Random) -> Iterator[Payment]:
    """Of another amount, then as it should be, then once more, and at last one that undoes the reversal itself."""
    back = paid.bounced(30, roll)
    hours = [back.told_at + timedelta(hours=hour) for hour in range(4)]
    yield replace(back, payment_id=f"{back.payment_id}0", amount_xof=back.amount_xof + 500, told_at=hours[0])
    yield replace(back, told_at=hours[1])
    yield replace(back, payment_id=f"{back.payment_id}2", told_at=hours[2])
    yield replace(back, payment_id=f"{back.payment_id}R", reverses=back.payment_id, told_at=hours[3])
