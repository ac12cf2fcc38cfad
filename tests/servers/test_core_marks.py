"""A mark is a promise: no fact with a knowledge time up to it is first seen at or behind its offsets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer, TopicPartition

from recouvra.chassis import relay as relays
from recouvra.chassis.clock import Clock
from recouvra.chassis.database import VERIFIER, Connection
from recouvra.chassis.outcome import Opens, Outcome
from recouvra.contracts.reading import Received
from tests.servers.till.at_work import CreateDatabase, Till, till, until
from tests.servers.till.claims import check_counted_once, check_marks, check_order_of_keys, known_at, marks
from tests.servers.till.counting import TillWork, opens


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        yield made


async def more_marks(it: Till, count: int) -> datetime:
    """Waits for so many more, and says up to when the last one goes."""
    wanted = len(await marks(it)) + count

    async def enough() -> bool:
        return len(await marks(it)) >= wanted

    await until(enough)
    return (await marks(it))[-1][0]


async def mark_past(it: Till, at: datetime) -> None:
    async def past() -> bool:
        said = await marks(it)
        return bool(said) and said[-1][0] >= at

    await until(past)


async def the_relay_reads_its_clock(it: Till) -> None:
    floor = await it.connection.fetchval("select floor_at from clock")
    await until(lambda: it.connection.fetchval("select floor_at > $1 from clock", floor))


async def check_no_mark_passes_an_open_transaction(it: Till) -> None:
    """A transaction reads its clock and stays open while others commit and marks are published; then it commits."""
    slow = await asyncpg.connect(it.url)  # which the server does not take for frozen after four seconds
    try:
        async with it.relay():
            first = await more_marks(it, 1)
            held = slow.transaction()
            await held.start()
            await it.take(it.record(it.payment(1, key="K1"), 0), connection=slow)
            told_at = await slow.fetchval("select max(known_at) from outbox")
            assert first < told_at
            for number in range(2, 5):
                await it.take(it.record(it.payment(number, key="K2"), 1))
                await the_relay_reads_its_clock(it)
            assert (await marks(it))[-1][0] < told_at
            await held.commit()
            await mark_past(it, told_at)
    finally:
        await slow.close()
    await check_marks(it)


async def test_marks_wait_for_a_transaction_that_stays_open_and_pass_it_when_its_facts_are_there(it: Till) -> None:
    await check_no_mark_passes_an_open_transaction(it)


async def test_who_begins_while_the_relay_is_about_to_read_its_clock_is_waited_for(it: Till) -> None:
    """Its number is the next one, and its reading of the clock earlier than the relay's."""
    slow, holder = await asyncpg.connect(it.url), await asyncpg.connect(it.url)
    waits = (
        "select exists (select from pg_stat_activity where application_name = 'recouvra-relay' and datname = $1 "
        "and wait_event_type = 'Lock')"
    )
    try:
        async with it.relay():
            await more_marks(it, 1)
            async with holder.transaction():
                await holder.execute("update clock set floor_at = floor_at")
                await until(lambda: it.connection.fetchval(waits, it.name))
                held = slow.transaction()
                await held.start()
                await it.take(it.record(it.payment(1)), connection=slow)
                told_at = await slow.fetchval("select max(known_at) from outbox")
            for _ in range(4):
                await the_relay_reads_its_clock(it)
            assert (await marks(it))[-1][0] < told_at
            await held.commit()
            await mark_past(it, told_at)
    finally:
        await slow.close()
        await holder.close()
    await check_marks(it)


class Hasty(relays._Marks):
    """The wrong way: a reading of the clock counts as closed at once."""

    async def next(self, service: str, partitions: Sequence[TopicPartition]) -> bytes | None:
        """Makes a mark of the clock as it is."""
        self._readings.clear()
        at = await self._connection.fetchval("select clock_timestamp()")
        self._readings.append((at, 0))
        return await super().next(service, partitions)


async def test_marks_that_do_not_wait_fail_the_same_check(it: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "_Marks", Hasty)
    with pytest.raises(AssertionError):
        await check_no_mark_passes_an_open_transaction(it)


async def test_marks_stay_true_and_keys_in_order_while_two_workers_and_an_elected_relay_are_busy(it: Till) -> None:
    good = [it.payment(number, 1_000, f"K{number % 9}") for number in range(600)]
    async with it.worker(), it.worker():
        for start in range(0, 600, 30):
            await it.publish(*good[start : start + 30])
        await until(lambda: it.connection.fetchval("select count(*) = 600 from counted"))
        await until(lambda: it.connection.fetchval("select count(*) = 0 from outbox"))
        await mark_past(it, max(known_at(fact) for fact in await it.facts()))
    await check_marks(it)
    await check_counted_once(it, good)
    await check_order_of_keys(it, good)


class Mute(relays.Relay):
    """A relay that marks and never comes to publish: as one is between a commit and its next look at the outbox."""

    async def _publish_some(self, connection: asyncpg.Connection, producer: AIOKafkaProducer) -> int:
        return 0


async def test_what_is_committed_and_not_published_yet_holds_the_mark_back_right_before_it(it: Till) -> None:
    await it.take(it.record(it.payment(1)))
    known = await it.connection.fetchval("select known_at from outbox")
    async with it.relay(Mute):
        assert await more_marks(it, 3) == known - timedelta(microseconds=1)
    async with it.relay():
        await mark_past(it, known)
    await check_marks(it)


async def test_marks_move_on_while_nothing_happens(it: Till) -> None:
    async with it.relay():
        first = await more_marks(it, 1)
        assert await more_marks(it, 3) > first


async def test_what_was_published_is_marked_though_marks_of_nothing_new_never_come_once_it_may_be(
    it: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that began before it was known is waited for, and the clock is read again until it ends."""
    monkeypatch.setattr(relays, "_WHEN_ALL_IS_TOLD", 1e9)
    slow = await asyncpg.connect(it.url)
    try:
        async with it.relay():
            held = slow.transaction()
            await held.start()
            await slow.execute("select pg_current_xact_id()")
            await it.take(it.record(it.payment(1)))
            await until(lambda: it.connection.fetchval("select count(*) = 0 from outbox"))
            for _ in range(2):
                await the_relay_reads_its_clock(it)
            assert await marks(it) == []
            await held.commit()
            await mark_past(it, known_at((await it.facts())[0]))
    finally:
        await slow.close()
    await check_marks(it)


async def test_verify_that_writes_its_temporary_tables_for_minutes_holds_no_mark_back(it: Till) -> None:
    looking = await asyncpg.connect(it.url, server_settings={"application_name": VERIFIER["application_name"]})
    try:
        await looking.execute("create temporary table seen (number int)")
        async with it.relay(), looking.transaction(isolation="repeatable_read", readonly=True):
            await looking.execute("insert into seen values (1)")
            assert await looking.fetchval("select pg_current_xact_id_if_assigned() is not null")
            began = await it.connection.fetchval("select clock_timestamp()")
            await mark_past(it, began)
    finally:
        await looking.close()


async def test_after_a_step_back_of_the_machines_clock_nothing_is_dated_up_to_what_was_marked(it: Till) -> None:
    """As if a mark had gone out before the clock went back an hour."""
    before = datetime.now(UTC) + timedelta(hours=1)
    await it.connection.execute("update clock set floor_at = $1", before)
    async with it.relay():
        assert await more_marks(it, 2) >= before
        await it.take(*(it.record(it.payment(number)) for number in range(3)))
        await until(lambda: it.connection.fetchval("select count(*) = 0 from outbox"))
        await more_marks(it, 2)
    assert all(known_at(fact) > before for fact in await it.facts())
    await check_marks(it)


async def test_by_the_events_clock_the_mark_goes_as_far_as_what_was_published_and_waits_for_what_was_not(
    it: Till,
) -> None:
    by_events = it.reading(clock="event")
    await it.take(it.record(it.payment(1, at="2060-01-01T00:00:00Z")), reading=by_events)
    async with it.relay(clock="event"):
        await mark_past(it, datetime(2060, 1, 1, tzinfo=UTC))
    await it.take(it.record(it.payment(2, key="K2", at="2059-01-01T00:00:00Z")), reading=by_events)
    async with it.relay(Mute, clock="event"):
        assert (await more_marks(it, 2)).year == 2058
    async with it.relay(clock="event"):
        await mark_past(it, datetime(2060, 1, 1, tzinfo=UTC))
    assert {known_at(fact).year for fact in await it.facts()} == {2059, 2060}


async def test_by_the_events_clock_what_was_refused_lifts_no_mark_however_late_it_says_that_it_is(it: Till) -> None:
    refused = it.payment(1, at="2090-01-01T00:00:00Z").broken("invalid-json", value=b"{")
    await it.take(
        it.record(refused), it.record(it.payment(2, at="2060-01-01T00:00:00Z")), reading=it.reading(clock="event")
    )
    async with it.relay(clock="event"):
        await mark_past(it, datetime(2060, 1, 1, tzinfo=UTC))
        assert (await more_marks(it, 2)).year == 2060
    assert {known_at(fact).year for fact in await it.facts("record-refused")} == {2090}


class Forgetful(TillWork):
    """A rule that does not look at the last knowledge time of its key: the clock alone keeps the order."""

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Counts, dated by this reading alone."""
        for account in self.accounts.values():
            account.known_at = datetime.min.replace(tzinfo=UTC)
        return super().apply(received, reading)


async def forgetful(connection: Connection, events: Sequence[Received]) -> TillWork:
    work = await opens(connection, events)
    return Forgetful(work.accounts, work.counted)


async def clock_first(connection: Connection, events: Sequence[Received]) -> TillWork:
    """The wrong way: the clock is read, then the accounts are locked."""
    early = (await Clock.read(connection, "system")).reading(None)
    work = await forgetful(connection, events)

    class Early(Forgetful):
        def apply(self, received: Received, reading: datetime) -> Outcome:
            return super().apply(received, early)

    return Early(work.accounts, work.counted)


async def check_who_waits_for_a_key_is_dated_after_who_held_it(it: Till, opened: Opens) -> None:
    """One transaction waits for a key while another, which holds it, has not read its clock yet."""
    holder, waiter = await it.session(), await it.session()
    try:
        held = holder.transaction()
        await held.start()
        await holder.execute("insert into sum_of_key (key) values ($1)", it.payment(1).body["payer_id"])
        late = asyncio.create_task(it.take(it.record(it.payment(2), 1), connection=waiter, reading=it.reading(opened)))
        blocked = "select exists (select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock')"
        await until(lambda: it.connection.fetchval(blocked, it.name))
        await it.take(it.record(it.payment(1), 0), connection=holder, reading=it.reading(forgetful))
        await held.commit()
        await late
    finally:
        await holder.close()
        await waiter.close()
    times = [row["known_at"] for row in await it.rows("select known_at from outbox order by id")]
    assert len(times) == 2
    assert times == sorted(times)


async def test_knowledge_time_is_read_after_the_accounts_are_locked(it: Till) -> None:
    await check_who_waits_for_a_key_is_dated_after_who_held_it(it, forgetful)


async def test_a_clock_that_is_read_before_the_locks_fails_the_same_check(it: Till) -> None:
    with pytest.raises(AssertionError):
        await check_who_waits_for_a_key_is_dated_after_who_held_it(it, clock_first)


async def test_each_cause_has_its_own_instant_even_within_a_batch(it: Till) -> None:
    await it.take(*(it.record(it.payment(number, key=f"K{number}")) for number in range(50)))
    assert await it.connection.fetchval("select count(distinct known_at) from outbox") == 50
