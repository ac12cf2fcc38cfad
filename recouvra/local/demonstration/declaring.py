"""What the made payers declare, month by month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.payroll_declared import PayrollDeclared, Totals
from recouvra.law.base import base_used
from recouvra.law.due import due_on
from recouvra.law.parameters import rates_for
from recouvra.law.period import month_of, quarter_end
from recouvra.law.shares import shares
from recouvra.local.demonstration.calendar import days_after, is_quarters_end, month_after
from recouvra.local.demonstration.inbound import ROOT, HireKey, Identity, Inbound, NumberOf, instant
from recouvra.local.demonstration.payers import MadePayer

_BOUNDS = (0, 150_000, 450_000, 750_000, 1_500_000)
"""Incomes of exactly a bound, which belong to the class that it closes. Source: LAW-013."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line to declare: whose (a hire, or a number as it was typed), and the base; `line_no` where it is wrong."""

    of: HireKey | str
    base_xof: int
    line_no: int | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A declaration as its payer means it, before insured numbers are known.

    `payer` is as the register shows it for the period. `counts` is False where it makes nothing due (replaced later,
    rejected, never complete). Where `sent` is not None only these parts travel. `wrong_lines` and `wrong_base` are
    added to the totals; a `torn` one's last part disagrees with the others. `again` makes other event ids of it.
    """

    payer: MadePayer
    declaration_id: str
    period: str
    filed_at: datetime
    lines: tuple[Line, ...]
    replaces: str | None = None
    counts: bool = True
    sent: tuple[int, ...] | None = None
    wrong_lines: int = 0
    wrong_base: int = 0
    torn: bool = False
    again: str = ""

    @property
    def due_xof(self) -> int:
        """What its lines make due: each share of each line rounded on its own. Source: DEF-001, DEF-003, DEF-022."""
        rates = rates_for(self.payer.kind, self.period)
        if rates is None or not self.counts:
            return 0
        seen: set[HireKey | str | int] = set()
        due_xof = 0
        for place, line in enumerate(self.lines, 1):
            names = {line.of, line.line_no or place}
            if line.base_xof >= 0 and not names & seen:
                seen |= names
                due_xof += sum(shares(base_used(self.payer.kind, line.base_xof, self.period), rates))
        return due_xof

    @property
    def parts(self) -> int:
        """How many parts it has."""
        return max(1, -(-len(self.lines) // self.payer.lines_a_part))

    @property
    def identities(self) -> list[Identity]:
        """What names the events of its parts."""
        return [self._identity(part) for part in self._sent]

    @property
    def _sent(self) -> Sequence[int]:
        return range(1, self.parts + 1) if self.sent is None else self.sent

    def _identity(self, part: int) -> Identity:
        return f"{ROOT}/payroll/{self.payer.payer_id}", f"{self.declaration_id}.{part}{self.again}"

    def inbound(self, number_of: NumberOf) -> Iterator[Inbound]:
        """Its parts, all of one instant."""
        for part in self._sent:
            yield Inbound(self._declared(part, number_of), *self._identity(part), self.filed_at)

    def _declared(self, part: int, number_of: NumberOf) -> PayrollDeclared:
        before = (part - 1) * self.payer.lines_a_part
        of_part = self.lines[before : before + self.payer.lines_a_part]
        said = self.wrong_base + (1 if self.torn and part == self.parts else 0)
        return PayrollDeclared(
            declaration_id=self.declaration_id,
            payer_id=self.payer.payer_id,
            period=self.period,
            part=part,
            parts=self.parts,
            replaces=self.replaces,
            totals=Totals(
                lines=len(self.lines) + self.wrong_lines, base_xof=sum(line.base_xof for line in self.lines) + said
            ),
            lines=DeclaredLines(
                [line.line_no or place for place, line in enumerate(of_part, before + 1)],
                [line.of if isinstance(line.of, str) else number_of(line.of) for line in of_part],
                [line.base_xof for line in of_part],
            ),
        )


def plain_return(payer: MadePayer, period: str, roll: Random) -> Return | None:
    """What a payer declares for a period without a slip; None where it does not."""
    standing = payer.in_period(period)
    if payer.kind == "self_employed" and not is_quarters_end(period):
        return None
    if payer.habit == "hardly" and roll.random() < 0.3:
        return None
    filed_at = _filed_at(standing, period, roll)
    lines = tuple(_lines(standing, period, filed_at, roll))
    return Return(standing, f"D-{period}", period, filed_at, lines) if lines else None


def _filed_at(payer: MadePayer, period: str, roll: Random) -> datetime:
    """Mostly within the first days after the month, or after the quarter; some late, some much too late."""
    last_month = quarter_end(period) if payer.frequency == "quarterly" else period
    day = month_after(last_month).replace(day=roll.randint(2, 13))
    if payer.habit == "hardly":
        day = days_after(day, roll.randint(10, 80))
    elif payer.habit == "late" and roll.random() < 0.3:
        day = days_after(day, roll.randint(5, 25))
    return instant(day, roll)


def _lines(payer: MadePayer, period: str, filed_at: datetime, roll: Random) -> Iterator[Line]:
    """A line for everyone on the list: their usual pay, at times without pay, more at the year's end.

    Whoever works for a payer that the register does not know yet has no number to declare: one is made up.
    """
    nameless = month_of(filed_at) <= f"{payer.told_on:%Y-%m}" and not payer.is_plain and not payer.changes
    raised = 1.03 if period >= "2025-01" else 1.0
    bonus = 1.5 if period.endswith("-12") and payer.kind == "private_employer" else 1.0
    for place, employee in enumerate(payer.staff, 1):
        if not employee.is_declared_for(period):
            continue
        of = f"7{payer.payer_id[-3:]}{place:08}" if nameless else payer.key_of(employee)
        if payer.kind == "self_employed":
            yield Line(of, _income(employee.base_xof, roll))
            continue
        chance = roll.random()
        more_or_less = 1.05 if chance < 0.17 else 0.95 if chance < 0.34 else 1.0
        if chance > 0.996 and payer.kind != "pension_body":
            more_or_less = 0
        yield Line(of, round(employee.base_xof * raised * bonus * more_or_less / 5) * 5)


def _income(usual_xof: int, roll: Random) -> int:
    """A quarter's income; at times exactly a class's bound."""
    return roll.choice(_BOUNDS) if roll.random() < 0.15 else round(usual_xof * roll.uniform(0.6, 1.5) / 5) * 5


def falls_due_on(payer: MadePayer, period: str) -> date:
    """The due day of a period. Source: DEF-020."""
    standing = payer.in_period(period)
    return due_on(standing.kind, standing.frequency, period)
