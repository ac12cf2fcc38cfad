"""Declarations and their last answers; which of them a batch can touch."""

from __future__ import annotations

import json
from collections.abc import Collection

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.contracts.codes import AnomalyCode
from recouvra.law.finding import Finding
from services.contributions.domain.account import Account
from services.contributions.domain.book import Book
from services.contributions.domain.declaration import Answer, Declaration, State
from services.contributions.store.parts import DeclarationKey


async def load(
    connection: Connection,
    accounts: dict[str, Account],
    named: Collection[DeclarationKey],
    periods: Collection[tuple[str, str]],
    affiliated: Collection[str],
) -> dict[DeclarationKey, Declaration]:
    """Fills in the accounts' declarations, without parts.

    Args:
        named: (payer_id, declaration_id) that the batch names, as itself or in `replaces`.
        periods: (payer_id, period) in which one may take effect: those in force there come too.
        affiliated: payers whose affiliation is in the batch: those that wait for it, and what they replace, come too.
    """
    # Without the findings, which no rule reads again and which may be many. `offset 0`: key by key through the index,
    # whatever a planner believes of a table that has grown since it was last counted. The same may come twice.
    rows = await connection.fetch(
        """
        with d as not materialized (
            select payer_id, declaration_id, period, parts_announced, replaces, state, completed_no, replaced_by,
                outcome, lines_received, lines_accepted, lines_rejected, insured_share_xof, payer_share_xof, due_on
            from declaration
        ), waiting as (
            select * from d where state = 'pending' and payer_id = any($5::text[])
        ), named as (
            select * from unnest($1::text[], $2::text[]) n(payer_id, declaration_id)
            union all select payer_id, replaces from waiting where replaces is not null
        ), periods as (
            select * from unnest($3::text[], $4::text[]) p(payer_id, period)
            union all select payer_id, period from waiting
        )
        select found.* from named n, lateral (
            select * from d where d.payer_id = n.payer_id and d.declaration_id = n.declaration_id offset 0) found
        union all
        select found.* from periods p, lateral (
            select * from d where d.payer_id = p.payer_id and d.period = p.period and d.state = 'accepted'
                and d.replaced_by is null offset 0) found
        union all
        select * from waiting
        """,
        [payer_id for payer_id, _ in named],
        [declaration_id for _, declaration_id in named],
        [payer_id for payer_id, _ in periods],
        [period for _, period in periods],
        list(affiliated),
    )
    found = {}
    for row in rows:
        declaration = declaration_of(row)
        accounts[row["payer_id"]].declarations[row["declaration_id"]] = declaration
        found[row["payer_id"], row["declaration_id"]] = declaration
    return found


def declaration_of(row: asyncpg.Record, findings: str | None = None) -> Declaration:
    """The declaration that a row holds, without its parts; its answer with the findings that are given."""
    return Declaration(
        declaration_id=row["declaration_id"],
        period=row["period"],
        parts_announced=row["parts_announced"],
        replaces=row["replaces"],
        state=State(row["state"]),
        completed_no=row["completed_no"],
        replaced_by=row["replaced_by"],
        answer=None if row["outcome"] is None else _answer(row, findings),
    )


def _answer(row: asyncpg.Record, findings: str | None) -> Answer:
    """The answer, mostly without findings: no rule reads them again, and only an answer given anew is saved."""
    return Answer(
        outcome=row["outcome"],
        lines_received=row["lines_received"],
        lines_accepted=row["lines_accepted"],
        lines_rejected=row["lines_rejected"],
        insured_share_xof=row["insured_share_xof"],
        payer_share_xof=row["payer_share_xof"],
        due_on=row["due_on"],
        findings=() if findings is None else findings_of(findings),
    )


async def load_findings(
    connection: Connection, accounts: dict[str, Account], named: Collection[DeclarationKey]
) -> None:
    """Fills in the findings of the answers of these declarations, those of them that are loaded and were answered."""
    rows = await connection.fetch(
        "select payer_id, declaration_id, findings from declaration join unnest($1::text[], $2::text[]) "
        "t(payer_id, declaration_id) using (payer_id, declaration_id) where findings is not null",
        [payer_id for payer_id, _ in named],
        [declaration_id for _, declaration_id in named],
    )
    for payer_id, declaration_id, findings in rows:
        declaration = accounts[payer_id].declarations.get(declaration_id)
        if declaration is not None and declaration.answer is not None:
            declaration.answer = declaration.answer._replace(findings=findings_of(findings))


def findings_of(kept: str) -> tuple[Finding, ...]:
    """The findings of an answer, all of them, from the JSON that keeps them."""
    return tuple(
        Finding(line_no, AnomalyCode(code), field, received, expected)
        for line_no, code, field, received, expected in json.loads(kept)
    )


_ANNOUNCED = ("payer_id", "declaration_id", "period", "parts_announced", "replaces")
_MOVES = (
    "state",
    "completed_no",
    "replaced_by",
    "outcome",
    "lines_received",
    "lines_accepted",
    "lines_rejected",
    "insured_share_xof",
    "payer_share_xof",
    "due_on",
    "findings",
)


async def save(connection: Connection, book: Book) -> None:
    """Adds the declarations that are new, changes those that changed, and adds the pairs of them found doubled.

    New ones by COPY: their accounts are locked, so nobody else can add the same.
    """
    new, kept = [], []
    for key in sorted(book.changes.declarations):
        payer_id, declaration_id = key
        declaration = book.accounts[payer_id].declarations[declaration_id]
        moves = _moves(declaration, is_answered=key in book.changes.answers)
        if key in book.changes.new_declarations:
            announced = declaration.period, declaration.parts_announced, declaration.replaces
            new.append((payer_id, declaration_id, *announced, *moves))
        else:
            kept.append((payer_id, declaration_id, *moves))
    if new:
        await connection.copy_records_to_table("declaration", columns=(*_ANNOUNCED, *_MOVES), records=new)
    if kept:
        await connection.execute(
            """
            update declaration d set state = t.state, completed_no = t.completed_no, replaced_by = t.replaced_by,
                outcome = t.outcome, lines_received = t.lines_received, lines_accepted = t.lines_accepted,
                lines_rejected = t.lines_rejected, insured_share_xof = t.insured_share_xof,
                payer_share_xof = t.payer_share_xof, due_on = t.due_on, findings = coalesce(t.findings, d.findings)
            from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::int[], $8::int[],
                $9::int[], $10::bigint[], $11::bigint[], $12::date[], $13::jsonb[])
                t(payer_id, declaration_id, state, completed_no, replaced_by, outcome, lines_received, lines_accepted,
                lines_rejected, insured_share_xof, payer_share_xof, due_on, findings)
            where d.payer_id = t.payer_id and d.declaration_id = t.declaration_id
            """,
            *map(list, zip(*kept, strict=True)),
        )
    if book.changes.doubled:
        await connection.execute(
            "insert into doubled (payer_id, period, declaration_id, doubled_by) "
            "select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing",
            *[list(column) for column in zip(*sorted(book.changes.doubled), strict=True)],
        )


def _moves(declaration: Declaration, *, is_answered: bool) -> tuple[object, ...]:
    """What changes of a declaration, in the order of `_MOVES`; the findings only of an answer that is given anew."""
    where = declaration.state.value, declaration.completed_no, declaration.replaced_by
    answer = declaration.answer
    if answer is None:
        return *where, *_UNANSWERED
    return (
        *where,
        answer.outcome,
        answer.lines_received,
        answer.lines_accepted,
        answer.lines_rejected,
        answer.insured_share_xof,
        answer.payer_share_xof,
        answer.due_on,
        json.dumps(answer.findings) if is_answered else None,
    )


_UNANSWERED = (None,) * 8
