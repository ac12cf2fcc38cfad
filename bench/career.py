"""Career: one worker's 36 months, asked over HTTP, on the tables that the line rate's own way has filled."""

from __future__ import annotations

import json
import random

from bench.asking import Client, one_by_one
from bench.declaring import ALL_MONTHS, Declaring, fund_that_knows, taken
from bench.failing import BenchFailed
from bench.ground import Fund, Ground
from bench.made import Payer, log_normal
from bench.telling import Told, goal, percentiles, table


async def career(ground: Ground, *, lines: int, asked: int) -> Told:
    """`lines` declared over 36 months by payers of log-normal size, then workers asked for, one after the other."""
    payers = log_normal(lines // len(ALL_MONTHS))
    async with fund_that_knows(ground, payers) as fund:
        what = Declaring(payers)
        filled = await taken(fund, what)
        await fund.start("contributions", "api")
        anybody = percentiles(await careers(fund, payers, asked=asked))
        largest = percentiles(await careers(fund, [max(payers, key=lambda payer: payer.size)], asked=asked))
    rate = round(what.lines / filled.seconds)
    rows = [[who, *found.values()] for who, found in (("anybody", anybody), ("of the largest payer", largest))]
    return {
        "title": "Career",
        "says": [f"{what.lines:,} lines stored, at {rate:,} lines/s in this run; one client, nobody else asks."],
        "tables": [table("One worker's 36 months, ms", ["worker", "asked", "p50", "p99"], rows)],
        "goals": [goal("Career, p99", anybody["p99"], 50, at_most=True, unit="ms")],
        "raw": {"filled": filled.told(what.lines), "anybody_ms": anybody, "largest_ms": largest},
    }


async def careers(fund: Fund, payers: list[Payer], *, asked: int) -> list[float]:
    """Milliseconds for each of so many workers, drawn alike.

    Raises:
        BenchFailed: a career is not whole.
    """
    dice = random.Random(3)
    drawn = [dice.choice(one.numbers()) for one in dice.choices(payers, [one.size for one in payers], k=asked)]
    url, paths = fund.url("contributions"), [f"/v1/insured/{number}/contributions" for number in drawn]
    async with Client(url) as client:
        if (found := len(json.loads(await client.read(paths[0]))["rows"])) != len(ALL_MONTHS):
            raise BenchFailed(f"a career of {found} months, not {len(ALL_MONTHS)}")
    return await one_by_one(url, paths)
