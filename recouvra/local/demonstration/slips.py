"""The slips that payroll offices make, each at its place in the history, and what is sent to mend them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random

from recouvra.law.period import first_day
from recouvra.local.demonstration.calendar import END, REGISTER_DAY, days_after, periods
from recouvra.local.demonstration.declaring import Line, Return, plain_return
from recouvra.local.demonstration.inbound import dice, instant
from recouvra.local.demonstration.payers import MadePayer

MISTYPED = "000000000000"
"""An insured number that nobody has."""

Slip = Callable[[Return, Random], list[Return]]


def returns_of(payer: MadePayer) -> list[Return]:
    """Every declaration of one payer that is filed before the history ends, slips and corrections too."""
    roll = dice("returns", payer.payer_id)
    found: list[Return] = []
    for place, period in enumerate(periods()):
        plain = plain_return(payer, period, roll)
        if plain is None:
            continue
        slip = _slip(payer, place) if payer.is_plain else None
        found += slip(plain, roll) if slip else [plain]
    return [one for one in found if one.filed_at <= END]


def _slip(payer: MadePayer, place: int) -> Slip | None:
    """About one declaration in twelve has a slip, each kind in its turn; larger ones by name, where parts matter."""
    number = int(payer.payer_id[-3:])
    if by_name := _OF_LARGE_PAYERS.get((payer.payer_id, place)):
        return by_name
    if payer.kind == "self_employed":
        return _OF_SELF_EMPLOYED[number % 4] if place == 3 * (number % 7) + 5 else None
    if payer.kind not in ("local_authority", "private_employer") or place % 12 != (5 * number) % 11 + 1:
        return None
    turn = number % len(_OF_EMPLOYERS) if place < 12 else (number + 7) % len(_OF_EMPLOYERS)
    return _OF_EMPLOYERS[turn]


def _replaced(plain: Return, roll: Random) -> list[Return]:
    """Some bases were wrong; weeks later a replacement is filed."""
    right = _replacing(plain, plain, "-R", roll)
    return [replace(plain, lines=_wrong(plain, roll), counts=right.filed_at > END), right]


def _replaced_twice(plain: Return, roll: Random) -> list[Return]:
    """The replacement was wrong too, and is replaced in its turn; a third names the first again: already replaced."""
    second = replace(_replacing(plain, plain, "-R", roll), lines=_wrong(plain, roll), counts=False)
    third = replace(_replacing(second, plain, "-R2", roll), replaces=second.declaration_id)
    mistaken = replace(_replacing(third, plain, "-R3", roll), counts=False)
    if mistaken.filed_at > END:
        return [plain]
    return [replace(plain, lines=_wrong(plain, roll), counts=False), second, third, mistaken]


def _replacing(before: Return, right: Return, suffix: str, roll: Random) -> Return:
    name = f"D-{right.period}"
    at = _later(before.filed_at, roll.randint(6, 30), roll)
    return replace(right, declaration_id=f"{name}{suffix}", replaces=name, filed_at=at)


def _wrong(plain: Return, roll: Random) -> tuple[Line, ...]:
    return tuple(
        replace(line, base_xof=line.base_xof * 10 if roll.random() < 0.05 else line.base_xof) for line in plain.lines
    )


def _replaces_nothing(plain: Return, roll: Random) -> list[Return]:
    """It names a declaration that was never sent, then itself; at last it names none."""
    lost = replace(plain, declaration_id=f"{plain.declaration_id}-N", replaces="D-LOST", counts=False)
    itself = f"{plain.declaration_id}-S"
    at = _later(plain.filed_at, 1, roll)
    return [lost, replace(plain, declaration_id=itself, replaces=itself, counts=False, filed_at=at), _mended(plain, at)]


def _mended(plain: Return, at: datetime) -> Return:
    return replace(plain, filed_at=days_later(at, 1))


def days_later(at: datetime, days: int) -> datetime:
    """The same time of day, so many days later."""
    return datetime.combine(days_after(at.date(), days), at.timetz())


def _complemented(plain: Return, roll: Random) -> list[Return]:
    """Two people were forgotten; the second declaration names them, and one again by mistake."""
    later = _later(plain.filed_at, roll.randint(3, 12), roll)
    return [
        replace(plain, lines=plain.lines[:-2]),
        replace(
            plain, declaration_id=f"{plain.declaration_id}-C", lines=(*plain.lines[-2:], plain.lines[0]), filed_at=later
        ),
    ]


def _declared_twice(plain: Return, roll: Random) -> list[Return]:
    """The whole again under another id, instead of a replacement: due twice, and listed for operators."""
    later = _later(plain.filed_at, roll.randint(1, 9), roll)
    return [plain, replace(plain, declaration_id=f"{plain.declaration_id}-BIS", filed_at=later)]


def _nil(plain: Return, roll: Random) -> list[Return]:
    """Nobody worked."""
    return [replace(plain, lines=())]


def _mistyped(plain: Return, roll: Random) -> list[Return]:
    """One number is wrong: the contribution is due all the same."""
    return [replace(plain, lines=(*plain.lines[:-1], replace(plain.lines[-1], of=MISTYPED)))]


def _careless(plain: Return, roll: Random) -> list[Return]:
    """A negative base, a person twice and a line number twice: refused, the rest stands."""
    more = (Line(MISTYPED, -25_000), plain.lines[0], Line("000000000001", 55_000, line_no=1))
    return [replace(plain, lines=(*plain.lines, *more))]


def _miscounted(plain: Return, roll: Random) -> list[Return]:
    """The totals are wrong, so it is rejected; the corrected one takes a new id."""
    lines = roll.random() < 0.5
    wrong = replace(plain, counts=False, wrong_lines=int(lines), wrong_base=0 if lines else -1_000)
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


def _before_the_scheme(plain: Return, roll: Random) -> list[Return]:
    """The year was typed wrong: no rate is dated for it."""
    at = _later(plain.filed_at, -1, roll)
    return [
        replace(plain, declaration_id=f"{plain.declaration_id}-V", period="2009-12", counts=False, filed_at=at),
        plain,
    ]


def _sent_twice(plain: Return, roll: Random) -> list[Return]:
    """The same event again, and its content under another event id: no effect."""
    return [plain, replace(plain, counts=False), replace(plain, counts=False, again=".again")]


def _overwritten(plain: Return, roll: Random) -> list[Return]:
    """Other content under the id of a declaration that was answered: set aside."""
    return [
        plain,
        replace(plain, lines=_raised(plain), counts=False, again=".other", filed_at=days_later(plain.filed_at, 1)),
    ]


def _raised(plain: Return) -> tuple[Line, ...]:
    return tuple(replace(line, base_xof=line.base_xof + 5_000) for line in plain.lines)


def _incomplete(plain: Return, roll: Random) -> list[Return]:
    """Its last part never came."""
    return [replace(plain, counts=False, sent=tuple(range(1, plain.parts)))]


def _late_part(plain: Return, roll: Random) -> list[Return]:
    """A part came weeks after the others: nothing is due before."""
    late = plain.parts - 1
    in_time = replace(plain, counts=False, sent=tuple(part for part in range(1, plain.parts + 1) if part != late))
    return [in_time, replace(plain, sent=(late,), filed_at=_later(plain.filed_at, 21, roll))]


def _incomplete_replaced(plain: Return, roll: Random) -> list[Return]:
    """A part never came, and the whole is sent again in the place of what lies there."""
    return [replace(plain, counts=False, sent=tuple(range(2, plain.parts + 1))), _replacing(plain, plain, "-R", roll)]


def _torn(plain: Return, roll: Random) -> list[Return]:
    """The last part tells another total than the first: rejected, and sent again."""
    return [replace(plain, counts=False, torn=True), replace(_replacing(plain, plain, "-B", roll), replaces=None)]


def _in_between(plain: Return, roll: Random) -> list[Return]:
    """A self-employed person declares a month beside the quarter's last: assessed on its class all the same."""
    place = periods().index(plain.period) - 1
    beside = replace(plain, declaration_id=f"D-{periods()[place]}", period=periods()[place])
    return [beside, plain]


def _second_line(plain: Return, roll: Random) -> list[Return]:
    """A self-employed person names somebody else too: a second class is due."""
    return [replace(plain, lines=(*plain.lines, Line(MISTYPED, 300_000)))]


_OF_EMPLOYERS: Sequence[Slip] = (
    _replaced, _mistyped, _complemented, _careless, _miscounted, _sent_twice, _nil, _too_early, _replaced_twice,
    _replaces_nothing, _mistyped, _overwritten, _replaced, _before_the_scheme, _declared_twice, _complemented,
    _careless,
)  # fmt: skip
_OF_SELF_EMPLOYED: Sequence[Slip] = (_in_between, _second_line, _replaced, _sent_twice)
_OF_LARGE_PAYERS: Mapping[tuple[str, int], Slip] = {
    ("PENS-001", 4): _late_part,
    ("PENS-001", 9): _torn,
    ("PENS-001", 15): _incomplete_replaced,
    ("ETAT-013", 3): _late_part,
    ("ETAT-007", 11): _incomplete_replaced,
    ("PENS-001", 23): _incomplete,
}


def _later(at: datetime, days: int, roll: Random) -> datetime:
    return instant(days_after(at.date(), days), roll)
