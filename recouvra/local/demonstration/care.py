"""The care forms that providers file: mostly plain, some late, some wrong, some of people whom nobody knows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random
from typing import NamedTuple

from recouvra.contracts.care_form_submitted import CareFormSubmitted, CareLine
from recouvra.contracts.event import CareKind, ProviderKind
from recouvra.law.period import first_day
from recouvra.local.demonstration.calendar import END, REGISTER_DAY, days_after, periods
from recouvra.local.demonstration.inbound import ROOT, HireKey, Identity, Inbound, NumberOf, dice, instant
from recouvra.local.demonstration.payers import MadePayer

FORMS_A_MONTH = 110


class _Practice(NamedTuple):
    """What is usual with one kind of provider: how many of a hundred forms, how dear, how soon forms come in."""

    kind: ProviderKind
    share: int
    care: CareKind
    acts: Sequence[str]
    median_xof: int
    days: tuple[int, int]


_PRACTICES = (
    _Practice("cscom", 26, "ambulatory", ("CONS", "PANS", "VACC"), 1_500, (2, 25)),
    _Practice("csref", 14, "ambulatory", ("CONS-S", "ECHO", "ACCO"), 6_000, (3, 30)),
    _Practice("hospital", 10, "hospital", ("HOSP-J", "CHIR", "REA-J"), 35_000, (8, 60)),
    _Practice("clinic", 8, "ambulatory", ("CONS-S", "RADIO"), 12_000, (5, 40)),
    _Practice("pharmacy", 30, "ambulatory", ("DCI-0117", "DCI-0342", "DCI-0561", "DCI-0870"), 2_200, (1, 15)),
    _Practice("laboratory", 12, "ambulatory", ("BIO-NFS", "BIO-GE", "BIO-CREA"), 4_500, (3, 29)),
)  # fmt: skip
_BEYOND = {"pharmacy": (16, 50), "laboratory": (31, 90)}
"""Days of those forms that wait longer than the sector agreed. Source: LAW-052."""


@dataclass(frozen=True, slots=True)
class Form:
    """A care form before its patient's number is known: `of` is a hire, or a number as it was written.

    `told_at` is when it came to the fund, days after the provider filed it. `again` makes another event of it.
    """

    serial: str
    of: HireKey | str
    provider_id: str
    provider_kind: ProviderKind
    care_kind: CareKind
    care_on: date
    submitted_on: date
    told_at: datetime
    lines: tuple[CareLine, ...]
    again: str = ""

    @property
    def identity(self) -> Identity:
        """What names the event."""
        return f"{ROOT}/care/{self.provider_id}", f"{self.serial}{self.again}"

    def inbound(self, number_of: NumberOf) -> Inbound:
        """The event."""
        submitted = CareFormSubmitted(
            form_serial=self.serial,
            insured_number=self.of if isinstance(self.of, str) else number_of(self.of),
            provider_id=self.provider_id,
            provider_kind=self.provider_kind,
            prescriber_code=None,
            care_kind=self.care_kind,
            care_on=self.care_on,
            submitted_on=self.submitted_on,
            authorisation=None,
            lines=self.lines,
        )
        return Inbound(submitted, *self.identity, self.told_at)


def care_forms(payers: Sequence[MadePayer]) -> list[Form]:
    """Every form that comes to the fund before the history ends, in the order of their serials."""
    roll = dice("care")
    patients = [
        payer.key_of(employee)
        for payer in payers
        if payer.is_plain
        for employee in payer.staff
        if employee.hired_on < REGISTER_DAY
    ]
    wanted = [period for period in periods()[1:] for _ in range(FORMS_A_MONTH)]
    made = [_plain(f"FS-{number:06}", patients, period, roll) for number, period in enumerate(wanted, 1)]
    odd = [form for place, form in enumerate(made) for form in _odd(form, place, roll)]
    return [form for form in odd if form.told_at <= END]


def _plain(serial: str, patients: Sequence[HireKey], period: str, roll: Random) -> Form:
    practice = roll.choices(_PRACTICES, [practice.share for practice in _PRACTICES])[0]
    care_on = first_day(period).replace(day=roll.randint(1, 28))
    submitted_on = days_after(care_on, roll.randint(0, 12))
    days = practice.days
    if roll.random() < 0.12:
        days = _BEYOND.get(practice.kind, days)
    return Form(
        serial=serial,
        of=roll.choice(patients),
        provider_id=f"{practice.kind.upper()}-{roll.randint(1, 12):02}",
        provider_kind=practice.kind,
        care_kind=practice.care,
        care_on=care_on,
        submitted_on=submitted_on,
        told_at=instant(days_after(submitted_on, roll.randint(*days)), roll),
        lines=tuple(_lines(practice, roll)),
    )


def _lines(practice: _Practice, roll: Random) -> Iterator[CareLine]:
    for number in range(1, roll.randint(1, 4) + 1):
        price = round(practice.median_xof * roll.lognormvariate(0, 0.5) / 5) * 5
        quantity = roll.randint(1, 6) if practice.care == "hospital" else roll.choice((1, 1, 1, 2, 3))
        yield CareLine(line_no=number, act_code=roll.choice(practice.acts), quantity=quantity, unit_price_xof=price)


def _odd(form: Form, place: int, roll: Random) -> Iterator[Form]:
    """One form in twenty is wrong or comes twice, each way in its turn; the others are yielded as they are."""
    later = instant(days_after(form.told_at.date(), roll.randint(1, 20)), roll)
    match place % 120:
        case 7:  # nobody has this number: it waits
            yield replace(form, of=f"9{place:011}")
        case 27:  # the same event, and the same form under another event id: no effect
            yield from (form, form, replace(form, again=".again", told_at=later))
        case 47:  # the same serial with more lines: refused, the first stands
            yield from (form, replace(form, lines=(*form.lines, form.lines[0]), again=".other", told_at=later))
        case 67:
            yield replace(form, care_on=days_after(form.submitted_on, 3))
        case 87:  # a line given back: refused alone, the form is reduced
            back = CareLine(
                line_no=len(form.lines) + 1, act_code=form.lines[0].act_code, quantity=-1, unit_price_xof=500
            )
            yield replace(form, lines=(*form.lines, back))
        case 107:  # nothing on it is positive
            nothing = CareLine(line_no=1, act_code=form.lines[0].act_code, quantity=0, unit_price_xof=1_000)
            yield replace(form, lines=(nothing,))
        case _:
            yield form
