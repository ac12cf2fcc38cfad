"""What each declaration in force makes due is what its stored lines come to, judged again by the law; who is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import md5

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.codes import Message
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.law.base import base_used
from recouvra.law.lines import accepted_numbers, judge_lines
from recouvra.law.parameters import rates_for
from recouvra.law.shares import sum_of_shares
from services.contributions.store.parts import unpacked

_AHEAD = 20  # parts of a thousand lines each
_PAYERS, _NUMBERS = 500, 200_000  # whose numbers are looked up at once
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
    """Whom payers declared, as `_digest`s, until it is looked up whether each number leads to its payer.

    Attributes:
        declared: by payer, those not looked up yet; the payers come one after the other.
        astray: of each payer that has any, how many numbers do not lead to it.
    """

    declared: dict[str, set[int]] = field(default_factory=dict)
    astray: list[Finding] = field(default_factory=list)

    def add(self, payer_id: str, digests: AbstractSet[int]) -> None:
        """Adds those of a declaration."""
        self.declared.setdefault(payer_id, set()).update(digests)

    async def look_up(self, connection: Connection, *, but: str | None = None) -> None:
        """Looks up what was added, of every payer but one, of which more may come."""
        payers = [payer_id for payer_id in self.declared if payer_id != but]
        for payer_id, known_at, leading in await connection.fetch(_LEADING, payers):
            if lost := self.declared[payer_id].difference(leading):
                self.astray.append(Finding({"payer_id": payer_id}, None, len(lost), known_at))
        self.declared = {payer_id: self.declared[payer_id] for payer_id in self.declared if payer_id == but}


def _digest(number: str) -> int:
    """What stands for an insured number in the sums: itself, or 32 bits of what is no 12 digits, beyond those."""
    if len(number) == 12 and number.isascii() and number.isdecimal():
        return int(number)
    return 10**12 + int.from_bytes(md5(number.encode(), usedforsecurity=False).digest()[:4])


async def _judged(look: Look) -> AsyncIterator[Finding]:
    """Declaration after declaration, with the lines of one at a time in memory."""
    people = look.known["people"] = _People()
    async with look.snapshot() as connection:
        parts: list[asyncpg.Record] = []
        async for row in connection.cursor(_SQL, prefetch=_AHEAD):
            if parts and _of(parts[0]) != _of(row):
                for finding in await asyncio.to_thread(_differences, parts, people):
                    yield finding
                parts = []
                if len(people.declared) > _PAYERS or sum(map(len, people.declared.values())) > _NUMBERS:
                    await people.look_up(connection, but=row["payer_id"])
            parts.append(row)
        for finding in await asyncio.to_thread(_differences, parts, people) if parts else ():
            yield finding
        await people.look_up(connection)


# Of payers, the digests of the numbers by which their declarations are found.
_LEADING = """
select wanted.payer_id, account.known_at, coalesce(array_agg(
    case when number ~ '^[0-9]{12}$' then number::bigint
    else 1000000000000 + ('x' || left(md5(number), 8))::bit(32)::bigint end) filter (where number is not null), '{}')
from unnest($1::text[]) wanted(payer_id) left join account on account.key = wanted.payer_id
    left join lateral (
        select insured_number from insured where payer_id = wanted.payer_id
        union all select insured_number from career where payer_id = wanted.payer_id
    ) named(number) on true
group by wanted.payer_id, account.known_at
"""


async def _careers(look: Look) -> AsyncIterator[Finding]:
    """What the judging of all lines found on its way."""
    if "people" not in look.known:
        async for _ in _judged(look):
            pass
    for finding in look.known["people"].astray:
        yield finding


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
            DeclaredLines(part["line_nos"], unpacked(part["insured_numbers"], part["other_numbers"]), part["bases_xof"])
            for part in parts
        ]
        judged = judge_lines(lines, first["payer_kind"], first["period"], None, first["law_edition"])
    except (ValueError, LookupError, TypeError):
        return None
    people.add(first["payer_id"], {_digest(number) for number in accepted_numbers(lines)})
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
        fr="Chaque numéro déclaré mène à qui l'a déclaré : son employeur d'aujourd'hui, ou un autre qui est retenu.",
        en="Every number that was declared leads to who declared it: whose it is now, or another that is kept.",
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

ROSTERS = in_sql(
    "rosters-have-versions",
    "Chaque payeur à qui un assuré appartient a une version de sa liste, par laquelle un lecteur la sait à jour.",
    "Every payer to whom an insured person belongs has a version of its roster, by which a worker knows it holds.",
    """
    select i.payer_id, null as found, count(*) as expected, max(i.at) as since
    from insured i where i.payer_id is not null and not exists (select from roster r where r.payer_id = i.payer_id)
    group by i.payer_id
    """,
)

LINES = (JUDGED, CAREERS, DOUBLED, ROSTERS)
