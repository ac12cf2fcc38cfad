"""A real broker and a real database for the tests of this folder, started once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from secrets import token_urlsafe

import pytest
import pytest_asyncio

from recouvra.local.topics import create_topics
from tests.servers.reporting_published import Published, published
from tests.standing.servers import Broker, DatabaseServer, Standing

CreateDatabase = Callable[[str], Awaitable[str]]


@pytest_asyncio.fixture(scope="session")
async def kafka(standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a broker without topics: each test makes its own."""
    async with standing.broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running.bootstrap


@pytest_asyncio.fixture(scope="session")
async def topics_broker(standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """A broker with every topic, three partitions each, that tests of the core share."""
    async with standing.broker(tmp_path_factory.mktemp("topics")) as running:
        await create_topics(running.bootstrap, partitions=3)
        yield running


@pytest.fixture(scope="session")
def topics(topics_broker: Broker) -> str:
    """That broker's address."""
    return topics_broker.bootstrap


@pytest_asyncio.fixture(scope="session")
async def database_server(
    standing: Standing, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DatabaseServer]:
    """A database server, for tests that stop it or freeze it."""
    async with standing.database(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture(scope="session")
def postgres(database_server: DatabaseServer) -> CreateDatabase:
    """Makes an empty database of that name, with a role of its own; its address."""

    async def create_database(name: str) -> str:
        return await database_server.create_database(name, token_urlsafe(12))

    return create_database


@pytest_asyncio.fixture(scope="session")
async def reporting_published(
    postgres: CreateDatabase, standing: Standing, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Published]:
    """Reporting as processes, behind topics on which nobody but tests publishes: of payers in regions of their own."""
    async with standing.broker(tmp_path_factory.mktemp("published")) as kafka:
        await create_topics(kafka.bootstrap, partitions=3)
        async with published(kafka.bootstrap, postgres, "reporting_published", tmp_path_factory.mktemp("logs")) as it:
            yield it
