"""`/readyz` says within five seconds that a broker or a database stopped answering, and that it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from secrets import token_hex

import httpx
import pytest
import pytest_asyncio

from recouvra.chassis.main import Service
from recouvra.chassis.migrate import migrate
from recouvra.chassis.settings import Settings
from tests.servers.till.at_work import until
from tests.servers.till.counting import MIGRATIONS, READS, WRITES, api, opens
from tests.standing.servers import Broker, DatabaseServer, Standing

LIMIT_SECONDS = 5


@pytest_asyncio.fixture(scope="module")
async def servers(
    topics_broker: Broker, standing: Standing, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Broker, DatabaseServer]]:
    """The shared broker, to be frozen, and a database server of this module's own, to be stopped too."""
    async with standing.database(tmp_path_factory.mktemp("base")) as postgres:
        yield topics_broker, postgres


@pytest_asyncio.fixture
async def client(servers: tuple[Broker, DatabaseServer]) -> AsyncIterator[httpx.AsyncClient]:
    kafka, postgres = servers
    url = await postgres.create_database(f"health_{token_hex(4)}", token_hex(8))
    till = Service("till", READS, WRITES, MIGRATIONS, opens, api)
    app = till.create_api(Settings(kafka=kafka.bootstrap, database_url=url))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://till") as made:
        assert (await made.get("/readyz")).json()["checks"] == {
            "database": "ok",
            "migrations": "missing",
            "broker": "ok",
        }
        await migrate(url, MIGRATIONS)
        yield made


async def ready(client: httpx.AsyncClient) -> bool:
    async with asyncio.timeout(LIMIT_SECONDS):
        return (await client.get("/readyz")).status_code == 200


async def wrong(client: httpx.AsyncClient) -> set[str]:
    """What is not fine; every answer, of every face, comes within the limit."""
    async with asyncio.timeout(LIMIT_SECONDS):
        answer, alive, figures = await asyncio.gather(*(client.get(path) for path in ("/readyz", "/livez", "/metrics")))
    assert (alive.status_code, figures.status_code) == (200, 200)
    return {name for name, state in answer.json()["checks"].items() if state != "ok"}


async def test_a_frozen_broker_is_told_and_so_is_its_return(
    servers: tuple[Broker, DatabaseServer], client: httpx.AsyncClient
) -> None:
    assert await ready(client)
    with servers[0].frozen():
        assert await wrong(client) == {"broker"}
    await until(lambda: ready(client))
    assert await wrong(client) == set()


async def test_a_frozen_database_is_told_each_time_and_so_is_its_return(
    servers: tuple[Broker, DatabaseServer], client: httpx.AsyncClient
) -> None:
    assert await ready(client)
    with servers[1].frozen():
        for _ in range(3):
            assert await wrong(client) == {"database", "migrations"}
    await until(lambda: ready(client))
    assert (await client.get("/v1/dead-letters")).status_code == 200


async def test_a_stopped_database_is_told_and_so_is_its_return(
    servers: tuple[Broker, DatabaseServer], client: httpx.AsyncClient
) -> None:
    assert await ready(client)
    await servers[1].stop()
    try:
        assert await wrong(client) == {"database", "migrations"}
        answer = await client.get("/v1/dead-letters", headers={"Accept-Language": "en"})
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:recouvra:problem:unavailable"
    finally:
        await servers[1].start()
    await until(lambda: ready(client))
