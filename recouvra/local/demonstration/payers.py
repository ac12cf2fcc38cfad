"""The 60 made payers: what they are, where, how many they employ, how they pay."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

from recouvra.contracts.event import Category, Channel, FilingFrequency, PayerKind
from recouvra.local.demonstration.calendar import FIRST_PERIOD, LAST_PERIOD, periods
from recouvra.local.demonstration.inbound import HireKey, dice
from recouvra.local.demonstration.people import Employee, Population, hired_before, hired_in
from recouvra.local.demonstration.territories import regions, within

Habit = Literal["in_time", "early", "late", "partial", "lumped", "hardly"]

BAMAKO = "20"
INSURED = 3_000
ABOVE_IS_MONTHLY = 10
"""Employers of more people file monthly. Source: LAW-020, DEF-020."""


class Branch(NamedTuple):
    """A group of payers: how many, how many people, and what is usual there.

    `people` is shared by log-normal weights of this `spread`, each payer having at least `least`. `habits` and
    `channels` are taken in turn, so that each is met.
    """

    kind: PayerKind
    prefix: str
    name: str
    regions: Sequence[str]
    people: int
    spread: float
    least: int
    category: Category
    median_base_xof: int
    base_spread: float
    birth_years: tuple[int, int]
    habits: Sequence[Habit]
    channels: Sequence[Channel]


@dataclass(frozen=True, slots=True)
class MadePayer:
    """One payer; its `staff` holds everyone whom it declares at some time."""

    payer_id: str
    kind: PayerKind
    name: str
    territory_code: str
    frequency: FilingFrequency
    habit: Habit
    channel: Channel
    staff: tuple[Employee, ...]

    def key_of(self, employee: Employee) -> HireKey:
        """By what the person's insured number is known."""
        return self.payer_id, employee.request_id


def _branches() -> tuple[Branch, ...]:
    everywhere = tuple(region.territory_code for region in regions())
    office: tuple[int, int] = (1962, 2002)
    return (
        Branch(
            "state", "ETAT", "État, service fictif {n}", (BAMAKO, BAMAKO, BAMAKO, "04"), 700, 0.5, 60,
            "civil_servant", 165_000, 0.45, office, ("in_time", "late", "in_time", "late"), ("treasury",),
        ),
        Branch(
            "local_authority", "COLL", "Collectivité fictive {n}, {place}", (*everywhere, BAMAKO, "02"), 800, 0.8, 5,
            "civil_servant", 115_000, 0.4, office,
            ("hardly", "lumped", "late", "hardly", "in_time", "partial", "hardly", "late"), ("treasury", "bank"),
        ),
        Branch(
            "private_employer", "EMPL", "{trade} (fictif), {place}",
            (*everywhere, BAMAKO, BAMAKO, BAMAKO, "03"), 980, 1.2, 3,
            "worker", 98_000, 0.6, office,
            ("in_time", "in_time", "late", "early", "partial", "in_time", "lumped"),
            ("bank", "cheque", "bank", "mobile_money", "cheque"),
        ),
        Branch(
            "pension_body", "PENS", "Caisse de retraite fictive {n}", (BAMAKO, BAMAKO), 512, 0.4, 100,
            "pensioner", 72_000, 0.5, (1938, 1964), ("in_time",), ("treasury", "bank"),
        ),
        Branch(
            "self_employed", "INDP", "Indépendant fictif {n}, {place}",
            (BAMAKO, "03", "04", "05", "01", "16", "02", "15"), 8, 0.1, 1,
            "voluntary", 420_000, 0.8, (1960, 1999), ("in_time", "late", "early", "hardly"), ("mobile_money", "cash"),
        ),
    )  # fmt: skip


TRADES = (
    "Boulangerie", "Entreprise de bâtiment", "Transporteur", "Clinique", "Hôtel", "Mine d'or", "École privée",
    "Commerce de gros", "Société de gardiennage", "Huilerie", "Imprimerie", "Banque",
)  # fmt: skip


def made_payers() -> tuple[MadePayer, ...]:
    """The payers, always the same, and among them exactly `INSURED` people; transfers are not counted."""
    population = Population()
    return tuple(payer for branch in _branches() for payer in _payers_of(branch, population))


def _payers_of(branch: Branch, population: Population) -> Iterator[MadePayer]:
    roll = dice("payers", branch.kind)
    sizes = shared(roll, branch.people, len(branch.regions), branch.spread, branch.least)
    for place, (region, size) in enumerate(zip(branch.regions, sizes, strict=True)):
        territory = roll.choice(within(region))
        code = region if branch.kind in ("state", "pension_body") else territory.territory_code
        yield MadePayer(
            payer_id=f"{branch.prefix}-{place + 1:03}",
            kind=branch.kind,
            name=branch.name.format(n=place + 1, place=territory.name, trade=TRADES[place % len(TRADES)]),
            territory_code=code,
            frequency=_frequency(branch.kind, size),
            habit=branch.habits[place % len(branch.habits)],
            channel=branch.channels[place % len(branch.channels)],
            staff=tuple(_staff(branch, code, size, population, roll)),
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
    """`size` people; where there are enough of them, some come and some go during the year."""
    moving = branch.kind not in ("pension_body", "self_employed") and size >= 15
    for number in range(1, size + 1):
        person = population.person(roll, code, branch.birth_years)
        base = _rounded(branch.median_base_xof * roll.lognormvariate(0, branch.base_spread))
        first, last, hired_on = FIRST_PERIOD, LAST_PERIOD, hired_before(roll, person)
        if moving and roll.random() < 0.05:
            first = roll.choice(periods()[1:10])
            hired_on = hired_in(first, roll)
        elif moving and roll.random() < 0.03:
            last = roll.choice(periods()[3:11])
        yield Employee(f"H{number:04}", person, branch.category, hired_on, base, first, last)


def _rounded(pay: float) -> int:
    """Pay as it is paid: in steps of five francs, the smallest coin that is used."""
    return max(5, round(pay / 5) * 5)
