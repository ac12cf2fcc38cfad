"""The lines, as they are kept: one row of arrays a part."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import asyncpg
import numpy as np

from recouvra.chassis.binary_rows import (
    bytea,
    copy_rows,
    int4,
    int4_array,
    int4s,
    int8,
    int8_array,
    int8s,
    text,
    text_array,
    timestamptz,
)
from recouvra.chassis.database import Connection
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.law.declared import Header
from services.contributions.domain.book import Book
from services.contributions.domain.columns import Columns, Integers, PlainLines, as_text
from services.contributions.domain.declaration import Declaration, Part, State

DeclarationKey = tuple[str, str]


def packed(numbers: Sequence[str]) -> tuple[Integers, list[str] | None]:
    """Insured numbers as integers; one that is not 12 digits is -n, the n-th of the second list."""
    others: list[str] = []
    integers = []
    for number in numbers:
        if len(number) == 12 and number.isdecimal():
            integers.append(int(number))
        else:
            others.append(number)
            integers.append(-len(others))
    return np.array(integers, np.int64), others or None


def unpacked(integers: Sequence[int], others: Sequence[str] | None) -> list[str]:
    """The numbers that were packed."""
    if not others:
        return list(map(as_text, integers))
    return [as_text(number) if number >= 0 else others[-number - 1] for number in integers]


async def load(
    connection: Connection,
    declarations: Mapping[DeclarationKey, Declaration],
    coming: Mapping[DeclarationKey, Collection[int]] = MappingProxyType({}),
    counted: Collection[DeclarationKey] = (),
) -> None:
    """Fills in each declaration's parts; of those that stay incomplete, without their lines.

    Args:
        coming: the parts of each declaration that are about to be read.
        counted: declarations whose lines are needed, whatever comes.
    """
    if not declarations:
        return
    for row in await _rows(connection, _HEADS, declarations):
        declarations[row["payer_id"], row["declaration_id"]].parts[row["part"]] = _part(row)
    whole = {
        key: declaration
        for key, declaration in declarations.items()
        if declaration.state is not State.INCOMPLETE
        or key in counted
        or len(declaration.parts.keys() | set(coming.get(key, ()))) >= declaration.parts_announced
    }
    for row in await _rows(connection, _LINES, whole) if whole else ():
        held = declarations[row["payer_id"], row["declaration_id"]].parts
        held[row["part"]] = held[row["part"]]._replace(lines=_lines(row))


_THEIRS = """
    select found.* from unnest($1::text[], $2::text[], $3::text[]) w(payer_id, declaration_id, period), lateral (
        select {} from part
        where payer_id = w.payer_id and declaration_id = w.declaration_id and period = w.period offset 0) found
"""
_HEADS = _THEIRS.format(
    "payer_id, declaration_id, part, read_no, sent_period, sent_parts, sent_replaces, sent_lines, sent_base_xof, "
    "ce_time, content"
)
_LINES = _THEIRS.format(
    "payer_id, declaration_id, part, array_send(line_nos) as line_nos, array_send(insured_numbers) as insured_numbers, "
    "other_numbers, array_send(bases_xof) as bases_xof"
)


def _lines(row: asyncpg.Record) -> DeclaredLines:
    line_nos, numbers, bases = int4s(row["line_nos"]), int8s(row["insured_numbers"]), int8s(row["bases_xof"])
    if not row["other_numbers"]:
        return PlainLines(line_nos, numbers, bases)
    return DeclaredLines(line_nos.tolist(), unpacked(numbers.tolist(), row["other_numbers"]), bases.tolist())


async def _rows(
    connection: Connection, sql: str, declarations: Mapping[DeclarationKey, Declaration]
) -> list[asyncpg.Record]:
    keys = sorted(declarations)
    return await connection.fetch(
        sql,
        [payer_id for payer_id, _ in keys],
        [declaration_id for _, declaration_id in keys],
        [declarations[key].period for key in keys],
    )


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
        lines=None,
    )


_COLUMNS = (
    ("payer_id", text),
    ("declaration_id", text),
    ("period", text),
    ("part", int4),
    ("read_no", int4),
    ("sent_period", text),
    ("sent_parts", int4),
    ("sent_replaces", text),
    ("sent_lines", int8),
    ("sent_base_xof", int8),
    ("ce_time", timestamptz),
    ("content", bytea),
    ("line_nos", int4_array),
    ("insured_numbers", int8_array),
    ("other_numbers", text_array),
    ("bases_xof", int8_array),
)


async def save(connection: Connection, book: Book) -> None:
    """Adds the parts that are new, by COPY; their accounts are locked, so nobody else can add the same."""
    rows = []
    for payer_id, declaration_id, number in sorted(book.changes.parts):
        declaration = book.accounts[payer_id].declarations[declaration_id]
        part = declaration.parts[number]
        if part.lines is None:
            raise LookupError(f"part {part.part} of {declaration_id} is new, and without its lines")
        columns = Columns.of(part.lines)
        numbers, others = columns.numbers, None
        if numbers is None:
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
                columns.line_nos,
                numbers,
                others,
                columns.bases,
            )
        )
    if rows:
        await copy_rows(connection, "part", _COLUMNS, rows)


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
