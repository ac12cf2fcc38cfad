"""A stack under load, to which faults are done: what it takes to recover, and whether it is exact afterwards."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from random import Random
from typing import Any

from tests.builders import interleave, repeated
from tests.faults.fault import Fault
from tests.faults.load import Load
from tests.faults.own import Own
from tests.faults.recovery import Probe, Recovery, first_words
from tests.oracle import Acts, Fact, PublishedRecord, State, as_of, facts_of
from tests.stack.countries import Known, caught_up, closed, faces_agree, people_known, settled
from tests.stack.reported import complete, reports_agree
from tests.stack.running import stack_kafka
from tests.standing.polling import eventually, turn

WRITERS = ("registration", "contributions", "liquidation")
SERVICES = (*WRITERS, "reporting")
_BETWEEN_SECONDS = (0.3, 3.0)


class Trial:
    """One stack with its country; `dice` are the only chance in it, `acts` what was done beside the topics."""

    def __init__(self, stack: Own, known: Known, load: Load, probe: Probe, dice: Random) -> None:
        self.stack, self.known, self.load, self.dice = stack, known, load, dice
        self.acts = Acts()
        self.recoveries: list[Recovery] = []
        self._probe = probe
        self._promised: list[tuple[datetime, Any]] = []

    def some_writer(self) -> str:
        """A service that decides."""
        return self.dice.choice(WRITERS)

    def some_service(self) -> str:
        """Any service."""
        return self.dice.choice(SERVICES)

    def known_people(self) -> list[Fact]:
        """The people who were registered before the load."""
        return [fact for fact in facts_of(self.known.facts) if fact.topic == "person-registered"]

    async def moment(self, least: float = _BETWEEN_SECONDS[0], most: float = _BETWEEN_SECONDS[1]) -> None:
        """Passes a random stretch of time, in seconds, under load."""
        await turn(self.dice.uniform(least, most))

    async def suffer(self, fault: Fault, times: int = 1) -> list[Recovery]:
        """Does a fault so many times under load, each at a random moment, and measures how long recovery takes.

        Raises AssertionError where the fault could not be done, or nothing new is seen within three minutes of it.
        """
        found = []
        async with self.load:
            for _ in range(times):
                await self.moment()
                await fault.strike(self)
                found.append(await self.recovered(fault.name, fault.goal_seconds))
                self._promised.append(await eventually(lambda: complete(self.stack)))
        return found

    async def recovered(self, name: str, goal_seconds: int) -> Recovery:
        """Waits until something new is seen, from now on."""
        services = await self._probe.seconds_by_service(time.monotonic())
        self.recoveries.append(Recovery(name, max(services.values()), goal_seconds, services))
        return self.recoveries[-1]

    async def exact(self, *, last: bool = False) -> tuple[State, list[PublishedRecord]]:
        """Waits until all that was published was read, and compares everything; AssertionError says what differs.

        `last`: nothing is done to the stack hereafter; a month is declared of which nothing is left to the order.
        """
        state, facts = await (closed if last else settled)(self.stack, self.known, self.acts)
        once = facts_of(facts)
        for at, total in self._promised:
            assert total == as_of(once, at)[0], f"what was complete up to {at} was not all that was known"
        await caught_up(self.stack)
        await faces_agree(self.stack, state)
        await reports_agree(self.stack, facts, seed=self.dice.randrange(1 << 30))
        return state, facts


@asynccontextmanager
async def trial_on(stack: Own, seed: int, payers: int = 20) -> AsyncIterator[Trial]:
    """Starts a stack with a country whose people are known, and clears it at the end."""
    dice = Random(f"trial {seed}")
    try:
        await stack.start()
        known = await people_known(stack, seed, payers, first_words())
        told = await stack.ready()
        drafts = repeated(interleave(known.country.rest, seed), seed)
        load = Load(stack_kafka(told), drafts, dice)
        yield Trial(stack, known, load, Probe(told["services"]["reporting"], load, facts_of(known.facts)), dice)
    finally:
        await stack.clear()
