"""`complete_up_to`: true, as high as the marks allow, and never going back (DEF-007)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from recouvra.chassis.database import WRITER
from recouvra.contracts.record import Record
from recouvra.contracts.topics import MARKS
from services.reporting.projections.marks import Marks, advance
from tests.servers.reporting_at_work import FAR, CreateDatabase, Reporting, assessed, at, fact, mark, reporting

KNOWN = at("2026-02-01T00:00:00")
T1, T2, T3 = "2026-02-01T00:00:01Z", "2026-02-01T00:00:02Z", "2026-02-01T00:00:03Z"


@pytest_asyncio.fixture
async def unmarked(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    async with reporting(postgres) as it:
        yield it


@pytest_asyncio.fixture
async def empty(unmarked: Reporting) -> Reporting:
    """One that liquidation, of which these tests tell nothing, keeps waiting for nothing."""
    await unmarked.feed(mark("liquidation", FAR))
    return unmarked


async def _complete(it: Reporting) -> str | None:
    answer = await it.get("/v1/collection-rates")
    if answer.status_code == 503:
        return None
    up_to: str = answer.raise_for_status().json()["complete_up_to"]
    return up_to


def _of_contributions(up_to: str, assessed_before: int, **other: int) -> Record:
    return mark("contributions", up_to, {"contribution-assessed": {"0": assessed_before} | other})


async def test_nothing_is_answered_before_every_service_that_writes_facts_has_marked(unmarked: Reporting) -> None:
    answer = await unmarked.get("/v1/money")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:recouvra:problem:not-complete-yet"
    await unmarked.feed(mark("registration", T1))
    assert await _complete(unmarked) is None
    assert (await unmarked.get("/readyz")).json()["checks"]["own"].startswith("waits")
    await unmarked.feed(mark("contributions", T2))
    assert await _complete(unmarked) is None
    await unmarked.feed(mark("liquidation", T3))
    assert await _complete(unmarked) == T1
    assert (await unmarked.get("/readyz")).json()["checks"]["own"] == "ok"


async def test_a_mark_counts_once_every_offset_before_it_is_read(empty: Reporting) -> None:
    await empty.feed(mark("registration", T3), _of_contributions(T1, 0), _of_contributions(T2, 2))
    assert await _complete(empty) == T1
    await empty.feed(fact(assessed("A", "2026-01", 1), KNOWN))
    assert await _complete(empty) == T1
    await empty.feed(fact(assessed("A", "2026-01", 1), KNOWN))
    assert await _complete(empty) == T2


async def test_a_partition_that_was_never_read_counts_as_not_begun(empty: Reporting) -> None:
    await empty.feed(
        mark("registration", T3), _of_contributions(T1, 0, **{"5": 0}), _of_contributions(T2, 0, **{"5": 1})
    )
    assert await _complete(empty) == T1


async def test_it_never_goes_back_whatever_marks_come_again(empty: Reporting) -> None:
    await empty.feed(mark("registration", T3), _of_contributions(T2, 0))
    await empty.feed(_of_contributions(T1, 0), mark("registration", T1))
    assert await _complete(empty) == T2


async def test_it_is_the_least_of_the_services(empty: Reporting) -> None:
    await empty.feed(mark("registration", T1), mark("contributions", T3))
    assert await _complete(empty) == T1
    await empty.feed(mark("registration", T2))
    assert await _complete(empty) == T2


async def test_while_much_is_to_be_read_few_marks_wait_and_some_along_the_way_and_the_last_are_among_them(
    empty: Reporting,
) -> None:
    await empty.feed(mark("registration", "2026-03-01T00:00:00Z"))
    for minute in range(40):
        marks = [_of_contributions(f"2026-02-01T00:{minute:02}:{second:02}Z", 1 + minute) for second in range(60)]
        await empty.feed(*marks)
    assert await empty.connection.fetchval("select count(*) from mark") <= 128
    reached = set()
    for _ in range(40):
        await empty.feed(fact(assessed("A", "2026-01", 1), KNOWN))
        reached.add(await _complete(empty))
    assert len(reached) >= 5
    assert "2026-02-01T00:39:59Z" in reached
    assert await empty.connection.fetchval("select count(*) from mark") == 0


async def test_of_two_workers_that_commit_at_once_the_later_sees_what_the_other_read(empty: Reporting) -> None:
    await empty.feed(mark("registration", T3), _of_contributions(T1, 0))
    other = await asyncpg.connect(empty.url, server_settings=WRITER)
    try:
        transaction = other.transaction()
        await transaction.start()  # one worker has read the fact, and judged the marks that it saw
        await other.execute(
            "insert into position (topic, partition, next_offset) values ('contribution-assessed', 0, 1)"
        )
        await advance(other)
        mine = await empty.connection.fetchval("select pg_backend_pid()")
        late = asyncio.create_task(empty.feed(_of_contributions(T2, 1)))  # the other worker reads the mark
        async with asyncio.timeout(30):
            while not late.done() and not await other.fetchval("select cardinality(pg_blocking_pids($1)) > 0", mine):
                pass  # it will: its mark is in, and the watermark is held
        await transaction.commit()
        await late
        assert await _complete(empty) == T2
    finally:
        await other.close()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "invalid-json"),
        (b"{", "invalid-json"),
        (b"\xff\xfe", "invalid-json"),
        (b"[]", "schema-mismatch"),
        (b'{"service":"contributions","up_to":"2026-02-01T00:00:00","offsets":{}}', "schema-mismatch"),
        (b'{"service":"contributions","up_to":"9999-12-31T23:59:59Z","offsets":{}}', "schema-mismatch"),
        (b'{"service":"contributions","up_to":"2026-02-01T00:00:00Z","offsets":{"t":{"x":1}}}', "schema-mismatch"),
        (b'{"service":"contributions","up_to":"2026-02-01T00:00:00Z","offsets":{"t":{"0":-1}}}', "schema-mismatch"),
        (b'{"service":"a\\u0000b","up_to":"2026-02-01T00:00:00Z","offsets":{}}', "schema-mismatch"),
    ],
)
async def test_a_mark_that_is_none_is_set_aside_and_stops_nothing(empty: Reporting, value: bytes, reason: str) -> None:
    await empty.feed(Record(MARKS, 0, 0, None, value, ()), mark("registration", T1), mark("contributions", T1))
    assert await _complete(empty) == T1
    letters = (await empty.get("/v1/dead-letters", topic=MARKS)).json()
    assert [row["reason"] for row in letters["rows"]] == [reason]


def test_a_mark_is_read_to_the_microsecond() -> None:
    read = Marks().read(mark("contributions", "2026-02-01T00:00:00.000001Z"))
    assert read.up_to.microsecond == 1
