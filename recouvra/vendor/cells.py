"""What a cell of a payroll's table says, or why it cannot be told: spreadsheets change numbers and months on their own.

A cell holds text (CSV), or what a spreadsheet keeps (XLSX). Blanks around a text do not count; an empty cell says
nothing. A value that is not what the contract takes is left as it came: the contract says so.
"""

import re
from collections.abc import Callable
from datetime import date, datetime

from recouvra.contracts.codes import Message
from recouvra.vendor.faults import wanted

Cell = object

_BLANKS = " \t\r\n\u00a0\u202f\ufeff"
_PROTECTED = re.compile(r'="([^"]*)"')
_SCIENTIFIC = re.compile(r"[+-]?\d([.,]\d+)?[eE]\+\d+", re.ASCII)
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_GROUPED = re.compile(r"-?\d{1,3}([ \u00a0\u202f]\d{3})+", re.ASCII)
_NO_CENTIMES = re.compile(r"(-?\d+|-?\d{1,3}(?:[ \u00a0\u202f]\d{3})+)[.,]0{1,2}", re.ASCII)
_MOST_DIGITS = 20

_LOST = wanted(
    "l'identifiant en toutes lettres : le tableur l'a changé en nombre et des chiffres sont perdus. Mettez la colonne "
    "au format Texte et exportez de nouveau depuis la paie",
    "the identifier in full: the spreadsheet turned it into a number and digits are lost. Set the column's format to "
    "Text and export again from the payroll",
)
_NUMBER = wanted(
    "du texte : le tableur tient cette cellule pour un nombre, et les zéros en tête sont perdus. Mettez la colonne au "
    "format Texte et saisissez l'identifiant de nouveau",
    "text: the spreadsheet holds this cell as a number, and leading zeros are lost. Set the column's format to Text "
    "and enter the identifier again",
)
_MONTH = wanted(
    "un mois AAAA-MM, en texte : le tableur en a fait une date",
    "a month YYYY-MM, as text: the spreadsheet made a date of it",
)
_FRANCS = wanted(
    "des francs entiers, comme 125000 ou 125 000 : ni centimes, ni point, ni virgule",
    "whole francs, as 125000 or 125 000: no cents, no point, no comma",
)


class Unreadable(Exception):
    """The cell cannot be told: what should stand there."""

    def __init__(self, expected: Message) -> None:
        super().__init__(expected.en)
        self.expected = expected


def identifier(cell: Cell) -> str | None:
    """An identifier. Raises Unreadable for one that a spreadsheet turned into a number."""
    if cell is None:
        return None
    if not isinstance(cell, str):
        raise Unreadable(_NUMBER)
    text = cell.strip(_BLANKS)
    if match := _PROTECTED.fullmatch(text):  # how exports keep a spreadsheet from reading a number
        text = match[1].strip(_BLANKS)
    if _SCIENTIFIC.fullmatch(text):
        raise Unreadable(_LOST)
    return text or None


def month(cell: Cell) -> str | None:
    """A month. A date on the first of a month, which spreadsheets make of 2026-03, is that month.

    Raises Unreadable for any other date or number.
    """
    if cell is None:
        return None
    if isinstance(cell, date):
        if cell.day != 1 or (isinstance(cell, datetime) and cell.time() != datetime.min.time()):
            raise Unreadable(_MONTH)
        return f"{cell.year:04}-{cell.month:02}"
    if not isinstance(cell, str):
        raise Unreadable(_MONTH)
    return cell.strip(_BLANKS) or None


def whole(cell: Cell) -> int | None:
    """A whole number. Thousands may stand apart (125 000), and no centimes may be written (125000,00).

    Raises Unreadable for anything else, and for what may be read in two ways (125.000).
    """
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if not isinstance(cell, str):
        raise Unreadable(_FRANCS)
    text = cell.strip(_BLANKS)
    if not text:
        return None
    if match := _NO_CENTIMES.fullmatch(text):
        text = match[1]
    if not (_WHOLE.fullmatch(text) or _GROUPED.fullmatch(text)):
        raise Unreadable(_FRANCS)
    digits = re.sub("[ \u00a0\u202f]", "", text)
    # What has more digits is nobody's amount; what stays of it is beyond every bound of the contract, which says so.
    amount = int(digits.lstrip("-").lstrip("0")[:_MOST_DIGITS] or "0")
    return -amount if digits.startswith("-") else amount


READERS: dict[str, Callable[[Cell], str | int | None]] = {
    "declaration_id": identifier,
    "payer_id": identifier,
    "period": month,
    "replaces": identifier,
    "total_lines": whole,
    "total_base_xof": whole,
    "line_no": whole,
    "insured_number": identifier,
    "base_xof": whole,
}
"""The fields of a declaration and of its lines, as columns, and how a cell of each is read."""
