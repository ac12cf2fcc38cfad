"""An act over HTTP is one transaction with its answer: who dies or looks at any step of it finds all as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from recouvra.chassis.settings import Settings
from tests.servers.till.at_work import CreateDatabase, Till, till, until
from tests.servers.till.counting import api
from tests.servers.till.steps import everything, standing

STEPS = [("sum_of_key", "update"), ("counted", "insert"), ("inbox", "insert"), ("outbox", "insert")]
STEPS += [("dead_letter", "update"), ("audit", "insert"), ("answered", "insert"), ("audit", "commit")]
KEY = {"Idempotency-Key": "k"}


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    """A till that has set a payment of 700 aside, whose publisher was not allowed and now is."""
    async with till(postgres, "", tmp_path) as made:
        closed = tmp_path / "closed.json"
        closed.write_text("{}")
        await made.take(made.record(made.payment(1, 700)), reading=made.reading(sources=closed))
        yield made


@pytest_asyncio.fixture
async def client(it: Till) -> AsyncIterator[httpx.AsyncClient]:
    app = api(Settings(kafka="127.0.0.1:9", database_url=it.url), [], it.reading())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://till") as made:
        yield made


async def replayed(client: httpx.AsyncClient) -> httpx.Response:
    """The only letter there is, read again."""
    return await client.post("/v1/dead-letters/1/replay", headers=KEY)


async def check_done_once(it: Till) -> None:
    """The act has had its whole effect, once."""
    assert await it.connection.fetchval("select sum(sum_xof)::bigint from sum_of_key") == 700
    told = await it.rows("select topic from outbox order by id")
    assert [row["topic"] for row in told] == ["record-refused", "payment-held"]
    tables = ("counted", "inbox", "dead_letter", "audit", "answered")
    assert [await it.count(table) for table in tables] == [1, 1, 1, 1, 1]
    assert await it.connection.fetchval("select state from dead_letter") == "replayed"


@pytest.mark.parametrize(("table", "act"), STEPS)
async def test_an_act_that_dies_at_a_step_has_done_nothing_and_the_same_request_again_does_it_once(
    it: Till, client: httpx.AsyncClient, table: str, act: str
) -> None:
    before = await everything(it)
    async with standing(it, table, act) as somebody:
        acting = asyncio.create_task(replayed(client))
        session = await somebody()
        assert await everything(it) == before
        await it.end_session(session)
        assert (await acting).status_code >= 500
        assert await everything(it) == before
    assert [(await replayed(client)).status_code for _ in range(2)] == [200, 200]
    await check_done_once(it)


async def test_of_two_requests_at_once_under_one_key_the_second_waits_for_the_answer_of_the_first(
    it: Till, client: httpx.AsyncClient
) -> None:
    async with standing(it, "answered", "insert") as somebody:
        first = asyncio.create_task(replayed(client))
        await somebody()
        second = asyncio.create_task(replayed(client))
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        await until(lambda: it.connection.fetchval(f"{waiting} and objid <> 77"))
    answers = [await first, await second]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    await check_done_once(it)


async def test_of_two_who_replay_one_letter_at_once_the_second_waits_and_finds_it_done(
    it: Till, client: httpx.AsyncClient
) -> None:
    async with standing(it, "audit", "insert") as somebody:
        first = asyncio.create_task(replayed(client))
        await somebody()
        second = asyncio.create_task(client.post("/v1/dead-letters/1/replay"))
        waits = "select exists (select from pg_stat_activity where wait_event = 'transactionid' and datname = $1)"
        await until(lambda: it.connection.fetchval(waits, it.name))
    assert [(await one).json()["state"] for one in (first, second)] == ["replayed", "replayed"]
    await check_done_once(it)


async def test_nobody_acts_on_a_database_that_knows_less_than_was_published(
    it: Till, client: httpx.AsyncClient
) -> None:
    await it.connection.execute("update clock set is_behind = true")
    before = await everything(it)
    refused = await replayed(client)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:recouvra:problem:catching-up")
    assert await everything(it) == before
    await it.connection.execute("update clock set is_behind = false")
    assert (await replayed(client)).status_code == 200
    await check_done_once(it)


async def test_an_answer_is_kept_for_thirty_days(it: Till, client: httpx.AsyncClient) -> None:
    await it.connection.execute(
        "insert into answered (who, key, asked, status, body, at) "
        "select 'local', days::text, '', 200, '{}', now() - make_interval(days => days) from unnest(array[29, 31]) days"
    )
    assert (await replayed(client)).status_code == 200
    assert [row["key"] for row in await it.rows("select key from answered order by key")] == ["29", "k"]
