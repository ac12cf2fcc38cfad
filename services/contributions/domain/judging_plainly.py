"""The law over whole columns: what lines come to of which none can be refused, tens of times as fast as line by line.

`recouvra/law/lines.py` judges any lines, one after the other; a test holds that both find the same wherever this one
answers. Only the lines of which something is to be said are looked at by themselves.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from recouvra.law.base import FLOORED_KINDS
from recouvra.law.lines import Judged, Register, judge_worker, raised
from recouvra.law.parameters import classes_for, floor_for, rates_for
from recouvra.law.shares import sum_of_shares
from services.contributions.domain.columns import Columns, Integers, as_text
from services.contributions.domain.employment import PayerOf

_FEW = 16  # values, which Python is done with sooner than numpy is called
_MOST = 2**62 // 10_000  # francs in all, so that a rate of four decimals keeps them within an int64


def judge_plainly(lines: Columns, payer_kind: str, period: str, employed: PayerOf, edition: int) -> Judged | None:
    """What all lines of one declaration come to, as `judge_lines` says it; None where a line might be refused.

    That is: where a base is negative, a line_no or a number stands there twice, or a number is not 12 digits. The payer
    has no other declaration in force for the period. Source: DEF-001, DEF-002, DEF-003, DEF-022.
    """
    rates = rates_for(payer_kind, period, edition)
    if rates is None:
        return None
    line_nos, numbers, bases = lines.line_nos, lines.numbers, lines.bases
    if numbers is None or not (_are_distinct(numbers) and _are_distinct(line_nos)):
        return None
    least, most = _least_and_most(bases)
    if least < 0 or most * bases.size >= _MOST:
        return None
    floor = floor_for(period, edition) if payer_kind in FLOORED_KINDS else 0
    told = employed.uncertain(numbers)
    used = bases if payer_kind != "self_employed" else _class_amounts(bases, period, edition)
    below = None
    if least < floor:
        below = (bases > 0) & (bases < floor)
        used, told = np.where(below, floor, bases), told | below
    judged = Judged(
        accepted_count=bases.size,
        insured_share_xof=_sum_of_shares(used, rates.insured_rate),
        payer_share_xof=_sum_of_shares(used, rates.payer_rate),
    )
    flagged = told.nonzero()[0].tolist()
    if flagged:
        register = Register(employed.payer_id, employed)
        for at in flagged:
            if below is not None and below[at]:
                judged.findings.append(raised(int(line_nos[at]), int(bases[at]), floor))
            judge_worker(judged, int(line_nos[at]), as_text(numbers[at]), register)
    return judged


def _are_distinct(values: Integers) -> bool:
    if values.size <= _FEW:
        return len(set(values.tolist())) == values.size
    if (values[1:] > values[:-1]).all():  # as line numbers mostly are
        return True
    ordered = np.sort(values)
    return bool((ordered[1:] != ordered[:-1]).all())


def _least_and_most(values: Integers) -> tuple[int, int]:
    """The least and the greatest of these values; 0 and 0 of none."""
    if values.size <= _FEW:
        few = values.tolist()
        return min(few, default=0), max(few, default=0)
    return int(values.min()), int(values.max())


def _class_amounts(incomes: Integers, period: str, edition: int) -> Integers:
    """The class amount of each quarter's income: an income of a bound belongs to the class that it closes (LAW-013)."""
    classes = classes_for(period, edition)
    bounds = [bound for bound, _ in classes if bound is not None]
    amounts: Integers = np.array([amount for _, amount in classes], np.int64)[
        np.searchsorted(bounds, incomes, side="left")
    ]
    return amounts


def _sum_of_shares(used: Integers, rate: Decimal) -> int:
    """The sum of the bases' shares, each rounded half-up on its own: floor of (2 × base × n + d) ÷ 2d (DEF-001)."""
    if used.size <= _FEW:
        return sum_of_shares(used.tolist(), rate)
    numerator, denominator = rate.as_integer_ratio()
    return int(((2 * numerator * used + denominator) // (2 * denominator)).sum())
