"""Why a kind of payer owes what it owes for a period: the dated rows that a figure is traced back to."""

from __future__ import annotations

from typing import Any

from recouvra.law.base import FLOORED_KINDS
from recouvra.law.parameters import CLASS_ROWS, DUE_ROWS, EDITION, FLOOR_ROWS, RATE_ROWS, row_for

Ground = dict[str, Any]


def grounds(payer_kind: str, period: str, edition: int = EDITION) -> list[Ground]:
    """The rows by which a kind of payer owes for a period: its rates, its floor or its classes, its due day.

    Each tells its source, the date from which it holds, and its values: rates as decimal strings, francs, days. Nothing
    before the scheme. Source: DEF-002, DEF-003, DEF-020, LAW-010, LAW-012, LAW-013, LAW-020.
    """
    found: list[Ground] = []
    if rates := row_for([row for row in RATE_ROWS if row.payer_kind == payer_kind], period, edition):
        insured, payer = str(rates.rates.insured_rate), str(rates.rates.payer_rate)
        found.append(_said(rates, insured_rate=insured, payer_rate=payer))
    if payer_kind in FLOORED_KINDS and (floor := row_for(FLOOR_ROWS, period, edition)):
        found.append(_said(floor, floor_xof=floor.floor_xof))
    if payer_kind == "self_employed" and (income := row_for(CLASS_ROWS, period, edition)):
        classes = [{"up_to_xof": bound, "base_xof": base} for bound, base in income.classes]
        found.append(_said(income, classes=classes))
    if due := row_for([row for row in DUE_ROWS if row.payer_kind == payer_kind], period, edition):
        found.append(_said(due, day_of_month=due.day_of_month, moves_to_working_day=due.moves_to_working_day))
    return found


def _said(row: Any, **values: Any) -> Ground:
    return {"source": row.source, "starts_on": row.starts_on} | values
