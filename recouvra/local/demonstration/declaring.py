"""What the made payers declare, month by month: mostly plain, with the slips that payroll offices make."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random

from recouvra.contracts.payroll_declared import DeclaredLine, PayrollDeclared, Totals
from recouvra.law.base import base_used
from recouvra.law.due import due_on
from recouvra.law.parameters import rates_for
from recouvra.law.period import first_day, quarter_end
from recouvra.law.shares import shares
from recouvra.local.demonstration.calendar import END, REGISTER_DAY, days_after, is_quarters_end, month_after, periods
from recouvra.local.demonstration.inbound import ROOT, HireKey, Identity, Inbound, NumberOf, dice, instant
from recouvra.local.demonstration.payers import MadePayer

LINES_A_PART = 100
"""Far fewer than a part may hold, so that the larger payers send several."""

MISTYPED = "000000000000"
"""An insured number that nobody has."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line to declare: whose (a hire, or a number as it was typed), and the base."""

    of: HireKey | str
    base_xof: int


@dataclass(frozen=True, slots=True)
class Return:
    """A declaration as its payer means it, before insured numbers are known.

    `counts` is False where it makes nothing due (replaced later, rejected, never complete); `missing_part` is never
    sent; `wrong_lines` is added to the total of lines.
    """

    payer: MadePayer
    declaration_id: str
    period: str
    filed_at: datetime
    lines: tuple[Line, ...]
    replaces: str | None = None
    counts: bool = True
    missing_part: int | None = None
    wrong_lines: int = 0

    @property
    def due_xof(self) -> int:
        """What its lines make due: each share of each line rounded on its own. Source: DEF-001, DEF-003."""
        rates = rates_for(self.payer.kind, self.period)
        if rates is None or not self.counts:
            return 0
        seen: set[HireKey | str] = set()
        due_xof = 0
        for line in self.lines:
            if line.base_xof >= 0 and line.of not in seen:
                seen.add(line.of)
                due_xof += sum(shares(base_used(self.payer.kind, line.base_xof, self.period), rates))
        return due_xof

    @property
    def _parts(self) -> dict[int, tuple[Line, ...]]:
        """The parts that are sent, by their number; one without lines where there are none."""
        cut = [self.lines[at : at + LINES_A_PART] for at in range(0, len(self.lines), LINES_A_PART)] or [()]
        return {part: lines for part, lines in enumerate(cut, 1) if part != self.missing_part}

    @property
    def identities(self) -> list[Identity]:
        """What names the events of its parts."""
        source = f"{ROOT}/payroll/{self.payer.payer_id}"
        return [(source, f"{self.declaration_id}.{part}") for part in self._parts]

    def inbound(self, number_of: NumberOf) -> Iterator[Inbound]:
        """Its parts, all of one instant."""
        totals = Totals(lines=len(self.lines) + self.wrong_lines, base_xof=sum(line.base_xof for line in self.lines))
        for identity, (part, lines) in zip(self.identities, self._parts.items(), strict=True):
            declared = PayrollDeclared(
                declaration_id=self.declaration_id,
                payer_id=self.payer.payer_id,
                period=self.period,
                part=part,
                parts=max(1, -(-len(self.lines) // LINES_A_PART)),
                replaces=self.replaces,
                totals=totals,
                lines=tuple(
                    DeclaredLine(
                        line_no=(part - 1) * LINES_A_PART + place,
                        insured_number=line.of if isinstance(line.of, str) else number_of(line.of),
                        base_xof=line.base_xof,
                    )
                    for place, line in enumerate(lines, 1)
                ),
            )
            yield Inbound(declared, *identity, self.filed_at)


def returns_of(payer: MadePayer) -> list[Return]:
    """Every declaration of one payer that is filed before the history ends, slips and corrections too."""
    roll = dice("returns", payer.payer_id)
    found: list[Return] = []
    for place, period in enumerate(periods()):
        if payer.kind == "self_employed" and not is_quarters_end(period):
            continue
        if payer.habit == "hardly" and roll.random() < 0.3:
            continue
        plain = Return(payer, f"D-{period}", period, _filed_at(payer, period, roll), tuple(_lines(payer, period, roll)))
        slip = _slip(payer, place)
        found += slip(plain, roll) if slip else [plain]
    return [one for one in found if one.filed_at <= END]


def _filed_at(payer: MadePayer, period: str, roll: Random) -> datetime:
    """Mostly within the first days after the month, or after the quarter; some late, some much too late."""
    last_month = quarter_end(period) if payer.frequency == "quarterly" else period
    day = month_after(last_month).replace(day=roll.randint(2, 13))
    if payer.habit == "hardly":
        day = days_after(day, roll.randint(10, 80))
    elif payer.habit == "late" and roll.random() < 0.3:
        day = days_after(day, roll.randint(5, 25))
    return instant(day, roll)


def _lines(payer: MadePayer, period: str, roll: Random) -> Iterator[Line]:
    """A line for everyone on the list: their usual pay, at times without pay, more at the year's end."""
    bonus = 1.5 if period.endswith("-12") and payer.kind == "private_employer" else 1.0
    for employee in payer.staff:
        if not employee.is_declared_for(period):
            continue
        base = employee.base_xof * bonus * roll.choice((1, 1, 1, 1, 1.05, 0.95))
        if payer.kind != "pension_body" and roll.random() < 0.004:
            base = 0
        yield Line(payer.key_of(employee), round(base / 5) * 5)


Slip = Callable[[Return, Random], list[Return]]


def _replaced(plain: Return, roll: Random) -> list[Return]:
    """Some bases were wrong; weeks later a replacement is filed."""
    wrong = tuple(
        replace(line, base_xof=line.base_xof * 10 if roll.random() < 0.05 else line.base_xof) for line in plain.lines
    )
    right = replace(
        plain,
        declaration_id=f"{plain.declaration_id}-R",
        replaces=plain.declaration_id,
        filed_at=_later(plain.filed_at, roll.randint(6, 30), roll),
    )
    return [replace(plain, lines=wrong, counts=right.filed_at > END), right]


def _complemented(plain: Return, roll: Random) -> list[Return]:
    """Two people were forgotten; the second declaration names them, and one again by mistake."""
    more = (*plain.lines[-2:], plain.lines[0])
    later = _later(plain.filed_at, roll.randint(3, 12), roll)
    return [
        replace(plain, lines=plain.lines[:-2]),
        replace(plain, declaration_id=f"{plain.declaration_id}-C", lines=more, filed_at=later),
    ]


def _nil(plain: Return, roll: Random) -> list[Return]:
    """Nobody worked."""
    return [replace(plain, lines=())]


def _mistyped(plain: Return, roll: Random) -> list[Return]:
    """One number is wrong: the contribution is due all the same."""
    return [replace(plain, lines=(*plain.lines[:-1], replace(plain.lines[-1], of=MISTYPED)))]


def _careless(plain: Return, roll: Random) -> list[Return]:
    """A negative base and a line twice: both refused, the rest stands."""
    more = (Line(MISTYPED, -25_000), plain.lines[0])
    return [replace(plain, lines=(*plain.lines, *more))]


def _miscounted(plain: Return, roll: Random) -> list[Return]:
    """The totals are wrong, so it is rejected; the corrected one takes a new id."""
    wrong = replace(plain, counts=False, wrong_lines=1)
    later = _later(plain.filed_at, roll.randint(1, 5), roll)
    return [wrong, replace(plain, declaration_id=f"{plain.declaration_id}-B", filed_at=later)]


def _too_early(plain: Return, roll: Random) -> list[Return]:
    """Declared before the month has begun, for who was there already, so rejected; then in its time."""
    before = days_after(first_day(plain.period), -roll.randint(2, 6))
    payer = plain.payer
    there = {payer.key_of(employee) for employee in payer.staff if employee.hired_on < REGISTER_DAY}
    wrong = replace(
        plain,
        declaration_id=f"{plain.declaration_id}-A",
        lines=tuple(line for line in plain.lines if line.of in there),
        counts=False,
        filed_at=instant(before, roll),
    )
    return [wrong, plain]


def _sent_twice(plain: Return, roll: Random) -> list[Return]:
    """The same event again: no effect."""
    return [plain, replace(plain, counts=False)]


def _incomplete(plain: Return, roll: Random) -> list[Return]:
    """Its last part never came."""
    parts = -(-len(plain.lines) // LINES_A_PART)
    return [replace(plain, counts=False, missing_part=parts)]


_SLIPS: Sequence[Slip] = (_replaced, _mistyped, _complemented, _careless, _miscounted, _sent_twice, _nil, _too_early)


def _slip(payer: MadePayer, place: int) -> Slip | None:
    """About one declaration in twelve has a slip, each kind in its turn; one large payer's last is incomplete."""
    number = int(payer.payer_id[-3:])
    if payer.payer_id == "ETAT-002" and place == len(periods()) - 1:
        return _incomplete
    if payer.kind not in ("local_authority", "private_employer") or place != (5 * number) % 11 + 1:
        return None
    return _SLIPS[number % len(_SLIPS)]


def _later(at: datetime, days: int, roll: Random) -> datetime:
    return instant(days_after(at.date(), days), roll)


def falls_due_on(payer: MadePayer, period: str) -> date:
    """The due day of a period. Source: DEF-020."""
    return due_on(payer.kind, payer.frequency, period)
