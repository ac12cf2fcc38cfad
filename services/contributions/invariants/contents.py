"""What is stored is what was read: its columns make its content hash again, and a claim in the inbox bears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import blake2b

import asyncpg
from pydantic_core import to_json

from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.codes import Message
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared, Totals
from services.contributions.store.parts import unpacked

_PARTS = 50  # of a thousand lines each
_PAYMENTS = 2_000
_LINE = '{"line_no":%d,"insured_number":"%012d","base_xof":%d}'


async def _parts(look: Look) -> AsyncIterator[Finding]:
    async with look.snapshot() as connection:
        sql = "select part.*, account.known_at from part left join account on account.key = payer_id"
        async for rows in _slices(connection.cursor(sql), _PARTS):
            for row in await asyncio.to_thread(_wrong, rows, _is_as_read):
                where = {name: row[name] for name in ("payer_id", "declaration_id", "part")}
                yield Finding(where, _again(row), row["content"], row["known_at"])


async def _slices(cursor: asyncpg.cursor.CursorFactory, size: int) -> AsyncIterator[list[asyncpg.Record]]:
    opened = await cursor
    while rows := await opened.fetch(size):
        yield rows


def _wrong(rows: Sequence[asyncpg.Record], is_right: Callable[[asyncpg.Record], bool]) -> list[asyncpg.Record]:
    return [row for row in rows if not is_right(row)]


def _is_as_read(row: asyncpg.Record) -> bool:
    content: bytes = row["content"]
    return (row["other_numbers"] is None and _quickly(row) == content) or _again(row) == content


def _quickly(row: asyncpg.Record) -> bytes:
    """The content of a part whose numbers are all 12 digits, ten times as fast as by the contract; what it cannot be
    where the columns are no part at all. Who finds another than is stored asks the contract."""
    head = to_json(_declared(row, DeclaredLines([], [], [])), exclude_none=True)
    count = len(row["line_nos"])
    if not count == len(row["insured_numbers"]) == len(row["bases_xof"]):
        return b""
    values = [0] * (3 * count)
    values[0::3], values[1::3], values[2::3] = row["line_nos"], row["insured_numbers"], row["bases_xof"]
    lines = ",".join([_LINE] * count) % tuple(values)
    said = head.removesuffix(b"]}") + lines.encode() + b"]}"
    return blake2b(PayrollDeclared.event_type().encode() + b"\n" + said, digest_size=16).digest()


def _again(row: asyncpg.Record) -> bytes | None:
    """The content by the contract's own rule; None for columns that are no part at all."""
    try:
        numbers = unpacked(row["insured_numbers"], row["other_numbers"])
        lines = DeclaredLines(row["line_nos"], numbers, row["bases_xof"])
    except (ValueError, IndexError, TypeError):
        return None
    return _declared(row, lines).content()


def _declared(row: asyncpg.Record, lines: DeclaredLines) -> PayrollDeclared:
    return PayrollDeclared.model_construct(
        declaration_id=row["declaration_id"],
        payer_id=row["payer_id"],
        period=row["sent_period"],
        part=row["part"],
        parts=row["sent_parts"],
        replaces=row["sent_replaces"],
        totals=Totals.model_construct(lines=row["sent_lines"], base_xof=row["sent_base_xof"]),
        lines=lines,
    )


async def _payments(look: Look) -> AsyncIterator[Finding]:
    async with look.snapshot() as connection:
        sql = (
            "select payment.*, account.known_at from payment left join account on account.key = account_key "
            "where record_key is not null"
        )
        async for rows in _slices(connection.cursor(sql), _PAYMENTS):
            for row in await asyncio.to_thread(_wrong, rows, _is_as_reported):
                where = {name: row[name] for name in ("source", "payment_id")}
                yield Finding(where, None, row["content"], row["known_at"])


def _is_as_reported(row: asyncpg.Record) -> bool:
    """Whether the payment says what its content says; of one read before references were kept, whether it may."""
    names = ("payment_id", "payer_id", "amount_xof", "paid_on", "channel", "period", "reverses")
    said = {name: row[name] for name in names}
    reference = row["reference"] if row["is_whole"] or row["payer_id"] is not None else row["record_key"]
    event = PaymentReported.model_construct(**said, reference=reference)
    if event.named_key == row["record_key"] and event.content() == row["content"]:
        return True
    # Beside a payer a reference may have been sent, which was not kept: nothing can be said then.
    return not row["is_whole"] and row["payer_id"] is not None and row["payer_id"] == row["record_key"]


PARTS = Invariant(
    "parts-are-as-read",
    Message(
        fr="Chaque partie de déclaration gardée est celle qui a été lue.",
        en="Every part of a declaration that is kept is what was read: its content hash is its columns' (DEF-027).",
    ),
    _parts,
    seldom=True,
)
PAYMENTS = Invariant(
    "payments-are-as-read",
    Message(
        fr="Chaque paiement gardé est celui qui a été lu.",
        en="Every payment that is kept is what was read: its content hash is its columns' (DEF-027).",
    ),
    _payments,
)
CLAIMED = in_sql(
    "what-is-kept-was-claimed",
    "Ce qui est gardé d'un enregistrement a sa ligne dans l'inbox.",
    "What is kept of a record is claimed in the inbox (DEF-027).",
    """
    select kept.* from (
        select 'part ' || payer_id || ' ' || declaration_id || ' ' || part as kept, null::text as source, content,
            null as found, 'inbox' as expected, ce_time as since from part
        union all
        select 'payment ' || payment_id, source, content, null, 'inbox', null from payment where content is not null
    ) kept
    where not exists (select from inbox i where i.content = kept.content
                      and i.source = coalesce(kept.source, i.source))
    """,
    seldom=True,
)

KEPT = in_sql(
    "what-was-claimed-is-kept",
    "Ce que l'inbox retient d'un enregistrement publié en amont est gardé.",
    "What the inbox claims of an upstream record is kept (DEF-027).",
    """
    select i.source, i.event_id, null as found, 'part | payment' as expected, null::timestamptz as since from inbox i
    where i.source <> '/registration' and not exists (select from part where part.content = i.content)
        and not exists (select from payment where payment.content = i.content and payment.source = i.source)
    """,
    seldom=True,
)

CONTENTS = (PARTS, PAYMENTS, CLAIMED, KEPT)
