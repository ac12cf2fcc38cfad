"""Declarations and their last answers; which of them a batch can touch."""

from __future__ import annotations

import json
from collections.abc import Collection

import asyncpg

from recouvra.chassis.database import Connection
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
    # Without the findings, which no rule reads again and which may be many.
    rows = await connection.fetch(
        """
        with d as not materialized (
            select payer_id, declaration_id, period, parts_announced, replaces, state, completed_no, replaced_by,
                outcome, lines_received, lines_accepted, lines_rejected, insured_share_xof, payer_share_xof, due_on
            from declaration
        ), waiting as (
            select * from d where state = 'pending' and payer_id = any($5::text[])
        )
        select d.* from d join unnest($1::text[], $2::text[]) t(payer_id, declaration_id)
            using (payer_id, declaration_id)
        union
        select d.* from d join unnest($3::text[], $4::text[]) t(payer_id, period) using (payer_id, period)
            where d.state = 'accepted' and d.replaced_by is null
        union
        select * from waiting
        union
        select d.* from waiting w join d on d.payer_id = w.payer_id and d.declaration_id = w.replaces
        union
        select d.* from waiting w join d on d.payer_id = w.payer_id and d.period = w.period
            where d.state = 'accepted' and d.replaced_by is null
        """,
        [payer_id for payer_id, _ in named],
        [declaration_id for _, declaration_id in named],
        [payer_id for payer_id, _ in periods],
        [period for _, period in periods],
        list(affiliated),
    )
    found = {}
    for row in rows:
        declaration = _declaration(row)
        accounts[row["payer_id"]].declarations[row["declaration_id"]] = declaration
        found[row["payer_id"], row["declaration_id"]] = declaration
    return found


def _declaration(row: asyncpg.Record) -> Declaration:
    return Declaration(
        declaration_id=row["declaration_id"],
        period=row["period"],
        parts_announced=row["parts_announced"],
        replaces=row["replaces"],
        state=State(row["state"]),
        completed_no=row["completed_no"],
        replaced_by=row["replaced_by"],
        answer=None if row["outcome"] is None else _answer(row),
    )


def _answer(row: asyncpg.Record) -> Answer:
    """The answer without its findings: no rule reads them again, and an answer that is not given anew is not saved."""
    return Answer(
        outcome=row["outcome"],
        lines_received=row["lines_received"],
        lines_accepted=row["lines_accepted"],
        lines_rejected=row["lines_rejected"],
        insured_share_xof=row["insured_share_xof"],
        payer_share_xof=row["payer_share_xof"],
        due_on=row["due_on"],
        findings=(),
    )


async def save(connection: Connection, book: Book) -> None:
    """Writes the declarations that are new or changed, and the pairs of them found doubled."""
    keys = sorted(book.changes.declarations | book.changes.answers)
    if keys:
        declarations = [book.accounts[payer_id].declarations[declaration_id] for payer_id, declaration_id in keys]
        answers = [declaration.answer for declaration in declarations]
        await connection.execute(
            """
            insert into declaration (payer_id, declaration_id, period, parts_announced, replaces, state, completed_no,
                replaced_by, outcome, lines_received, lines_accepted, lines_rejected, insured_share_xof,
                payer_share_xof, due_on, findings)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::int[],
                $8::text[], $9::text[], $10::int[], $11::int[], $12::int[], $13::bigint[], $14::bigint[], $15::date[],
                $16::jsonb[])
            on conflict (payer_id, declaration_id) do update set state = excluded.state,
                completed_no = excluded.completed_no, replaced_by = excluded.replaced_by, outcome = excluded.outcome,
                lines_received = excluded.lines_received, lines_accepted = excluded.lines_accepted,
                lines_rejected = excluded.lines_rejected, insured_share_xof = excluded.insured_share_xof,
                payer_share_xof = excluded.payer_share_xof, due_on = excluded.due_on,
                findings = coalesce(excluded.findings, declaration.findings)
            """,
            [payer_id for payer_id, _ in keys],
            [declaration_id for _, declaration_id in keys],
            [declaration.period for declaration in declarations],
            [declaration.parts_announced for declaration in declarations],
            [declaration.replaces for declaration in declarations],
            [declaration.state.value for declaration in declarations],
            [declaration.completed_no for declaration in declarations],
            [declaration.replaced_by for declaration in declarations],
            [a and a.outcome for a in answers],
            [a and a.lines_received for a in answers],
            [a and a.lines_accepted for a in answers],
            [a and a.lines_rejected for a in answers],
            [a and a.insured_share_xof for a in answers],
            [a and a.payer_share_xof for a in answers],
            [a and a.due_on for a in answers],
            [
                json.dumps(a.findings) if a is not None and key in book.changes.answers else None
                for key, a in zip(keys, answers, strict=True)
            ],
        )
    if book.changes.doubled:
        await connection.execute(
            "insert into doubled (payer_id, period, declaration_id, doubled_by) "
            "select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing",
            *[list(column) for column in zip(*sorted(book.changes.doubled), strict=True)],
        )
