"""An event's identity is its for ever: once taken in it counts once, whoever meets it and however often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from recouvra.chassis.deciding import Tally
from recouvra.chassis.outcome import Retry
from recouvra.contracts.record import Record
from tests.servers.till.at_work import CreateDatabase, Till, delivered, till, until


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, "", tmp_path) as made:
        yield made


async def sums(it: Till) -> dict[str, int]:
    rows = await it.rows("select key, sum_xof from sum_of_key where sum_xof <> 0")
    return {row["key"].removeprefix(f"{it.name}-"): row["sum_xof"] for row in rows}


async def reasons(it: Till) -> list[str]:
    return [row["reason"] for row in await it.rows("select reason from dead_letter order by id")]


async def test_the_same_event_again_has_no_effect_in_the_same_batch_or_in_a_later_one(it: Till) -> None:
    paid = it.payment(1)
    first = await it.take(it.record(paid), it.record(paid), it.record(paid.in_structured_mode()))
    second = await it.take(it.record(paid, partition=2))
    assert (first, second) == (Tally(3, 1, 2), Tally(1, 0, 1))
    assert await sums(it) == {"K1": 100}
    assert [await it.count(table) for table in ("inbox", "outbox", "dead_letter")] == [1, 1, 0]


async def test_an_event_id_that_says_something_else_is_set_aside_and_changes_nothing(it: Till) -> None:
    paid = it.payment(1)
    other = paid.again(amount_xof=200)
    await it.take(it.record(paid), it.record(other))
    await it.take(it.record(other))
    await it.take(it.record(paid))
    assert await sums(it) == {"K1": 100}
    assert await reasons(it) == ["conflicting-duplicate", "conflicting-duplicate"]
    assert await it.count("inbox") == 1


async def test_an_event_id_is_its_publishers_own(it: Till) -> None:
    first, second = it.payment(1, event_id="1"), it.payment(2, 50, event_id="1")
    theirs = second.broken("", headers=tuple((n, b"/other" if n == "ce_source" else v) for n, v in second.headers))
    await it.take(it.record(first), it.record(theirs))
    assert await sums(it) == {"K1": 150}


async def test_a_dead_letter_claims_nothing_so_the_mended_record_may_keep_its_id(it: Till) -> None:
    good = it.payment(1)
    await it.take(it.record(good.broken("", value=b"{}")), it.record(good))
    assert await reasons(it) == ["schema-mismatch"]
    assert await sums(it) == {"K1": 100}


async def test_a_record_that_failed_on_its_own_claims_nothing_either(it: Till) -> None:
    failing, mended = it.payment(1, 666, event_id="E"), it.payment(2, 70, event_id="E")
    reader = it.reader()
    await it.take(it.record(it.payment(0)))
    await reader.take(delivered(it.record(failing), it.record(mended)))
    await reader.stop()
    assert await reasons(it) == ["internal"]
    assert await sums(it) == {"K1": 170}


async def test_a_repeat_under_a_new_id_claims_nothing_so_that_id_may_say_something_else(it: Till) -> None:
    paid = it.payment(1)
    repeat, fresh = paid.again(event_id="new"), it.payment(2, 70, event_id="new")
    tally = await it.take(it.record(paid), it.record(repeat), it.record(fresh))
    assert (tally.effects, tally.duplicates) == (2, 1)
    assert await sums(it) == {"K1": 170}
    assert await reasons(it) == []


async def test_what_its_rule_sets_aside_as_a_conflict_claims_nothing_either(it: Till) -> None:
    paid = it.payment(1)
    other, fresh = paid.again(event_id="new", amount_xof=5), it.payment(2, 70, event_id="new")
    await it.take(it.record(paid), it.record(other), it.record(fresh))
    assert await reasons(it) == ["conflicting-duplicate"]
    assert await sums(it) == {"K1": 170}


async def _meeting(it: Till, first: Record, second: Record) -> Tally:
    """Has two workers take these in at once: the first has claimed, and not committed, when the second comes."""
    one, other = await it.session(), await it.session()
    try:
        async with it.gate("outbox", "insert") as somebody:
            held = asyncio.create_task(it.take(first, connection=one))
            await somebody()
            late = asyncio.create_task(it.take(second, connection=other))
            # The second waits for the first's claim; it may not pass it.
            waits = "select count(*) = 2 from pg_stat_activity where wait_event_type = 'Lock' and datname = $1"
            await until(lambda: it.connection.fetchval(waits, it.name))
            assert not late.done()
        await held
        with pytest.raises(Retry):
            await late
        return await it.take(second, connection=other)
    finally:
        await one.close()
        await other.close()


async def test_two_workers_that_meet_over_one_event_id_on_two_keys_count_it_once(it: Till) -> None:
    here, there = it.payment(1, event_id="E"), it.payment(2, 70, key="K2", event_id="E")
    again = await _meeting(it, it.record(here), it.record(there, partition=1))
    assert again.dead_letters == {"conflicting-duplicate": 1}
    assert await sums(it) == {"K1": 100}
    assert await it.count("inbox") == 1


async def test_two_workers_that_meet_over_the_same_event_count_it_once(it: Till) -> None:
    paid = it.payment(1)
    one, other = await it.session(), await it.session()
    try:
        tallies = await asyncio.gather(
            it.take(it.record(paid), connection=one), it.take(it.record(paid, partition=1), connection=other)
        )
    finally:
        await one.close()
        await other.close()
    assert sorted(tally.duplicates for tally in tallies) == [0, 1]
    assert await sums(it) == {"K1": 100}


async def test_readers_that_meet_over_many_shared_events_end_with_each_counted_once(it: Till) -> None:
    paid = [it.payment(number, key=f"K{number % 5}") for number in range(100)]
    readers = [it.reader() for _ in range(3)]
    records = [[it.record(draft, partition) for draft in paid] for partition in range(3)]
    await it.begins_everywhere()
    for start in range(0, 100, 20):
        batches = (mine[start : start + 20] for mine in records)
        await asyncio.gather(*(r.take(delivered(*batch)) for r, batch in zip(readers, batches, strict=True)))
    for reader in readers:
        await reader.stop()
    assert await sums(it) == {f"K{number}": 2_000 for number in range(5)}
    assert [await it.count(table) for table in ("inbox", "outbox", "dead_letter")] == [100, 100, 0]
    assert sum(reader.counters.duplicates for reader in readers) == 200
