"""Months written `YYYY-MM`: first day, neighbour, quarter (DEF-002, DEF-020). Text order is order in time."""

from datetime import UTC, date, datetime


def first_day(period: str) -> date:
    """The first day of a period, by which dated rows are chosen. Source: DEF-002."""
    return date(int(period[:4]), int(period[5:]), 1)


def following(period: str) -> str:
    """The period after this one."""
    return _months_on(period, 1)


def quarter_end(period: str) -> str:
    """The last month of the calendar quarter that holds this period."""
    return _months_on(period, -int(period[5:]) % 3)


def month_of(instant: datetime) -> str:
    """The month, UTC, in which an aware instant stands."""
    moment = instant.astimezone(UTC)
    return f"{moment.year:04}-{moment.month:02}"


def _months_on(period: str, months: int) -> str:
    year, month = divmod(int(period[:4]) * 12 + int(period[5:]) - 1 + months, 12)
    return f"{year:04}-{month + 1:02}"
