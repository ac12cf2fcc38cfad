"""Files as payroll systems export them, made of a declaration's value."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

OF_THE_WHOLE = ("declaration_id", "payer_id", "period", "replaces")
FIELDS = (*OF_THE_WHOLE, "total_lines", "total_base_xof", "line_no", "insured_number", "base_xof")


def rows_of(value: Mapping[str, Any], fields: Sequence[str] = FIELDS) -> list[list[Any]]:
    """A heading and a row for each line of a value; a nil declaration is one row without a line."""
    whole = {name: value.get(name) for name in OF_THE_WHOLE} | {
        "total_lines": value["totals"]["lines"],
        "total_base_xof": value["totals"]["base_xof"],
    }
    return [[*fields], *([(whole | line).get(name) for name in fields] for line in value["lines"] or [{}])]


def as_csv(rows: Sequence[Sequence[Any]], separator: str = ";", encoding: str = "utf-8") -> bytes:
    """Rows as a CSV; an empty cell for None."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(
        ["" if cell is None else cell for cell in row] for row in rows
    )
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as the first sheet of a workbook."""
    book, file = Workbook(), io.BytesIO()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    book.create_sheet("Autre").append(["rien"])
    book.save(file)
    return file.getvalue()
