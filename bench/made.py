"""What the benches publish: made payers, their workers, the months that they declare and the money that they pay.

Values are written as text, some ten times faster than by the contracts; a test says that the contracts read them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.law.insured_number import FIRST_DIGITS, insured_number

MOST_LINES = 1_000
"""Of a part."""

MONTHS = tuple(f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13))
"""The 36 months that are declared."""

_REGIONS = 11
Row = tuple[str, str, int, str, str, int]
"""A line as a table of lines has it: payer_id, declaration_id, line_no, insured_number, period, base_xof."""


class Made(NamedTuple):
    """A record to publish; `event_type` and `source` are its envelope's."""

    topic: str
    key: bytes
    value: bytes
    event_type: str
    source: str = "/bench"


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer and how many work there; `first` counts the workers of the payers before it."""

    payer_id: str
    size: int
    first: int

    def numbers(self) -> list[str]:
        """The insured numbers of its workers."""
        return [insured_number(FIRST_DIGITS + self.first + n) for n in range(self.size)]

    def bases(self, month: int) -> list[int]:
        """What each earns in a month, in whole francs, all at the floor or above."""
        return [40_000 + (self.first + n * 7_919 + month * 104_729) % 860_000 for n in range(self.size)]


def log_normal(people: int, *, most: int = 200_000, first: int = 0, seed: int = 7, name: str = "P") -> list[Payer]:
    """Payers with so many workers in all: half of them have about 150 or more, a few have thousands."""
    dice, payers, left = random.Random(seed), list[Payer](), people
    while left > 0:
        size = min(left, most, max(1, int(dice.lognormvariate(5, 1.4))))
        payers.append(Payer(f"{name}-{len(payers):06d}", size, first + people - left))
        left -= size
    return payers


def alike(count: int, size: int, *, first: int = 0, name: str = "S") -> list[Payer]:
    """So many payers of one size."""
    return [Payer(f"{name}-{n:06d}", size, first + n * size) for n in range(count)]


def known(payers: Iterable[Payer]) -> Iterator[Made]:
    """What registration tells of them before they declare: each payer and each of its workers."""
    for n, payer in enumerate(payers):
        told = (
            f'{{"payer_id":"{payer.payer_id}","payer_kind":"private_employer","name":"{payer.payer_id}",'
            f'"territory_code":"{1 + n % _REGIONS:02d}","filing_frequency":"monthly","affiliated_on":"2020-01-01",'
            '"closed_on":null}'
        )
        key = payer.payer_id.encode()
        yield Made("payer-affiliated", key, told.encode(), PayerAffiliated.event_type(), "/registration")
        for number in payer.numbers():
            told = (
                f'{{"insured_number":"{number}","role":"insured","principal_number":null,"payer_id":"{payer.payer_id}",'
                f'"payer_kind":"private_employer","territory_code":"{1 + n % _REGIONS:02d}","category":"worker",'
                '"birth_year":1990,"sex":"F","registered_on":"2020-01-01","relationship":null}'
            )
            yield Made(
                "person-registered", number.encode(), told.encode(), PersonRegistered.event_type(), "/registration"
            )


def declared(payers: Sequence[Payer], months: Sequence[int], lines_a_part: int = MOST_LINES) -> Iterator[Made]:
    """Each month of each payer, month by month, as a fund reads them: one declaration, in parts of so many lines."""
    numbers = {payer.payer_id: payer.numbers() for payer in payers}
    for month in months:
        for payer in payers:
            bases, people = payer.bases(month), numbers[payer.payer_id]
            parts, total = math.ceil(payer.size / lines_a_part), sum(bases)
            for part in range(parts):
                at = range(part * lines_a_part, min(payer.size, (part + 1) * lines_a_part))
                lines = ",".join(
                    [f'{{"line_no":{n + 1},"insured_number":"{people[n]}","base_xof":{bases[n]}}}' for n in at]
                )
                told = (
                    f'{{"declaration_id":"D-{MONTHS[month]}","payer_id":"{payer.payer_id}","period":"{MONTHS[month]}",'
                    f'"part":{part + 1},"parts":{parts},"replaces":null,'
                    f'"totals":{{"lines":{payer.size},"base_xof":{total}}},"lines":[{lines}]}}'
                )
                event_type = PayrollDeclared.event_type()
                yield Made("payroll-declared", payer.payer_id.encode(), told.encode(), event_type)


def rows(payers: Sequence[Payer], months: Sequence[int]) -> Iterator[Row]:
    """The same lines in the same order, one by one."""
    numbers = {payer.payer_id: payer.numbers() for payer in payers}
    for month in months:
        period = MONTHS[month]
        for payer in payers:
            people = numbers[payer.payer_id]
            for n, base_xof in enumerate(payer.bases(month)):
                yield payer.payer_id, f"D-{period}", n + 1, people[n], period, base_xof


def paid(payers: Sequence[Payer], numbers: Iterable[int], *, of_a_month: int = 1) -> Iterator[Made]:
    """A payment of each payer for each number, which names it: about a month's dues, or an `of_a_month`-th of them.

    A little less, so that something stays open however many come: money that finds nothing open is the cheaper case.
    Of one day, and named in the order in which they come, as a bank numbers them: none goes before another (DEF-004).
    """
    for number in numbers:
        for payer in payers:
            yield payment(payer, f"M-{number:07}", sum(payer.bases(number % len(MONTHS))) * 65 // 1_000 // of_a_month)


def payment(payer: Payer, payment_id: str, amount_xof: int) -> Made:
    """Money of one payer, placed where the rules place it."""
    told = (
        f'{{"payment_id":"{payer.payer_id}.{payment_id}","payer_id":"{payer.payer_id}","reference":null,'
        f'"amount_xof":{amount_xof},"paid_on":"2026-02-01","channel":"treasury","period":null,"reverses":null}}'
    )
    key = payer.payer_id.encode()
    return Made("payment-reported", key, told.encode(), PaymentReported.event_type())


def lines_of(payers: Iterable[Payer], months: Sequence[int]) -> int:
    """How many lines these declare."""
    return sum(payer.size for payer in payers) * len(months)
