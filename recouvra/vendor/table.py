"""A table with a heading, one row a declared line, read into declarations: the same events as JSON would be."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from recouvra.contracts.codes import Message, Reason
from recouvra.contracts.declared_lines import DeclaredLine
from recouvra.contracts.mismatch import mismatches
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.vendor.cells import READERS, Cell, Unreadable
from recouvra.vendor.faults import Fault, FiledPart, Filing, Place, wanted
from recouvra.vendor.headings import OF_THE_DECLARATION, OF_THE_LINE, Columns, Said, columns_of
from recouvra.vendor.parts import LongDeclaration, split
from recouvra.vendor.rows import BrokenTable, Row

_LINES = TypeAdapter(tuple[DeclaredLine, ...])


@dataclass(slots=True)
class _Declaration:
    """The rows of one declaration: what its first row says of the whole, and its lines with the rows they stand in."""

    row: int
    said: dict[str, Any]
    is_nil: bool = False
    has_faults: bool = False
    rows: list[int] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)


def read_table(
    form: str,
    rows: Iterable[Row],
    said: Said,
    notes: Sequence[Message],
    most_lines: int,
    most_faults: int | None = None,
) -> Filing:
    """Every declaration of a table, by payer and declaration in the order in which they begin."""
    filing = Filing(form, [], [], list(notes))
    reading = iter(rows)
    try:
        first = next(reading, None)
        columns, faults = columns_of(*first, said) if first else (Columns(1, {}, {}, 0, []), [_EMPTY])
        filing.faults.extend(faults)
        if faults:
            return filing
        if columns.ignored:
            filing.notes.append(_ignored(columns.ignored))
        declarations = _Table(columns, said, filing.faults).declarations(_bounded(reading, most_lines), most_faults)
    except BrokenTable as broken:
        filing.faults.append(Fault(Place(broken.row), Reason.SCHEMA_MISMATCH, broken.expected))
        return filing
    for declaration in declarations:
        filing.parts.extend(_parts(declaration, columns, filing, most_faults))
    filing.faults.sort(key=lambda fault: fault.place.line or 0)
    return filing


def _bounded(rows: Iterator[Row], most: int) -> Iterator[Row]:
    """The rows, until there is one too many. Raises BrokenTable."""
    for count, row in enumerate(rows, 1):
        if count > most:
            raise BrokenTable(row.number, wanted(f"au plus {most} lignes", f"at most {most} lines"))
        yield row


class _Table:
    """A table's rows, gathered by declaration; faults are told as they are met."""

    def __init__(self, columns: Columns, said: Said, faults: list[Fault]) -> None:
        self._columns, self._given, self._faults = columns, said.given(), faults
        self._found: dict[tuple[Any, Any], _Declaration] = {}
        self._heads: dict[tuple[Cell, ...], tuple[dict[str, Any], bool]] = {}
        self._of_the_whole = [name for name in OF_THE_DECLARATION if name in columns.at]
        self._of_the_line = [name for name in OF_THE_LINE if name in columns.at]

    def declarations(self, rows: Iterator[Row], most_faults: int | None) -> list[_Declaration]:
        """All of them; without a row, the nil declaration that is said beside the table.

        Raises BrokenTable where there are more faults than may be told.
        """
        for number, cells in rows:
            self._take(number, cells)
            if most_faults is not None and len(self._faults) >= most_faults:
                raise BrokenTable(number, _TOO_MANY_FAULTS)
        # An empty export is no nil declaration: who means one says that it has 0 lines.
        if not self._found and not self._of_the_whole and self._given.get("total_lines") == 0:
            self._found[None, None] = _Declaration(self._columns.row, dict(self._given), is_nil=True)
        if not self._found:
            self._faults.append(_EMPTY)
        return list(self._found.values())

    def _take(self, number: int, cells: Sequence[Cell]) -> None:
        said, is_sound = self._head(number, cells)
        key = said.get("payer_id"), said.get("declaration_id")
        declaration = self._found.setdefault(key, _Declaration(number, said))
        declaration.has_faults |= not is_sound
        if any(_says(cell) for cell in cells[self._columns.width :]):
            self._wrong(declaration, Place(number), _TOO_WIDE)
        if said is not declaration.said:
            self._agrees(declaration, number, said)
        if self._says_no_line(cells) and said.get("total_lines") == 0 and not declaration.lines:
            declaration.is_nil = True
            return
        line: dict[str, Any] = {}
        for name in self._of_the_line:
            cell = _cell(cells, self._columns.at[name])
            try:
                value = READERS[name](cell)
            except Unreadable as unreadable:
                self._wrong(
                    declaration,
                    self._columns.place(number, name),
                    unreadable.expected,
                    cell,
                )
                value = _SOUND[name]
            if value is not None:
                line[name] = value
        if "line_no" not in self._columns.at:
            line["line_no"] = len(declaration.lines) + 1
        declaration.rows.append(number)
        declaration.lines.append(line)

    def _head(self, number: int, cells: Sequence[Cell]) -> tuple[dict[str, Any], bool]:
        """What a row says of its declaration, and whether it could be read; the same cells are read once."""
        raw = tuple(_cell(cells, self._columns.at[name]) for name in self._of_the_whole)
        if raw not in self._heads:
            said, is_sound = dict(self._given), True
            for name, cell in zip(self._of_the_whole, raw, strict=True):
                try:
                    value = READERS[name](cell)
                except Unreadable as unreadable:
                    self._faults.append(
                        Fault(self._columns.place(number, name), Reason.SCHEMA_MISMATCH, unreadable.expected, cell)
                    )
                    is_sound = False
                else:
                    if value is not None:
                        said[name] = value
            self._heads[raw] = said, is_sound
        return self._heads[raw]

    def _says_no_line(self, cells: Sequence[Cell]) -> bool:
        return not any(_says(_cell(cells, self._columns.at[name])) for name in self._of_the_line)

    def _agrees(self, declaration: _Declaration, number: int, said: dict[str, Any]) -> None:
        for name in self._of_the_whole:
            if said.get(name) != declaration.said.get(name):
                self._wrong(declaration, self._columns.place(number, name), _as_in(declaration.row), said.get(name))

    def _wrong(self, declaration: _Declaration, place: Place, expected: Message, received: object = None) -> None:
        declaration.has_faults = True
        self._faults.append(Fault(place, Reason.SCHEMA_MISMATCH, expected, received))


def _parts(declaration: _Declaration, columns: Columns, filing: Filing, most_faults: int | None) -> Iterator[FiledPart]:
    """The values of a declaration, none where anything of it is wrong."""
    lines = _sound_lines(declaration, columns, filing.faults, most_faults)
    whole = _whole(declaration, lines or (), columns, filing)
    if whole is None or lines is None or declaration.has_faults:
        return
    first, headings = 0, tuple(columns.headings.items())
    for part in split(whole):
        rows = declaration.rows[first : first + len(part.lines)]
        yield FiledPart(part, None, declaration.row, rows, first, headings)
        first += len(rows)


def _sound_lines(
    declaration: _Declaration, columns: Columns, faults: list[Fault], most: int | None
) -> tuple[DeclaredLine, ...] | None:
    """The lines as the contract takes them; None where it does not, and why, beside what the cells told already.

    No more than so many faults are worded, which takes longer than finding them; the others are counted.
    """
    try:
        return _LINES.validate_python(tuple(declaration.lines), strict=True)
    except ValidationError as error:
        for pointer, expected in mismatches(error, most=most):
            index, _, name = pointer[1:].partition("/")
            received = declaration.lines[int(index)].get(name)
            place = columns.place(declaration.rows[int(index)], name)
            faults.append(Fault(place, Reason.SCHEMA_MISMATCH, expected, received))
        if most is not None and (left := error.error_count() - most) > 0:
            more = wanted(f"et {left} fautes de plus", f"and {left} faults more")
            faults.append(Fault(Place(declaration.rows[-1]), Reason.SCHEMA_MISMATCH, more))
        return None


def _whole(
    declaration: _Declaration, lines: tuple[DeclaredLine, ...], columns: Columns, filing: Filing
) -> PayrollDeclared | None:
    said = declaration.said
    if declaration.lines and declaration.is_nil:
        filing.faults.append(Fault(Place(declaration.row), Reason.SCHEMA_MISMATCH, _NIL_AND_LINES))
        return None
    totals = {
        "lines": said.get("total_lines", len(lines)),
        "base_xof": said.get("total_base_xof", sum(line.base_xof for line in lines)),
    }
    value = {name: said[name] for name in ("declaration_id", "payer_id", "period", "replaces") if name in said}
    try:
        return LongDeclaration.model_validate({**value, "part": 1, "parts": 1, "totals": totals, "lines": lines})
    except ValidationError as error:
        for pointer, expected in mismatches(error):
            name = _TOTALS.get(pointer, pointer[1:])
            fault = Fault(columns.place(declaration.row, name), Reason.SCHEMA_MISMATCH, expected, said.get(name))
            if not declaration.has_faults or not any(fault.place == other.place for other in filing.faults):
                filing.faults.append(fault)
        return None


def _cell(cells: Sequence[Cell], position: int) -> Cell:
    return cells[position] if position < len(cells) else None


def _says(cell: Cell) -> bool:
    return cell is not None and str(cell).strip() != ""


def _as_in(row: int) -> Message:
    return wanted(
        f"la même valeur qu'à la ligne {row} du fichier, où cette déclaration commence",
        f"the same value as in line {row} of the file, where this declaration begins",
    )


def _ignored(headings: Sequence[str]) -> Message:
    named = ", ".join(headings[:10]) + (", …" if len(headings) > 10 else "")
    return wanted(f"Colonnes ignorées : {named}.", f"Columns ignored: {named}.")


_SOUND: dict[str, str | int] = {"line_no": 1, "insured_number": "0", "base_xof": 0}
"""Stands for a cell that was told already, so that it is not told again."""
_TOTALS = {"/totals/lines": "total_lines", "/totals/base_xof": "total_base_xof"}
_TOO_MANY_FAULTS = wanted(
    "moins de fautes : la lecture s'arrête ici, corrigez d'abord celles-ci",
    "fewer faults: reading ends here, mend these",
)
_EMPTY = Fault(
    Place(1),
    Reason.SCHEMA_MISMATCH,
    wanted(
        "une ligne d'en-têtes, puis une ligne par ligne déclarée ; une déclaration néant se dit à côté, avec 0 ligne",
        "a line of headings, then a line for each declared line; a nil declaration is told beside it, with 0 lines",
    ),
)
_TOO_WIDE = wanted(
    "autant de cellules que d'en-têtes : une virgule dans un montant en fait deux",
    "as many cells as headings: a comma within an amount makes two of it",
)
_NIL_AND_LINES = wanted(
    "des lignes, ou une ligne seule sans elles (total 0)", "lines, or one row alone without them (total 0)"
)
