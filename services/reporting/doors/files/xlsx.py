"""XLSX: one sheet with typed cells, its header frozen, bold and filtering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xlsxwriter import Workbook

from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from services.reporting.reports.plan import Cell, Kind

_MOST_ROWS = 200_000  # below its header; a sheet could hold five times as many, and keep a processor for minutes
_MOST_DIGITS = 15  # that a spreadsheet's number holds
_WIDTHS = {Kind.TEXT: 16, Kind.COUNT: 10, Kind.FRANCS: 18, Kind.RATE: 10}
_FORMATS = {Kind.COUNT: "#,##0", Kind.FRANCS: "#,##0", Kind.RATE: "0.00%"}


class XlsxFile:
    """A table as it is written: rows go to a temporary file beside it, and are packed when it is closed.

    Amounts and counts are numbers; rates are numbers too, shown as percentages, so that one can calculate with them.
    Every text is a text cell, which no spreadsheet computes. A number of more digits than a cell can hold is a text.
    """

    def __init__(self, path: Path, table: Mapping[str, Kind], sheet: str, most_rows: int = _MOST_ROWS) -> None:
        self._book = Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
        self._sheet = self._book.add_worksheet(sheet)
        self._formats = [self._book.add_format({"num_format": _FORMATS.get(kind, "@")}) for kind in table.values()]
        self._kinds, self._most_rows = list(table.values()), most_rows
        header = self._book.add_format({"bold": True, "bottom": 1})
        self._sheet.freeze_panes(1, 0)
        for column, (name, kind) in enumerate(table.items()):
            self._sheet.set_column(column, column, max(len(name) + 4, _WIDTHS[kind]))
            self._sheet.write_string(0, column, name, header)
        self._next_row = 1

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Writes some more rows, in order; raises a 422 problem for more than are given in this form."""
        if self._next_row - 1 + len(rows) > self._most_rows:
            raise _too_long(self._most_rows)
        for row in rows:
            for column, cell in enumerate(row):
                self._write(column, cell)
            self._next_row += 1

    def _write(self, column: int, cell: Cell) -> None:
        here, kind = (self._next_row, column), self._kinds[column]
        if cell is None:
            return
        if kind is Kind.TEXT or len(str(cell).strip("-")) > _MOST_DIGITS:
            self._sheet.write_string(*here, str(cell), self._formats[column])
        else:
            self._sheet.write_number(*here, float(cell) if kind is Kind.RATE else int(cell), self._formats[column])

    def close(self) -> None:
        """Completes the file."""
        self._sheet.autofilter(0, 0, self._next_row - 1, len(self._kinds) - 1)
        self._book.close()


def _too_long(rows: int) -> Problem:
    en = f"{rows:,}"
    fr = en.replace(",", "\u202f")
    message = Message(
        fr=f"Un fichier XLSX contient ici au plus {fr} lignes : demandez CSV ou Parquet, ou filtrez.",
        en=f"An XLSX file holds at most {en} rows here: ask for CSV or Parquet, or filter.",
    )
    fault = Message(fr="trop de lignes pour cette forme", en="too many rows for this form")
    return Problem(422, "too-large-for-form", message, [("/query/format", fault)])
