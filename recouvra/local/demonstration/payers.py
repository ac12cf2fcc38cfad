"""The 300 made payers: what they are, where, how many they employ, how they pay, and what becomes of them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Literal, NamedTuple

from recouvra.contracts.event import Category, Channel, FilingFrequency, PayerKind
from recouvra.local.demonstration.calendar import FIRST_PERIOD, LAST_PERIOD, REGISTER_DAY, periods
from recouvra.local.demonstration.inbound import HireKey, dice
from recouvra.local.demonstration.people import Employee, Population, hired_before, hired_in
from recouvra.local.demonstration.places import (
    Place,
    authorities,
    firms,
    headquarters,
    ministries,
    solo,
)

Habit = Literal["in_time", "early", "late", "partial", "lumped", "hardly"]

INSURED = 12_000
ABOVE_IS_MONTHLY = 10
"""Employers of more people file monthly. Source: LAW-020, DEF-020."""


class Branch(NamedTuple):
    """A group of payers: where and how named, how many people, and what is usual there.

    `people` is shared by log-normal weights of this `spread`, each payer having at least `least`. `habits` and
    `channels` are taken in turn, so that each is met.
    """

    kind: PayerKind
    prefix: str
    places: Sequence[Place]
    people: int
    spread: float
    least: int
    category: Category
    median_base_xof: int
    base_spread: float
    birth_years: tuple[int, int]
    habits: Sequence[Habit]
    channels: Sequence[Channel]
    lines_a_part: int


class Change(NamedTuple):
    """What the register says of a payer from a day on."""

    told_on: date
    kind: PayerKind
    frequency: FilingFrequency
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class MadePayer:
    """One payer; its `staff` holds everyone whom it declares at some time.

    `told_on` is when the register tells of it, and `changes` what it tells later; `lines_a_part` is how its payroll
    software cuts declarations.
    """

    payer_id: str
    kind: PayerKind
    name: str
    territory_code: str
    frequency: FilingFrequency
    habit: Habit
    channel: Channel
    staff: tuple[Employee, ...]
    lines_a_part: int = 1_000
    told_on: date = REGISTER_DAY
    changes: tuple[Change, ...] = ()

    def key_of(self, employee: Employee) -> HireKey:
        """By what the person's insured number is known."""
        return self.payer_id, employee.request_id

    @property
    def is_plain(self) -> bool:
        """Whether the register says one thing of it, from the first day on."""
        return self.told_on == REGISTER_DAY and not self.changes

    def in_period(self, period: str) -> "MadePayer":
        """The payer as the register shows it when the period is declared: with what was told by the period's month."""
        told = [change for change in self.changes if f"{change.told_on:%Y-%m}" <= period]
        return replace(self, kind=told[-1].kind, frequency=told[-1].frequency) if told else self


def _branches() -> tuple[Branch, ...]:
    office: tuple[int, int] = (1962, 2002)
    return (
        Branch(
            "state", "ETAT", ministries(), 3_240, 0.9, 30,
            "civil_servant", 165_000, 0.45, office, ("in_time", "late", "in_time", "in_time"), ("treasury",), 200,
        ),
        Branch(
            "local_authority", "COLL", authorities(), 2_300, 0.9, 3,
            "civil_servant", 115_000, 0.4, office,
            ("hardly", "lumped", "late", "hardly", "in_time", "partial", "hardly", "late", "in_time"),
            ("treasury", "bank"), 100,
        ),
        Branch(
            "private_employer", "EMPL", firms(), 4_200, 1.3, 2,
            "worker", 98_000, 0.6, office,
            ("in_time", "in_time", "late", "early", "partial", "in_time", "lumped", "in_time"),
            ("bank", "cheque", "bank", "mobile_money", "cheque"), 250,
        ),
        Branch(
            "pension_body", "PENS", headquarters(), 2_200, 0.0, 2_200,
            "pensioner", 72_000, 0.5, (1938, 1964), ("in_time",), ("treasury",), 1_000,
        ),
        Branch(
            "self_employed", "INDP", solo(), 60, 0.1, 1,
            "voluntary", 420_000, 0.8, (1960, 1999), ("in_time", "late", "early", "hardly"), ("mobile_money", "cash"),
            1_000,
        ),
    )  # fmt: skip


def made_payers() -> tuple[MadePayer, ...]:
    """The payers, always the same, and among them exactly `INSURED` people; transfers are not counted."""
    population = Population()
    return tuple(payer for branch in _branches() for payer in _payers_of(branch, population))


def _payers_of(branch: Branch, population: Population) -> Iterator[MadePayer]:
    roll = dice("payers", branch.kind)
    sizes = shared(roll, branch.people, len(branch.places), branch.spread, branch.least)
    for number, (place, size) in enumerate(zip(branch.places, sizes, strict=True)):
        yield MadePayer(
            payer_id=f"{branch.prefix}-{number + 1:03}",
            kind=branch.kind,
            name=place.name,
            territory_code=place.territory_code,
            frequency=_frequency(branch.kind, size),
            habit=branch.habits[number % len(branch.habits)],
            channel=branch.channels[number % len(branch.channels)],
            staff=tuple(_staff(branch, place.territory_code, size, population, roll)),
            lines_a_part=branch.lines_a_part,
        )


def _frequency(kind: PayerKind, size: int) -> FilingFrequency:
    """Source: LAW-020."""
    if kind == "self_employed" or (kind in ("local_authority", "private_employer") and size <= ABOVE_IS_MONTHLY):
        return "quarterly"
    return "monthly"


def shared(roll: Random, people: int, count: int, spread: float, least: int) -> list[int]:
    """`people` shared among `count` by log-normal weights, each at least `least`; the largest takes what rounding left.

    Raises ValueError where there are too few to share.
    """
    free = people - count * least
    if free < 0:
        raise ValueError(f"{people} are too few for {count} times {least}")
    weights = [roll.lognormvariate(0, spread) for _ in range(count)]
    sizes = [least + math.floor(free * weight / sum(weights)) for weight in weights]
    sizes[sizes.index(max(sizes))] += people - sum(sizes)
    return sizes


def _staff(branch: Branch, code: str, size: int, population: Population, roll: Random) -> Iterator[Employee]:
    """`size` people; where there are enough of them, some come and some go during the two years."""
    moving = branch.kind not in ("pension_body", "self_employed") and size >= 15
    for number in range(1, size + 1):
        person = population.person(roll, code, branch.birth_years)
        base = _rounded(branch.median_base_xof * roll.lognormvariate(0, branch.base_spread))
        first, last, hired_on = FIRST_PERIOD, LAST_PERIOD, hired_before(roll, person)
        if moving and roll.random() < 0.08:
            first = roll.choice(periods()[1:-2])
            hired_on = hired_in(first, roll)
        elif moving and roll.random() < 0.05:
            last = roll.choice(periods()[3:-1])
        yield Employee(f"H{number:04}", person, branch.category, hired_on, base, first, last)


def _rounded(pay: float) -> int:
    """Pay as it is paid: in steps of five francs, the smallest coin that is used."""
    return max(5, round(pay / 5) * 5)
