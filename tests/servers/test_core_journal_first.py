"""A cause stands on the journal before any fact of it is published, and causes stand there in their order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from recouvra.chassis import relay as relays
from recouvra.chassis.journal import Cause
from recouvra.contracts.topics import journal_of
from tests.servers.till.at_work import CreateDatabase, Till, till, until
from tests.servers.till.elected import refused_or_emptied, waits_for_the_broker
from tests.servers.till.refusing import refusing
from tests.standing.servers import Broker


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        made.since[journal_of(made.name)] = {0: 0}
        yield made


async def all_published(it: Till) -> None:
    """Waits until nothing is left to publish."""
    await until(lambda: it.connection.fetchval("select (select count(*) from outbox) + count(*) = 0 from journal"))


async def entries(it: Till) -> list[Cause]:
    """The journal, each cause where it stands first."""
    found: dict[Any, Cause] = {}
    for record in await it.records(journal_of(it.name)):
        if dict(record.headers)["ce_source"] == f"/{it.name}".encode():
            cause = Cause.told(record.value)
            found.setdefault(cause.id, cause)
    return list(found.values())


def reads(cause: Cause) -> list[tuple[int, int, int]]:
    """Which partitions a batch moved, from where, to where."""
    return [(partition, at, to) for _, partition, at, to in cause.said["moves"]]


async def test_no_fact_is_published_before_the_journal_has_taken_its_cause(it: Till) -> None:
    for number in range(3):
        await it.take(it.record(it.payment(number)))
    async with refusing(it, journal_of(it.name)), it.relay():
        await refused_or_emptied(it)
        assert (await it.facts(), await it.count("outbox")) == ([], 3)
    async with it.relay():
        await all_published(it)
    assert (len(await it.facts()), len(await entries(it))) == (3, 3)


async def test_a_fact_whose_cause_is_still_further_down_the_journal_waits_for_its_turn(
    it: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches that only repeat what is known have causes without facts: they come first."""
    monkeypatch.setattr(relays, "_BATCH", 2)
    async with it.relay():
        await it.take(it.record(it.payment(0)))
        await all_published(it)
    for _ in range(3):
        await it.take(it.record(it.payment(0)))
    await it.take(it.record(it.payment(1)))
    async with it.gate("published", "insert") as somebody, it.relay():
        await somebody()
        assert len(await it.facts()) == 1
    async with it.relay():
        await all_published(it)
    assert (len(await it.facts()), len(await entries(it))) == (2, 5)


async def test_causes_stand_on_the_journal_in_their_order_wherever_the_table_keeps_them(it: Till) -> None:
    for number in range(12):
        await it.take(it.record(it.payment(number)))
    # A row that is written again stands behind the others.
    await it.connection.execute("update journal set cause = cause where id % 3 = 0")
    async with it.relay():
        await all_published(it)
    moved = [move for cause in await entries(it) for move in reads(cause)]
    assert len(moved) == 12
    assert moved == sorted(moved)


async def test_a_cause_that_is_committed_while_the_relay_publishes_reaches_the_journal_too(
    it: Till, topics_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_MARK_SECONDS", 1e9)  # it has nothing else to ask the broker for
    slow = await it.session()
    try:
        async with it.relay():
            await it.take(it.record(it.payment(0)))
            await all_published(it)
            held = slow.transaction()
            await held.start()
            await it.take(it.record(it.payment(1, key="K2"), 1), connection=slow)
            with topics_broker.frozen():
                await it.take(it.record(it.payment(2), 2))
                await until(lambda: waits_for_the_broker(it))
                await held.commit()
            await all_published(it)
    finally:
        await slow.close()
    assert sorted(partition for cause in await entries(it) for partition, _, _ in reads(cause)) == [0, 1, 2]
    assert len(await it.facts()) == 3
