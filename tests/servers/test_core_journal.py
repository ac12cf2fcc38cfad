"""The journal: a cause stands on it before its facts, and a database that was restored does again what it tells."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from recouvra.chassis.journal import BATCH, Cause
from recouvra.contracts.topics import journal_of
from tests.making.poison import common
from tests.servers.conftest import CreateDatabase
from tests.servers.till.at_work import PAYMENTS, Till, till, until
from tests.servers.till.claims import check_counted_once, marks
from tests.servers.till.told import copied, counted, places, state, told
from tests.standing.servers import DatabaseServer


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        yield made


def test_a_facts_id_follows_from_its_cause_and_place_and_no_two_are_alike() -> None:
    cause = Cause.new(BATCH, {"moves": []})
    fact_id = cause.fact_ids()
    ids = {UUID(fact_id(of, nth)) for of in ("", "t/0@1", "t/0@2", "t/0@1 refused") for nth in range(3)}
    assert len(ids) == 12
    again = Cause(cause.id, "anything", {}, datetime.fromisoformat("2026-01-01T00:00:00Z"))
    assert again.fact_ids()("t/0@1", 2) == fact_id("t/0@1", 2) != Cause.new(BATCH, {}).fact_ids()("t/0@1", 2)
    assert {(one.version, one.variant) for one in ids} == {(7, cause.id.variant)}
    assert {one.int >> 80 for one in ids} == {cause.id.int >> 80}, "the millisecond of the cause"


def test_a_facts_id_is_the_one_that_any_version_gives() -> None:
    fact_id = Cause(UUID("019b3f5e-7a10-7c2d-8e4f-0123456789ab"), BATCH, {}).fact_ids()
    assert fact_id("payroll-declared/0@7", 0) == "019b3f5e-7a10-7e80-86a8-ebd2132438ed"
    assert fact_id("", 1) == "019b3f5e-7a10-7309-a1fb-0b2a92fdda18"


async def test_every_fact_has_a_cause_that_stands_on_the_journal_before_it(it: Till) -> None:
    it.since[journal_of(it.name)] = {0: 0}
    async with it.worker():
        await it.publish(*told(it))
        await counted(it, 120)
    entries = await it.records(journal_of(it.name))
    causes = [Cause.told(entry.value) for entry in entries]
    moved = {(topic, partition): to for cause in causes for topic, partition, _, to in cause.said["moves"]}
    positions = {
        (row["topic"], row["partition"]): row["next_offset"] for row in await it.rows("select * from position")
    }
    assert positions.items() >= moved.items()
    places = [
        (cause, f"{topic}/{partition}@{offset}")
        for cause in causes
        for topic, partition, at, to in cause.said["moves"]
        for offset in range(at, to)
    ]
    entered = {
        cause.fact_ids()(place, 0): entry.timestamp
        for cause, place in places
        for entry in entries
        if Cause.told(entry.value).id == cause.id
    }
    for fact in await it.facts():
        assert entered[dict(fact.headers)["ce_id"].decode()] <= fact.timestamp


async def test_a_database_that_was_restored_catches_up_and_tells_nothing_twice(
    it: Till, database_server: DatabaseServer
) -> None:
    waves = told(it)
    poison = [draft for draft in common(it.payment(999)) if draft.topic == PAYMENTS][:7]
    async with it.worker():
        await it.publish(*waves[:40])
        await counted(it, 40)
    async with copied(it, database_server) as restore:
        async with it.worker():
            await it.publish(*waves[40:60], *poison, *waves[50:80])
            await counted(it, 80)
        before, facts, refused = await state(it), await places(it), await places(it, "record-refused")
        await restore()
        assert await state(it) != before
        async with it.worker():
            await counted(it, 80)
            assert await state(it) == before
            assert (await places(it), await places(it, "record-refused")) == (facts, refused)
            await it.publish(*waves[80:])
            await counted(it, 120)
    await check_counted_once(it, waves)


@pytest.mark.parametrize("table", ["inbox", "published"])
async def test_a_worker_killed_while_it_catches_up_goes_on_where_it_stood(
    it: Till, database_server: DatabaseServer, table: str
) -> None:
    waves = told(it)
    async with copied(it, database_server) as restore:
        for first, last in ((0, 40), (40, 80)):
            async with it.worker():
                await it.publish(*waves[first:last])
                await counted(it, last)
        before, facts = await state(it), await places(it)
        await restore()
        async with it.gate(table, "insert") as somebody:
            async with it.worker() as worker:
                session = await somebody()
                worker.send(signal.SIGKILL)
                await worker.ended()
            await it.end_session(session)
        async with it.worker(), it.worker():
            await counted(it, 80)
            assert await state(it) == before
        assert await places(it) == facts


async def test_what_was_committed_and_not_yet_published_is_published_once_after_the_restore(
    it: Till, database_server: DatabaseServer
) -> None:
    waves = told(it)
    async with it.worker():
        await until(lambda: it.connection.fetchval("select count(*) > 0 from published"))
    await it.publish(*waves[:40])
    async with it.gate("published", "insert") as somebody:  # the relay has sent, and does not come to delete
        async with it.worker() as worker:
            session = await somebody()
            worker.send(signal.SIGKILL)
            await worker.ended()
        await it.end_session(session)
    assert await it.count("outbox") > 0
    sent = len(await places(it))
    async with copied(it, database_server) as restore:
        async with it.worker():
            await counted(it, 40)
        facts = await places(it)
        assert sent <= len(facts) == 40
        await restore()
        async with it.worker():
            await counted(it, 40)
        assert await places(it) == facts


async def test_a_journal_that_was_made_again_or_lacks_a_cause_stops_the_worker(it: Till) -> None:
    async with it.worker():
        await it.publish(*told(it)[:40])
        await counted(it, 40)
    for spoilt, said in (
        ("update published set next_offset = next_offset + 5 where topic like '%-journal'", b"made again"),
        (
            "update published set next_offset = 0 where topic like '%-journal'; "
            "update position set next_offset = next_offset - 1 where next_offset > 0",
            b"can't be done from here",
        ),
    ):
        await it.connection.execute(spoilt)
        async with it.worker() as worker:
            assert await worker.ended() == 1
        assert said in (it.folder / "worker.log").read_bytes()


async def test_what_others_write_on_a_services_own_topics_does_not_stop_it(it: Till) -> None:
    """They cannot be kept from it where the broker lets everybody write; none of it is the service's own."""
    source = f"/{it.name}".encode()
    async with it.worker():
        await it.publish(*told(it)[:20])
        await counted(it, 20)
    forged = [
        [("ce_source", source)],
        [("ce_source", source), ("ce_id", b"abc")],
        [("ce_source", source), ("ce_id", b"\xff")],
        [("ce_source", None), ("ce_id", None)],
        [],
    ]
    producer = AIOKafkaProducer(bootstrap_servers=it.bootstrap)
    await producer.start()
    try:
        for headers in forged:
            await producer.send("payment-held", b"{}", b"K", headers=headers)
            await producer.send(journal_of(it.name), None, b"K", 0, headers=headers)
        await producer.flush()
    finally:
        await producer.stop()
    await it.connection.execute("update clock set is_behind = true")  # it has to learn from all that stands there
    async with it.worker():
        await it.publish(*told(it)[20:40])
        await counted(it, 40)
    assert not await it.connection.fetchval("select is_behind from clock")


async def test_no_fact_is_dated_up_to_what_the_lost_database_had_marked(
    it: Till, database_server: DatabaseServer
) -> None:
    """The machine that it is restored on may have a clock that is behind."""
    async with copied(it, database_server) as restore:
        async with it.worker():
            await it.publish(*told(it)[:40])
            await counted(it, 40)
            await until(lambda: marks(it))
        lost = (await marks(it))[-1][0]
        await restore()
        await it.connection.execute("update clock set is_behind = true")
        await it.connection.execute(
            "alter table clock add constraint floored check (is_behind or floor_at >= '" + lost.isoformat() + "')"
        )
        async with it.worker():
            await counted(it, 40)
            await until(lambda: it.connection.fetchval("select not is_behind from clock"))


def test_an_entry_says_all_that_it_takes_to_do_a_cause_again() -> None:
    cause = Cause.new("assign-payment", {"who": "awa", "payment": ["/bank", "P1"]})
    cause.at = datetime.fromisoformat("2026-01-01T00:00:00.000001+00:00")
    assert Cause.told(cause.entry()) == cause
    assert json.loads(cause.entry())["at"] == "2026-01-01T00:00:00.000001+00:00"
