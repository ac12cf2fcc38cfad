"""What reporting says while its database, or a neighbour, is away."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from recouvra.chassis.http import create_app
from recouvra.chassis.settings import Settings
from tests.servers.reporting_at_work import CreateDatabase, Reporting, assessed, at, fact, mark, reporting
from tests.standing.servers import Standing

KNOWN = at("2026-02-01T00:00:00")


async def test_while_its_database_is_stopped_it_says_so_and_answers_again_once_it_is_back(
    standing: Standing,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with standing.database(tmp_path_factory.mktemp("own")) as server:

        async def create(name: str) -> str:
            return await server.create_database(name, token_urlsafe(12))

        async with reporting(create) as it:
            await it.complete()
            assert (await it.get("/v1/money")).status_code == 200
            await server.stop()
            for path in ("/v1/money", "/v1/collection-rates", "/v1/payers/A", "/v1/freshness", "/readyz"):
                answer = await it.get(path)
                assert answer.status_code == 503
                assert "Traceback" not in answer.text
            assert (await it.get("/livez")).status_code == 200
            await server.start()
            assert (await it.get("/v1/money")).status_code == 200


@pytest_asyncio.fixture(scope="module")
async def neighbour(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    """A reporting whose own dead letters hold three, that another one asks over HTTP as it asks contributions."""
    async with reporting(postgres) as it:
        bad = fact(assessed("A", "2026-01", 1), KNOWN, key=b"another")
        await it.feed(bad, bad, bad)
        yield it


def _listening() -> socket.socket:
    """A socket that accepts and never answers."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen()
    return silent


async def test_whether_everything_holds_is_told_of_each_service_that_answers(
    postgres: CreateDatabase, neighbour: Reporting
) -> None:
    await neighbour.connection.execute(
        "insert into verified values ('a', '2026-03-01T00:00:00Z', 1, 0, null, '[]'), "
        "('b', '2026-03-02T00:00:00Z', 1, 3, null, '[]'), ('c', '2026-03-03T00:00:00Z', 1, 0, 'no broker', '[]')"
    )
    settings = Settings(kafka="127.0.0.1:9", database_url=neighbour.url)
    app, _ = create_app("contributions", "", settings, [], neighbour.reading)
    silent, serving = _listening(), _listening()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    task = asyncio.create_task(server.serve([serving]))
    try:
        async with reporting(postgres, {"contributions": _url(serving), "registration": _url(silent)}) as it:
            verified = (await it.get("/v1/freshness")).json()["verified"]
    finally:
        server.should_exit = True
        await task
        silent.close()
        await neighbour.connection.execute("delete from verified")
    assert verified == {
        "contributions": {"at": "2026-03-01T00:00:00Z", "broken": ["b"], "unchecked": ["c"]},
        "registration": "unreachable",
        "reporting": {"at": None, "broken": [], "unchecked": []},
    }


async def _freshness(it: Reporting) -> dict[str, dict[str, Any]]:
    answer = await it.get("/v1/freshness")
    assert answer.status_code == 200
    return {row["topic"]: row for row in answer.json()["topics"]}


async def test_dead_letters_are_those_of_the_services_that_read_a_topic_and_unreachable_where_one_is_silent(
    postgres: CreateDatabase, neighbour: Reporting, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text('{"a-secret": {"name": "awa", "role": "reader"}}')
    settings = Settings(kafka="127.0.0.1:9", database_url=neighbour.url, tokens_file=tokens)
    app, _ = create_app("contributions", "", settings, [], neighbour.reading)
    await neighbour.connection.execute("update dead_letter set topic = 'payroll-declared' where id % 3 <> 0")
    await neighbour.connection.execute("update dead_letter set topic = 'payer-affiliated' where id % 3 = 0")
    silent, serving = _listening(), _listening()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    task = asyncio.create_task(server.serve([serving]))
    try:
        peers = {"contributions": _url(serving), "registration": _url(silent)}
        async with reporting(postgres, peers) as it:
            await it.feed(fact(assessed("A", "2026-01", 1), KNOWN, key=b"another"))
            topics = await _freshness(it)
    finally:
        server.should_exit = True
        await task
        silent.close()
    assert topics["payroll-declared"]["dead_letters"] == 2
    assert topics["payer-affiliated"]["dead_letters"] == 1
    assert topics["contribution-assessed"]["dead_letters"] == 1
    assert topics["affiliation-requested"]["dead_letters"] == "unreachable"
    assert topics["care-form-submitted"]["dead_letters"] is None


async def test_freshness_answers_before_anything_is_complete_and_while_the_broker_is_away(
    postgres: CreateDatabase,
) -> None:
    async with reporting(postgres) as it:
        await it.feed(fact(assessed("A", "2026-01", 1), KNOWN), mark("registration", "2026-03-01T00:00:00Z"))
        assert (await it.get("/v1/freshness")).json()["complete_up_to"] is None
        topics = await _freshness(it)
        assert topics["contribution-assessed"]["last_fact_at"] == "2026-02-01T00:00:00Z"
        assert topics["contribution-assessed"]["lag_records"] is None
        assert topics["payment-held"]["last_fact_at"] is None


def _url(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"
