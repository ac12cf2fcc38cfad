"""What becomes of payers: told of late, closed, grown, shrunk, taken over by an authority."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from recouvra.contracts.event import FilingFrequency
from recouvra.law.period import first_day, following
from recouvra.local.demonstration.calendar import FIRST_PERIOD, days_after
from recouvra.local.demonstration.payers import Change, MadePayer

_GROWS_ON = date(2025, 1, 20)
"""In a quarter's first month, so that no quarter is filed half by the month."""
_LONG_AGO = date(2023, 6, 1)

Becomes = Callable[[MadePayer], MadePayer]


def with_lives(payers: Sequence[MadePayer]) -> tuple[MadePayer, ...]:
    """The payers with what becomes of some private employers; each who is chosen declares and pays plainly.

    Source: DEF-023, DEF-025, DEF-033, DEF-035.
    """
    free = [payer for payer in payers if payer.kind == "private_employer" and payer.habit == "in_time"]
    chosen: dict[str, MadePayer] = {}

    def take(becomes: Becomes, size: range, how_many: int) -> None:
        able = [one for one in free if one.payer_id not in chosen and len(one.staff) in size]
        chosen.update({one.payer_id: becomes(one) for one in able[-how_many:]})

    take(_told_late, range(4, 40), 3)
    take(_closed, range(4, 40), 4)
    take(_grown, range(6, 11), 2)
    take(_shrunk, range(11, 15), 2)
    take(_taken_over, range(11, 60), 1)
    return tuple(chosen.get(payer.payer_id, payer) for payer in payers)


def _told_late(payer: MadePayer) -> MadePayer:
    """It hires, declares and pays from a month on; the register tells of it only three months later."""
    first = f"2024-{4 + int(payer.payer_id[-3:]) % 7:02}"
    told = following(following(following(first)))
    began = first_day(first)
    staff = tuple(
        replace(one, first_period=first, last_period=max(first, one.last_period), hired_on=began)
        if one.first_period <= first
        else one
        for one in payer.staff
    )
    return replace(payer, staff=staff, told_on=first_day(told).replace(day=12))


def _closed(payer: MadePayer) -> MadePayer:
    """It shuts at a month's end, and declares a last month after that: what it still paid its people."""
    number = int(payer.payer_id[-3:])
    last = f"2025-{2 + number % 6:02}"
    shut_on = days_after(first_day(last), -1)
    change = Change(shut_on.replace(day=25), payer.kind, payer.frequency, shut_on)
    staff = tuple(
        replace(one, last_period=min(one.last_period, last))
        if one.first_period <= last
        else replace(one, first_period=FIRST_PERIOD, last_period=last, hired_on=_LONG_AGO)
        for one in payer.staff
    )
    return replace(payer, staff=staff, changes=(change,))


def _grown(payer: MadePayer) -> MadePayer:
    """Quarterly, then monthly: it hired."""
    return _refiled(payer, "monthly")


def _shrunk(payer: MadePayer) -> MadePayer:
    """Monthly, then quarterly."""
    return _refiled(payer, "quarterly")


def _refiled(payer: MadePayer, frequency: FilingFrequency) -> MadePayer:
    return replace(payer, changes=(Change(_GROWS_ON, payer.kind, frequency),))


def _taken_over(payer: MadePayer) -> MadePayer:
    """A local authority takes it over: another kind, another rate, for the months from then on."""
    return replace(payer, changes=(Change(_GROWS_ON, "local_authority", payer.frequency),))
