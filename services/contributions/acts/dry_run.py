"""Answer a declaration without taking it in: the very answer that it would get now, and nothing kept."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import asyncpg
from pydantic import Field

from recouvra.chassis.clock import Clock
from recouvra.contracts.declared_lines import DeclaredLines, UpTo
from recouvra.contracts.envelope import Envelope
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Received
from recouvra.contracts.record import Record
from services.contributions.domain.account import Account
from services.contributions.domain.answers import FullAnswer
from services.contributions.domain.employment import PayerOf
from services.contributions.domain.rehearsing import rehearse
from services.contributions.store.book import Named, peek_book

LINES = 100_000
"""How many lines a dry run takes: a whole declaration at once, where an event carries a part of it."""
_RECORD = Record(PayrollDeclared.topic, 0, 0, None, None, ())
_SOURCE = "/contributions/dry-run"


class WholeDeclaration(PayrollDeclared):
    """A `payroll-declared` value of one part that may hold the lines of all."""

    part: int = Field(ge=1, le=1, description="1: a dry run takes the whole declaration in one part.")
    parts: int = Field(ge=1, le=1, description="1.")
    lines: Annotated[DeclaredLines, UpTo(LINES)] = Field(description="All lines of the declaration, at most 100,000.")


async def dry_run(pool: asyncpg.Pool, declared: WholeDeclaration) -> FullAnswer:
    """The `declaration-answered` value with every anomaly; judged on one snapshot, at the system's clock.

    Nothing is locked or written, and the session is free again before the rules run, in a thread. Raises
    rehearsing.WouldConflict, rehearsing.WouldWait. Source: DEF-021 to DEF-025.
    """
    named = await asyncio.to_thread(Named.by_declared, declared)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        now = (await Clock.read(connection, "system")).reading(None)
        book = await peek_book(connection, named)
    return await asyncio.to_thread(
        _rehearsed, declared, now, book.accounts[declared.payer_id], book.employment.by(declared.payer_id)
    )


def _rehearsed(declared: WholeDeclaration, now: datetime, account: Account, payer_of: PayerOf) -> FullAnswer:
    envelope = Envelope("dry-run", _SOURCE, declared.event_type(), now)
    received = Received(_RECORD, envelope, declared, declared.content())
    return rehearse(account, payer_of, declared, received)
