"""What each declaration in force makes due is what its stored lines come to, judged again by the law."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg

from recouvra.chassis.verifying import Finding, Invariant, Look
from recouvra.contracts.codes import Message
from recouvra.law.declared import Lines
from recouvra.law.lines import judge_lines
from services.contributions.store.parts import unpacked

_AHEAD = 20  # parts of a thousand lines each
_SQL = """
select part.payer_id, part.declaration_id, part.period, part.part, part.line_nos, part.insured_numbers,
    part.other_numbers, part.bases_xof, d.lines_received, d.lines_accepted, d.lines_rejected, d.insured_share_xof,
    d.payer_share_xof, pair.payer_kind, pair.law_edition, account.known_at
from part join declaration d using (payer_id, declaration_id, period) join pair using (payer_id, period)
    left join account on account.key = payer_id
where d.state = 'accepted'
order by part.payer_id, part.declaration_id, part.part
"""


async def _judged(look: Look) -> AsyncIterator[Finding]:
    """Declaration after declaration, with the lines of one at a time in memory."""
    async with look.snapshot() as connection:
        parts: list[asyncpg.Record] = []
        async for row in connection.cursor(_SQL, prefetch=_AHEAD):
            if parts and _of(parts[0]) != _of(row):
                for finding in await asyncio.to_thread(_differences, parts):
                    yield finding
                parts = []
            parts.append(row)
        for finding in await asyncio.to_thread(_differences, parts) if parts else ():
            yield finding


def _of(row: asyncpg.Record) -> tuple[str, str]:
    return row["payer_id"], row["declaration_id"]


def _differences(parts: Sequence[asyncpg.Record]) -> list[Finding]:
    first = parts[0]
    names = ("lines_received", "lines_accepted", "lines_rejected", "insured_share_xof", "payer_share_xof")
    there, should = tuple(first[name] for name in names), _judge(parts)
    if there == should:
        return []
    where = {"payer_id": first["payer_id"], "declaration_id": first["declaration_id"], "period": first["period"]}
    return [Finding(where, list(there), None if should is None else list(should), first["known_at"])]


def _judge(parts: Sequence[asyncpg.Record]) -> tuple[int, ...] | None:
    """Lines received, accepted and refused, and both shares; None for columns that no lines can have."""
    first = parts[0]
    try:
        lines = [
            Lines(part["line_nos"], unpacked(part["insured_numbers"], part["other_numbers"]), part["bases_xof"])
            for part in parts
        ]
        judged = judge_lines(lines, first["payer_kind"], first["period"], None, first["law_edition"])
    except (ValueError, LookupError, TypeError):
        return None
    received = sum(len(part["line_nos"]) for part in parts)
    shares = judged.insured_share_xof, judged.payer_share_xof
    return received, judged.accepted_count, judged.refused_count, *shares


JUDGED = Invariant(
    "declarations-are-judged-right",
    Message(
        fr="Chaque déclaration acceptée fait devoir ce que ses lignes gardées donnent par la loi.",
        en="Every accepted declaration makes due what its stored lines come to by the law (DEF-001, DEF-022).",
    ),
    _judged,
    seldom=True,
)
