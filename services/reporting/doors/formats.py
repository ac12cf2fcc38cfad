"""The form of an answer: which one is wanted, and a table as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence

from fastapi import Request

from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message

TYPES = {"json": "application/json", "csv": "text/csv"}
_ROWS_A_CHUNK = 500
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def wanted(request: Request, asked: str | None, offered: Sequence[str]) -> str:
    """What the query asks for, else the best that `Accept` takes of what is offered, the first where they are equal.

    Raises a 406 problem where it takes none of them.
    """
    if asked is not None:
        return asked
    accepted = request.headers.get("accept", "") or "*/*"
    best = max(offered, key=lambda name: _liking(accepted, TYPES[name]))
    if _liking(accepted, TYPES[best]) == 0:
        names = ", ".join(TYPES[name] for name in offered)
        raise Problem(
            406,
            "not-acceptable",
            Message(fr=f"Formes offertes à cette adresse : {names}.", en=f"Offered at this address: {names}."),
        )
    return best


def _liking(accepted: str, offered: str) -> float:
    """The weight that an `Accept` gives a media type: that of the most precise range that fits; 0 where none does."""
    precise, weight = 0, 0.0
    for spec in accepted.lower().split(","):
        media, *parameters = (piece.strip() for piece in spec.split(";"))
        precision = {"*/*": 1, f"{offered.partition('/')[0]}/*": 2, offered: 3}.get(media, 0)
        if precision > precise:
            precise, weight = precision, 1.0
            for parameter in parameters:
                if re.fullmatch(r"q=[01](\.[0-9]{0,3})?", parameter):
                    weight = float(parameter[2:])
    return weight


async def csv_lines(
    header: Sequence[str], rows: AsyncIterator[Sequence[object]], delimiter: str
) -> AsyncIterator[bytes]:
    """A table as UTF-8 CSV with a byte order mark, a chunk at a time; null is empty.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    buffer.write("\ufeff")
    writer.writerow(header)
    waiting = 0
    async for row in rows:
        writer.writerow(["" if cell is None else harmless(cell) for cell in row])
        waiting += 1
        if waiting == _ROWS_A_CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
            waiting = 0
    yield buffer.getvalue().encode()


def harmless(cell: object) -> object:
    """The cell, or a text that no spreadsheet takes for a formula; a negative number stays one."""
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell
