"""What is wrong in a file: where, what came, what should stand there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recouvra.contracts.codes import Message, Reason, reason_message
from recouvra.contracts.envelope import Envelope
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.sentences import typeset


class Place(NamedTuple):
    """Where something stands in a file.

    Attributes:
        line: the line of the file, or the row of a sheet, from 1; None where a JSON file holds one value.
        column: the heading of the column, as it stands in the file; None in JSON.
        field: JSON Pointer: in JSON into the value (`/lines/4/base_xof`), in a table of the field that the column
            holds (`/base_xof`); empty for the whole of the line or the value.
    """

    line: int | None = None
    column: str | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a value would not be read: a record of it would go to the dead letters.

    `received` is what stood there, for the eyes of whoever sent it alone; None where nothing did.
    """

    place: Place
    reason: Reason
    expected: Message | None = None
    received: object = None

    @property
    def message(self) -> Message:
        """The server's own sentence, which repeats nothing of what was sent."""
        return reason_message(self.reason, place=self.place.field, expected=self.expected)


def wanted(fr: str, en: str) -> Message:
    """What should stand in a place, in both languages."""
    return Message(fr=typeset(fr), en=en)


@dataclass(frozen=True, slots=True)
class FiledPart:
    """One `payroll-declared` value of a file.

    Attributes:
        event: the value.
        envelope: its own, where the file holds a structured CloudEvent.
        line: the line of the file that holds it; None in a table, and where a JSON file holds one value.
        rows: of a table, the row of each of its lines; empty in JSON.
        first: the place among the lines of the whole declaration in the file of its first one, where it was cut.
        columns: of a table, the heading over each field.
    """

    event: PayrollDeclared
    envelope: Envelope | None = None
    line: int | None = None
    rows: Sequence[int] = ()
    first: int = 0
    columns: Sequence[tuple[str, str]] = ()

    def place(self, field: str, index: int | None = None) -> Place:
        """Where a field of the value stands in the file, or one of its line number `index` (from 0).

        `field` is a JSON Pointer as an answer has it: `/period`, `/lines/base_xof`.
        """
        name = field.rpartition("/")[2]
        if self.columns:
            column = f"total_{name}" if field.startswith("/totals/") else name
            row = self.rows[index] if index is not None else self.line
            return Place(row, dict(self.columns).get(column), f"/{column}")
        if index is None:
            return Place(self.line, None, field)
        return Place(self.line, None, f"/lines/{self.first + index}/{name}")

    def line_place(self, index: int) -> Place:
        """Where one of its lines stands as a whole."""
        return Place(self.rows[index]) if self.columns else Place(self.line, None, f"/lines/{self.first + index}")


@dataclass(frozen=True, slots=True)
class Filing:
    """What was read of a file.

    Attributes:
        form: `json`, `csv` or `xlsx`.
        parts: the values that it holds, in its order, each at most 1,000 lines. Where there are faults, only those of
            declarations without one: nothing of the file should be sent then.
        faults: everything that would not be read.
        notes: what was understood on the way and is worth a look: columns that were ignored, totals that were reckoned.
    """

    form: str
    parts: list[FiledPart]
    faults: list[Fault]
    notes: list[Message]
