"""A country with all that people do beside it, wave by wave, and looked at as a whole whenever it is asked for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.builders import Draft, in_waves, interleave
from tests.making.intruders import MENDED, RULES
from tests.oracle import PublishedRecord
from tests.recount.state import Place, State
from tests.stack.countries import Known, caught_up, faces_agree, people_known, rows, settled
from tests.stack.reported import reports_agree
from tests.stack.restored import told, told_twice
from tests.stack.running import publish, stack_kafka
from tests.stack.test_operated_country import Desk
from tests.standing.processes import LocalUp


@dataclass
class Fund:
    """A country on a stack with all that people do beside it, and what is to be published of it still."""

    stack: LocalUp
    desk: Desk
    known: Known
    waves: list[list[Draft]]
    unaffiliated: list[str]
    refused: list[tuple[str, int, Place]]
    dice: random.Random
    seed: int
    discarded: set[Place] = field(default_factory=set)
    state: State = field(default_factory=State)
    facts: Sequence[PublishedRecord] = ()

    @classmethod
    async def begun(cls, stack: LocalUp, seed: int, waves: int) -> Fund:
        """Everybody is known, and what a source sent that may not is set aside."""
        stack.allow(RULES)
        await stack.start(180)
        known = await people_known(stack, seed)
        made, desk = known.country, Desk(stack)
        await publish(stack_kafka(await stack.ready()), interleave(made.intrusions, seed))
        await settled(stack, known, desk.acts)
        refused, dice = await desk.refused(), random.Random(seed)
        dice.shuffle(refused)
        stack.allow(MENDED)
        never = [payer.payer_id for payer in made.payers if payer.fate == "never"]
        rest = [draft for draft in made.rest if draft not in made.intrusions]
        return cls(stack, desk, known, in_waves(interleave(rest, seed), waves, seed), never, refused, dice, seed)

    async def publishes(self) -> None:
        """The next wave."""
        await publish(stack_kafka(await self.stack.ready()), self.waves.pop(0))

    async def acts(self) -> None:
        """What people do between two waves: money assigned and taken back, letters replayed."""
        await self.desk.move_money(self.dice)
        some, self.refused = self.refused[:8], self.refused[8:]
        await self.desk.replay(some, await caught_up(self.stack))

    async def discards(self) -> None:
        """Gives one dead letter of each service up for good."""
        for service in ("registration", "contributions", "liquidation"):
            waiting = await rows(self.stack, service, "/v1/dead-letters", reason="invalid-json", state="waiting")
            for row in waiting[:1]:
                path = f"/v1/dead-letters/{row['id']}/discard"
                assert (await self.desk.asks(service, "POST", path, {"reason": "illisible"})).status_code == 200
                self.discarded.add((row["topic"], row["partition"], row["offset"]))

    async def exact(self) -> list[PublishedRecord]:
        """All that was told, once every figure, list, answer and letter is what must be."""
        await caught_up(self.stack)  # cheaper to look for than what must be
        self.state, self.facts = await settled(self.stack, self.known, self.desk.acts)
        self.state.either.append(frozenset(self.discarded))  # the oracle discards nothing
        await self._shown()
        return await told(self.stack)

    async def unchanged(self, before: Sequence[PublishedRecord]) -> None:
        """All that is kept is what it was when all was exact, and nothing more was told than before."""
        await self._shown()
        assert await told(self.stack) == before

    async def _shown(self) -> None:
        """Every list, letter and report is what follows from the facts."""
        await caught_up(self.stack)
        await faces_agree(self.stack, self.state)
        assert await self.given_up() == self.discarded
        await reports_agree(self.stack, self.facts, self.seed)

    async def given_up(self) -> set[Place]:
        """The places of the dead letters that were discarded."""
        found: list[dict[str, Any]] = []
        for service in ("registration", "contributions", "liquidation"):
            found += await rows(self.stack, service, "/v1/dead-letters", state="discarded")
        return {(row["topic"], row["partition"], row["offset"]) for row in found}

    async def goes_on(self, before: Sequence[PublishedRecord]) -> list[PublishedRecord]:
        """All that was told by now, exact: more than before, and under new ids only.

        What a relay told again when the broker's word did not reach it, told it under the same id (ADR 3).
        """
        now = await self.exact()
        assert set(map(_place, before)) < set(map(_place, now))
        assert told_twice(now) == told_twice(before)
        return now


def _place(record: PublishedRecord) -> tuple[Place, bytes | None]:
    return record[:3], record.value
