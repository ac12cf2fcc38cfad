"""Playing scenarios on a stack: wave after wave of all of them, shuffled among each other, each wave looked at."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from recouvra.cli.golden.comparing import Fact, Place, compared, differs, drawn, matched, refusals, unsaid
from recouvra.cli.golden.scenario import Scenario, Sent, as_sent, resolved

_BETWEEN_LOOKS_SECONDS = 0.3
_BY_THE_CLOCK = ("registered_on", "liquidated_on")

Query = dict[str, Any]


class Ground(Protocol):
    """A stack to play on."""

    @property
    def days(self) -> Sequence[str] | None:
        """The days on which this stack's clock records now; None where it records by each record's `ce_time`."""
        ...

    async def publish(self, sending: Sequence[Sent]) -> list[Place]:
        """Publish in this order, all acknowledged; where each record stands."""
        ...

    async def told(self, enough: Callable[[Sequence[Fact]], bool]) -> Sequence[Fact]:
        """Every fact about the play so far, once nothing more is to come of what was published, or time is over.

        `enough` says whether these facts are what is expected, for a stack that cannot tell when it has read all.
        """
        ...

    async def answer(self, service: str, path: str, query: Query) -> tuple[int, Any] | None:
        """Status and body of a service's answer; None where its address is not known."""
        ...


class Play:
    """One stack and these scenarios: what was sent where, what was drawn, and what differs of each."""

    def __init__(self, ground: Ground, scenarios: Sequence[Scenario], patience: float = 45) -> None:
        self.ground, self.scenarios, self.patience = ground, scenarios, patience
        self.sent: dict[Place, tuple[str, str]] = {}
        self.numbers: dict[str, str] = {}
        self.faults: dict[str, list[str]] = {scenario.folder: [] for scenario in scenarios}
        self.unasked = 0

    @property
    def right(self) -> list[Scenario]:
        """The scenarios of which nothing differs so far."""
        return [scenario for scenario in self.scenarios if not self.faults[scenario.folder]]

    async def play(self, seen: Callable[[int, int], None] = lambda _wave, _waves: None) -> None:
        """Send wave after wave of every scenario that is right so far, and look at each; `seen` hears how far it is."""
        waves = max((len(scenario.waves) for scenario in self.scenarios), default=0)
        for number in range(waves):
            seen(number, waves)
            going = [scenario for scenario in self.right if number < len(scenario.waves)]
            await self.publish([(s, s.waves[number].records) for s in going], seed=number)
            await self.look(going, number)
        seen(waves, waves)

    async def publish(self, waves: Sequence[tuple[Scenario, Sequence[dict[str, Any]]]], seed: int) -> None:
        """Publish the records of all these waves, shuffled among each other, each scenario's in their order."""
        chosen = random.Random(seed)
        queues = [(scenario, list(reversed(records))) for scenario, records in waves if records]
        names, sending = list[tuple[str, str]](), list[Sent]()
        while queues:
            scenario, queue = chosen.choice(queues)
            record = queue.pop()
            names.append((scenario.folder, record["name"]))
            sending.append(as_sent(record, self.numbers))
            queues = [(s, q) for s, q in queues if q]
        places = await self.ground.publish(sending)
        self.sent |= dict(zip(places, names, strict=True))

    async def look(self, going: Sequence[Scenario], number: int) -> None:
        """Compare what was published so far with the waves so far, then ask the faces; keeps what differs."""
        facts = await self.ground.told(lambda facts: not any(self._published(going, number, facts).values()))
        self.faults |= self._published(going, number, facts)
        asked = [s for s in going if s.waves[number].asked and not self.faults[s.folder]]
        deadline = time.monotonic() + self.patience
        while asked:
            for scenario in asked:
                self.faults[scenario.folder] = await self._asked(scenario, number)
            asked = [scenario for scenario in asked if self.faults[scenario.folder]]
            if time.monotonic() > deadline:
                return
            if asked:
                await asyncio.sleep(_BETWEEN_LOOKS_SECONDS)

    def _published(self, going: Sequence[Scenario], number: int, facts: Sequence[Fact]) -> dict[str, list[str]]:
        """By folder what differs of answers, facts and refusals after this wave."""
        self.numbers |= drawn(facts)
        refused = refusals(facts, self.sent)
        return {s.folder: self._differing(s, number, facts, refused.get(s.folder, [])) for s in going}

    def _differing(
        self, scenario: Scenario, number: int, facts: Sequence[Fact], refused: Sequence[dict[str, Any]]
    ) -> list[str]:
        waves = scenario.waves[: number + 1]
        try:
            expected = [resolved(one, self.numbers) for wave in waves for one in wave.published]
        except KeyError as hire:
            return [f"wave {number + 1}: no insured number for {hire}"]
        found = [fact for fact in facts if fact["topic"] != "record-refused" and scenario.is_about(fact["value"])]
        if (days := self.ground.days) is not None:
            expected, found = [_undated(one, days) for one in expected], [_undated(one, days) for one in found]
        faults = compared(expected, found) + unsaid(found)
        lacking, beyond = matched([one for wave in waves for one in wave.refused], refused)
        faults += [f"not refused: {one}" for one in lacking] + [f"refused: {one}" for one in beyond]
        return [f"wave {number + 1}: {fault}" for fault in faults]

    async def _asked(self, scenario: Scenario, number: int) -> list[str]:
        """What differs of the faces' answers after this wave."""
        faults = []
        for ask in scenario.waves[number].asked:
            path = ask["path"].format_map(self.numbers)
            answer = await self.ground.answer(ask["service"], path, ask["query"])
            if answer is None:
                self.unasked += 1
                continue
            status, body = answer
            if status != 200:
                faults.append(f"{path}: {status} {body}")
                continue
            faults += differs(ask.get("body", {}), body, path)
            for name, rows in ask.get("holds", {}).items():
                faults += compared(rows, [row for row in body[name] if scenario.is_about(row)])
        return [f"wave {number + 1}: {fault}" for fault in faults]


def _undated(fact: Fact, days: Sequence[str]) -> Fact:
    """A fact whose days of the stack's own clock are not compared, but that they are days of this play.

    What is expected is written by the clock `event`; only there a `registered_on` is a day of the record's own.
    """
    value = fact["value"]
    told = {name: "a day of this run" for name in _BY_THE_CLOCK if name in value and _may_be(fact, value[name], days)}
    return {**fact, "value": {**value, **told}} if told else fact


def _may_be(fact: Fact, day: str, days: Sequence[str]) -> bool:
    return "at" not in fact or day in days
