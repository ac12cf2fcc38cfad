"""Sums that hold at every instant: money is conserved payment by payment, and nothing exceeds what is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from recouvra.chassis.verifying import Finding, Invariant, Look, finding_of
from recouvra.contracts.codes import Message

_PUBLISHER = "contributions"
_POLL_SECONDS = 0.5

_CONSERVED = """
with moved as (
    select payment_source, payment_id, known_at, sum(xof)::bigint as xof from (
        select payment_source, payment_id, known_at, received_xof as xof from received
        union all select payment_source, payment_id, known_at, held_xof from held
    ) fact group by payment_source, payment_id, known_at
), stood as (
    select payment_source, payment_id, known_at, sum(xof) over history as stands,
        first_value(xof) over history as amount
    from moved window history as (partition by payment_source, payment_id order by known_at)
), changed as (
    select *, lag(stands) over (partition by payment_source, payment_id order by known_at) as stood from stood
)
select payment_source, payment_id, known_at as at, stands::bigint as found, amount as expected, known_at as since
from changed where amount < 0 or stands not in (0, amount) or (stood = 0 and stands <> 0)
"""

_WITHIN_DUES = """
with moved as (
    select payer_id, period, known_at, sum(due)::bigint as due, sum(came)::bigint as came from (
        select payer_id, period, known_at, assessed_xof as due, 0 as came from assessed
        union all select payer_id, period, known_at, 0, received_xof from received
    ) fact group by payer_id, period, known_at
), stood as (
    select payer_id, period, known_at, sum(due) over history as due, sum(came) over history as came
    from moved window history as (partition by payer_id, period order by known_at)
)
select payer_id, period, known_at as at, came::bigint as found, due::bigint as expected, known_at as since
from stood where due < 0 or came < 0 or came > due
"""


def _steadily(name: str, fr: str, en: str, sql: str) -> Invariant:
    """An invariant over facts of several topics, some of which may be on their way while others are here already."""

    async def check(look: Look) -> AsyncIterator[Finding]:
        first = await _broken(look, sql)
        if not first:
            return
        await _everything_came(look)
        for place, finding in (await _broken(look, sql)).items():
            if place in first:
                yield finding

    return Invariant(name, Message(fr=fr, en=en), check)


async def _broken(look: Look, sql: str) -> dict[tuple[Any, ...], Finding]:
    async with look.snapshot() as connection:
        findings = [finding_of(dict(row)) for row in await connection.fetch(f"{sql} limit 10000")]
    return {tuple(finding.where.values()): finding for finding in findings}


async def _everything_came(look: Look) -> None:
    """Waits until the facts that were told before now are all here, as marks say; or as long as they may take."""
    now, before = await _told(look)
    deadline = time.monotonic() + look.patience_seconds
    while time.monotonic() < deadline:
        _, told = await _told(look)
        if told is not None and told > max(now, before or now):
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _told(look: Look) -> tuple[datetime, datetime | None]:
    row = await look.connection.fetchrow(
        "select clock_timestamp(), (select up_to from complete where service = $1)", _PUBLISHER
    )
    assert row is not None
    return row[0], row[1]


CONSERVED = _steadily(
    "money-conserved",
    "À tout instant, ce qui est reçu et gardé de chaque paiement est son montant, ou rien s'il est annulé.",
    "At every instant what is received and held of each payment is its amount, or nothing once reversed (DEF-005).",
    _CONSERVED,
)
WITHIN_DUES = _steadily(
    "no-rate-above-one",
    "À tout instant, aucun dû n'est négatif et rien n'est reçu au-delà.",
    "At every instant no due is negative, and nothing is received beyond it: no rate above 1 (DEF-006).",
    _WITHIN_DUES,
)
