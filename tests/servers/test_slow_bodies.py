"""A body that comes in slowly is given up, and its room before the door of declarations is free for others."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn

from recouvra.chassis.settings import Settings
from services.contributions.app import build
from tests.standing.polling import turn

SLOW = 4
"""So many bodies of 16 MiB take all the room that there is."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def port() -> AsyncIterator[int]:
    """Where contributions listens; what is asked here needs neither database nor broker."""
    settings = Settings("127.0.0.1:9", "postgresql://nobody@127.0.0.1:9/nothing", body_seconds=2)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build(settings).create_api(settings), log_level="warning"))
    task = asyncio.create_task(server.serve([listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await task


async def trickled(port: int, path: str, language: str) -> tuple[set[bytes], dict[str, Any]]:
    """The answer, headers and problem, to a body of 16 MiB of which a byte comes now and then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nAccept-Language: {language}\r\nContent-Length: {16 << 20}\r\n\r\n"
    writer.write(head.encode())
    answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    while not answer.done():
        writer.write(b" ")
        await turn()
    headers = set(answer.result().lower().splitlines())
    length = next(int(line.rpartition(b" ")[2]) for line in headers if line.startswith(b"content-length"))
    problem = json.loads(await reader.readexactly(length))
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return headers, problem


@pytest.mark.parametrize("path", ["/v1/declarations", "/v1/declarations/dry-run"])
async def test_slow_bodies_are_given_up_and_leave_their_room_to_others(port: int, path: str) -> None:
    languages = ["fr", "en"] * 2 + ["en"]
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(trickled(port, path, language) for language in languages))
    told = []
    for language, (headers, problem) in zip(languages, answers, strict=True):
        assert ("attendent leur tour" in problem["title"] or "à temps" in problem["title"]) is (language == "fr")
        told.append((problem["status"], problem["type"].rpartition(":")[2]))
        if problem["status"] == 408:
            assert {b"content-type: application/problem+json", b"connection: close"} <= headers
    assert sorted(told) == [(408, "http-408")] * SLOW + [(503, "busy")]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.post(path, json={})).status_code == 422
