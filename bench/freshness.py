"""Freshness: from a payment's produce call to its presence in `/v1/payers/{payer_id}`, at shares of the full rate."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from bench.asking import Client
from bench.declaring import Declaring, fund_that_knows, taken
from bench.failing import BenchFailed
from bench.ground import Fund, Ground
from bench.made import Made, Payer, alike, paid, payment
from bench.payments import FACTS_OF_MONEY, money_taken, with_a_history
from bench.publishing import AT
from bench.telling import Rounds, Told, goal, percentiles, plot, table

_SHARES, _ROUNDS = (0.1, 0.5, 0.9), 3
_WORKERS = 5
_DECLARED = range(12)
_PAID_BEFORE, _AT_FULL_RATE = 4, 4  # payments of a payer
_OF_A_MONTH = 20
_PROBES = 40
_PROBE_EVERY_SECONDS = 0.25
_LOOK_EVERY_SECONDS = 0.03
_SEEN_WITHIN_SECONDS = 120.0


async def freshness(ground: Ground, *, payers: int, seconds: int) -> Told:
    """The full rate is measured first, by a backlog; then so many seconds at each share of it.

    Payers are many, so that each pays seldom: what one more payment costs may depend on those before it. Whether it
    did is seen by the full rate, which is measured once more at the end.
    """
    people = alike(payers, _WORKERS)
    probed = alike(_PROBES, 1, first=payers * _WORKERS, name="PROBE")
    async with fund_that_knows(ground, people + probed) as fund:
        await taken(fund, Declaring(probed, months=[0], reported=True))
        await with_a_history(fund, people, _PAID_BEFORE, _DECLARED)
        full = await _full_rate(fund, people, 1_000)
        await fund.start("reporting", "api")
        more, seen = itertools.count(2_000), dict[float, list[list[float]]]()
        for number, share in itertools.product(range(_ROUNDS), _SHARES):
            some = await _at(fund, people, probed, full * share, seconds / _ROUNDS, more)
            seen.setdefault(share, []).append(some)
            print(f"  {number + 1}/{_ROUNDS} {share:.0%} of {full:,.0f} payments/s: {percentiles(some)}", flush=True)
            await fund.has_read("contributions", ["payment-reported"])
            await fund.has_published("contributions")
            await fund.has_read("reporting", FACTS_OF_MONEY)
        full_after = await _full_rate(fund, people, next(more))
        await fund.nothing_refused()
    rounds = {share: Rounds(some) for share, some in seen.items()}
    found = {share: some.told for share, some in rounds.items()}
    rows = [[f"{share:.0%}", round(full * share), *some.cells] for share, some in rounds.items()]
    columns = ["of the full rate", "payments/s", "looked for", "p50", "p99", "p99 of its rounds"]
    points = {name: [(share * 100, found[share][name]) for share in _SHARES] for name in ("p50", "p99")}
    return {
        "title": "Freshness",
        "says": [
            f"The full rate, by a backlog: {full:,.0f} payments/s; once more at the end, {full_after:,.0f}. At each "
            f"share of the first {seconds} s, in {_ROUNDS} rounds; "
            "four payments a second are looked for from their produce call on, of payers who have declared one month: "
            "one look each 30 ms, for the oldest that was not seen yet. "
            "What is not yet known to be complete is not shown, so that the relay's marks are part of the time."
        ],
        "tables": [table("ms from produce to presence", columns, rows)],
        "goals": [
            goal(
                "Freshness at half load, p99",
                found[0.5]["p99"] / 1_000,
                2,
                at_most=True,
                unit="s",
                runs=[ms / 1_000 for ms in rounds[0.5].p99s],
            )
        ],
        "plots": [plot("freshness", "From produce to presence", "% of the full rate", "ms", points)],
        "raw": {
            "full_per_second": [round(full), round(full_after)],
            "ms": {str(share): some for share, some in seen.items()},
        },
    }


async def _full_rate(fund: Fund, payers: list[Payer], first: int) -> float:
    """Payments a second, from a backlog of some of each payer."""
    numbers = range(first, first + _AT_FULL_RATE)
    spent = await money_taken(fund, payers, numbers, of_a_month=_OF_A_MONTH)
    return len(numbers) * len(payers) / spent.seconds


async def _at(
    fund: Fund, payers: list[Payer], probed: list[Payer], rate: float, seconds: float, numbers: Iterator[int]
) -> list[float]:
    """Milliseconds until each probe was seen, while payments come at this rate."""
    load = asyncio.create_task(_steadily(fund, paid(payers, numbers, of_a_month=_OF_A_MONTH), rate, seconds))
    sent, all_sent = deque[_Probe](), asyncio.Event()
    looking = asyncio.create_task(_seen(fund, sent, all_sent))
    dice, began = random.Random(5), time.monotonic()
    while time.monotonic() < began + seconds:
        probe = _Probe(dice.choice(probed), f"N-{next(numbers)}", time.monotonic())
        fund.publisher.send(payment(probe.payer, probe.name, 100), AT)
        sent.append(probe)
        await asyncio.sleep(_PROBE_EVERY_SECONDS)
    all_sent.set()
    found = await looking
    await load
    return found


async def _steadily(fund: Fund, records: Iterator[Made], rate: float, seconds: float) -> None:
    """Publishes at this rate, whatever becomes of it."""
    began, sent = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        for made in itertools.islice(records, int(passed * rate) - sent):
            fund.publisher.send(made)
            sent += 1
        await asyncio.sleep(0.01)
    if sent < 0.95 * rate * seconds:
        raise BenchFailed(
            f"{sent} payments published where {rate * seconds:.0f} were to be: the load is not what it says"
        )


async def _seen(fund: Fund, sent: deque[_Probe], all_sent: asyncio.Event) -> list[float]:
    """Looks for the oldest that was not seen yet, one look at a time; the next at once where that one was there.

    So looks cost the same however many wait. What is shown is complete up to an instant: who came first is there first,
    or is told a little later than it was, never earlier.
    """
    found = list[float]()
    async with Client(fund.url("reporting")) as client:
        while sent or not all_sent.is_set():
            if sent and await _is_there(client, sent[0]):
                found.append((time.monotonic() - sent.popleft().began) * 1_000)
                continue
            if sent and time.monotonic() > sent[0].began + _SEEN_WITHIN_SECONDS:
                raise BenchFailed(f"a payment was not seen after {_SEEN_WITHIN_SECONDS:.0f} s")
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
    return found


async def _is_there(client: Client, probe: _Probe) -> bool:
    account = await client.read(f"/v1/payers/{probe.payer.payer_id}")
    return f'"{probe.payer.payer_id}.{probe.name}"'.encode() in account


class _Probe(NamedTuple):
    """A payment that is looked for, and when it was handed over."""

    payer: Payer
    name: str
    began: float
