"""A declaration of one payer for one month, with the parts it came in. Source: DEF-021, DEF-025."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.law.declared import Header
from recouvra.law.finding import Finding
from services.contributions.domain.columns import Columns

AnswerOutcome = Literal["accepted", "accepted_with_anomalies", "pending", "rejected"]


class State(StrEnum):
    """Where a declaration stands. One closed by its replacement while incomplete is `rejected` and `replaced_by`."""

    INCOMPLETE = "incomplete"
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Part(NamedTuple):
    """One part as sent. `read_no` counts the parts of its declaration in the order in which they were read, from 1.

    `lines` may be left out of one that was read before, of a declaration that stays incomplete.
    """

    part: int
    read_no: int
    header: Header
    ce_time: datetime
    content: bytes
    lines: DeclaredLines | None

    @classmethod
    def sent_as(cls, event: PayrollDeclared, ce_time: datetime, content: bytes, read_no: int) -> "Part":
        """The part that an event carries."""
        return cls(event.part, read_no, Header.said_in(event), ce_time, content, event.lines)


class Answer(NamedTuple):
    """The last answer given, with every finding (what travels may carry fewer)."""

    outcome: AnswerOutcome
    lines_received: int
    lines_accepted: int
    lines_rejected: int
    insured_share_xof: int
    payer_share_xof: int
    due_on: date | None
    findings: tuple[Finding, ...]

    @property
    def assessed_xof(self) -> int:
        """What the declaration makes due as a whole, in francs."""
        return self.insured_share_xof + self.payer_share_xof


@dataclass(slots=True)
class Declaration:
    """One declaration. What it announces (period, parts, replaces) is what its first-read part says. Source: DEF-021.

    Attributes:
        completed_no: its place among the payer's declarations in order of completion; None until complete.
        replaced_by: the declaration that took its place, or that closed it while it was incomplete.
        answer: None until it was answered.
        parts: by part number, those read.
    """

    declaration_id: str
    period: str
    parts_announced: int
    replaces: str | None
    state: State = State.INCOMPLETE
    completed_no: int | None = None
    replaced_by: str | None = None
    answer: Answer | None = None
    parts: dict[int, Part] = field(default_factory=dict)

    @property
    def filed_on(self) -> date:
        """The UTC date of the latest `ce_time` among its parts. Source: DEF-025."""
        return self.latest_at.astimezone(UTC).date()

    @property
    def latest_at(self) -> datetime:
        """The latest `ce_time` among its parts."""
        return max(part.ce_time for part in self.parts.values())

    @property
    def in_force(self) -> bool:
        """Whether it is accepted and not replaced, so that what it declared is due."""
        return self.state is State.ACCEPTED and self.replaced_by is None

    def headers_as_read(self) -> list[Header]:
        """The headers of its parts in the order in which they were read."""
        return [part.header for part in sorted(self.parts.values(), key=lambda part: part.read_no)]

    def lines_in_order(self) -> list[DeclaredLines]:
        """The lines of its parts in the order of their part numbers."""
        found = [part.lines for _, part in sorted(self.parts.items()) if part.lines is not None]
        if len(found) < len(self.parts):
            raise LookupError(f"{self.declaration_id} was loaded without its lines")
        return found

    def insured_numbers(self) -> set[str]:
        """The insured numbers of its lines, refused ones too."""
        return {number for part in self.lines_in_order() for number in part.insured_number}

    def columns_in_order(self) -> Columns:
        """The columns of its parts in the order of their part numbers, one after the other."""
        return Columns.joined([Columns.of(lines) for lines in self.lines_in_order()])

    @property
    def line_count(self) -> int:
        """How many lines were sent, refused ones too."""
        return sum(map(len, self.lines_in_order()))
