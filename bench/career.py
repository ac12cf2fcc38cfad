"""Career: one worker's 36 months, asked over HTTP, on the tables that the line rate's own way has filled."""

from __future__ import annotations

import json
import random

from bench.asking import Client, one_by_one
from bench.declaring import ALL_MONTHS, Declaring, fund_that_knows, taken
from bench.failing import BenchFailed
from bench.ground import Fund, Ground
from bench.made import Payer, log_normal
from bench.telling import Rounds, Told, goal, table

ANYBODY = "anybody"
_ROUNDS = 3


async def career(ground: Ground, *, lines: int, asked: int) -> Told:
    """`lines` declared over 36 months by payers of log-normal size, then workers asked for, one after the other."""
    payers = log_normal(lines // len(ALL_MONTHS))
    async with fund_that_knows(ground, payers) as fund:
        what = Declaring(payers)
        filled = await taken(fund, what)
        await fund.start("contributions", "api")
        drawn_of = {ANYBODY: payers, "of the largest payer": [max(payers, key=lambda payer: payer.size)]}
        found = {who: await careers(fund, some, asked=asked) for who, some in drawn_of.items()}
    rate = round(what.lines / filled.seconds)
    rows = [[who, *some.cells] for who, some in found.items()]
    return {
        "title": "Career",
        "says": [f"{what.lines:,} lines stored, at {rate:,} lines/s in this run; one client, nobody else asks."],
        "tables": [table("One worker's 36 months, ms", ["worker", "asked", "p50", "p99", "p99 of its rounds"], rows)],
        "goals": [
            goal("Career, p99", found[ANYBODY].told["p99"], 50, at_most=True, unit="ms", runs=found[ANYBODY].p99s)
        ],
        "raw": {"filled": filled.told(what.lines), "ms": {who: some.taken for who, some in found.items()}},
    }


async def careers(fund: Fund, payers: list[Payer], *, asked: int) -> Rounds:
    """Milliseconds for each of so many workers, drawn alike, in three rounds.

    Raises:
        BenchFailed: a career is not whole.
    """
    dice = random.Random(3)
    drawn = [dice.choice(one.numbers()) for one in dice.choices(payers, [one.size for one in payers], k=asked)]
    url, paths = fund.url("contributions"), [f"/v1/insured/{number}/contributions" for number in drawn]
    async with Client(url) as client:
        if (found := len(json.loads(await client.read(paths[0]))["rows"])) != len(ALL_MONTHS):
            raise BenchFailed(f"a career of {found} months, not {len(ALL_MONTHS)}")
    return Rounds([await one_by_one(url, paths[number::_ROUNDS]) for number in range(_ROUNDS)])
