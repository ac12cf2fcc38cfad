"""When the history takes place: the 24 months of 2024 and 2025, told until the end of January 2026."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from recouvra.law.period import first_day, following

FIRST_PERIOD = "2024-01"
LAST_PERIOD = "2025-12"
LAST_DAY = date(2026, 1, 31)
"""The last due days, 15 January, are past: every period has had its chance to be paid."""

END = datetime.combine(LAST_DAY, time.max, UTC)
REGISTER_DAY = date(2024, 1, 2)
"""When the register as it stands is taken over."""


@cache
def periods() -> tuple[str, ...]:
    """The 24 periods that are declared."""
    return _from_to(FIRST_PERIOD, LAST_PERIOD)


@cache
def months() -> tuple[str, ...]:
    """The calendar months in which something happens."""
    return _from_to(FIRST_PERIOD, f"{LAST_DAY:%Y-%m}")


def is_quarters_end(period: str) -> bool:
    """Whether a period closes its quarter."""
    return int(period[5:]) % 3 == 0


def month_after(period: str) -> date:
    """The first day of the month after a period."""
    return first_day(following(period))


def days_after(day: date, days: int) -> date:
    """So many days later; earlier where they are negative."""
    return day + timedelta(days=days)


def _from_to(first: str, last: str) -> tuple[str, ...]:
    found = [first]
    while found[-1] < last:
        found.append(following(found[-1]))
    return tuple(found)
