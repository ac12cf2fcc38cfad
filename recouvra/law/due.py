"""The day on which a period's contributions fall due."""

from datetime import date, timedelta
from functools import lru_cache

from recouvra.law.parameters import EDITION, due_row_for
from recouvra.law.period import first_day, following, quarter_end

_SATURDAY = 5


@lru_cache(8_192)  # a period's day is asked for with each declaration
def due_on(payer_kind: str, filing_frequency: str, period: str, edition: int = EDITION) -> date:
    """The due day of a period: in the month after it, or after its quarter for a quarterly filer.

    The register's frequency alone says who is quarterly (it knows the number of employees); the kind only chooses the
    dated row. Raises LookupError for a period before the scheme. Source: LAW-020, DEF-020.
    """
    row = due_row_for(payer_kind, period, edition)
    last_month = quarter_end(period) if filing_frequency == "quarterly" else period
    day = first_day(following(last_month)).replace(day=row.day_of_month)
    while row.moves_to_working_day and day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return day
