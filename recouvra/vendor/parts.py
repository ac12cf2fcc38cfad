"""A declaration of any length, and the parts of at most 1,000 lines that it travels in."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from recouvra.contracts.declared_lines import DeclaredLines, UpTo
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import fitted

PART_LINES = 1_000
MOST_LINES = PART_LINES * 1_000
"""Of a declaration: as many parts as the contract takes."""


class LongDeclaration(PayrollDeclared):
    """A `payroll-declared` value that may hold the lines of all its parts, where it says that it has one alone."""

    lines: Annotated[DeclaredLines, UpTo(MOST_LINES)] = Field(
        description="All lines of the declaration, which is then cut into parts; or those of one part, at most 1,000.",
    )


def read_long(value: bytes, model: type[LongDeclaration] = LongDeclaration) -> PayrollDeclared:
    """Read a declaration's JSON as a record's value is read; one that says it has one part alone may be long.

    Raises NotJson, ValidationError.
    """
    declared = fitted(model, value)
    if declared.parts > 1 and len(declared.lines) > PART_LINES:
        return fitted(PayrollDeclared, value)  # which says what is wrong with it
    return declared


def split(declared: PayrollDeclared) -> Iterator[PayrollDeclared]:
    """The parts that a declaration travels in, always the same: one of at most 1,000 lines is its only part.

    Identity, totals and lines stay; `part` and `parts` count anew where there are several.
    """
    if len(declared.lines) <= PART_LINES:
        yield _part(declared, declared.part, declared.parts, declared.lines)
        return
    parts = -(-len(declared.lines) // PART_LINES)
    for part in range(parts):
        yield _part(declared, part + 1, parts, declared.lines.cut(part * PART_LINES, (part + 1) * PART_LINES))


def _part(declared: PayrollDeclared, part: int, parts: int, lines: DeclaredLines) -> PayrollDeclared:
    return PayrollDeclared(
        declaration_id=declared.declaration_id,
        payer_id=declared.payer_id,
        period=declared.period,
        part=part,
        parts=parts,
        replaces=declared.replaces,
        totals=declared.totals,
        lines=lines,
    )
