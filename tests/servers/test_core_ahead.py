"""While the database takes a batch in, the next is read already: never more than one, and nothing of it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from recouvra.chassis.batch import Reading
from recouvra.chassis.decoding import Decoded
from recouvra.contracts.event import Event
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.reading import Plainly, Quick
from recouvra.contracts.record import Record
from tests.servers.till.at_work import CreateDatabase, Till, delivered, till, until


@dataclass(frozen=True, slots=True)
class Watched(Reading):
    """Tells what it decoded."""

    def seen(self) -> list[int]:
        """The offsets of every record that was decoded, in the order in which they were."""
        return _SEEN

    async def decode(self, records: Sequence[Record], unauthorised: Any = None) -> Decoded:
        """As any reading does."""
        found = await Reading.decode(self, records, unauthorised)
        _SEEN.extend(record.offset for record in records)
        return found


_SEEN: list[int] = []


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    _SEEN.clear()
    async with till(postgres, "", tmp_path) as made:
        await made.begins_everywhere()
        yield made


def watched(it: Till) -> Watched:
    made = it.reading()
    return Watched(made.service, made.opens, made.clock, made.sources)


async def test_the_next_batch_is_read_while_one_is_taken_in_and_the_one_after_it_is_not(it: Till) -> None:
    reading, drafts = watched(it), [it.payment(number) for number in range(3)]
    reader = it.reader(reading)
    first, second, third = [delivered(it.record(draft)) for draft in drafts]
    async with it.gate("counted", "insert") as somebody:
        await reader.hand_over(first)
        await somebody()
        handing = asyncio.create_task(reader.hand_over(second))
        await until(lambda: 1 in reading.seen())
        assert not handing.done()
        assert reading.seen() == [0, 1]
        assert await it.count("counted") == 0
    await handing
    await reader.take(third)
    await reader.stop()
    assert reading.seen() == [0, 1, 2]
    await it.connection.execute("delete from outbox")
    assert await it.count("counted") == 3


async def test_a_batch_in_hand_is_taken_in_where_the_one_before_it_lost_its_place_to_another_worker(it: Till) -> None:
    drafts = [it.payment(number) for number in range(4)]
    records = [it.record(draft) for draft in drafts]
    reader, other = it.reader(), it.reader()
    await other.take(delivered(records[0]))
    async with it.gate("counted", "insert") as somebody:
        await other.hand_over(delivered(records[1]))
        await somebody()
        await reader.hand_over(delivered(*records[:2]))
        handing = asyncio.create_task(reader.hand_over(delivered(*records[2:])))
    await handing
    await reader.take(delivered(records[3]))
    await other.stop()
    await reader.stop()
    assert [row["next_offset"] for row in await it.rows("select next_offset from position where partition = 0")] == [4]
    await it.connection.execute("delete from outbox")
    rows = await it.rows("select count(*) as count from inbox")
    assert rows[0]["count"] == 4
    assert await it.count("counted") == 4


async def test_what_a_batch_says_that_could_not_be_read_ahead_is_read_when_it_is_taken(it: Till) -> None:
    class Failing(Watched):
        async def decode(self, records: Sequence[Record], unauthorised: Any = None) -> Decoded:
            if not _SEEN:
                _SEEN.append(-1)
                raise OSError("the rules' file cannot be read now")
            return await Watched.decode(self, records, unauthorised)

    made, draft = it.reading(), it.payment(1)
    reader = it.reader(Failing(made.service, made.opens, made.clock, made.sources))
    await reader.take(delivered(it.record(draft)))
    await reader.stop()
    assert _SEEN == [-1, 0]
    await it.connection.execute("delete from outbox")
    assert await it.count("counted") == 1


async def test_a_record_on_which_a_reader_fails_is_set_aside_alone(it: Till) -> None:
    def fails(values: Sequence[bytes]) -> list[Plainly]:
        if any(b"P00002" in value for value in values):
            raise ValueError("a reader of ours that nobody tried on this")
        return [None for _ in values]

    made, drafts = it.reading(), [it.payment(number) for number in range(1, 4)]
    quickly: dict[type[Event], Quick] = {PaymentReported: fails}
    reader = it.reader(Reading(made.service, made.opens, made.clock, made.sources, quickly=quickly))
    async with asyncio.timeout(30):
        await reader.take(delivered(*(it.record(draft) for draft in drafts)))
    await reader.stop()
    rows = await it.rows('select "offset", reason, source, event_id from dead_letter')
    assert [tuple(row) for row in rows] == [
        (1, "internal", f"/{it.name}/bank", (dict(drafts[1].headers)["ce_id"] or b"").decode())
    ]
    assert await it.count("counted") == 2
