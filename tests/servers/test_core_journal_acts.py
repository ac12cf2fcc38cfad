"""What was refused, replayed or given up is so again in a database that was restored, whatever rules hold by then."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest_asyncio

from recouvra.chassis.settings import Settings
from tests.servers.conftest import CreateDatabase
from tests.servers.till.at_work import Till, till, until
from tests.servers.till.counting import DIVIDES_BY_ZERO, api
from tests.servers.till.told import copied, counted, payments, places, state
from tests.standing.servers import DatabaseServer


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, topics: str, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, topics, tmp_path) as made:
        yield made


@asynccontextmanager
async def face(it: Till) -> AsyncIterator[httpx.AsyncClient]:
    """The till's API, by whose rules everybody may publish."""
    app = api(Settings(kafka=it.bootstrap, database_url=it.url), [], it.reading())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://till") as made:
        yield made


async def acts(it: Till) -> list[tuple[object, ...]]:
    """What people did that changed something."""
    return [
        tuple(row)
        for row in await it.rows("select who, act, reason, at from audit where cause is not null order by id")
    ]


async def test_a_restored_database_refuses_replays_and_gives_up_what_the_lost_one_did(
    it: Till, database_server: DatabaseServer, tmp_path: Path
) -> None:
    rules = tmp_path / "sources.json"
    rules.write_text(json.dumps({"/": [f"{it.name}-K{number}" for number in range(5)]}))
    unlucky, forbidden, given_up = (
        it.payment(number, xof, key) for number, xof, key in ((90, DIVIDES_BY_ZERO, "K1"), (91, 9, "K8"), (92, 9, "K9"))
    )
    async with copied(it, database_server) as restore:
        async with it.worker(RECOUVRA_SOURCES_FILE=str(rules)):
            await it.publish(*payments(it, 0, 10), unlucky, forbidden, given_up, *payments(it, 10, 20))
            await counted(it, 20)
        async with face(it) as client:
            letters = {row["key"]: row["id"] for row in await it.rows("select id, key from dead_letter")}
            for draft, what, becomes in (
                (unlucky, "replay", "waiting"),
                (forbidden, "replay", "replayed"),
                (given_up, "discard", "discarded"),
            ):
                path = f"/v1/dead-letters/{letters[draft.key]}/{what}"
                answer = await client.post(path, json={"reason": "essai"} if what == "discard" else None)
                assert (answer.status_code, answer.json()["state"]) == (200, becomes)
        async with it.worker(RECOUVRA_SOURCES_FILE=str(rules)):
            await counted(it, 21)
        before, done = await state(it), await acts(it)
        facts, refused = await places(it), await places(it, "record-refused")
        assert [act for _, act, _, _ in done] == ["replay", "discard"]
        await restore()
        rules.write_text(json.dumps({"/": []}))
        async with it.worker(RECOUVRA_SOURCES_FILE=str(rules)):
            await counted(it, 21)
            assert await state(it) == before
            assert await acts(it) == done
            assert (await places(it), await places(it, "record-refused")) == (facts, refused)
            assert await until(lambda: it.connection.fetchval("select not is_behind from clock"))
