"""Hires that are wrong, doubtful, repeated, or of a payer whom nobody affiliates."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from random import Random
from unicodedata import normalize

from recouvra.contracts.registration_requested import Person
from recouvra.law.period import first_day
from recouvra.local.demonstration.calendar import FIRST_PERIOD, LAST_PERIOD, REGISTER_DAY, days_after, periods
from recouvra.local.demonstration.inbound import Inbound, dice, instant
from recouvra.local.demonstration.payers import MadePayer
from recouvra.local.demonstration.people import Employee, Population, hired_before
from recouvra.local.demonstration.registering import affiliation, hire

UNKNOWN_PAYER = "EMPL-900"
"""Hires, declares and pays, and is never affiliated."""

LIKELY_DUPLICATES = 15
"""Hires of somebody without NINA who looks like somebody known: registered as one more person."""


def odd_hires(payers: Sequence[MadePayer]) -> Iterator[Inbound]:
    """Everything that registration must not take at its word."""
    employers = [payer for payer in payers if payer.is_plain and payer.kind == "private_employer"]
    yield from _rejected(employers)
    yield from _likely_duplicates(employers)
    yield from _disagreeing(employers)
    yield from _repeated(employers)
    yield from _pending_for_ever()


def _rejected(employers: Sequence[MadePayer]) -> Iterator[Inbound]:
    """Hired before they were born, or too far ahead."""
    roll = dice("rejected hires")
    for number, payer in enumerate(roll.sample(employers, 9), 1):
        at = instant(first_day(periods()[2 * number]).replace(day=20), roll)
        somebody = payer.staff[0]
        hired_on = days_after(at.date(), 60) if number % 3 else somebody.person.birth_date.replace(year=1930)
        wrong = replace(somebody, hired_on=hired_on)
        yield hire((payer.payer_id, f"X{number:04}"), wrong, at)


def _likely_duplicates(employers: Sequence[MadePayer]) -> Iterator[Inbound]:
    """The same person told by another payer, without NINA and without accents."""
    roll = dice("likely duplicates")
    for number in range(1, LIKELY_DUPLICATES + 1):
        known_by, told_by = roll.sample(employers, 2)
        somebody = next(one for one in known_by.staff if one.hired_on < REGISTER_DAY)
        plain = normalize("NFD", somebody.person.family_name).encode("ascii", "ignore").decode().upper()
        person = somebody.person.model_copy(update={"family_name": plain, "nina": None})
        yield _told(told_by, f"P{number:04}", somebody, person, roll)


def _disagreeing(employers: Sequence[MadePayer]) -> Iterator[Inbound]:
    """A known NINA with another birth date, or with the other sex, in a hire of long ago: whose they are stays."""
    roll = dice("NINA conflicts")
    for number in range(1, 7):
        known_by, told_by = roll.sample(employers, 2)
        somebody = next(one for one in known_by.staff if one.person.nina and one.hired_on < REGISTER_DAY)
        said = somebody.person
        other: dict[str, object] = {"birth_date": said.birth_date.replace(year=said.birth_date.year - 1)}
        if number % 2:
            other = {"sex": "M" if said.sex == "F" else "F"}
        yield _told(told_by, f"N{number:04}", somebody, said.model_copy(update=other), roll)


def _told(payer: MadePayer, request_id: str, somebody: Employee, person: Person, roll: Random) -> Inbound:
    at = instant(first_day(roll.choice(periods()[3:-3])).replace(day=roll.randint(5, 25)), roll)
    earlier = replace(somebody, person=person, hired_on=days_after(somebody.hired_on, -30), category="worker")
    return hire((payer.payer_id, request_id), earlier, at)


def _repeated(employers: Sequence[MadePayer]) -> Iterator[Inbound]:
    """A hire and an affiliation sent again, and both with other content under a known request: set aside."""
    again = datetime.combine(days_after(REGISTER_DAY, 2), time(9), UTC)
    payer, other = employers[3], employers[4]
    somebody = payer.staff[0]
    yield hire(payer.key_of(somebody), somebody, again)
    yield hire(payer.key_of(somebody), somebody, again, ".again")
    wrong = replace(somebody, hired_on=days_after(somebody.hired_on, 1))
    yield hire(payer.key_of(somebody), wrong, again, ".other")
    contradicted = affiliation(other, "A1", date(2011, 1, 1), None, again)
    yield replace(contradicted, event_id=f"{contradicted.event_id}.other")


def _pending_for_ever() -> Iterator[Inbound]:
    roll = dice("unknown payer's hires")
    for number in range(3):
        stranger = Population().person(roll, "01", (1970, 1990)).model_copy(update={"nina": None})
        hired_on = hired_before(roll, stranger)
        hired = Employee(f"H{number + 1:04}", stranger, "worker", hired_on, 90_000, FIRST_PERIOD, LAST_PERIOD)
        yield hire((UNKNOWN_PAYER, hired.request_id), hired, instant(days_after(REGISTER_DAY, 200 + number), roll))
