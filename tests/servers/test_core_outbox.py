"""What is committed is published, in the order of each key, under one event id, whoever dies or freezes."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from recouvra.chassis import relay as relays
from recouvra.chassis.relay import Relay
from tests.servers.till.at_work import CreateDatabase, Till, till, until
from tests.servers.till.claims import check_counted_once, check_order_of_keys, first_seen
from tests.servers.till.elected import one_publishes, refused_or_emptied, waits_for_the_broker
from tests.servers.till.refusing import refusing
from tests.standing.servers import Broker


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        yield made


async def published(it: Till, *payment_ids: str) -> list[Any]:
    """The facts once those of these payments are among them, and what could be seen in the outbox is gone."""

    async def facts() -> list[Any]:
        found = await it.facts()
        there = all(any(wanted.encode() in fact.value for fact in found) for wanted in payment_ids)
        return found if there and await it.count("outbox") == 0 else []

    found: list[Any] = await until(facts)
    return found


async def check_a_late_commit_is_published(it: Till, made: type[Relay]) -> None:
    """One transaction takes its number in the outbox, and commits when a later number has long been published."""
    late, early, last = it.payment(1, key="K1"), it.payment(2, key="K2"), it.payment(3, key="K3")
    slow = await it.session()
    try:
        async with it.relay(made):
            held = slow.transaction()
            await held.start()
            await it.take(it.record(late, 0), connection=slow)
            await it.take(it.record(early, 1))
            await published(it, "P00002")
            await slow.execute("select 1")
            await held.commit()
            await it.take(it.record(last, 2))
            await published(it, "P00003")
            await check_counted_once(it, [late, early, last])
    finally:
        await slow.close()


async def test_a_fact_whose_transaction_commits_late_is_published_though_higher_numbers_were_before(it: Till) -> None:
    await check_a_late_commit_is_published(it, Relay)


class ByHighestNumber(Relay):
    """The wrong way: it remembers the highest number that it published, and reads on from there."""

    async def _publish_some(self, connection: asyncpg.Connection, producer: AIOKafkaProducer) -> int:
        await connection.execute("delete from outbox where id < $1", getattr(self, "highest", 0))
        highest = await connection.fetchval("select max(id) from outbox")
        if highest is None:  # what comes after this look is for the next: it must know the number of all it publishes
            return 0
        count = await super()._publish_some(connection, producer)
        self.highest = highest
        return count


async def test_a_relay_that_goes_by_the_highest_number_fails_the_same_check(it: Till) -> None:
    with pytest.raises(AssertionError):
        await check_a_late_commit_is_published(it, ByHighestNumber)


@pytest.mark.parametrize("successor", ["the worker itself, started again", "another's relay"])
async def test_after_a_kill_between_publishing_and_deleting_ids_stay_and_who_starts_repeats_nothing(
    it: Till, successor: str
) -> None:
    good = [it.payment(number, 1_000, f"K{number % 4}") for number in range(20)]
    async with it.gate("outbox", "delete", each="row") as somebody:
        async with it.worker() as worker:
            await it.publish(*good)
            session = await somebody()
            before = await it.facts()
            worker.send(signal.SIGKILL)
            assert await worker.ended() == -signal.SIGKILL
        await it.end_session(session)
    assert before
    repeated = 0
    if successor == "another's relay":
        repeated = len(before)
        async with it.relay():
            await until(lambda: it.connection.fetchval("select count(*) = 0 from outbox"))
    async with it.worker():
        await until(lambda: it.connection.fetchval("select count(*) = 20 from counted"))
        await until(lambda: it.connection.fetchval("select count(*) = 0 from outbox"))
    facts = await it.facts()
    assert len(facts) == 20 + repeated
    assert len(first_seen(facts)) == 20
    await check_counted_once(it, good)
    await check_order_of_keys(it, good)


async def test_nothing_leaves_the_outbox_before_the_broker_has_it_nor_what_was_committed_meanwhile(
    it: Till, topics_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker hangs while the relay publishes; a transaction that had the lower number commits meanwhile."""
    monkeypatch.setattr(relays, "_MARK_SECONDS", 1e9)  # it has nothing else to ask the broker for
    first, late, sent = it.payment(1), it.payment(2, key="K2"), it.payment(3)
    slow = await asyncpg.connect(it.url)
    try:
        async with it.relay():
            await it.take(it.record(first))
            await published(it, "P00001")
            held = slow.transaction()
            await held.start()
            await it.take(it.record(late, 1), connection=slow)
            with topics_broker.frozen():
                await it.take(it.record(sent))
                await until(lambda: waits_for_the_broker(it))
                assert await it.count("outbox") == 1
                await held.commit()
            await published(it, "P00002", "P00003")
    finally:
        await slow.close()
    await check_counted_once(it, [first, late, sent])
    await check_order_of_keys(it, [first, late, sent])


async def test_of_two_relays_one_publishes_while_the_other_stands_for_election(
    it: Till, topics_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "_MARK_SECONDS", 1e9)
    async with it.relay(), it.relay():
        await it.take(it.record(it.payment(1)))
        await published(it, "P00001")
        await until(lambda: one_publishes(it))
        with topics_broker.frozen():
            await it.take(it.record(it.payment(2)))
            await until(lambda: waits_for_the_broker(it))
            assert await one_publishes(it)
        await published(it, "P00002")
    assert len(await it.facts()) == 2


async def test_what_the_broker_refuses_stays_in_the_outbox_until_it_is_taken(it: Till) -> None:
    await it.take(it.record(it.payment(1)))
    async with refusing(it, "payment-held"), it.relay():
        await refused_or_emptied(it)
        assert await it.count("outbox") == 1
    async with it.relay():
        await published(it, "P00001")
    await check_counted_once(it, [it.payment(1)])


async def test_facts_of_a_key_are_published_in_their_order_wherever_the_table_keeps_them(it: Till) -> None:
    drafts = [it.payment(20 - number, key=f"K{number % 2}") for number in range(20)]
    for start in range(0, 20, 5):
        await it.take(*(it.record(draft) for draft in drafts[start : start + 5]))
    # A row that is written again stands behind the others.
    await it.connection.execute("update outbox set traceparent = null where id % 3 = 0")
    async with it.relay():
        await published(it, *(draft.body["payment_id"] for draft in drafts))
    await check_order_of_keys(it, drafts)


async def test_a_frozen_relay_loses_its_election_and_another_publishes_within_seconds(it: Till) -> None:
    first, second, third = (it.payment(number) for number in range(3))
    async with it.worker() as frozen:
        await it.publish(first, partition=0)
        await published(it, "P00000")
        frozen.send(signal.SIGSTOP)
        async with it.relay() as other:
            await it.take(it.record(first.again(event_id="again"), 1), it.record(second, 1))
            await until(lambda: other.published == 1, seconds=10)
            await published(it, "P00001")
            # It wakes up behind the times: it is no longer elected, and does no harm.
            frozen.send(signal.SIGCONT)
            await it.publish(third, partition=2)
            await published(it, "P00002")
    await check_counted_once(it, [first, second, third])
    await check_order_of_keys(it, [first, second, third])


async def test_a_trace_is_passed_on_from_the_cause_to_its_fact(it: Till) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await it.take(it.record(it.payment(1, traceparent=trace)))
    async with it.relay():
        [fact] = await published(it, "P00001")
    assert dict(fact.headers)["traceparent"] == trace.encode()
