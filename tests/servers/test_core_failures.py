"""A record that fails by its own effect is set aside alone; an error of the moment blames no record."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from recouvra.chassis.batch import Reading
from recouvra.chassis.database import Connection, is_of_the_size
from recouvra.chassis.outcome import Outcome
from recouvra.chassis.reader import Reader
from recouvra.contracts.reading import Received
from recouvra.contracts.record import Record
from tests.builders import Draft
from tests.servers.till.at_work import CreateDatabase, Till, delivered, till, until
from tests.servers.till.counting import DIVIDES_BY_ZERO, ENDS_AN_ITERATOR, REFUSED_BY_THE_TABLE, TillWork, opens


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, "", tmp_path) as made:
        await made.begins_everywhere()
        yield made


async def _read(it: Till, *records: Record, reading: Reading | None = None) -> Reader:
    reader = it.reader(reading)
    async with asyncio.timeout(30):
        await reader.take(delivered(*records))
    await reader.stop()
    return reader


async def _set_aside(it: Till) -> list[tuple[int, int, str]]:
    rows = await it.rows('select partition, "offset", reason from dead_letter order by 1, 2')
    return [(row["partition"], row["offset"], row["reason"]) for row in rows]


FAILING: dict[str, dict[str, Any]] = {
    "a rule that divides by zero": {"xof": DIVIDES_BY_ZERO},
    "a rule that raises what no one has listed": {"xof": ENDS_AN_ITERATOR},
    "a table's check": {"xof": REFUSED_BY_THE_TABLE},
}


@pytest.mark.parametrize("why", FAILING)
async def test_a_record_whose_own_effect_fails_is_set_aside_alone_and_its_neighbours_count(it: Till, why: str) -> None:
    bad = it.payment(99, **FAILING[why])
    if reference := FAILING[why].get("reference"):
        bad = bad.again(payer_id=None, reference=reference)
    good = [it.payment(number, key=f"K{number % 3}") for number in range(10)]
    reader = await _read(it, *(it.record(draft) for draft in [*good[:6], bad, *good[6:]]))
    assert await _set_aside(it) == [(0, 6, "internal")]
    assert await it.count("counted") == 10
    assert await it.connection.fetchval("select sum(sum_xof)::bigint from sum_of_key") == 1_000
    assert await it.connection.fetchval("select next_offset from position where partition = 0") == 11
    assert reader.counters.dead_letters == {"internal": 1}


async def test_several_that_fail_in_one_batch_are_each_set_aside_and_the_last_and_only_one_too(it: Till) -> None:
    unlucky = {0, 3, 4, 11}
    drafts = [it.payment(number, DIVIDES_BY_ZERO if number in unlucky else 100) for number in range(12)]
    await _read(it, *(it.record(draft, number % 2) for number, draft in enumerate(drafts)))
    await _read(it, it.record(it.payment(12, REFUSED_BY_THE_TABLE), 2))
    expected = [(0, 0), (0, 2), (1, 1), (1, 5), (2, 0)]
    assert await _set_aside(it) == [(*place, "internal") for place in expected]
    assert await it.count("counted") == 8


async def test_a_failing_record_is_told_with_its_envelope_so_that_its_publisher_can_act(it: Till) -> None:
    bad = it.payment(1, DIVIDES_BY_ZERO)
    await _read(it, it.record(bad))
    [row] = await it.rows("select key, value from outbox where topic = 'record-refused'")
    told = json.loads(row["value"])
    assert row["key"] == bad.key
    assert [told[name] for name in ("reason", "source", "event_id")] == ["internal", *_identity(bad)]


async def test_by_the_events_clock_what_is_refused_is_dated_as_its_record_is(it: Till) -> None:
    at = "2025-03-01T10:00:00Z"
    counts, fails = it.payment(1, at=at), it.payment(2, DIVIDES_BY_ZERO, at=at)
    spoilt = it.payment(3, at=at).broken("invalid-json", value=b"{")
    drafts = [spoilt, counts, counts.again(amount_xof=101), fails]
    await _read(it, *map(it.record, drafts), reading=it.reading(clock="event"))
    rows = await it.rows("select known_at from outbox where topic = 'record-refused'")
    assert [row["known_at"].isoformat() for row in rows] == ["2025-03-01T10:00:00+00:00"] * 3
    letters = await it.rows("select reason, at from dead_letter order by id")
    assert [row["reason"] for row in letters] == ["invalid-json", "conflicting-duplicate", "internal"]


def _identity(draft: Draft) -> list[str]:
    return [draft.envelope.source, draft.envelope.event_id]


Moment = Callable[[Till, Connection], Awaitable[None]]


async def _its_session_is_ended(it: Till, connection: Connection) -> None:
    await connection.execute("select pg_terminate_backend(pg_backend_pid())")


async def _a_deadlock_is_detected(it: Till, connection: Connection) -> None:
    raise asyncpg.DeadlockDetectedError


async def _the_network_is_gone(it: Till, connection: Connection) -> None:
    raise ConnectionResetError


async def _its_table_is_away(it: Till, connection: Connection) -> None:
    await connection.execute("select * from a_table_that_is_not_there_yet")


MOMENTS = (_its_session_is_ended, _a_deadlock_is_detected, _the_network_is_gone, _its_table_is_away)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_an_error_of_the_moment_blames_no_record_however_often_it_comes(it: Till, moment: Moment) -> None:
    tries = 0

    async def failing_four_times(connection: Connection, events: Sequence[Received]) -> TillWork:
        nonlocal tries
        tries += 1
        work = await opens(connection, events)
        if tries <= 4:
            await moment(it, connection)
        return work

    reader = it.reader(it.reading(failing_four_times))
    await reader.take(delivered(it.record(it.payment(1))))
    await reader.stop()
    assert (tries, reader.counters.retries) == (5, 4)
    assert await _set_aside(it) == []
    assert [await it.count(table) for table in ("counted", "inbox", "outbox")] == [1, 1, 1]


async def test_a_batch_whose_session_was_ended_for_its_silence_is_known_to_be_too_large(it: Till) -> None:
    session = await it.session()
    pid = session.get_server_pid()

    async def is_ended() -> bool:
        return not await it.rows(f"select from pg_stat_activity where pid = {pid}")

    async def silent_for_too_long() -> None:
        async with session.transaction():
            await session.execute("set idle_in_transaction_session_timeout = '50ms'")
            await until(is_ended)
            await session.execute("select 1")

    with pytest.raises(asyncpg.InterfaceError) as raised:
        await silent_for_too_long()
    assert is_of_the_size(raised.value)


class Pondering(TillWork):
    """A rule that thinks for longer than the server lets a session be silent within a transaction."""

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Counts, in its own time."""
        threading.Event().wait(5)
        return super().apply(received, reading)


async def test_rules_that_think_for_longer_than_a_session_may_be_silent_lose_neither_session_nor_batch(
    it: Till,
) -> None:
    async def pondering(connection: Connection, events: Sequence[Received]) -> TillWork:
        work = await opens(connection, events)
        return Pondering(work.accounts, work.counted, weight=10**9)

    reader = it.reader(it.reading(pondering))
    await reader.take(delivered(it.record(it.payment(1))))
    await reader.stop()
    assert (reader.counters.batches, reader.counters.retries) == (1, 0)
    assert await it.count("counted") == 1


async def test_records_wait_for_a_table_that_is_away_and_count_once_when_it_is_back(it: Till) -> None:
    await it.connection.execute("alter table counted rename to elsewhere")
    reader = it.reader()
    taking = asyncio.create_task(reader.take(delivered(*(it.record(it.payment(number)) for number in range(5)))))
    await until(lambda: reader.counters.retries >= 2)
    await it.connection.execute("alter table elsewhere rename to counted")
    await asyncio.wait_for(taking, 20)
    await reader.stop()
    assert await _set_aside(it) == []
    assert await it.count("counted") == 5


async def test_records_wait_for_a_sources_file_that_was_broken_from_the_start(it: Till, tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    path.write_text('{"/": ["*"')
    reader = it.reader(it.reading(sources=path))
    taking = asyncio.create_task(reader.take(delivered(it.record(it.payment(1)))))
    await until(lambda: reader.counters.retries >= 2)
    assert await it.connection.fetchval("select next_offset from position where partition = 0") == 0
    path.write_text('{"/": ["*"]}')
    await asyncio.wait_for(taking, 20)
    await reader.stop()
    assert await _set_aside(it) == []
    assert await it.count("counted") == 1


async def test_a_worker_that_is_told_to_stop_gives_up_a_batch_that_fails_and_the_next_takes_it(it: Till) -> None:
    records = [it.record(it.payment(number)) for number in range(5)]
    await it.connection.execute("alter table counted rename to elsewhere")
    reader = it.reader()
    taking = asyncio.create_task(reader.take(delivered(*records)))
    await until(lambda: reader.counters.retries >= 1)
    async with asyncio.timeout(10):
        await reader.stop()
        await taking
    await it.connection.execute("alter table elsewhere rename to counted")
    await _read(it, *records)
    assert await it.count("counted") == 5
