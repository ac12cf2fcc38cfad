"""What clients choke on, amid good records: every good one counts, every bad one is one dead letter, none more."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream.kafka import KafkaBroker

from recouvra.chassis.reader import UNREADABLE, Reader
from recouvra.contracts.reading import VALUE_BYTES
from tests.builders import Draft, poison
from tests.servers.till.at_work import PARTITIONS, PAYMENTS, CreateDatabase, Till, delivered, till, until
from tests.servers.till.claims import Letter, check_counted_once, check_dead_letters
from tests.servers.till.counting import DIVIDES_BY_ZERO

MISSPELT = "header key that is not UTF-8"


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        yield made


async def publish_misspelt(it: Till, drafts: Sequence[tuple[int, Draft]]) -> None:
    """Publishes drafts on partitions; those whose `why` says so with one more header, of a key that is no text."""

    def encoded(raw: bytes | None) -> str:
        return base64.b64encode(raw or b"").decode()

    lines = [
        json.dumps(
            [
                partition,
                encoded(draft.key),
                encoded(draft.value),
                [[name, encoded(value)] for name, value in draft.headers],
                draft.why == MISSPELT,
            ]
        )
        for partition, draft in drafts
    ]
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.servers.till.misspelt", it.bootstrap, PAYMENTS],
        input="\n".join(lines).encode(),
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"},
        check=True,
    )


async def settled(it: Till, good: int, bad: int) -> None:
    async def all_taken_and_told() -> bool:
        done = await it.count("counted"), await it.count("dead_letter"), await it.count("outbox")
        return done[0] >= good and done[1] >= bad and done[2] == 0

    await until(all_taken_and_told)


def among_good_ones(it: Till, first: int, bad: set[int]) -> list[tuple[int, Draft]]:
    drafts = [it.payment(first + number, 1_000, f"K{number % 3}") for number in range(30)]
    return [(n % 3, draft.broken(MISSPELT) if n in bad else draft) for n, draft in enumerate(drafts)]


# The compiled parser and the pure Python one raise differently, and lose differently.
@pytest.mark.parametrize("extensions", ["", "1"], ids=["compiled", "pure"])
async def test_header_keys_that_are_not_utf_8_cost_no_good_record_on_any_partition(it: Till, extensions: str) -> None:
    drafts = [
        *among_good_ones(it, 0, {4, 13, 14, 27}),
        *among_good_ones(it, 100, {0}),
        *among_good_ones(it, 200, set()),
    ]
    good = [draft for _, draft in drafts if draft.why != MISSPELT]
    bad = [draft for _, draft in drafts if draft.why == MISSPELT]
    # What waits when the worker starts, what comes while it reads, and what comes behind.
    await publish_misspelt(it, drafts[:30])
    async with it.worker(AIOKAFKA_NO_EXTENSIONS=extensions):
        await publish_misspelt(it, drafts[30:])
        await settled(it, len(good), len(bad))
    await check_counted_once(it, good)
    await check_dead_letters(it, [(draft.key, draft.value, "missing-envelope") for draft in bad])


async def test_without_reading_aside_the_client_loses_good_records_of_other_partitions(it: Till) -> None:
    """The control: what the guard guards against is real in the client that is installed."""
    drafts = among_good_ones(it, 0, {4})
    await publish_misspelt(it, drafts)
    consumer = AIOKafkaConsumer(bootstrap_servers=it.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(PAYMENTS, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, it.since[PAYMENTS][place.partition])
        with pytest.raises(Exception):  # noqa: B017, PT011 - which error depends on the parser
            await until(lambda: _all_of(consumer), seconds=5)
    finally:
        await consumer.stop()


async def _all_of(consumer: AIOKafkaConsumer) -> bool:
    return not await consumer.getmany(timeout_ms=1_000)


async def test_everything_that_publishers_send_wrong_is_kept_whole_and_costs_no_neighbour(it: Till) -> None:
    good = [it.payment(number, 1_000, f"K{number % 5}") for number in range(40)]
    bad = [one for one in poison(f"{it.name}-K1", it.name) if one.topic == PAYMENTS]
    plain = good[0]
    bad += [
        plain.broken("missing-envelope: null header values", headers=tuple((name, None) for name, _ in plain.headers)),
        plain.broken("missing-envelope: odd header values", headers=(("ce_id", b"\xff\xfe"), ("", b""), ("é", b"\0"))),
        plain.broken("schema-mismatch: no key", key=None),
        plain.broken("schema-mismatch: empty key", key=b""),
        plain.broken("schema-mismatch: a key that is no text", key=b"\xff\x00\xfe"),
        plain.broken("oversized: by one byte", value=b" " * (VALUE_BYTES + 1)),
        plain.broken("oversized: near what the topic takes", value=os.urandom(4_000_000)),
        plain.broken("invalid-json: as large as is read", value=b" " * VALUE_BYTES),
    ]
    mixed = list(good)
    for number, draft in enumerate(bad):
        mixed.insert(number * 3 % len(mixed), draft)
    large = it.payment(40, 1_000, "K1")
    large = large.broken("", value=(large.value or b"").ljust(VALUE_BYTES))
    async with it.worker():
        await it.publish(*mixed, large)
        await settled(it, 41, len(bad))
    await check_counted_once(it, [*good, large])
    letters: list[Letter] = [(one.key, one.value, one.why.partition(":")[0]) for one in bad]
    await check_dead_letters(it, letters)
    headers = {tuple(zip(*row.values(), strict=True)) for row in await it.rows(_HEADERS)}
    assert headers == {one.headers for one in bad}


_HEADERS = "select header_names, header_values from dead_letter"


async def test_a_key_that_compresses_to_less_than_a_topic_takes_does_not_stop_the_relay(it: Till) -> None:
    good, huge = it.payment(1), it.payment(2).broken("", key=b"K" * (6 << 20))
    await it.publish(huge, good, compression_type="gzip", max_request_size=16 << 20, max_batch_size=16 << 20)
    async with it.worker():
        await settled(it, 1, 1)
    await check_counted_once(it, [good])
    [told] = await it.facts("record-refused")
    assert told.key is None
    [row] = await it.rows("select key, reason from dead_letter")
    assert (row["key"], row["reason"]) == (huge.key, "schema-mismatch")


async def test_a_gap_is_read_before_it_is_believed_and_its_culprit_blamed_rather_than_who_came_behind(
    it: Till,
) -> None:
    """A reader that is delivered only the last of six records, as by a client that lost five."""
    drafts = [it.payment(number, DIVIDES_BY_ZERO if number == 2 else 1_000) for number in range(6)]
    await it.publish(*drafts, partition=1)
    reader = it.reader()
    await reader.take(delivered([it.record(draft, 1) for draft in drafts][-1]))
    await reader.stop()
    good = [draft for number, draft in enumerate(drafts) if number != 2]
    assert await it.connection.fetchval("select sum(sum_xof)::bigint from sum_of_key") == 1_000 * len(good)
    [letter] = await it.rows('select "offset", reason from dead_letter')
    assert (letter["offset"], letter["reason"]) == (it.since[PAYMENTS][1] + 2, "internal")


async def test_a_client_that_loses_more_than_is_read_aside_at_once_costs_no_record(it: Till) -> None:
    """It drains three partitions and delivers nothing of it; then one more record comes on each."""
    broker = KafkaBroker(it.bootstrap, allow_auto_create_topics=False, graceful_timeout=2, logger=None)
    reader = Reader(broker, it.bootstrap, it.url, it.reading(), [PAYMENTS], "")
    await broker.start()
    reader.started()
    consumer, drained = reader._subscriber.consumer, reader._getmany
    places = [TopicPartition(PAYMENTS, number) for number in range(PARTITIONS)]

    loses = True

    async def losing(*args: Any, **kwargs: Any) -> dict[TopicPartition, list[Any]]:
        found: dict[TopicPartition, list[Any]] = {}
        with suppress(*UNREADABLE):  # of other tests, until it has sought its own place
            found = await drained(*args, **kwargs)
        return {} if loses else found

    async def at_the_end() -> bool:
        ends = await consumer.end_offsets(places)
        return consumer.assignment() == set(places) and all(
            [await consumer.position(place) == end for place, end in ends.items()]
        )

    try:
        reader._getmany = losing
        for first, count, partition in ((0, 1_200, 1), (1_200, 3, 0), (1_300, 5, 2)):
            drafts = [it.payment(first + number, 10, f"K{number % 3}") for number in range(count)]
            await it.publish(*drafts, partition=partition)
        await until(at_the_end)
        assert await it.count("counted") == 0
        loses = False
        for number in range(PARTITIONS):
            await it.publish(it.payment(2_000 + number, 10), partition=number)
        await until(lambda: it.connection.fetchval("select count(*) = 1211 from counted"))
    finally:
        await reader.stop()
        await broker.stop()
    assert await it.connection.fetchval("select sum(sum_xof)::bigint from sum_of_key") == 12_110
    assert await it.count("dead_letter") == 0
