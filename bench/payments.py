"""Payments: money a second through allocation, publication and reporting's read models, on payers with a history.

Every payer has declared 36 months and paid 24 of them; what is measured are the payments after that.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.bare import alone
from bench.declaring import ALL_MONTHS, Declaring, backlog_taken, fund_that_knows, taken
from bench.floor import floor
from bench.ground import Fund, Ground
from bench.made import Payer, alike, paid
from bench.meter import Spent
from bench.publishing import ends
from bench.telling import RATE_COLUMNS, Told, goal, pairwise, rate_row, rates, table

FACTS_OF_MONEY = ("contribution-received", "payment-held")
_WORKERS = 5
_PAID_BEFORE = 24
_MONTHS_A_RUN = 4


async def payments(ground: Ground, *, payers: int, repeats: int) -> Told:
    """Four payments of each payer a run; a COPY of the payers' lines in turn with them."""
    people = alike(payers, _WORKERS)
    count, before, lines = _MONTHS_A_RUN * payers, _PAID_BEFORE * payers, payers * _WORKERS * len(ALL_MONTHS)
    runs, floors, bare = list[Spent](), list[Spent](), list[Spent]()
    async with fund_that_knows(ground, people) as fund:
        history = await with_a_history(fund, people, _PAID_BEFORE)
        print(f"  {before:,} payments before: {before / history.seconds:,.0f} payments/s", flush=True)
        facts = round(sum((await ends(ground.kafka.bootstrap, FACTS_OF_MONEY)).values()) / before)
        for repeat in range(repeats):
            floors.append(await floor(ground, f"floor_{repeat}", people, ALL_MONTHS))
            first = _PAID_BEFORE + repeat * _MONTHS_A_RUN
            runs.append(await money_taken(fund, people, range(first, first + _MONTHS_A_RUN)))
            print(f"  {repeat + 1}/{repeats}: {count / runs[-1].seconds:,.0f} payments/s", flush=True)
    for repeat in range(repeats):
        bare.append(await alone(ground, paid(people, range(_PAID_BEFORE)), facts=facts))
        print(f"  {repeat + 1}/{repeats} records alone: {before / bare[-1].seconds:,.0f} payments/s", flush=True)
    base = rates(floors, lines)
    rows = [
        rate_row("floor: COPY of lines", floors, lines, base),
        rate_row("the first 24 of each payer", [history], before, base[:1]),
        rate_row("on top of these", runs, count, base),
        rate_row("their records alone", bare, before, base),
    ]
    return {
        "title": "Payments",
        "says": [
            f"{payers:,} payers of five workers, 36 months declared, 24 months paid; each payment about a month's "
            "dues. The end is when reporting has what was received and what is held in its read models. “Their records "
            f"alone”: each payment is read, {facts} facts of it are published and read by the same clients, and that "
            "is all; no database, no rule, two programs."
        ],
        "tables": [table("Payments (medians)", RATE_COLUMNS, rows)],
        "goals": [goal("Payments a second ÷ the COPY floor's rows", pairwise(rates(runs, count), base), 0.1)],
        "raw": {
            "history": history.told(before),
            "payments": [one.told(count) for one in runs],
            "floor": [one.told(lines) for one in floors],
            "alone": [one.told(before) for one in bare],
        },
    }


async def with_a_history(
    fund: Fund, payers: list[Payer], months_paid: int, declared: Sequence[int] = ALL_MONTHS
) -> Spent:
    """Every payer declares these months and pays the first of them; what its payments took."""
    await taken(fund, Declaring(payers, declared, reported=True))
    return await money_taken(fund, payers, range(months_paid))


async def money_taken(fund: Fund, payers: list[Payer], numbers: range, *, of_a_month: int = 1) -> Spent:
    """What a backlog of payments took, from its first to the last fact in reporting's read models."""
    return await backlog_taken(fund, paid(payers, numbers, of_a_month=of_a_month), reported=True, facts=FACTS_OF_MONEY)
