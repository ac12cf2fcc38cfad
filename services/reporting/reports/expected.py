"""Who is expected to file for which periods, by what was last known of each payer and by the law's due days (DEF-008).

Months are texts where they are held against a pair's period, and numbers where they are counted.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import lru_cache

from recouvra.law.due import due_on
from recouvra.law.parameters import DUE_ROWS, first_period
from recouvra.law.period import following
from services.reporting.reports.asked import OfPeriods
from services.reporting.reports.plan import Arguments

FILES = "({} <> 'self_employed' or right(period, 2) in ('03', '06', '09', '12'))"
"""Whether a kind of payer files for a period: the self-employed declare a quarter's income, in its last month."""

WAS_EXPECTED = (
    f"due_on is not null and is_affiliated and period between first_in and last_in and {FILES.format('last_kind')}"
)
"""Whether pairs are of those that `expected` counts, though they were assessed; beside their row of `due_by`."""

_FREQUENCIES = ("monthly", "quarterly")
_NEVER = "0000-00"
_ALWAYS = "9999-12"


def due_by(on: date, arguments: Arguments) -> str:
    """A table to join: by of_kind and of_frequency the first_in and last_in of the periods that fell due by a day."""
    columns = ", ".join(f"{arguments.put(column)}::text[]" for column in _due_by(on))
    return f"unnest({columns}) as law(of_kind, of_frequency, first_in, last_in)"


def payers(at: str, law: str, asked: OfPeriods, where: str, arguments: Arguments) -> str:
    """A SELECT of the payers as last known at `at`, `where` limiting them: payer_id, payer_kind, territory_code.

    And the months from_in to to_in for which each is expected to have filed: those of its affiliation that the `law`
    (`due_by`) and the periods asked for leave.
    """
    first, last = arguments.put(asked.period_from or _NEVER), arguments.put(asked.period_to or _ALWAYS)
    return (
        "select payer_id, payer_kind, territory_code, "  # noqa: S608 - constants of ours
        f"greatest(affiliated_in, first_in, {first}) as from_in, least(closed_in, last_in, {last}) as to_in from ("
        "select distinct on (payer_id) payer_id, payer_kind, territory_code, filing_frequency, "
        """to_char(affiliated_on, 'YYYY-MM') collate "C" as affiliated_in, """
        f"""coalesce(to_char(closed_on, 'YYYY-MM'), '{_ALWAYS}') collate "C" as closed_in """
        f"from affiliation where known_at <= {at}{where} order by payer_id, known_at desc, id desc) as latest "
        f"join {law} on of_kind = payer_kind and of_frequency = filing_frequency"
    )


def expected(first: str, asked: OfPeriods, keys: Collection[str]) -> str:
    """A SELECT of payer_kind, territory_code, those of payer_id and period that are `keys`, and `expected`.

    As many as the `payer`s of the statement are expected to file for, whether they did or not. Periods begin, unless
    they are asked for, with the `first` of which anything is known, a SELECT that is null where nothing is.
    """
    since = "from_in" if asked.period_from else f"greatest(from_in, coalesce(({first}), '{_ALWAYS}'))"
    told = "payer_kind, territory_code" + (", payer_id" if "payer_id" in keys else "")
    groups = (
        f"select {told}, {_month('since')} as first, {_month('to_in')} as last, count(*) as payers "  # noqa: S608 - ours
        f"from (select *, {since} as since from payer) as payer where since <= to_in group by {told}, since, to_in"
    )
    quarters = "payer_kind = 'self_employed'"
    if "period" not in keys:
        months = f"case when {quarters} then (last + 1) / 3 - first / 3 else last - first + 1 end"
        return f"select {told}, payers * ({months}) as expected from ({groups}) as payer"  # noqa: S608 - ours
    period = """to_char(make_date(month / 12, month % 12 + 1, 1), 'YYYY-MM') collate "C" as period"""
    return (
        f"select {told}, {period}, payers as expected from ({groups}) as payer, "  # noqa: S608 - constants of ours
        f"generate_series(first, last) as month where not {quarters} or month % 3 = 2"
    )


def _month(text: str) -> str:
    return f"left({text}, 4)::int * 12 + right({text}, 2)::int - 1"


@lru_cache(64)
def _due_by(on: date) -> tuple[list[str], ...]:
    """By kind and frequency, the scheme's first period and the last that fell due by a day: later ones never do before.

    Source: DEF-020, LAW-020.
    """
    rows = []
    for kind in sorted({row.payer_kind for row in DUE_ROWS}):
        for frequency in _FREQUENCIES:
            first = period = first_period(kind)
            last = _NEVER
            while due_on(kind, frequency, period) <= on:
                last, period = period, following(period)
            rows.append((kind, frequency, first, last))
    return tuple(list(column) for column in zip(*rows, strict=True))
