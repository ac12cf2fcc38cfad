"""CSV: UTF-8 with a byte order mark, the names of JSON as its header, null empty."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.reporting.reports.plan import Cell, Kind

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvFile:
    """A table as it is written. A text that a spreadsheet would take for a formula gets an apostrophe before it."""

    def __init__(self, path: Path, table: Mapping[str, Kind], delimiter: str) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, delimiter=delimiter)
        self._writer.writerow(table)

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Writes some more rows, in order."""
        self._writer.writerows([["" if cell is None else harmless(cell) for cell in row] for row in rows])

    def close(self) -> None:
        """Completes the file."""
        self._file.close()


def harmless(cell: int | str) -> int | str:
    """The cell, or a text that no spreadsheet takes for a formula; a negative number stays one."""
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell
