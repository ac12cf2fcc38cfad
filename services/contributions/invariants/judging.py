"""What each declaration in force makes due is what its stored lines come to, judged again by the law; who is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import md5

import asyncpg

from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.codes import Message
from recouvra.law.base import base_used
from recouvra.law.declared import Lines
from recouvra.law.lines import judge_lines
from recouvra.law.parameters import rates_for
from recouvra.law.shares import sum_of_shares
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


@dataclass(slots=True)
class _People:
    """Whom one payer ever declared, as `_digest`s; of each payer before it, how many and their sum, to be compared."""

    payer_id: str = ""
    digests: set[int] = field(default_factory=set)
    sums: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, payer_id: str, digests: AbstractSet[int]) -> None:
        """Adds those of a declaration; the payers come one after the other."""
        if payer_id != self.payer_id:
            self.end()
            self.payer_id = payer_id
        self.digests |= digests

    def end(self) -> None:
        """Sums up the payer in hand."""
        if self.digests:
            self.sums[self.payer_id] = len(self.digests), sum(self.digests)
        self.digests = set()


def _digest(number: str) -> int:
    """What stands for an insured number in the sums: itself, or 32 bits of what is no 12 digits, beyond those."""
    if len(number) == 12 and number.isascii() and number.isdecimal():
        return int(number)
    return 10**12 + int.from_bytes(md5(number.encode(), usedforsecurity=False).digest()[:4])


async def _judged(look: Look) -> AsyncIterator[Finding]:
    """Declaration after declaration, with the lines of one at a time in memory."""
    people = look.known["people"] = _People()
    async with look.snapshot() as connection:
        look.known["careers"] = await connection.fetch(_CAREERS)
        parts: list[asyncpg.Record] = []
        async for row in connection.cursor(_SQL, prefetch=_AHEAD):
            if parts and _of(parts[0]) != _of(row):
                for finding in await asyncio.to_thread(_differences, parts, people):
                    yield finding
                parts = []
            parts.append(row)
        for finding in await asyncio.to_thread(_differences, parts, people) if parts else ():
            yield finding
    people.end()


_CAREERS = """
select payer_id, count(*) as n, sum(case when insured_number ~ '^[0-9]{12}$' then insured_number::bigint
    else 1000000000000 + ('x' || left(md5(insured_number), 8))::bit(32)::bigint end)::numeric::text as digests,
    account.known_at
from career left join account on account.key = payer_id group by payer_id, account.known_at
"""


async def _careers(look: Look) -> AsyncIterator[Finding]:
    """Compares counts and sums, payer by payer: a number too many or too few, or another one, shows in them."""
    if "people" not in look.known:
        async for _ in _judged(look):
            pass
    kept = {row["payer_id"]: row for row in look.known["careers"]}
    sums: dict[str, tuple[int, int]] = look.known["people"].sums
    for payer_id in sorted(kept.keys() | sums.keys()):
        row, should = kept.get(payer_id), sums.get(payer_id, (0, 0))
        if ((row["n"], int(row["digests"])) if row else (0, 0)) != should:
            yield Finding({"payer_id": payer_id}, row and row["n"], should[0], row and row["known_at"])


def _of(row: asyncpg.Record) -> tuple[str, str]:
    return row["payer_id"], row["declaration_id"]


def _differences(parts: Sequence[asyncpg.Record], people: _People) -> list[Finding]:
    first = parts[0]
    names = ("lines_received", "lines_accepted", "lines_rejected", "insured_share_xof", "payer_share_xof")
    there = tuple(first[name] for name in names)
    if _plainly(parts, people) == there:
        return []
    should = _judge(parts, people)
    if there == should:
        return []
    where = {"payer_id": first["payer_id"], "declaration_id": first["declaration_id"], "period": first["period"]}
    return [Finding(where, list(there), None if should is None else list(should), first["known_at"])]


Came = tuple[int, int, int, int, int]
"""Lines received, accepted and refused, and both shares."""


def _plainly(parts: Sequence[asyncpg.Record], people: _People) -> Came | None:
    """What lines come to of which none can be refused, several times as fast; None where one might be.

    No base is negative, no line and no number stands there twice. Source: DEF-001, DEF-022.
    """
    first = parts[0]
    kind, period, edition = first["payer_kind"], first["period"], first["law_edition"]
    numbers = [number for part in parts for number in part["insured_numbers"]]
    bases = [base_xof for part in parts for base_xof in part["bases_xof"]]
    line_nos = {line_no for part in parts for line_no in part["line_nos"]}
    count, distinct = len(bases), set(numbers)
    if any(part["other_numbers"] for part in parts) or not count == len(numbers) == len(distinct) == len(line_nos):
        return None
    rates = rates_for(kind, period, edition)
    if rates is None or (count and (min(bases) < 0 or min(numbers) < 0)):
        return None
    used = [base_used(kind, base_xof, period, edition) for base_xof in bases]
    people.add(first["payer_id"], distinct)
    return count, count, 0, sum_of_shares(used, rates.insured_rate), sum_of_shares(used, rates.payer_rate)


def _judge(parts: Sequence[asyncpg.Record], people: _People) -> Came | None:
    """What the lines come to by the law's own judgement; None for columns that no lines can have."""
    first = parts[0]
    try:
        lines = [
            Lines(part["line_nos"], unpacked(part["insured_numbers"], part["other_numbers"]), part["bases_xof"])
            for part in parts
        ]
        judged = judge_lines(lines, first["payer_kind"], first["period"], None, first["law_edition"])
    except (ValueError, LookupError, TypeError):
        return None
    people.add(first["payer_id"], {_digest(number) for number in judged.insured_numbers})
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

CAREERS = Invariant(
    "careers-are-the-lines",
    Message(
        fr="Chaque numéro déclaré mène à qui l'a déclaré, et aucun autre.",
        en="Every number that was declared leads to who declared it, and no other does.",
    ),
    _careers,
    seldom=True,
)

DOUBLED = in_sql(
    "doubles-are-listed",
    "Deux déclarations en vigueur qui nomment les mêmes personnes sont dans la liste, et rien d'autre.",
    "Two declarations that named the same workers while both were in force are listed, and nothing else is (DEF-024).",
    """
    select d.payer_id, d.declaration_id as doubled_by, null as found, f ->> 4 as expected, account.known_at as since
    from declaration d left join account on account.key = d.payer_id, jsonb_array_elements(d.findings) f
    where d.state = 'accepted' and f ->> 1 = 'already-declared' and not exists (
        select from doubled where doubled.payer_id = d.payer_id and doubled.period = d.period
            and doubled.declaration_id = f ->> 4 and doubled.doubled_by = d.declaration_id)
    group by d.payer_id, d.declaration_id, f ->> 4, account.known_at
    union all
    select o.payer_id, o.doubled_by, o.declaration_id, null, account.known_at
    from doubled o left join account on account.key = o.payer_id
    where 2 <> (select count(*) from declaration d where d.payer_id = o.payer_id and d.period = o.period
                and d.state = 'accepted' and d.declaration_id in (o.declaration_id, o.doubled_by))
    """,
)

LINES = (JUDGED, CAREERS, DOUBLED)
