"""The lines, as they are kept: one row of arrays a part."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.law.declared import Header, Lines
from services.contributions.domain.book import Book
from services.contributions.domain.declaration import Declaration, Part

DeclarationKey = tuple[str, str]


def packed(numbers: Sequence[str]) -> tuple[list[int], list[str] | None]:
    """Insured numbers as integers; one that is not 12 digits is -n, the n-th of the second list."""
    others: list[str] = []
    integers = []
    for number in numbers:
        if len(number) == 12 and number.isdecimal():
            integers.append(int(number))
        else:
            others.append(number)
            integers.append(-len(others))
    return integers, others or None


def unpacked(integers: Sequence[int], others: Sequence[str] | None) -> list[str]:
    """The numbers that were packed."""
    if not others:
        return [f"{number:012d}" for number in integers]
    return [f"{number:012d}" if number >= 0 else others[-number - 1] for number in integers]


async def load(connection: Connection, declarations: dict[DeclarationKey, Declaration]) -> None:
    """Fills in each declaration's parts."""
    if not declarations:
        return
    keys = sorted(declarations)
    rows = await connection.fetch(
        "select part.* from part join unnest($1::text[], $2::text[], $3::text[]) w(payer_id, declaration_id, period) "
        "using (payer_id, declaration_id, period)",
        [payer_id for payer_id, _ in keys],
        [declaration_id for _, declaration_id in keys],
        [declarations[key].period for key in keys],
    )
    for row in rows:
        declarations[row["payer_id"], row["declaration_id"]].parts[row["part"]] = _part(row)


def _part(row: asyncpg.Record) -> Part:
    return Part(
        part=row["part"],
        read_no=row["read_no"],
        header=Header(
            row["payer_id"],
            row["sent_period"],
            row["sent_parts"],
            row["sent_replaces"],
            row["sent_lines"],
            row["sent_base_xof"],
        ),
        ce_time=row["ce_time"],
        content=row["content"],
        lines=Lines(row["line_nos"], unpacked(row["insured_numbers"], row["other_numbers"]), row["bases_xof"]),
    )


async def save(connection: Connection, book: Book) -> None:
    """Adds the parts that are new, by COPY; their accounts are locked, so nobody else can add the same."""
    rows = []
    for payer_id, declaration_id, number in sorted(book.changes.parts):
        declaration = book.accounts[payer_id].declarations[declaration_id]
        part = declaration.parts[number]
        numbers, others = packed(part.lines.insured_number)
        rows.append(
            (
                payer_id,
                declaration_id,
                declaration.period,
                part.part,
                part.read_no,
                part.header.period,
                part.header.parts,
                part.header.replaces,
                part.header.total_lines,
                part.header.total_base_xof,
                part.ce_time,
                part.content,
                part.lines.line_no,
                numbers,
                others,
                part.lines.base_xof,
            )
        )
    if rows:
        await connection.copy_records_to_table("part", records=rows)


async def contents_read(
    connection: Connection, payer_id: str, declaration_id: str
) -> tuple[str | None, dict[int, bytes]]:
    """A declaration's state, None where nothing of it was read, and the content of each part that was (DEF-027)."""
    row = await connection.fetchrow(
        "select state, period from declaration where payer_id = $1 and declaration_id = $2", payer_id, declaration_id
    )
    if row is None:
        return None, {}
    parts = await connection.fetch(
        "select part, content from part where payer_id = $1 and declaration_id = $2 and period = $3",
        payer_id,
        declaration_id,
        row["period"],
    )
    return row["state"], {part["part"]: part["content"] for part in parts}
