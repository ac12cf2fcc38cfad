"""The lines of a declaration judged one by one: refused or accepted, and what the accepted ones make due."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from recouvra.contracts.codes import AnomalyCode
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.law.base import base_used, is_below_floor
from recouvra.law.beside import Beside
from recouvra.law.finding import Finding
from recouvra.law.parameters import EDITION, floor_for, rates_for
from recouvra.law.shares import shares


@dataclass(slots=True)
class Judged:
    """What the lines come to: counts, shares in francs, and every finding in order.

    Attributes:
        strangers: the accepted numbers that, as the register says, are not the payer's.
        doubled: the payer's other declarations in force for the period that share an accepted number.
    """

    accepted_count: int = 0
    refused_count: int = 0
    insured_share_xof: int = 0
    payer_share_xof: int = 0
    findings: list[Finding] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Register:
    """What the fund knows beside the declaration itself; a vendor who checks offline knows nothing of it.

    Attributes:
        payer_id: the payer that declares.
        payer_of: insured number → the payer it belongs to now, None for none; a number that is absent is unknown.
        beside: the payer's declarations in force for the same period; None where there is no other.
        replaces: of those, the one whose place is taken: it stands beside nothing any more.
    """

    payer_id: str
    payer_of: Mapping[str, str | None]
    beside: Beside | None = None
    replaces: str | None = None


def judge_lines(
    parts: Sequence[DeclaredLines], payer_kind: str, period: str, register: Register | None, edition: int = EDITION
) -> Judged:
    """Judges every line of one declaration, in the order of its parts and of the lines within them.

    A period before the scheme must have been refused already: raises LookupError. Each share of each line is rounded
    on its own. Findings come in the order of the lines, and for one line in the order of the table of codes.
    Source: DEF-001, DEF-002, DEF-003, DEF-022, DEF-024.
    """
    rates = rates_for(payer_kind, period, edition)
    if rates is None:
        raise LookupError(f"no rate is dated for {payer_kind} in {period}")
    judged = Judged()
    assessed: dict[int, tuple[int, int, bool]] = {}
    for line_no, number, base_xof, refusal in weigh(parts):
        if refusal is not None:
            judged.refused_count += 1
            judged.findings.append(refusal)
            continue
        if base_xof not in assessed:
            used = base_used(payer_kind, base_xof, period, edition)
            assessed[base_xof] = (*shares(used, rates), is_below_floor(payer_kind, base_xof, period, edition))
        insured_share, payer_share, below_floor = assessed[base_xof]
        judged.accepted_count += 1
        judged.insured_share_xof += insured_share
        judged.payer_share_xof += payer_share
        if below_floor:
            judged.findings.append(raised(line_no, base_xof, floor_for(period, edition)))
        if register is not None:
            judge_worker(judged, line_no, number, register)
    return judged


def raised(line_no: int, base_xof: int, floor_xof: int) -> Finding:
    """What is said of a base below the floor, which is raised to it. Source: DEF-003, DEF-022."""
    return Finding(line_no, AnomalyCode.BELOW_FLOOR, "/lines/base_xof", base_xof, floor_xof)


def judge_worker(judged: Judged, line_no: int, number: str, register: Register) -> None:
    """Adds what the register says against an accepted line; the contribution is due all the same. Source: DEF-022."""
    pointer = "/lines/insured_number"
    if number not in register.payer_of:
        judged.findings.append(Finding(line_no, AnomalyCode.UNKNOWN_INSURED, pointer, number, None))
        judged.strangers.add(number)
    elif register.payer_of[number] != register.payer_id:
        judged.findings.append(Finding(line_no, AnomalyCode.NOT_EMPLOYED_HERE, pointer, number, None))
        judged.strangers.add(number)
    if register.beside is not None and (already := register.beside.naming(number, but=register.replaces)):
        judged.findings.append(Finding(line_no, AnomalyCode.ALREADY_DECLARED, pointer, number, already[0]))
        judged.doubled.update(already)


def accepted_lines(parts: Sequence[DeclaredLines]) -> Iterator[tuple[int, str, int]]:
    """The lines that stand, as (line_no, insured number, base), in their order. Source: DEF-022."""
    return ((line_no, number, base_xof) for line_no, number, base_xof, refusal in weigh(parts) if refusal is None)


def accepted_numbers(parts: Sequence[DeclaredLines]) -> set[str]:
    """The insured numbers of the lines that stand. Source: DEF-022."""
    return {number for _, number, _ in accepted_lines(parts)}


def weigh(parts: Sequence[DeclaredLines]) -> Iterator[tuple[int, str, int, Finding | None]]:
    """Each line as (line_no, insured number, base, why it is refused); only accepted lines stand in a later one's way.

    Source: DEF-022.
    """
    seen_lines: set[int] = set()
    seen_numbers: set[str] = set()
    for part in parts:
        for line_no, number, base_xof in zip(part.line_no, part.insured_number, part.base_xof, strict=True):
            refusal = None
            if base_xof < 0:
                refusal = Finding(line_no, AnomalyCode.NEGATIVE_BASE, "/lines/base_xof", base_xof, 0)
            elif line_no in seen_lines:
                refusal = Finding(line_no, AnomalyCode.DUPLICATE_LINE, "/lines/line_no", line_no, None)
            elif number in seen_numbers:
                refusal = Finding(line_no, AnomalyCode.DUPLICATE_LINE, "/lines/insured_number", number, None)
            else:
                seen_lines.add(line_no)
                seen_numbers.add(number)
            yield line_no, number, base_xof, refusal
