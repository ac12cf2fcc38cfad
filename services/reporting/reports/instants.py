"""Instants as they are asked for and answered."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time

from pydantic_core import PydanticCustomError

from recouvra.contracts.envelope import read_instant

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def instant(text: object) -> datetime:
    """What `as_of` says, in UTC: an RFC 3339 instant, or a date, which stands for its last instant in UTC (DEF-007).

    It is read as knowledge times are, leap seconds and digits beyond microseconds too. Raises what pydantic takes for a
    wrong value.
    """
    try:
        if isinstance(text, datetime):
            return text.astimezone(UTC)
        if isinstance(text, str) and _DATE.fullmatch(text):
            return datetime.combine(datetime.fromisoformat(text), time.max, UTC)
    except (ValueError, OverflowError):
        pass
    if isinstance(text, str):
        # A blank may stand for the "T", and is what becomes of a "+" that was not escaped.
        written = re.sub(r"^(.{10}) ", r"\1T", text).replace(" ", "+")
        if (read := read_instant(written, MINYEAR, MAXYEAR)) is not None:
            return read
    raise PydanticCustomError("instant", "an RFC 3339 instant with its zone, or a date YYYY-MM-DD")


def told(at: datetime) -> str:
    """An instant in UTC as it is answered, RFC 3339 with "Z"."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
