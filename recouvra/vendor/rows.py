"""The rows of a table, CSV or XLSX, as a spreadsheet shows them: each with its number, empty ones left out."""

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recouvra.contracts.codes import Message
from recouvra.vendor.cells import Cell
from recouvra.vendor.faults import wanted

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

WINDOWS_1252 = wanted(
    "Le fichier n'est pas en UTF-8 : il a été lu en Windows-1252, comme Excel l'écrit en français.",
    "The file is not UTF-8: it was read as Windows-1252, as a French Excel writes it.",
)


class Row(NamedTuple):
    """A row: its number in the file (of a CSV, the line on which it begins), and its cells."""

    number: int
    cells: Sequence[Cell]


class BrokenTable(Exception):
    """The rows end here: where, and what is needed instead."""

    def __init__(self, row: int | None, expected: Message) -> None:
        super().__init__(expected.en)
        self.row = row
        self.expected = expected


def decoded(content: bytes) -> tuple[str, list[Message]]:
    """The text of a CSV, and what had to be assumed. Raises BrokenTable for UTF-16."""
    if content.startswith(_UTF_16) or b"\0" in content[:1024]:
        raise BrokenTable(
            None,
            wanted(
                "du CSV en UTF-8 : dans Excel, « Enregistrer sous », « CSV UTF-8 »",
                "CSV in UTF-8: in Excel, “Save as”, “CSV UTF-8”",
            ),
        )
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), [WINDOWS_1252]


def csv_rows(text: str) -> Iterator[Row]:
    """The rows of a CSV, separated as its first line is: by semicolons, commas or tabs.

    Raises BrokenTable where quotes do not close.
    """
    first = text.lstrip().partition("\n")[0].strip()
    hint = first.lower().startswith("sep=") and len(first) == len("sep=") + 1
    separator = first[-1] if hint else max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not (hint and begins == 1):
                yield Row(begins, cells)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BrokenTable(
            begins,
            wanted(
                "des guillemets fermés, et rien après eux dans la cellule",
                "quotes that close, and nothing after them in the cell",
            ),
        ) from error


def xlsx_rows(content: bytes, sheet: str | None) -> Iterator[Row]:
    """The rows of a workbook's first sheet, or of the one that is named; of formulas, what they came to.

    Raises BrokenTable where it is no workbook, or has no such sheet.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        found = next((one for one in book.worksheets if sheet is None or one.title == sheet), None)
        if found is None:
            raise BrokenTable(None, _NO_SHEET)
        found.reset_dimensions()  # some exports announce fewer rows than they hold
        for number, cells in enumerate(found.iter_rows(values_only=True), 1):
            if any(cell is not None and str(cell).strip() for cell in cells):
                yield Row(number, cells)
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        zlib.error,
        LookupError,
        ValueError,
        OSError,
        SyntaxError,
    ) as error:
        raise BrokenTable(None, _NO_WORKBOOK) from error


_NO_SHEET = wanted("une feuille de calcul de ce nom (--sheet)", "a worksheet of this name (--sheet)")
_NO_WORKBOOK = wanted("un classeur .xlsx entier, sans mot de passe", "a whole .xlsx workbook, without a password")
