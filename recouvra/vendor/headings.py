"""The columns of a payroll's table: which heading holds which field, and what may be said beside the table instead."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from recouvra.contracts.codes import Message, Reason
from recouvra.vendor.cells import READERS, Cell
from recouvra.vendor.faults import Fault, Place, wanted

_FRENCH = {
    "declaration": "declaration_id",
    "cotisant": "payer_id",
    "periode": "period",
    "remplace": "replaces",
    "total_lignes": "total_lines",
    "total_assiettes": "total_base_xof",
    "ligne": "line_no",
    "numero_assure": "insured_number",
    "assiette": "base_xof",
}
OF_THE_LINE = ("line_no", "insured_number", "base_xof")
OF_THE_DECLARATION = tuple(name for name in READERS if name not in OF_THE_LINE)
_MOST_COLUMNS = 500
_NEEDED = ("declaration_id", "payer_id", "period", "insured_number", "base_xof")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said beside a table, where it has no column for it; totals that nobody says are reckoned."""

    declaration_id: str | None = None
    payer_id: str | None = None
    period: str | None = None
    replaces: str | None = None
    total_lines: int | None = None
    total_base_xof: int | None = None

    def given(self) -> dict[str, str | int]:
        """The fields that are said."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in said.items() if value is not None}


class Columns(NamedTuple):
    """A table's first row, understood.

    Attributes:
        row: its number.
        at: by field, which cell of a row holds it.
        headings: by field, what stands over it.
        width: how many cells a row may have.
        ignored: headings of no field.
    """

    row: int
    at: dict[str, int]
    headings: dict[str, str]
    width: int
    ignored: list[str]

    def place(self, row: int, field: str) -> Place:
        """Where a row has a field."""
        return Place(row, self.headings.get(field), f"/{field}")


def columns_of(row: int, cells: Sequence[Cell], said: Said) -> tuple[Columns, list[Fault]]:
    """What the first row of a table means, and what is wrong with it.

    A column is named by its field (`base_xof`) or in French (`assiette`); case, accents, blanks and hyphens do not
    count. Columns of other names are ignored.
    """
    if len(cells) > _MOST_COLUMNS:
        return Columns(row, {}, {}, 0, []), [Fault(Place(row), Reason.SCHEMA_MISMATCH, _TOO_WIDE)]
    at: dict[str, int] = {}
    headings: dict[str, str] = {}
    ignored: list[str] = []
    faults: list[Fault] = []
    for position, cell in enumerate(cells):
        heading = "" if cell is None else str(cell).strip()
        field = _field(heading)
        if field is None:
            ignored += [heading] if heading else []
        elif field in at:
            faults.append(Fault(Place(row, heading, f"/{field}"), Reason.SCHEMA_MISMATCH, _ONCE, heading))
        else:
            at[field], headings[field] = position, heading
    columns = Columns(row, at, headings, len(cells), ignored)
    faults += _against(columns, said)
    return columns, faults


def _field(heading: str) -> str | None:
    plain = "".join(one for one in unicodedata.normalize("NFD", heading) if not unicodedata.combining(one))
    name = "_".join(plain.casefold().replace("-", " ").replace("_", " ").split())
    return name if name in READERS else _FRENCH.get(name)


def _against(columns: Columns, said: Said) -> Iterator[Fault]:
    """Columns that lack, and what is said twice."""
    given = said.given()
    for field in given.keys() & columns.at.keys():
        yield Fault(columns.place(columns.row, field), Reason.SCHEMA_MISMATCH, _TWICE)
    for field in _NEEDED:
        if field not in given and field not in columns.at:
            yield Fault(Place(columns.row, None, f"/{field}"), Reason.SCHEMA_MISMATCH, _column(field))


def _column(field: str) -> Message:
    french = next(name for name, named in _FRENCH.items() if named == field)
    beside = field in OF_THE_DECLARATION
    return wanted(
        f"une colonne {field} (ou {french})"
        + (", ou cette valeur à côté du fichier, par son option" if beside else ""),
        f"a column {field} (or {french})" + (", or this value beside the file, by its option" if beside else ""),
    )


_TOO_WIDE = wanted(f"au plus {_MOST_COLUMNS} colonnes", f"at most {_MOST_COLUMNS} columns")
_ONCE = wanted("cette colonne une seule fois", "this column once only")
_TWICE = wanted(
    "cette valeur une seule fois : le fichier a une colonne pour elle, ôtez l'option ou la colonne",
    "this value once only: the file has a column for it, leave out the option or the column",
)
