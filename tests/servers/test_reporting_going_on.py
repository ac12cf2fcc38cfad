"""Receipts behind all that is known of their pair come to what all facts of the pair come to, to the franc."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import asyncpg

from recouvra.contracts.contribution_received import ContributionReceived
from services.reporting.projections.going_on import Receipt, go_on
from services.reporting.projections.sums import SUMMED
from tests.servers.reporting_at_work import CreateDatabase, affiliated, assessed, at, fact, received, reporting

START = at("2026-02-01T00:00:00")
_SOME = " or ".join(f"{name} <> 0" for name in SUMMED)
_MADE = {
    **dict.fromkeys(("standing", "summed_of_payer", "known_in_year"), "true"),
    **dict.fromkeys(("summed", "summed_of_day", "summed_of_month"), _SOME),
    "amount_of_day": "xof <> 0",
}


async def test_receipts_in_their_order_come_to_the_same_whether_pairs_go_on_or_are_made_of_all_their_facts(
    postgres: CreateDatabase,
) -> None:
    """Those that come in small batches go on; all at once, with the assessments, they are made of the ledgers.

    Then come some that are known since long, an assessment and an affiliation between them: what went on is made anew.
    """
    for seed in range(4):
        dice = random.Random(seed)
        first, later = _dues(dice), _money(dice)
        late = [later.pop(dice.randrange(len(later))) for _ in range(20)]
        late.append(fact(assessed("A", "2026-02", 250, due_on=_due(2)), START + timedelta(days=20)))
        late.append(fact(affiliated("A", "state", "0301"), START + timedelta(days=25)))
        dice.shuffle(late)
        async with reporting(postgres) as whole:
            await whole.feed(*first, *later)
            expected = await made(whole.connection)
            await whole.feed(*late)
            expected_at_last = await made(whole.connection)
        assert expected_at_last != expected
        async with reporting(postgres) as it:
            await it.feed(*first)
            left = list(later)
            while left:
                batch = [left.pop(0) for _ in range(min(len(left), dice.randint(1, 25)))]
                dice.shuffle(batch)
                await it.feed(*batch)
            assert await made(it.connection) == expected
            for some in (late[:5], late[5:6], late[6:]):
                await it.feed(*some)
            assert await made(it.connection) == expected_at_last
        async with reporting(postgres) as at_once:
            await at_once.feed(*first, *later, *late)
            assert await made(at_once.connection) == expected_at_last


async def test_a_pair_goes_on_unless_nothing_is_due_or_a_receipt_is_not_behind_or_names_another_territory(
    postgres: CreateDatabase,
) -> None:
    async with reporting(postgres) as it:
        await it.feed(
            *(fact(assessed(payer, "2026-01", 1_000), START) for payer in "ABCD"),
            fact(received("U", "2026-01", 5), START),
        )
        later = START + timedelta(hours=1)
        coming = [
            *(_receipt(received("A", "2026-01", xof), later) for xof in (300, -300, 800)),
            _receipt(received("B", "2026-01", 300), START),
            *(_receipt(received("C", "2026-01", 300, territory=where), later) for where in ("0101", "0102")),
            _receipt(received("D", "2026-02", 300), later),
            _receipt(received("U", "2026-01", 300), later),
        ]
        async with it.connection.transaction():
            behind = await go_on(it.connection, coming)
        assert behind == {("B", "2026-01"), ("C", "2026-01"), ("D", "2026-02"), ("U", "2026-01")}
        versions = await it.connection.fetch("select payer_id, received_xof from standing where known_from = $1", later)
        assert [tuple(row) for row in versions] == [("A", 800)]


def _receipt(event: Any, known_at: Any) -> Receipt:
    assert isinstance(event, ContributionReceived)
    place = event.payer_id, event.period, event.payer_kind, event.territory_code
    return *place, known_at, event.received_xof, event.received_on


def _dues(dice: random.Random) -> list[Any]:
    """Affiliations of some payers, some of them twice, and what is due of most pairs."""
    told = [fact(affiliated(payer), START) for payer in "AB"]
    told.append(fact(affiliated("B", "state", "0201"), START + timedelta(days=1)))
    for payer in "ABC":
        for month in range(1, 5):
            if (payer, month) != ("C", 4):
                told.append(
                    fact(assessed(payer, f"2026-{month:02}", dice.choice((0, 900, 1_000)), due_on=_due(month)), START)
                )
    return told


def _due(month: int) -> date:
    return date(2026, month + 1, 15)


def _money(dice: random.Random) -> list[Any]:
    """Receipts in the order in which they became known, over months, many at one instant; some taken back."""
    told, moment = [], START + timedelta(days=3)
    for n in range(150):
        if dice.random() < 0.6:
            moment += timedelta(hours=dice.randint(1, 30))
        month = dice.randint(1, 4)
        paid = _due(month) + timedelta(days=dice.choice((-1, 0, 1, 30, 31, 60, 61, 90, 91, 180, 181, 365, 366)))
        xof = dice.choice((1, 100, 450, 900, -100, -450))
        told.append(fact(received(dice.choice("ABC"), f"2026-{month:02}", xof, received_on=paid), moment, f"E-{n}"))
    return told


async def made(connection: asyncpg.Connection) -> dict[str, list[str]]:
    """All that is made of the ledgers, but sums of nothing."""
    return {
        table: [
            row[0]
            for row in await connection.fetch(f"select {table}::text from {table} where {some} order by 1")  # noqa: S608
        ]
        for table, some in _MADE.items()
    }
