"""Declared lines, from Kafka to the published fact: what several parts measure, or stand on."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.failing import BenchFailed
from bench.ground import Fund, Ground
from bench.made import MOST_LINES, Made, Payer, declared, known, lines_of
from bench.meter import Spent
from recouvra.contracts.topics import READS, WRITES

ALL_MONTHS = range(36)
_SESSION_SECONDS = 6.0  # of a worker in its group: who is silent for longer is taken for dead
FACTS_OF_LINES = ("contribution-assessed", "declaration-answered")


@dataclass(frozen=True, slots=True)
class Declaring:
    """What is declared and by whom it is read.

    Attributes:
        lines_a_part: of each record.
        workers: of contributions.
        reported: reporting's worker runs too, and the end is when it has every fact in its read models; otherwise the
            end is when the broker has acknowledged every fact.
    """

    payers: Sequence[Payer]
    months: Sequence[int] = ALL_MONTHS
    lines_a_part: int = MOST_LINES
    workers: int = 1
    reported: bool = False

    @property
    def lines(self) -> int:
        """How many lines it is."""
        return lines_of(self.payers, self.months)

    def records(self) -> Iterator[Made]:
        """Its records, in order."""
        return declared(self.payers, self.months, self.lines_a_part)


@asynccontextmanager
async def fund_that_knows(ground: Ground, payers: Sequence[Payer], *, workers: int = 1) -> AsyncIterator[Fund]:
    """Contributions and reporting, their workers running, once every payer and worker is known to them."""
    async with ground.fund("contributions", "reporting") as fund:
        await learn(fund, payers)
        await fund.start("contributions", count=workers)
        await fund.start("reporting")
        await both_know(fund)
        yield fund


async def learn(fund: Fund, payers: Sequence[Payer]) -> None:
    """Publishes what registration tells of payers and workers."""
    await fund.publish(known(payers))
    for absent in ("registration", "liquidation"):
        fund.publisher.mark(absent)


async def both_know(fund: Fund) -> None:
    """Waits until whoever runs has read what registration told."""
    told = ("payer-affiliated", "person-registered")
    for service in sorted({role.name for role in fund.roles if role.role == "worker"}):
        await fund.has_read(service, [topic for topic in told if topic in READS[service]])


async def declare(ground: Ground, what: Declaring) -> Spent:
    """One run on a fund of its own: what it took from a backlog's first record on."""
    async with ground.fund("contributions", "reporting") as fund:
        await learn(fund, what.payers)
        await fund.start("contributions", count=what.workers)
        if what.reported:
            await fund.start("reporting")
        await both_know(fund)
        return await taken(fund, what)


async def taken(fund: Fund, what: Declaring) -> Spent:
    """Publishes declarations while nobody works, then lets them be taken; what that took.

    Raises:
        BenchFailed: not every line was received in an accepted declaration.
    """
    before = await received(fund)
    spent = await backlog_taken(fund, what.records(), reported=what.reported, facts=FACTS_OF_LINES)
    accepted = await received(fund) - before
    if accepted != what.lines:
        raise BenchFailed(f"{accepted} of {what.lines} lines were accepted")
    return spent


async def backlog_taken(fund: Fund, records: Iterable[Made], *, reported: bool, facts: Sequence[str]) -> Spent:
    """What contributions took for records, from the moment at which all stand on their topic, to the end of `facts`."""
    made = list(records)
    meter, began = fund.meter(), time.monotonic()
    with fund.frozen():
        await fund.publish(made)
        if (took := time.monotonic() - began) > _SESSION_SECONDS:
            print(f"  publishing took {took:.1f} s: workers have to join their group again, which counts", flush=True)
        meter.start()
    await fund.has_read("contributions", sorted({one.topic for one in made}))
    await fund.has_published("contributions")
    if reported:
        await fund.has_read("reporting", [topic for topic in facts if topic in WRITES["contributions"]])
    spent = meter.stop()
    await fund.nothing_refused()
    return spent


async def received(fund: Fund) -> int:
    """How many lines stand in accepted declarations."""
    connection = fund.databases["contributions"]
    asked = "select coalesce(sum(lines_received), 0)::bigint from declaration where state = 'accepted'"
    return int(await connection.fetchval(asked))
