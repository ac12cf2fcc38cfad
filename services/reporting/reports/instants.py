"""Instants as they are asked for and answered."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time

from pydantic_core import PydanticCustomError

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# A "+" that was not escaped arrives as a blank.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+ -]\d\d:\d\d))", re.ASCII)


def instant(text: object) -> datetime:
    """What `as_of` says, in UTC: an RFC 3339 instant, or a date, which stands for its last instant in UTC (DEF-007).

    Digits beyond microseconds are cut, as they are of knowledge times. Raises what pydantic takes for a wrong value.
    """
    try:
        if isinstance(text, datetime):
            return text.astimezone(UTC)
        if isinstance(text, str) and _DATE.fullmatch(text):
            return datetime.combine(datetime.fromisoformat(text), time.max, UTC)
        if isinstance(text, str) and (match := _INSTANT.fullmatch(text)):
            seconds, fraction, _, offset = match.groups()
            offset = "+00:00" if offset is None else offset.replace(" ", "+")
            return datetime.fromisoformat(f"{seconds}.{(fraction or '')[:6]:0<6}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("instant", "an RFC 3339 instant with its zone, or a date YYYY-MM-DD")


def told(at: datetime) -> str:
    """An instant in UTC as it is answered, RFC 3339 with "Z"."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
