"""Batches that go on from what stands, on a real database: the very facts of a worker that reads all at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from uuid import uuid4

import pytest

from tests.builders import Draft, declaration, payment, reversal
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import Desk, affiliated

MONTHS = [f"2025-{month:02d}" for month in range(1, 13)]
WORKER = [("000000000001", 50_000)]
SHARES_XOF = 3_770  # 7.54 % of it (LAW-010)


def history(seed: int) -> list[Draft]:
    """What two payers declare and pay in a year, mostly in order: designated, bounced, late, replaced, added to."""
    dice, drafts, paid = random.Random(seed), list[Draft](), list[Draft]()
    for number, month in enumerate(MONTHS):
        for payer in ("P1", "P2"):
            drafts.append(declaration(payer, month, lines=WORKER))
            for more in range(dice.randrange(1, 3)):
                paid.append(
                    payment(
                        payer,
                        dice.choice([SHARES_XOF, SHARES_XOF, 1_000, 6_000]),
                        payment_id=f"{payer}-{number:02}-{more}",
                        paid_on=dice.choice([f"{month}-20", f"{month}-20", "2025-01-05"]),
                        period=dice.choice([None, None, month, dice.choice(MONTHS)]),
                    )
                )
                drafts.append(paid[-1])
            if dice.random() < 0.2:
                drafts.append(reversal(dice.choice(paid)))
            if dice.random() < 0.1:
                drafts.append(payment(None, 500, payment_id=f"{payer}-{number:02}-X", reference=payer))
            if dice.random() < 0.2:
                again = dice.choice(MONTHS[: number + 1])
                instead = f"D-{again}" if dice.random() < 0.5 else None
                more_lines = [("000000000002", 30_000)]
                drafts.append(
                    declaration(payer, again, lines=more_lines, declaration_id=f"D{number}", replaces=instead)
                )
            if dice.random() < 0.2:
                drafts.append(dice.choice(drafts).again())
    return drafts


async def taken(desk: Desk, drafts: Sequence[Draft], sizes: Sequence[int]) -> None:
    """Reads them in batches of these sizes, one after the other."""
    await desk.take(affiliated("P1"), affiliated("P2"))
    at = 0
    for size in sizes:
        if drafts[at : at + size]:
            await desk.take(*drafts[at : at + size])
        at += size


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_how_a_history_is_cut_into_batches_changes_no_fact(postgres: CreateDatabase, seed: int) -> None:
    drafts, dice = history(seed), random.Random(seed)
    whole, by_one, by_some = [
        await Desk.opened(await postgres(f"contributions_{uuid4().hex[:12]}")) for _ in ("whole", "by one", "by some")
    ]
    await taken(whole, drafts, [len(drafts)])
    await taken(by_one, drafts, [1] * len(drafts))
    await taken(by_some, drafts, [dice.randrange(1, 5) for _ in drafts])
    expected = await whole.facts()
    for desk in (by_one, by_some):
        assert await desk.facts() == expected
    for desk in (whole, by_one, by_some):
        await desk.connection.close()
