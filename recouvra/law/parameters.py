"""Every parameter of the law as dated rows with their sources; a new law is a new row, never new code.

A row is never changed nor taken out: pairs assessed under it keep it (DEF-033). A text that comes later adds rows of a
new `edition`, and `EDITION` is raised with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import TypeVar

from recouvra.law.period import first_day, following

EDITION = 1
"""The newest set of rows. A pair remembers the edition of its first assessment. Source: DEF-033."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The two rates of one kind of payer, as fractions of the base used."""

    insured_rate: Decimal
    payer_rate: Decimal


@dataclass(frozen=True, slots=True)
class RateRow:
    """The rates of one kind of payer from a date on. Source: LAW-010."""

    source: str
    starts_on: date
    payer_kind: str
    rates: Rates
    edition: int = 1


@dataclass(frozen=True, slots=True)
class FloorRow:
    """The monthly minimum wage from a date on, in francs. Source: LAW-012."""

    source: str
    starts_on: date
    floor_xof: int
    edition: int = 1


@dataclass(frozen=True, slots=True)
class ClassRow:
    """The classes of quarterly income from a date on: (highest income or None for the last, class amount), ascending.

    Source: LAW-013.
    """

    source: str
    starts_on: date
    classes: tuple[tuple[int | None, int], ...]
    edition: int = 1


@dataclass(frozen=True, slots=True)
class DueRow:
    """The day of the month on which one kind of payer owes, from a date on. Source: LAW-020, DEF-020."""

    source: str
    starts_on: date
    payer_kind: str
    day_of_month: int
    moves_to_working_day: bool = False
    edition: int = 1


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """The fund's share of one kind of care given from a date on. Source: LAW-050."""

    source: str
    starts_on: date
    care_kind: str
    fund_rate: Decimal
    edition: int = 1


@dataclass(frozen=True, slots=True)
class TermRow:
    """Within how many days one kind of provider is paid for forms deposited from a date on. Source: LAW-052."""

    source: str
    starts_on: date
    provider_kind: str
    days: int
    edition: int = 1


def _rates(source: str, starts_on: date, payer_kind: str, insured: str, payer: str) -> RateRow:
    return RateRow(source, starts_on, payer_kind, Rates(Decimal(insured), Decimal(payer)))


_SCHEME_START = date(2010, 11, 1)

RATE_ROWS = (
    _rates("LAW-010", _SCHEME_START, "private_employer", "0.0306", "0.0350"),
    _rates("LAW-010", _SCHEME_START, "state", "0.0306", "0.0448"),
    _rates("LAW-010", _SCHEME_START, "local_authority", "0.0306", "0.0448"),
    _rates("LAW-010", _SCHEME_START, "pension_body", "0.0075", "0"),
    _rates("LAW-010", _SCHEME_START, "self_employed", "0.0656", "0"),
)

FLOOR_ROWS = (
    FloorRow("LAW-012", date(2004, 7, 5), 28_460),
    FloorRow("LAW-012", date(2015, 1, 1), 35_000),
    FloorRow("LAW-012", date(2016, 1, 1), 40_000),
)

CLASS_ROWS = (
    ClassRow(
        "LAW-013",
        _SCHEME_START,
        (
            (150_000, 125_000),
            (450_000, 400_000),
            (750_000, 675_000),
            (1_500_000, 900_000),
            (None, 1_000_000),
        ),
    ),
)

DUE_ROWS = tuple(
    DueRow("LAW-020", _SCHEME_START, payer_kind, day_of_month=15)
    for payer_kind in ("state", "local_authority", "private_employer", "pension_body", "self_employed")
)

COVERAGE_ROWS = (
    CoverageRow("LAW-050", _SCHEME_START, "ambulatory", Decimal("0.70")),
    CoverageRow("LAW-050", _SCHEME_START, "hospital", Decimal("0.80")),
)

_AGREEMENT_START = date(2011, 1, 1)  # the summaries tell the sector agreement's year alone

TERM_ROWS = (
    TermRow("LAW-052", _AGREEMENT_START, "pharmacy", days=15),
    TermRow("LAW-052", _AGREEMENT_START, "laboratory", days=30),
)

_MOST_DAYS_COUNT = 4096  # remembered at once: a publisher may name any day

_Row = TypeVar("_Row", RateRow, FloorRow, ClassRow, DueRow, CoverageRow, TermRow)


def row_for(rows: Sequence[_Row], period: str, edition: int) -> _Row | None:
    """The latest row loaded in this edition that starts on or before the period's first day. Source: DEF-002."""
    return _row_on(rows, first_day(period), edition)


def _row_on(rows: Sequence[_Row], day: date, edition: int) -> _Row | None:
    """The latest row that starts on or before a day, among those loaded in this edition."""
    dated = [row for row in rows if row.starts_on <= day and row.edition <= edition]
    return max(dated, key=lambda row: (row.starts_on, row.edition), default=None)


@cache
def rates_for(payer_kind: str, period: str, edition: int = EDITION) -> Rates | None:
    """The rates of a kind of payer in a period; None where no dated row covers it. Source: DEF-002, LAW-010."""
    row = row_for([row for row in RATE_ROWS if row.payer_kind == payer_kind], period, edition)
    return row.rates if row else None


@cache
def first_period(payer_kind: str | None, edition: int = EDITION) -> str:
    """The first period for which this kind of payer has a rate, or any kind without one. Source: LAW-010, DEF-021."""
    rows = [row for row in RATE_ROWS if payer_kind in (None, row.payer_kind) and row.edition <= edition]
    start = min(row.starts_on for row in rows)
    month = f"{start.year:04}-{start.month:02}"
    # Rows are chosen by first days: a rate that starts within a month holds from the next one.
    return month if start.day == 1 else following(month)


@cache
def floor_for(period: str, edition: int = EDITION) -> int:
    """The floor of a month's base in francs, 0 before the first row. Source: LAW-012."""
    row = row_for(FLOOR_ROWS, period, edition)
    return row.floor_xof if row else 0


@cache
def classes_for(period: str, edition: int = EDITION) -> tuple[tuple[int | None, int], ...]:
    """The classes of quarterly income in a period, ascending. Raises LookupError before the scheme. Source: LAW-013."""
    row = row_for(CLASS_ROWS, period, edition)
    if row is None:
        raise LookupError(f"no classes of income are dated for {period}")
    return row.classes


@cache
def due_row_for(payer_kind: str, period: str, edition: int = EDITION) -> DueRow:
    """The due-day row of a kind of payer in a period. Raises LookupError before the scheme. Source: LAW-020."""
    row = row_for([row for row in DUE_ROWS if row.payer_kind == payer_kind], period, edition)
    if row is None:
        raise LookupError(f"no due day is dated for {payer_kind} in {period}")
    return row


@lru_cache(_MOST_DAYS_COUNT)
def coverage_row_on(care_kind: str, care_on: date, edition: int = EDITION) -> CoverageRow:
    """The coverage row of a kind of care given that day; care before the first row falls under the first.

    No rule refuses care for being older than the scheme (DEF-030), so every day has a row. Raises LookupError for a
    kind without rows. Source: LAW-050.
    """
    rows = [row for row in COVERAGE_ROWS if row.care_kind == care_kind]
    if not rows:
        raise LookupError(f"no coverage is dated for {care_kind}")
    return _row_on(rows, care_on, edition) or min(rows, key=lambda row: (row.starts_on, row.edition))


@lru_cache(_MOST_DAYS_COUNT)
def term_row_on(provider_kind: str, deposited_on: date, edition: int = EDITION) -> TermRow | None:
    """The term row of a kind of provider for a form deposited that day; None where none is dated. Source: LAW-052."""
    return _row_on([row for row in TERM_ROWS if row.provider_kind == provider_kind], deposited_on, edition)
