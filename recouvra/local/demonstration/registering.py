"""Who is hired when, who moves to another payer, and what registration is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from random import Random

from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.registration_requested import RegistrationRequested
from recouvra.law.period import first_day
from recouvra.local.demonstration.calendar import FIRST_PERIOD, LAST_PERIOD, REGISTER_DAY, days_after, periods
from recouvra.local.demonstration.inbound import ROOT, Inbound, dice, instant
from recouvra.local.demonstration.payers import MadePayer
from recouvra.local.demonstration.people import Employee, Population, hired_before, hired_in

TRANSFERS = 12
UNKNOWN_PAYER = "EMPL-099"
"""Hires, declares and pays, and is never affiliated."""


def with_transfers(payers: Sequence[MadePayer]) -> tuple[MadePayer, ...]:
    """The payers after some workers of one were hired by another.

    Both declare the month of the move: the former one is answered `not-employed-here`. Who moves stays the same
    person, by NINA.
    """
    roll = dice("transfers")
    employers = [payer for payer in payers if payer.kind == "private_employer" and len(payer.staff) >= 20]
    staff = {payer.payer_id: list(payer.staff) for payer in payers}
    for number in range(TRANSFERS):
        former, latter = roll.sample(employers, 2)
        stay = [
            place
            for place, one in enumerate(staff[former.payer_id])
            if one.person.nina and (one.first_period, one.last_period) == (FIRST_PERIOD, LAST_PERIOD)
        ]
        place, period = roll.choice(stay), roll.choice(periods()[2:10])
        leaves = staff[former.payer_id][place]
        hired_on = hired_in(period, roll)
        staff[former.payer_id][place] = replace(leaves, last_period=period)
        staff[latter.payer_id].append(
            replace(leaves, request_id=f"T{number + 1:04}", hired_on=hired_on, first_period=period)
        )
    return tuple(replace(payer, staff=tuple(staff[payer.payer_id])) for payer in payers)


def registrations(payers: Sequence[MadePayer]) -> Iterator[Inbound]:
    """What registration is asked: the register as it stands, then the hires of the year, and some that fail."""
    for number, payer in enumerate(payers):
        roll = dice("registrations", payer.payer_id)
        yield _affiliation(payer, number, roll)
        for employee in payer.staff:
            if employee.hired_on < REGISTER_DAY:
                at = datetime.combine(days_after(REGISTER_DAY, 1), time(8, roll.randrange(60)), UTC)
            else:
                at = instant(days_after(employee.hired_on, roll.randint(1, 7)), roll)
            yield _hire(payer.payer_id, employee, at)
    yield from _odd_hires(payers)


def _affiliation(payer: MadePayer, number: int, roll: Random) -> Inbound:
    requested = AffiliationRequested(
        request_id="A1",
        payer_id=payer.payer_id,
        payer_kind=payer.kind,
        name=payer.name,
        territory_code=payer.territory_code,
        filing_frequency=payer.frequency,
        affiliated_on=date(roll.randint(2010, 2023), roll.randint(1, 12), 1) if number else date(2010, 11, 1),
        closed_on=None,
    )
    at = datetime.combine(REGISTER_DAY, time(8, number % 60), UTC)
    return Inbound(requested, f"{ROOT}/register", f"{payer.payer_id}-A1", at)


def _hire(payer_id: str, employee: Employee, at: datetime) -> Inbound:
    requested = RegistrationRequested(
        request_id=employee.request_id,
        payer_id=payer_id,
        person=employee.person,
        hired_on=employee.hired_on,
        category=employee.category,
    )
    return Inbound(requested, f"{ROOT}/personnel/{payer_id}", employee.request_id, at)


def _odd_hires(payers: Sequence[MadePayer]) -> Iterator[Inbound]:
    """Hires too far ahead and one before birth (rejected), one sent twice, and three of an unknown payer (pending)."""
    roll = dice("odd hires")
    employers = [payer for payer in payers if payer.kind == "private_employer"]
    for number, (payer, period) in enumerate(zip(employers[:3], periods()[2:5], strict=True)):
        at = instant(first_day(period).replace(day=20), roll)
        somebody = payer.staff[0]
        hired_on = days_after(at.date(), 60) if number % 2 == 0 else somebody.person.birth_date.replace(year=1930)
        yield _hire(payer.payer_id, replace(somebody, request_id=f"X{number + 1:04}", hired_on=hired_on), at)
    again = datetime.combine(days_after(REGISTER_DAY, 2), time(9), UTC)
    yield _hire(employers[3].payer_id, employers[3].staff[0], again)
    for number in range(3):
        stranger = Population().person(roll, "01", (1970, 1990)).model_copy(update={"nina": None})
        hired_on = hired_before(roll, stranger)
        hired = Employee(f"H{number + 1:04}", stranger, "worker", hired_on, 90_000, FIRST_PERIOD, LAST_PERIOD)
        yield _hire(UNKNOWN_PAYER, hired, instant(days_after(REGISTER_DAY, 20 + number), roll))
