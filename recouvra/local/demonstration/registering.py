"""What registration is asked: the register as it stands, its changes, and the hires of two years."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from random import Random

from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.registration_requested import RegistrationRequested
from recouvra.local.demonstration.calendar import FIRST_PERIOD, LAST_PERIOD, REGISTER_DAY, days_after, periods
from recouvra.local.demonstration.inbound import ROOT, HireKey, Inbound, dice, instant
from recouvra.local.demonstration.payers import MadePayer
from recouvra.local.demonstration.people import Employee, hired_in

TRANSFERS = 60
REHIRES = 24


def with_moves(payers: Sequence[MadePayer]) -> tuple[MadePayer, ...]:
    """The payers after some workers of one were hired by another, and some came back where they had left.

    Who moves stays the same person, by NINA. Both payers declare the month of the move: the former one is answered
    `not-employed-here`.
    """
    roll = dice("moves")
    employers = [one for one in payers if one.is_plain and one.kind == "private_employer" and len(one.staff) >= 20]
    staff = {payer.payer_id: list(payer.staff) for payer in payers}
    for number in range(TRANSFERS):
        former, latter = roll.sample(employers, 2)
        place = _who_moves(staff[former.payer_id], roll)
        leaves, period = staff[former.payer_id][place], roll.choice(periods()[2:-2])
        staff[former.payer_id][place] = replace(leaves, last_period=period)
        staff[latter.payer_id].append(
            replace(leaves, request_id=f"T{number + 1:04}", hired_on=hired_in(period, roll), first_period=period)
        )
    for number in range(REHIRES):
        theirs = staff[roll.choice(employers).payer_id]
        place, left = _who_moves(theirs, roll), roll.randrange(3, 12)
        leaves, back = theirs[place], periods()[left + roll.randint(3, 9)]
        theirs[place] = replace(leaves, last_period=periods()[left])
        theirs.append(replace(leaves, request_id=f"R{number + 1:04}", hired_on=hired_in(back, roll), first_period=back))
    return tuple(replace(payer, staff=tuple(staff[payer.payer_id])) for payer in payers)


def _who_moves(staff: Sequence[Employee], roll: Random) -> int:
    stay = [
        place
        for place, one in enumerate(staff)
        if one.person.nina and (one.first_period, one.last_period) == (FIRST_PERIOD, LAST_PERIOD)
    ]
    return roll.choice(stay)


def registrations(payers: Sequence[MadePayer]) -> Iterator[Inbound]:
    """The register as it stands, what it tells later, and every hire of theirs."""
    for number, payer in enumerate(payers):
        roll = dice("registrations", payer.payer_id)
        yield from _affiliations(payer, number, roll)
        for employee in payer.staff:
            yield hire(payer.key_of(employee), employee, announced_at(employee, roll))


def announced_at(employee: Employee, roll: Random) -> datetime:
    """When a hire is told: with the register, or within the days after it."""
    if employee.hired_on < REGISTER_DAY:
        return datetime.combine(days_after(REGISTER_DAY, 1), time(8, roll.randrange(60)), UTC)
    return instant(days_after(employee.hired_on, roll.randint(1, 7)), roll)


def _affiliations(payer: MadePayer, number: int, roll: Random) -> Iterator[Inbound]:
    first = REGISTER_DAY
    affiliated_on = date(roll.randint(2010, 2023), roll.randint(1, 12), 1) if number else date(2010, 11, 1)
    if payer.told_on > first:
        first = payer.told_on
        affiliated_on = min(employee.hired_on for employee in payer.staff)
    at = datetime.combine(first, time(8, number % 60), UTC)
    yield affiliation(payer, "A1", affiliated_on, None, at)
    for place, change in enumerate(payer.changes, 2):
        changed = replace(payer, kind=change.kind, frequency=change.frequency)
        at = datetime.combine(change.told_on, time(10, number % 60), UTC)
        yield affiliation(changed, f"A{place}", affiliated_on, change.closed_on, at)


def affiliation(
    payer: MadePayer, request_id: str, affiliated_on: date, closed_on: date | None, at: datetime
) -> Inbound:
    """What the register says of a payer."""
    requested = AffiliationRequested(
        request_id=request_id,
        payer_id=payer.payer_id,
        payer_kind=payer.kind,
        name=payer.name,
        territory_code=payer.territory_code,
        filing_frequency=payer.frequency,
        affiliated_on=affiliated_on,
        closed_on=closed_on,
    )
    return Inbound(requested, f"{ROOT}/register", f"{payer.payer_id}-{request_id}", at)


def hire(key: HireKey, employee: Employee, at: datetime, again: str = "") -> Inbound:
    """What personnel tells of a hire; `again` makes another event of the same request."""
    payer_id, request_id = key
    requested = RegistrationRequested(
        request_id=request_id,
        payer_id=payer_id,
        person=employee.person,
        hired_on=employee.hired_on,
        category=employee.category,
    )
    return Inbound(requested, f"{ROOT}/personnel/{payer_id}", f"{request_id}{again}", at)
