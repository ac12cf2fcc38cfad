"""What every service answers over HTTP: its dead letters, its figures, and its errors, in the caller's language."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from recouvra.chassis.database import READER, SILENT_SECONDS
from recouvra.chassis.settings import Settings
from tests.builders import Draft, poison
from tests.servers.till.at_work import PAYMENTS, CreateDatabase, Till, till, until
from tests.servers.till.counting import api


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, "", tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def client(it: Till) -> AsyncIterator[httpx.AsyncClient]:
    app = api(Settings(kafka="127.0.0.1:9", database_url=it.url), [], it.reading())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://till") as made:
        yield made


def bad_ones(it: Till) -> list[Draft]:
    odd = it.payment(1).broken("missing-envelope", key=b"\xff\x00", headers=(("a", None), ("a", b"\xfe"), ("é\0", b"")))
    return [odd, *(one for one in poison(f"{it.name}-K1") if one.topic == PAYMENTS)]


async def pages(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = (await client.get("/v1/dead-letters", params={**query, **cursor})).raise_for_status().json()
        rows += answer["rows"]
        if answer["next"] is None:
            assert len(rows) == answer["total"]
            return rows
        cursor = {"cursor": answer["next"]}


def raw(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


async def test_dead_letters_are_listed_page_by_page_with_the_bytes_that_were_sent(
    it: Till, client: httpx.AsyncClient
) -> None:
    bad = bad_ones(it)
    await it.take(*(it.record(draft) for draft in bad))
    rows = await pages(client, limit=4)
    assert [(raw(row["key"]), raw(row["value"])) for row in rows] == [(draft.key, draft.value) for draft in bad]
    assert [row["reason"] for row in rows] == [draft.why.partition(":")[0] for draft in bad]
    assert [row["offset"] for row in rows] == list(range(len(bad)))
    sent = [[(name.replace("\0", "␀"), value) for name, value in draft.headers] for draft in bad]
    assert [[(name, raw(value)) for name, value in row["headers"]] for row in rows] == sent
    assert {(row["topic"], row["partition"], row["state"]) for row in rows} == {(PAYMENTS, 0, "waiting")}
    assert all(row["message"]["fr"] and row["message"]["en"] for row in rows)


async def test_large_dead_letters_come_a_few_a_page_and_one_that_is_larger_than_a_page_alone(
    it: Till, client: httpx.AsyncClient
) -> None:
    sizes = [3 << 20, 5, 2 << 20, 5 << 20, 1 << 20, 7]
    large = [it.payment(number).broken("oversized", value=b" " * size) for number, size in enumerate(sizes)]
    await it.take(*(it.record(draft) for draft in large))
    await it.connection.execute("delete from outbox")
    counts, cursor = list[int](), dict[str, str]()
    while not counts or cursor:
        answer = (await client.get("/v1/dead-letters", params=cursor)).raise_for_status().json()
        counts.append(len(answer["rows"]))
        cursor = {} if answer["next"] is None else {"cursor": answer["next"]}
    assert counts == [3, 1, 2]
    assert [len(raw(row["value"]) or b"") for row in await pages(client)] == sizes


async def test_dead_letters_are_found_by_reason_topic_state_and_source(it: Till, client: httpx.AsyncClient) -> None:
    bad = bad_ones(it)
    await it.take(*(it.record(draft) for draft in bad))
    all_rows = await pages(client)
    invalid = await pages(client, reason="invalid-json", limit=2)
    assert invalid == [row for row in all_rows if row["reason"] == "invalid-json"]
    assert await pages(client, topic=PAYMENTS, state="waiting", limit=500) == all_rows
    assert await pages(client, topic="payroll-declared") == []
    assert await pages(client, state="replayed") == []
    told = await pages(client, source="/treasury")
    assert 0 < len(told) < len(all_rows)
    one = (await client.get(f"/v1/dead-letters/{told[0]['id']}")).json()
    assert one == {**told[0], "acts": []}


QUESTIONS = [
    ("/v1/dead-letters/987654321", 404, "unknown-dead-letter", None),
    ("/v1/dead-letters/99999999999999999999999", 404, "unknown-dead-letter", None),
    ("/v1/dead-letters/x", 422, "invalid-request", "/path/letter_id"),
    ("/v1/dead-letters?limit=0", 422, "invalid-request", "/query/limit"),
    ("/v1/dead-letters?state=lost", 422, "invalid-request", "/query/state"),
    ("/v1/dead-letters?cursor=%27", 422, "invalid-request", "/query/cursor"),
    ("/v1/dead-letters?reason=%00", 422, "invalid-request", "/query/reason"),
    ("/v1/dead-letters?source=%00", 422, "invalid-request", "/query/source"),
    ("/v1/nothing-here", 404, "http-404", None),
]


@pytest.mark.parametrize(("path", "status", "code", "pointer"), QUESTIONS)
async def test_a_question_that_cannot_be_answered_is_a_problem_in_the_callers_language(
    client: httpx.AsyncClient, path: str, status: int, code: str, pointer: str | None
) -> None:
    titles = set()
    for language, preferred in (("fr", "fr-ML,en;q=0.5"), ("en", "en-GB"), ("fr", "")):
        answer = await client.get(path, headers={"Accept-Language": preferred} if preferred else {})
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["content-language"] == language
        assert (answer.status_code, problem["status"], problem["type"]) == (
            status,
            status,
            f"urn:recouvra:problem:{code}",
        )
        assert [fault["pointer"] for fault in problem.get("errors", [])] == ([] if pointer is None else [pointer])
        titles.add(problem["title"])
    assert len(titles) == 2


async def test_a_method_that_an_address_does_not_take_is_a_problem_too(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/v1/dead-letters", params={"lang": "en"})
    assert (answer.status_code, answer.json()["type"]) == (405, "urn:recouvra:problem:http-405")


async def test_its_figures_tell_what_waits_and_what_was_set_aside(it: Till, client: httpx.AsyncClient) -> None:
    bad = bad_ones(it)
    await it.take(it.record(it.payment(5)), *(it.record(draft, 1) for draft in bad))
    text = (await client.get("/metrics")).text
    assert "recouvra_database_up 1.0" in text
    assert f"recouvra_outbox_rows {len(bad) + 1}.0" in text
    oversized = sum(draft.why.startswith("oversized") for draft in bad)
    assert f'recouvra_dead_letters{{reason="oversized",state="waiting",topic="{PAYMENTS}"}} {oversized}.0' in text
    assert f'recouvra_position{{partition="1",topic="{PAYMENTS}"}} {len(bad)}.0' in text
    assert 'route="/metrics"' in (await client.get("/metrics")).text


async def test_it_is_alive_and_not_ready_while_the_broker_is_away_and_says_which(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez")).json() == {"status": "alive"}
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "broker": "unreachable"}


async def test_its_document_and_its_page_need_no_foreign_host(client: httpx.AsyncClient) -> None:
    assert "/v1/dead-letters" in (await client.get("/openapi.json")).json()["paths"]
    page = (await client.get("/docs")).text
    assert "http://" not in page.replace("http://till", "")
    assert "https://" not in page


async def test_eight_slow_answers_are_no_outage(it: Till, client: httpx.AsyncClient) -> None:
    async with asyncio.TaskGroup() as slow:
        somebody = await it.session()
        async with somebody.transaction():
            await somebody.execute("lock table audit in access exclusive mode")
            asking = [slow.create_task(client.get("/v1/audit")) for _ in range(9)]
            waits = "select count(*) = 8 from pg_stat_activity where datname = current_database() and wait_event = $1"
            await until(lambda: it.connection.fetchval(waits, "relation"))
            checks = (await client.get("/readyz")).json()["checks"]
            figures = (await client.get("/metrics")).text
        await somebody.close()
    assert checks == {"database": "ok", "migrations": "ok", "broker": "unreachable"}
    assert "recouvra_database_up 1.0" in figures
    assert [(await one).status_code for one in asking] == [200] * 9


async def test_a_statement_that_took_too_long_is_told_as_that_and_not_as_an_outage(it: Till) -> None:
    assert int(READER["statement_timeout"].removesuffix("s")) < SILENT_SECONDS, "else nobody is ever told"
    settings = Settings(kafka="127.0.0.1:9", database_url=it.url)
    app = api(settings, [], it.reading(), READER | {"statement_timeout": "200ms"})
    somebody = await it.session()
    async with app.router.lifespan_context(app), somebody.transaction():
        await somebody.execute("lock table audit in access exclusive mode")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://till") as asking:
            answer = await asking.get("/v1/audit")
    await somebody.close()
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:recouvra:problem:too-long")
