"""A career: what was declared of one insured person, found through the payers that may have declared the number."""

from __future__ import annotations

from recouvra.chassis.database import Connection
from services.contributions.domain.account import Pair
from services.contributions.domain.career import CareerLine, Sent, career_line
from services.contributions.domain.declaration import Declaration
from services.contributions.store import parts
from services.contributions.store.accounts import pair_of

# Where a line's number may have been refused for a line_no that stood there already, only the whole declaration tells
# which of the two stands. Otherwise the first line of the number with a base of 0 or more does (DEF-022).
_SENT = """
    with sent as (
        select d.payer_id, d.period, d.declaration_id, d.completed_no,
            array_agg(p.line_nos[at] order by p.part, at) as line_nos,
            array_agg(p.bases_xof[at] order by p.part, at) as bases_xof
        from (
                select payer_id from insured where insured_number = $1 and payer_id is not null
                union select payer_id from career where insured_number = $1
            ) whose
            join declaration d on d.payer_id = whose.payer_id and d.state = 'accepted' and d.replaced_by is null
            join part p on p.payer_id = d.payer_id and p.declaration_id = d.declaration_id and p.period = d.period
            cross join lateral unnest({places}) at
        group by d.payer_id, d.declaration_id
    )
    select sent.*, d.lines_rejected > 0 and exists (
            select from jsonb_array_elements(d.findings) finding
            where finding ->> 1 = 'duplicate-line' and finding ->> 2 = '/lines/line_no'
                and (finding ->> 0)::int = any(sent.line_nos)
        ) as is_contested, pair.payer_kind, pair.territory_code, pair.filing_frequency, pair.due_on, pair.law_edition,
        pair.insured_share_xof, pair.payer_share_xof, pair.line_count
    from sent join declaration d using (payer_id, declaration_id)
        join pair on pair.payer_id = sent.payer_id and pair.period = sent.period
    order by sent.period, sent.payer_id, sent.completed_no
"""
_NUMBER = "array_positions(p.insured_numbers, $2::bigint)"
_OTHER = "array(select array_position(p.insured_numbers, -n) from unnest(array_positions(p.other_numbers, $2::text)) n)"


async def belongs_to(connection: Connection, insured_number: str) -> tuple[bool, str | None]:
    """Whether the number is known or was ever declared, and whose it is now (None: nobody's that we know)."""
    row = await connection.fetchrow(
        "select i.payer_id, i.insured_number is not null or exists (select from career where insured_number = $1) "
        "from (values (1)) one(row) left join insured i on i.insured_number = $1",
        insured_number,
    )
    return (False, None) if row is None else (row[1], row[0])


async def career(connection: Connection, insured_number: str) -> list[CareerLine]:
    """Its accepted lines of declarations in force, by period, payer, then order of completion. Source: DEF-022."""
    (packed,), others = parts.packed([insured_number])
    if others is None:
        rows = await connection.fetch(_SENT.format(places=_NUMBER), insured_number, int(packed))
    else:
        rows = await connection.fetch(_SENT.format(places=_OTHER), insured_number, insured_number)
    whole = {(row["payer_id"], row["declaration_id"]): row["period"] for row in rows if row["is_contested"]}
    contested = {key: Declaration(key[1], period, 1, None) for key, period in whole.items()}
    await parts.load(connection, contested)
    found = []
    for row in rows:
        declaration = contested.get((row["payer_id"], row["declaration_id"]))
        sent = Sent(
            insured_number,
            list(zip(row["line_nos"], row["bases_xof"], strict=True)),
            None if declaration is None else declaration.lines_in_order(),
        )
        pair: Pair = pair_of(row)
        if (line := career_line(row["payer_id"], row["declaration_id"], pair, sent)) is not None:
            found.append(line)
    return found
