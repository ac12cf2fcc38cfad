"""What the server would make of a file, as far as that can be told offline: its own rules, on what was read.

Everyone named is taken for known and employed by the payer, and nothing for declared before but what the file itself
holds: only the server knows better. The rules are recouvra/law's, which contributions judges by.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple

from recouvra.contracts.codes import AnomalyCode, Reason
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.event import FilingFrequency, PayerKind
from recouvra.law.base import base_used
from recouvra.law.beside import Beside
from recouvra.law.declared import Header, Named, cannot_replace, closed_by, own_fault
from recouvra.law.due import due_on
from recouvra.law.finding import Finding
from recouvra.law.insured_number import is_insured_number
from recouvra.law.lines import Judged, Register, accepted_numbers, judge_lines, weigh
from recouvra.law.parameters import rates_for
from recouvra.law.shares import shares
from recouvra.vendor.faults import Fault, FiledPart, Filing, Place, wanted

Outcome = Literal["accepted", "accepted_with_anomalies", "rejected", "incomplete"]


class Terms(NamedTuple):
    """What the file does not tell.

    Attributes:
        at: when it is sent, for values without a `ce_time` of their own.
        payer_kind: of every payer in the file; without it there are no dues, and no floor.
        filing_frequency: for the due day; without it there is none.
    """

    at: datetime
    payer_kind: PayerKind | None = None
    filing_frequency: FilingFrequency | None = None


class CheckedLine(NamedTuple):
    """A line: where it stands, what it declares, and what is due for it; None where it is refused or nobody can say."""

    place: Place
    line_no: int
    insured_number: str
    base_xof: int
    is_refused: bool
    base_used_xof: int | None
    insured_share_xof: int | None
    payer_share_xof: int | None

    @property
    def is_strange(self) -> bool:
        """Whether nobody can have this number: not the digits and the key of one that registration drew (DEF-014)."""
        return not is_insured_number(self.insured_number)

    @property
    def due_xof(self) -> int | None:
        """Both shares, in francs."""
        if self.insured_share_xof is None or self.payer_share_xof is None:
            return None
        return self.insured_share_xof + self.payer_share_xof


@dataclass(slots=True)
class Checked:
    """One declaration of the file, as the server would answer it.

    Attributes:
        parts: those of the file, in the order in which they stand in it.
        findings: the anomalies in the server's order, each with its place.
        insured_share_xof, payer_share_xof: what is due, None where nobody can say.
    """

    declaration_id: str
    payer_id: str
    period: str
    replaces: str | None
    announced: int
    parts: dict[int, FiledPart] = field(default_factory=dict)
    outcome: Outcome = "incomplete"
    findings: list[tuple[Finding, Place]] = field(default_factory=list)
    lines: list[CheckedLine] = field(default_factory=list)
    lines_accepted: int = 0
    lines_rejected: int = 0
    insured_share_xof: int | None = None
    payer_share_xof: int | None = None
    due_on: date | None = None
    replaced_by: str | None = None

    @property
    def lines_received(self) -> int:
        """How many lines the file has of it."""
        return sum(len(part.event.lines) for part in self.parts.values())

    @property
    def parts_lacking(self) -> list[int]:
        """The parts that it announces and the file does not hold."""
        complete = len(self.parts) >= self.announced
        return [] if complete else [part for part in range(1, self.announced + 1) if part not in self.parts]

    @property
    def assessed_xof(self) -> int | None:
        """What it makes due as a whole, in francs; None where nobody can say."""
        if self.insured_share_xof is None or self.payer_share_xof is None:
            return None
        return self.insured_share_xof + self.payer_share_xof

    @property
    def in_force(self) -> bool:
        """Whether it would be due, and stay so to the end of the file."""
        return self.outcome in ("accepted", "accepted_with_anomalies") and self.replaced_by is None

    @property
    def in_order(self) -> list[FiledPart]:
        """Its parts by their numbers: the order in which its lines count."""
        return [self.parts[number] for number in sorted(self.parts)]

    @property
    def lines_in_order(self) -> list[DeclaredLines]:
        """The lines of its parts in that order."""
        return [part.event.lines for part in self.in_order]


@dataclass(frozen=True, slots=True)
class Checking:
    """What a file comes to: every record that would be set aside, and every declaration with its answer."""

    faults: list[Fault]
    declarations: list[Checked]

    @property
    def is_fine(self) -> bool:
        """Whether everything would be read and every line accepted; with anomalies, perhaps, that are worth a look."""
        return not self.faults and all(
            one.outcome in ("accepted", "accepted_with_anomalies") and not one.lines_rejected
            for one in self.declarations
        )


def check(filing: Filing, terms: Terms) -> Checking:
    """Judges what was read of a file, in the order of the file. Source: DEF-021, DEF-022, DEF-024, DEF-027."""
    faults = list(filing.faults)
    found: dict[tuple[str, str], Checked] = {}
    in_force: dict[tuple[str, str], Beside] = {}  # by payer and period
    said: dict[tuple[str, str], bytes] = {}
    for filed in filing.parts:
        event, content = filed.event, filed.event.content()
        key = event.payer_id, event.declaration_id
        checked = found.get(key) or Checked(
            event.declaration_id, event.payer_id, event.period, event.replaces, event.parts
        )
        identity = (filed.envelope.source, filed.envelope.event_id) if filed.envelope else None
        before = checked.parts.get(event.part)
        if identity and said.get(identity, content) != content:
            faults.append(_conflict(filed, "ce_id"))
        elif (before and before.event.content() != content) or (before is None and checked.outcome != "incomplete"):
            faults.append(_conflict(filed, "/part"))
        else:
            if identity:
                said[identity] = content  # a record that is set aside claims nothing
            found[key] = checked
            checked.parts.setdefault(event.part, filed)
            if before is None and len(checked.parts) == checked.announced:
                beside = in_force.setdefault((checked.payer_id, checked.period), Beside())
                _judge(checked, beside, found.get((checked.payer_id, checked.replaces or "")), terms)
    return Checking(faults, list(found.values()))


def _conflict(filed: FiledPart, pointer: str) -> Fault:
    return Fault(filed.place(pointer), Reason.CONFLICTING_DUPLICATE, _OTHER)


_OTHER = wanted(
    "un autre identifiant, ou le même contenu : le fichier l'a déjà employé pour autre chose",
    "another identifier, or the same content: the file has used it for something else",
)


def _judge(checked: Checked, beside: Beside, named: Checked | None, terms: Terms) -> None:
    """Answers a complete declaration, as far as it can be told, `beside` its payer's that are in force by now.

    `named` is the one that it replaces, where the file holds anything of it. Source: DEF-021, DEF-022, DEF-024.
    """
    as_read, in_order, lines = list(checked.parts.values()), checked.in_order, checked.lines_in_order
    headers = [Header.said_in(part.event) for part in as_read]
    latest_at = max(part.envelope.time if part.envelope else terms.at for part in as_read)
    finding = own_fault(headers, lines, latest_at, terms.payer_kind)
    if finding is None and named is not None:
        _close_incomplete(named, checked)
        finding = _cannot_replace(checked, named)
    if finding is not None:
        checked.outcome, checked.lines_rejected = "rejected", checked.lines_received
        checked.findings = [(finding, _place_of(finding, as_read))]
        checked.insured_share_xof = checked.payer_share_xof = 0
        checked.lines = list(_lines(in_order, lines, checked.period, None))
        return
    if named is not None and named.in_force:
        named.replaced_by = checked.declaration_id
        beside.remove(named.declaration_id, accepted_numbers(named.lines_in_order))
    judged = _judged(checked, lines, beside, terms.payer_kind)
    checked.lines = list(_lines(in_order, lines, checked.period, terms.payer_kind))
    checked.findings = list(_placed(judged.findings, checked.lines, list(_spots(in_order))))
    checked.outcome = "accepted_with_anomalies" if judged.findings else "accepted"
    checked.lines_accepted, checked.lines_rejected = judged.accepted_count, judged.refused_count
    beside.add(checked.declaration_id, accepted_numbers(lines))
    if terms.payer_kind is not None:
        checked.insured_share_xof, checked.payer_share_xof = judged.insured_share_xof, judged.payer_share_xof
        if terms.filing_frequency is not None:
            checked.due_on = due_on(terms.payer_kind, terms.filing_frequency, checked.period)


def _close_incomplete(named: Checked, checked: Checked) -> None:
    """A complete declaration that is sound in itself closes the incomplete one that it replaces. Source: DEF-021."""
    if named.outcome == "incomplete" and named is not checked and named.period == checked.period:
        named.replaced_by = checked.declaration_id
        named.outcome, named.lines_rejected = "rejected", named.lines_received
        finding = closed_by(named.declaration_id, checked.declaration_id)
        named.findings = [(finding, next(iter(named.parts.values())).place(finding.field))]
        named.insured_share_xof = named.payer_share_xof = 0


def _cannot_replace(checked: Checked, named: Checked) -> Finding | None:
    known = Named(named.declaration_id, named.period, named.outcome.startswith("accepted"), named.replaced_by)
    return cannot_replace(checked.declaration_id, checked.period, named.declaration_id, known)


def _judged(checked: Checked, lines: list[DeclaredLines], beside: Beside, payer_kind: PayerKind | None) -> Judged:
    """The lines as the server judges them; without a kind, those that are refused whatever the payer is."""
    if payer_kind is not None:
        here = {number: checked.payer_id for part in lines for number in part.insured_number}
        return judge_lines(lines, payer_kind, checked.period, Register(checked.payer_id, here, beside))
    judged = Judged()
    for _, _, _, refusal in weigh(lines):
        if refusal is None:
            judged.accepted_count += 1
        else:
            judged.refused_count += 1
            judged.findings.append(refusal)
    return judged


def _lines(
    parts: Sequence[FiledPart], lines: Sequence[DeclaredLines], period: str, payer_kind: PayerKind | None
) -> Iterator[CheckedLine]:
    """Every line with its dues, each share rounded on its own. Source: DEF-001, DEF-003, DEF-022."""
    rates = rates_for(payer_kind, period) if payer_kind else None
    places = (part.line_place(index) for part, index in _spots(parts))
    for place, (line_no, number, base_xof, refusal) in zip(places, weigh(lines), strict=True):
        used_xof = insured_xof = payer_xof = None
        if refusal is None and rates is not None and payer_kind is not None:
            used_xof = base_used(payer_kind, base_xof, period)
            insured_xof, payer_xof = shares(used_xof, rates)
        yield CheckedLine(place, line_no, number, base_xof, refusal is not None, used_xof, insured_xof, payer_xof)


_REFUSALS = (AnomalyCode.NEGATIVE_BASE, AnomalyCode.DUPLICATE_LINE)


def _spots(parts: Sequence[FiledPart]) -> Iterator[tuple[FiledPart, int]]:
    return ((part, index) for part in parts for index in range(len(part.event.lines)))


def _placed(
    findings: Sequence[Finding], lines: Sequence[CheckedLine], spots: Sequence[tuple[FiledPart, int]]
) -> Iterator[tuple[Finding, Place]]:
    """Findings with the lines that they are about: they come in the order of the lines, and a refused line has one.

    Two lines may have one number: only one of them was accepted, and has the findings of accepted lines.
    """
    at = 0
    for finding in findings:
        is_refusal = finding.code in _REFUSALS
        while (lines[at].line_no, lines[at].is_refused) != (finding.line_no, is_refusal):
            at += 1
        part, index = spots[at]
        yield finding, part.place(finding.field, index)
        at += is_refusal


def _place_of(finding: Finding, as_read: Sequence[FiledPart]) -> Place:
    """Where a fault of the whole stands: in the first part that says what was received."""
    said = finding.field.strip("/").split("/")
    for part in as_read:
        value: object = part.event
        for step in said:
            value = getattr(value, step)
        if value == finding.received:
            return part.place(finding.field)
    return as_read[0].place(finding.field)
