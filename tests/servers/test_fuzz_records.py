"""Whatever is published on any topic: nothing crashes, and each record ends in an effect or in one dead letter."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from random import Random
from uuid import uuid4

import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from recouvra.contracts.topics import EVENTS, INBOUND
from tests.fuzz.fund import Fund
from tests.fuzz.records import Made, made
from tests.fuzz.values import World
from tests.servers.conftest import CreateDatabase

EXAMPLES = int(os.environ.get("RECOUVRA_FUZZ_EXAMPLES", "60"))
TOPICS = [*INBOUND] * 3 + [topic for topic in EVENTS if topic not in INBOUND]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fund(postgres: CreateDatabase) -> AsyncIterator[Fund]:
    """All four services, on empty databases."""
    opened = await Fund.opened(postgres, f"fuzz_{uuid4().hex[:8]}")
    yield opened
    await opened.close()


@st.composite
def some_records(draw: st.DrawFn) -> list[Made]:
    """A few records of any topics, some of them said twice."""
    world, chance = World(), draw(st.randoms(use_true_random=False))
    return [made(draw(st.sampled_from(TOPICS)), world, chance) for _ in range(draw(st.integers(1, 8)))]


def seeded(examples: int) -> settings:
    """The same examples each time, so that a run of CI can be run again."""
    return settings(
        derandomize=True,
        database=None,
        max_examples=examples,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


async def taken(fund: Fund, *batches: list[Made]) -> dict[str, list[tuple[str, int, str]]]:
    """Has new services read batch after batch; what each of them set aside."""
    async with fund.for_a_while() as new:
        for batch in batches:
            new.publish(*batch)
            for desk in new.desks:
                await desk.read()
        assert await new.faults() == []
        return {desk.service.name: await desk.set_aside() for desk in new.desks}


@given(some_records())
@seeded(EXAMPLES)
async def test_each_record_ends_as_it_would_have_alone(fund: Fund, records: list[Made]) -> None:
    note("\n".join(map(repr, records)))
    assert await taken(fund, records) == await taken(fund, *([record] for record in records))


async def test_a_thousand_records_and_what_follows_from_them_balance(fund: Fund) -> None:
    chance = Random(20_260_201)
    for window in range(4):
        fund.world.window = window
        fund.publish(*(made(chance.choice(TOPICS), fund.world, chance) for _ in range(250)))
        await fund.settle()
    assert await fund.faults() == []
    assert all(desk.done.effects for desk in fund.desks)
